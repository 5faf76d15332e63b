//! `serve`: pending migrations, settings and the explorer.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::http_client;
use crate::support::people::MONA;
use crate::support::shell::{SECRET, Shell};
use rstest::rstest;
use serde_json::{Value, json};
use std::path::Path;

#[rstest]
#[tokio::test]
async fn server_is_not_ready_until_the_database_is_migrated(#[values(Sqlite, Postgres)] database: Database) {
    let Some(shell) = Shell::on_new(database).await else { return };
    let server = shell.start("serve");
    let warning = server.stderr.wait_for("WARN");
    assert!(warning.contains("the database's schema is behind: run `interviews migrate up`"), "{warning}");
    assert_json!(json!(server.get("/livez").await), @r#"[200, {"status": "ok"}]"#);
    let behind = server.ready(503).await;
    assert_json!(json!(behind), @r#"
    {
      "checks": {"database": "ok", "schema": "behind"},
      "status": "the database's schema is behind: run `interviews migrate up`"
    }
    "#);
    let token = shell.token(MONA);
    let answer = server.graphql(&token, "{ viewer { role } }").await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "INTERNAL");
    assert_eq!(answer["errors"][0]["message"], "Something went wrong on the server.");

    // Another process migrates while the server runs.
    shell.succeed("migrate up");
    assert_json!(server.ready(200).await, @r#"
    {
      "checks": {"database": "ok", "schema": "current"},
      "status": "ok"
    }
    "#);
    shell.succeed("demo-data --interviews 30");
    assert_eq!(server.viewer(&token).await["role"], "STAFF");
    shell.succeed("migrate down");
    assert_eq!(server.ready(503).await, behind);
}

#[rstest]
#[tokio::test]
async fn serve_migrate_applies_the_migrations_first(#[values(Sqlite, Postgres)] database: Database) {
    let Some(shell) = Shell::on_new(database).await else { return };
    let server = shell.start("serve --migrate");
    assert_eq!(server.get("/readyz").await.0, 200);
    // A second server finds nothing to migrate.
    let second = shell.start("serve --migrate");
    assert_eq!(second.get("/readyz").await.0, 200);
    for server in [server, second] {
        server.signal("TERM");
        let (code, log) = server.ended();
        assert_eq!(code, Some(0));
        assert!(!log.iter().any(|line| line.contains("behind")), "{log:#?}");
    }
}

#[tokio::test]
async fn serve_migrate_creates_the_sqlite_file() {
    let shell = Shell::new().set("JWT_SECRET", SECRET).set("DATABASE_URL", "sqlite://interviews.db");
    let server = shell.start("serve --migrate");
    assert_eq!(server.get("/readyz").await.0, 200);
    assert!(shell.files().contains(&"interviews.db".to_owned()));
}

#[tokio::test]
async fn flags_override_environment_variables() {
    let shell = Shell::on_demo_data(Sqlite).await.unwrap();
    let token = shell.token(MONA);
    let url = shell.database().url.clone();
    let shell = shell.set("DATABASE_URL", "mysql://nowhere").set("JWT_SECRET", "short").set("BIND", "127.0.0.1:1");
    let server = shell.start(&format!("serve --database-url {url} --jwt-secret {SECRET}"));
    assert_eq!(server.viewer(&token).await["role"], "STAFF");
}

#[tokio::test]
async fn explorer_of_serve_has_no_token_and_no_examples() {
    let shell = Shell::on_demo_data(Sqlite).await.unwrap();
    let page = shell.start("serve").page("/graphql").await;
    let (_, config) = page.split_once(r#"id="explorer-config">"#).unwrap();
    let config: Value = serde_json::from_str(config.split_once("</script>").unwrap().0).unwrap();
    assert_json!(config, @r#"
    {
      "endpoint": "/graphql",
      "examples": [],
      "token": null
    }
    "#);
}

#[tokio::test]
async fn server_listens_on_a_name_and_on_all_addresses() {
    for (bind, expected) in [("localhost:0", ["127.0.0.1:", "[::1]:"]), (":0", ["[::]:", "0.0.0.0:"])] {
        let shell = Shell::on_demo_data(Sqlite).await.unwrap().set("BIND", bind);
        let server = shell.follow("serve");
        let line = server.stderr.wait_for("listening");
        let (_, address) = line.split_once("address=").unwrap();
        assert!(expected.iter().any(|start| address.starts_with(start)), "{line}");
        let port: u16 = address.rsplit_once(':').unwrap().1.trim().parse().unwrap();
        // A server on all addresses of IPv6 is reached over IPv4, too.
        let host = if address.starts_with("[::1]") { "[::1]" } else { "127.0.0.1" };
        let response = http_client::client().get(format!("http://{host}:{port}/livez")).send().await.unwrap();
        assert_eq!(response.status(), 200, "{line}");
    }
}

/// The status and the body of a GET over a Unix socket.
async fn get(socket: &Path, path: &str) -> (u16, String) {
    let client = reqwest::Client::builder().unix_socket(socket).build().unwrap();
    let response = client.get(format!("http://localhost{path}")).send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

#[tokio::test]
async fn server_listens_on_a_unix_socket() {
    let shell = Shell::on_demo_data(Sqlite).await.unwrap().set("BIND", "unix:api.sock").set("MAX_CONNECTIONS", "1");
    let socket = shell.path("api.sock");
    let listening = "address=unix:api.sock";
    for _ in 0..2 {
        let server = shell.follow("serve");
        server.stderr.wait_for(listening);
        assert_eq!(get(&socket, "/readyz").await.0, 200);
        // The first connection, which is idle, is closed for the second one.
        let (status, page) = get(&socket, "/livez").await;
        assert_eq!((status, page.contains("ok")), (200, true), "{page}");
        assert!(shell.fail("serve").contains("cannot listen on unix:api.sock: "), "another server listens");
        // The file that a killed server leaves does not keep the next one from starting.
        server.signal("KILL");
        assert_eq!(server.ended().0, None);
        assert!(socket.exists());
    }
    let server = shell.follow("serve");
    server.stderr.wait_for(listening);
    server.signal("TERM");
    assert_eq!(server.ended().0, Some(0));
    assert!(!socket.exists());

    std::fs::write(&socket, "").unwrap();
    let error = shell.fail("serve");
    assert!(error.contains("there is a file that is not a socket"), "{error}");
    assert!(socket.exists());
}
