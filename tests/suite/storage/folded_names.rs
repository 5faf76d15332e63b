//! The folded names of companies and users: they are kept at every write, and those that a server of the previous
//! release leaves out are dropped by the database and folded later.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::feed::{NEW_DRIVER, driver, with};
use crate::support::people::{JUDE, NORTHERN_HAULAGE};
use crate::support::polling::until;
use crate::support::shell::Shell;
use interviews::storage::Db;
use rstest::rstest;
use serde_json::json;

/// Names without a folded form.
const UNFOLDED: &str = "SELECT CAST(\
    (SELECT count(*) FROM users WHERE title_folded IS NULL OR title_folded_from IS NULL) + \
    (SELECT count(*) FROM companies WHERE name_folded IS NULL OR name_folded_from IS NULL) AS BIGINT)";

async fn unfolded(app: &TestApp) -> i64 {
    app.database.value(UNFOLDED).await
}

/// The number of users whose name contains the text.
async fn found(app: &TestApp, search: &str) -> usize {
    let query = "query($s: String) { users(first: 100, search: $s) { nodes { id } } }";
    app.admin().ask(query, json!({"s": search})).await["users"]["nodes"].as_array().unwrap().len()
}

/// Changes a name as a server of the previous release does.
async fn rename(app: &TestApp, name: &str) {
    app.database.execute(&format!("UPDATE users SET title = '{name}' WHERE id = {JUDE}")).await;
}

#[rstest]
#[tokio::test]
async fn every_write_folds_the_name(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    assert_eq!(unfolded(&app).await, 0, "demo data");
    // Names that differ in case or encoding only have the same folded form.
    for (second, name) in (1..).zip(["José Straße", "JOSÉ STRASSE", "Jose\u{301} Straße", "jose\u{301} strasse"]) {
        let changed = format!("2025-03-20T09:00:{second:02}Z");
        let row = with(driver(NEW_DRIVER), &json!({"title": name, "sourceUpdatedAt": changed}));
        app.service().write("users", row).await;
        assert_eq!((unfolded(&app).await, found(&app, "É STRASSE").await), (0, 1), "{name}");
    }
    let row = json!({"id": NORTHERN_HAULAGE.to_string(), "sourceUpdatedAt": "2025-03-20T09:00:00Z", "name": "Nörd"});
    app.service().write("companies", row).await;
    assert_eq!(app.service().erase(JUDE, true).await["userErrors"], json!([]));
    assert_eq!(unfolded(&app).await, 0);
    assert_eq!(found(&app, &format!("ERASED USER {JUDE}")).await, 1);
}

#[rstest]
#[tokio::test]
async fn name_of_a_server_of_the_previous_release_is_found_and_folded_later(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    rename(&app, "Zoë Straße").await;
    assert_eq!(unfolded(&app).await, 1, "the folded name of the former name is gone");
    // As the previous release finds it.
    assert_eq!((found(&app, "jude").await, found(&app, "ZOË S").await, found(&app, "strasse").await), (0, 1, 0));
    app.app.services().db().fold_names().await.unwrap();
    assert_eq!(unfolded(&app).await, 0);
    assert_eq!((found(&app, "ZOE\u{308} S").await, found(&app, "strasse").await), (1, 1));
}

#[rstest]
#[tokio::test]
async fn nothing_is_left_of_a_person_whom_a_server_of_the_previous_release_erases(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    rename(&app, &format!("Erased user {JUDE}")).await;
    let left = format!("SELECT concat(title_folded, title_folded_from) FROM users WHERE id = {JUDE}");
    assert_eq!(app.database.value::<String>(&left).await, "");
}

#[rstest]
#[tokio::test]
async fn more_names_than_a_batch_has_are_folded(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let rows = "WITH RECURSIVE ids (id) AS (SELECT 50000 UNION ALL SELECT id + 1 FROM ids WHERE id < 51200)";
    let columns = "INSERT INTO users (id, role, title, manager)";
    let sql = match database {
        Sqlite => format!("{columns} {rows} SELECT id, 'driver', 'Straße ' || id, false FROM ids"),
        Postgres => format!("{rows} {columns} SELECT id, 'driver', 'Straße ' || id, false FROM ids"),
    };
    app.database.execute(&sql).await;
    assert_eq!(unfolded(&app).await, 1201);
    app.app.services().db().fold_names().await.unwrap();
    assert_eq!((unfolded(&app).await, found(&app, "STRASSE 51200").await), (0, 1));
}

#[rstest]
#[tokio::test]
async fn names_are_folded_by_migrate_up_and_at_the_start_of_a_server(#[values(Sqlite, Postgres)] database: Database) {
    let Some(shell) = Shell::on_demo_data(database).await else { return };
    let unfolded = async || shell.database().value::<i64>(UNFOLDED).await;
    shell.succeed("migrate down");
    shell.succeed("migrate up");
    assert_eq!(unfolded().await, 0);
    let rename = format!("UPDATE users SET title = 'Zoë Straße' WHERE id = {JUDE}");
    shell.database().execute(&rename).await;
    assert_eq!(unfolded().await, 1);
    shell.succeed("migrate up");
    assert_eq!(unfolded().await, 0);
    shell.database().execute(&format!("{rename} AND title <> ''")).await;
    shell.database().execute("UPDATE users SET title = title || '!'").await;
    assert!(unfolded().await > 10);
    let server = shell.start("serve");
    until(async || unfolded().await == 0).await;
    drop(server);
    let db = Db::connect(&shell.database().options()).await.unwrap();
    db.fold_names().await.unwrap();
}
