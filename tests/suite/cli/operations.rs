//! The commands of docs/operations/ do what the text says.

use crate::support::Database::{Postgres, Sqlite};
use crate::support::people::MONA;
use crate::support::shell::{Shell, is_installed};
use std::fs;

const DEPLOY: &str = include_str!("../../../docs/operations/deploy.md");
const DATABASE: &str = include_str!("../../../docs/operations/database.md");
const BACKUP: &str = include_str!("../../../docs/operations/backup-and-restore.md");

/// The shell block of a page that contains this command.
fn block(page: &'static str, command: &str) -> &'static str {
    let blocks = page.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks.into_iter().find(|block| block.contains(command)).unwrap_or_else(|| panic!("no block with {command}"))
}

fn execute(shell: &Shell, script: &str) {
    let finished = shell.script(script).output().unwrap();
    assert!(finished.status.success(), "{script}: {}", String::from_utf8_lossy(&finished.stderr));
}

async fn assert_has_30_interviews(shell: &Shell) {
    let server = shell.start("serve");
    let counted = server.graphql(&shell.token(MONA), "{ interviews(first: 0) { totalCount } }").await;
    assert_json!(counted, @r#"
    {
      "data": {"interviews": {"totalCount": 30}}
    }
    "#);
}

#[tokio::test]
async fn deploy_md_starts_a_server_on_an_empty_database() {
    let Some(shell) = Shell::on_new(Postgres).await else { return };
    if !is_installed("openssl") {
        return;
    }
    let script = block(DEPLOY, "interviews serve").replace("interviews serve", "exec interviews serve");
    let url = "postgres://user:password@localhost/interviews";
    assert!(script.contains(url));
    let server = shell.start_script(&script.replace(url, shell.setting("DATABASE_URL")));
    assert_eq!(server.get("/readyz").await.0, 200);
}

#[tokio::test]
async fn database_md_creates_a_role_that_owns_and_a_role_that_serves() {
    let Some(shell) = Shell::on_new(Postgres).await else { return };
    if !is_installed("psql") {
        return;
    }
    let (admin, name) = shell.setting("DATABASE_URL").rsplit_once('/').unwrap();
    let (name, place) = (format!("two_{name}"), admin.rsplit_once('@').unwrap().1);
    let sql = DATABASE.split("```sql\n").nth(1).unwrap().split("```").next().unwrap();
    std::fs::write(shell.path("roles.sql"), sql.replace("interviews", &name)).unwrap();
    execute(&shell, "psql --no-psqlrc -v ON_ERROR_STOP=1 --file=roles.sql \"$DATABASE_URL\"");

    let owner = format!("postgres://{name}_owner:one%20secret@{place}/{name}");
    let server = format!("postgres://{name}_server:another%20secret@{place}/{name}");
    shell.succeed(&format!("migrate up --database-url {owner}"));
    shell.succeed(&format!("demo-data --interviews 30 --database-url {owner}"));
    assert_has_30_interviews(&shell.set("DATABASE_URL", server)).await;
}

#[tokio::test]
async fn a_postgresql_dump_is_restored_as_documented() {
    let (Some(old), Some(new)) = (Shell::on_new(Postgres).await, Shell::on_new(Postgres).await) else { return };
    if !is_installed("pg_dump") {
        return;
    }
    old.succeed("migrate up");
    old.succeed("demo-data --interviews 30");
    execute(&old, block(BACKUP, "pg_dump"));
    fs::copy(old.path("interviews.dump"), new.path("interviews.dump")).unwrap();
    execute(&new, block(BACKUP, "pg_restore"));
    assert_has_30_interviews(&new).await;
}

#[tokio::test]
async fn a_sqlite_backup_of_a_running_server_is_restored_as_documented() {
    let shell = Shell::on_new(Sqlite).await.unwrap();
    let server = shell.start("serve --migrate");
    shell.succeed("demo-data --interviews 30");
    execute(&shell, block(BACKUP, "interviews backup"));
    let token = shell.succeed("token --sub 1000");
    server.relocate(token.trim(), "after the backup").await;
    server.signal("TERM");
    assert_eq!(server.ended().0, Some(0));
    execute(&shell, block(BACKUP, "cp interviews-backup.db"));
    assert_has_30_interviews(&shell).await;
    assert_eq!(shell.start("serve").location(token.trim()).await, serde_json::Value::Null);
}
