//! The commands of docs/operations/ do what the text says.

use crate::support::Database::{Postgres, Sqlite};
use crate::support::people::MONA;
use crate::support::shell::{SECRET, Shell, is_installed};
use interviews::services::provisioning::import::LineProblem;
use serde_json::Value;
use std::fs;
use strum::VariantArray;

const DEPLOY: &str = include_str!("../../../docs/operations/deploy.md");
const DATABASE: &str = include_str!("../../../docs/operations/database.md");
const FIRST_DAY: &str = include_str!("../../../docs/operations/first-day.md");
const IMPORT: &str = include_str!("../../../docs/operations/import.md");
const PLATFORM: &str = include_str!("../../../docs/guide/platform.md");
const README: &str = include_str!("../../../README.md");
const ERRORS: &str = include_str!("../../../docs/guide/errors.md");
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

/// The blocks of a page in these languages, in their order.
fn blocks(page: &'static str) -> Vec<(&'static str, &'static str)> {
    let parts: Vec<&str> = page.split("```").collect();
    parts.chunks_exact(2).map(|pair| pair[1].split_once('\n').unwrap()).collect()
}

fn json(text: &str) -> Vec<Value> {
    let values = serde_json::Deserializer::from_str(text).into_iter();
    values.collect::<Result<_, _>>().unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The page runs from top to bottom. All blocks but the one that serves share a shell.
#[tokio::test]
async fn first_day_md_leads_from_an_empty_database_to_the_first_booking() {
    let Some(shell) = Shell::on_new(Postgres).await else { return };
    if !is_installed("openssl") || !is_installed("curl") {
        return;
    }
    let url = "postgres://user:password@localhost/interviews";
    assert!(FIRST_DAY.contains(url));
    let blocks = blocks(FIRST_DAY);
    let serve = blocks.iter().position(|(_, text)| *text == "interviews serve\n").unwrap();
    let database = shell.setting("DATABASE_URL").to_owned();
    let script = |blocks: &[(&str, &str)]| {
        let commands: Vec<&str> = blocks.iter().filter(|(language, _)| *language == "sh").map(|it| it.1).collect();
        commands.concat().replace(url, &database)
    };
    let before = script(&blocks[..serve]) + "printf %s \"$JWT_SECRET\" > secret\n";
    let prepared = shell.script(&before).output().unwrap();
    let printed = String::from_utf8_lossy(&prepared.stderr);
    assert!(prepared.status.success(), "{printed}");
    assert!(printed.ends_with("users: 2 written, 0 unchanged, 0 outdated, 0 refused\n2 lines, 0 of them refused\n"));

    let secret = fs::read_to_string(shell.path("secret")).unwrap();
    let shell = shell.set("JWT_SECRET", secret).set("NO_PROXY", "*");
    let server = shell.start("serve");
    let after = &blocks[serve + 1..];
    let calls = shell.script(&script(after).replace("127.0.0.1:8000", &server.address)).output().unwrap();
    assert!(calls.status.success(), "{}", String::from_utf8_lossy(&calls.stderr));
    let results = after.iter().filter(|(language, _)| *language == "json").flat_map(|(_, text)| json(text));
    assert_eq!(json(&String::from_utf8(calls.stdout).unwrap()), results.collect::<Vec<_>>());
}

#[tokio::test]
async fn readme_md_imports_the_first_admin() {
    let Some(shell) = Shell::on_new(Postgres).await else { return };
    if !is_installed("openssl") {
        return;
    }
    let script = block(README, "interviews import").replace("interviews serve", "exec interviews serve");
    let url = "postgres://user:password@localhost/interviews";
    assert!(script.contains(url));
    let script = script.replace(url, shell.setting("DATABASE_URL")).replace("$(openssl rand -hex 32)", SECRET);
    let server = shell.start_script(&script);
    assert_json!(server.viewer(shell.succeed("token --sub 1").trim()).await, @r#"{"role": "ADMIN", "title": "Ops"}"#);
}

/// A platform with the tables that the page names, and with names that need escapes.
#[tokio::test]
async fn platform_md_feeds_the_server_from_a_database() {
    let (Some(platform), Some(shell)) = (Shell::on_new(Postgres).await, Shell::on_new(Postgres).await) else { return };
    if !is_installed("psql") {
        return;
    }
    let tables = r#"
        CREATE TABLE firms (id bigint PRIMARY KEY, name text, updated_at timestamptz DEFAULT now());
        CREATE TABLE people (id bigint PRIMARY KEY, role text, firm_id bigint, name text, email text,
            left_at timestamptz, updated_at timestamptz DEFAULT now());
        CREATE TABLE applications (id bigint PRIMARY KEY, firm_id bigint, person_id bigint, state text,
            updated_at timestamptz DEFAULT now());
        INSERT INTO firms VALUES (31, E'Al"pine \\ Trans\tport, "Ltd"');
        INSERT INTO people VALUES (5001, 'staff', 31, E'Vera "Ö" Oss\\', 'vera@alpine.test', NULL),
            (5002, 'staff', 31, 'Karl Ems', NULL, now()), (5003, 'driver', NULL, 'Timo, Raab', NULL, NULL),
            (5004, 'staff', 32, 'Ina Ott', NULL, NULL);
        INSERT INTO applications VALUES (7001, 31, 5003, 'verified');
        INSERT INTO firms VALUES (33, 'Old', now() - interval '3 days');"#;
    fs::write(platform.path("tables.sql"), tables).unwrap();
    execute(&platform, "psql --no-psqlrc -q -v ON_ERROR_STOP=1 --file=tables.sql \"$DATABASE_URL\"");
    shell.succeed("migrate up");
    let shell = shell.set("PLATFORM_URL", platform.setting("DATABASE_URL"));
    let script = block(PLATFORM, "| interviews import -");
    let feed = || {
        let finished = shell.script(script).output().unwrap();
        (finished.status.code(), String::from_utf8(finished.stderr).unwrap())
    };
    let expected = "\
        line 5: users COMPANY_NOT_FOUND companyId\n\
        companies: 1 written, 0 unchanged, 0 outdated, 0 refused\n\
        users: 3 written, 0 unchanged, 0 outdated, 1 refused\n\
        interviewees: 1 written, 0 unchanged, 0 outdated, 0 refused\n\
        6 lines, 1 of them refused\n";
    assert_eq!(feed(), (Some(1), expected.to_owned()));
    let change = "INSERT INTO firms VALUES (32, 'Coast'); UPDATE people SET name = 'Karla Ems', left_at = NULL, \
        updated_at = clock_timestamp() WHERE id = 5002";
    execute(&platform, &format!("psql --no-psqlrc -q -c \"{change}\" \"$DATABASE_URL\""));
    let expected = "\
        companies: 1 written, 0 unchanged, 1 outdated, 0 refused\n\
        users: 2 written, 0 unchanged, 2 outdated, 0 refused\n\
        interviewees: 0 written, 0 unchanged, 1 outdated, 0 refused\n\
        7 lines, 0 of them refused\n";
    assert_eq!(feed(), (Some(0), expected.to_owned()));

    let server = shell.start("serve");
    let admin = r#"echo '{"type":"user","id":"1","role":"ADMIN","title":"Ops"}' | interviews import -"#;
    execute(&shell, admin);
    let query = "{ users(first: 9) { nodes { id title deactivatedAt company { name } } } }";
    let listed = server.graphql(shell.succeed("token --sub 1").trim(), query).await;
    let nodes = listed["data"]["users"]["nodes"].as_array().unwrap();
    let row = |node: &Value| {
        let fields = [&node["id"], &node["title"], &node["company"]["name"], &node["deactivatedAt"]];
        fields.map(|field| field.as_str().unwrap_or("-").to_owned()).join("; ")
    };
    assert_eq!(
        nodes.iter().map(row).collect::<Vec<_>>(),
        [
            "1; Ops; -; -",
            "5001; Vera \"Ö\" Oss\\; Al\"pine \\ Trans\tport, \"Ltd\"; -",
            "5002; Karla Ems; Al\"pine \\ Trans\tport, \"Ltd\"; -",
            "5003; Timo, Raab; -; -",
            "5004; Ina Ott; Coast; -",
        ]
    );
}

#[tokio::test]
async fn import_md_shows_lines_and_codes_that_exist() {
    let shell = Shell::on_new(Sqlite).await.unwrap();
    shell.succeed("migrate up");
    let rows = blocks(IMPORT).into_iter().filter(|(language, _)| *language == "json").flat_map(|(_, text)| json(text));
    let (interviews, others): (Vec<Value>, Vec<Value>) = rows.partition(|row| row["type"] == "interview");
    assert_eq!((interviews.len(), others.len()), (1, 2));
    let rows: String = interviews.iter().chain(&others).map(|row| format!("{row}\n")).collect();
    let people = r#"{"type":"user","id":"5003","role":"DRIVER","title":"Timo Raab"}
{"type":"interviewee","id":"7001","companyId":"31","driverId":"5003","kind":"VERIFIED"}"#;
    fs::write(shell.path("rows.jsonl"), format!("{rows}{people}\n")).unwrap();
    let finished = shell.run("import rows.jsonl");
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    assert!(finished.stderr.contains("interviews: 1 written"), "{}", finished.stderr);
    for problem in LineProblem::VARIANTS {
        let code: &str = problem.into_str();
        assert!(IMPORT.contains(&format!("`{code}`")) || ERRORS.contains(code), "{code}");
    }
}
