//! A database that is not up yet: `serve` listens and tries again. What an operator has to put right ends it at once.

use crate::support::Database::Postgres;
use crate::support::database_port::DatabasePort;
use crate::support::http_client;
use crate::support::polling::until;
use crate::support::shell::{SECRET, Server, Shell};
use rstest::rstest;
use sea_orm::{ConnectionTrait, TransactionTrait};
use serde_json::{Value, json};
use std::thread;

/// Commands that use a database at this port, where none is up yet.
fn shell(port: &DatabasePort) -> Shell {
    let url = format!("postgres://me:hunter2@127.0.0.1:{}/schedule", port.port());
    Shell::new().set("JWT_SECRET", SECRET).set("DATABASE_URL", url)
}

/// The status, the header `retry-after` and the body of a request.
async fn send(request: reqwest::RequestBuilder) -> (u16, Option<String>, Value) {
    let answer = request.send().await.unwrap();
    let retry_after = answer.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
    (answer.status().as_u16(), retry_after, answer.json().await.unwrap())
}

/// Fails unless health checks are answered, and every other request is refused with a code.
async fn assert_waits(server: &Server) {
    assert_eq!(server.get("/livez").await, (200, json!({"status": "ok"})));
    let (status, body) = server.get("/readyz").await;
    assert_eq!((status, &body["status"]), (503, &json!("the server waits for the database")));

    let client = http_client::client();
    let url = |path: &str| format!("http://{}{path}", server.address);
    let query = client.post(url("/graphql")).json(&json!({"query": "{ __typename }"}));
    let (status, retry_after, body) = send(query).await;
    assert_eq!((status, retry_after.as_deref()), (503, Some("1")));
    assert_eq!(body["errors"][0]["extensions"]["code"], "UNAVAILABLE", "{body}");
    let (status, retry_after, body) = send(client.get(url("/api/v1/interviews/27"))).await;
    assert_eq!((status, retry_after.as_deref()), (503, Some("1")));
    assert_eq!(body["errors"][0]["code"], "UNAVAILABLE", "{body}");
    let upgrade = [("connection", "upgrade"), ("upgrade", "websocket"), ("sec-websocket-version", "13")];
    let upgrade = upgrade.into_iter().fold(client.get(url("/graphql")), |it, (name, value)| it.header(name, value));
    let upgrade = upgrade.header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    let upgrade = upgrade.header("sec-websocket-protocol", "graphql-transport-ws");
    assert_eq!(upgrade.send().await.unwrap().status(), 503);
}

/// Asks until the server is ready.
async fn until_ready(server: &Server) {
    until(async || server.get("/readyz").await.0 == 200).await;
}

#[rstest]
#[case("serve")]
#[case("serve --migrate")]
#[case("serve --wait-for-database 1h")]
#[tokio::test]
async fn server_waits_for_a_database_that_is_not_up_and_then_serves(#[case] command: &str) {
    let port = DatabasePort::reserve();
    let Some(shell) = Shell::on_demo_data(Postgres).await else { return };
    let url = port.url_of(&shell.database().url);
    let shell = shell.set("DATABASE_URL", url);
    let server = shell.start(command);
    let reason = server.stderr.wait_for("the database cannot be used yet: trying again");
    assert!(reason.contains("WARN") && reason.contains("Connection refused"), "{reason}");
    assert_waits(&server).await;
    port.lead_to(&shell.database().url);
    until_ready(&server).await;
    let token = shell.succeed("token --sub 1000");
    assert_eq!(server.viewer(token.trim()).await["role"], "STAFF");
    server.stderr.wait_for("the database can be used");
    server.signal("TERM");
    let (code, log) = server.ended();
    assert_eq!(code, Some(0));
    assert_eq!(log.iter().filter(|line| line.contains("WARN")).count(), 1, "one for each reason: {log:#?}");
}

#[tokio::test]
async fn server_migrates_a_database_that_comes_up_later() {
    let port = DatabasePort::reserve();
    let Some(shell) = Shell::on_new(Postgres).await else { return };
    let url = shell.setting("DATABASE_URL").to_owned();
    let shell = shell.set("DATABASE_URL", port.url_of(&url));
    let server = shell.start("serve --migrate");
    assert_waits(&server).await;
    port.lead_to(&url);
    until_ready(&server).await;
    assert!(!shell.succeed("migrate status").contains("pending"));
}

#[tokio::test]
async fn command_waits_for_a_database_as_long_as_it_is_allowed_to() {
    let port = DatabasePort::reserve();
    let Some(shell) = Shell::on_new(Postgres).await else { return };
    let url = shell.setting("DATABASE_URL").to_owned();
    let shell = shell.set("DATABASE_URL", port.url_of(&url));
    let place = format!("at 127.0.0.1:{}: Connection refused", port.port());
    for command in ["migrate up", "migrate status", "demo-data", "serve --wait-for-database 0s"] {
        let error = shell.fail(command);
        assert!(error.starts_with("error: cannot connect to the database ") && error.contains(&place), "{error}");
    }
    let error = shell.fail("serve --wait-for-database 300ms");
    assert!(error.contains("trying again") && error.contains("error: cannot connect to"), "{error}");
    let migrating = shell.follow("migrate up --wait-for-database 1min");
    migrating.stderr.wait_for("trying again");
    port.lead_to(&url);
    assert_eq!(migrating.ended().0, Some(0));
}

#[rstest]
#[case::starting("57P03", "the database system is starting up")]
#[case::stopping("57P03", "the database system is shutting down")]
#[case::in_recovery("57P03", "the database system is in recovery mode")]
#[case::too_many_connections("53300", "sorry, too many clients already")]
#[case::too_many_connections_of_the_role("53300", "too many connections for role \"me\"")]
#[case::closed_for_maintenance("55000", "database \"schedule\" is not currently accepting connections")]
#[case::no_memory("53200", "out of memory")]
#[case::pooler_without_a_server("08P01", "pgbouncer cannot connect to server")]
#[case::pooler_that_retries("08P01", "server login has been failing, try again later (server_login_retry)")]
#[tokio::test]
async fn temporary_refusal_is_waited_for(#[case] sqlstate: &str, #[case] message: &str) {
    let port = DatabasePort::reserve();
    let shell = shell(&port);
    port.refuse_with(sqlstate, message);
    let server = shell.start("serve");
    assert!(server.stderr.wait_for("trying again").contains(message.split('"').next().unwrap()));
    assert_waits(&server).await;
    server.signal("TERM");
    assert_eq!(server.ended().0, Some(0));
}

#[rstest]
#[case::wrong_password("28P01", "password authentication failed for user \"me\"")]
#[case::missing_role("28000", "role \"me\" does not exist")]
#[case::refused_host("28000", "no pg_hba.conf entry for host \"127.0.0.1\"")]
#[case::missing_database("3D000", "database \"schedule\" does not exist")]
#[case::closed_database("42501", "permission denied for database \"schedule\"")]
#[case::unknown_setting("42704", "unrecognized configuration parameter \"x\"")]
#[case::database_unknown_to_the_pooler("08P01", "no such database: schedule")]
#[case::parameter_unknown_to_the_pooler("08P01", "unsupported startup parameter: options")]
fn lasting_refusal_ends_every_command_at_once(#[case] sqlstate: &str, #[case] message: &str) {
    let port = DatabasePort::reserve();
    let shell = shell(&port);
    let expected = format!("error: cannot connect to the database schedule at 127.0.0.1:{}: {message}\n", port.port());
    port.refuse_with(sqlstate, message);
    for command in ["serve", "serve --migrate", "migrate up --wait-for-database 1h", "demo-data"] {
        assert_eq!(shell.fail(command), expected, "{command}");
    }
}

#[test]
fn server_without_tls_is_refused_where_tls_is_required() {
    let port = DatabasePort::reserve();
    let shell = shell(&port);
    port.refuse_with("57P03", "the database system is starting up");
    let url = shell.setting("DATABASE_URL").to_owned();
    let error = shell.fail(&format!("serve --database-url {url}?sslmode=require"));
    assert!(error.contains("does not support TLS"), "{error}");
}

#[tokio::test]
async fn missing_role_and_missing_database_of_a_real_server_end_the_command() {
    let Some(shell) = Shell::on_demo_data(Postgres).await else { return };
    let url = shell.database().url.clone();
    let (_, place) = url.split_once('@').unwrap();
    let error = shell.fail(&format!("serve --database-url postgres://nobody_here:x@{place}"));
    assert!(error.contains("error: cannot connect to the database ") && error.contains("nobody_here"), "{error}");
    let error = shell.fail(&format!("serve --database-url {url}_and_no_more"));
    assert!(error.contains("_and_no_more\" does not exist"), "{error}");
}

#[tokio::test]
async fn connection_limit_of_the_database_is_waited_for() {
    let Some(shell) = Shell::on_demo_data(Postgres).await else { return };
    let url = shell.database().url.clone();
    let (_, place) = url.split_once('@').unwrap();
    let (_, name) = place.split_once('/').unwrap();
    let name = name.split('?').next().unwrap();
    let sql = format!(
        "CREATE ROLE \"limited_{name}\" LOGIN PASSWORD 'x' CONNECTION LIMIT 0; \
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO \"limited_{name}\""
    );
    shell.database().execute(&sql).await;
    let shell = shell.set("DATABASE_URL", format!("postgres://limited_{name}:x@{place}"));
    let server = shell.start("serve");
    server.stderr.wait_for("too many connections for role");
    assert_waits(&server).await;
    shell.database().execute(&format!("ALTER ROLE \"limited_{name}\" CONNECTION LIMIT 20")).await;
    until_ready(&server).await;
}

#[test]
fn name_that_cannot_be_resolved_yet_is_waited_for() {
    let shell = Shell::new().set("JWT_SECRET", SECRET).set("DATABASE_URL", "postgres://me:hunter2@db.invalid/schedule");
    let server = shell.start("serve");
    let reason = server.stderr.wait_for("trying again");
    assert!(reason.contains("schedule at db.invalid:5432") && !reason.contains("hunter2"), "{reason}");
    server.signal("TERM");
    assert_eq!(server.ended().0, Some(0));
}

#[test]
fn signal_ends_a_server_that_waits() {
    for signal in ["TERM", "INT"] {
        let port = DatabasePort::reserve();
        let server = shell(&port).start("serve --shutdown-grace 1h");
        server.signal(signal);
        assert_eq!(server.ended().0, Some(0));
    }
}

#[test]
fn signal_ends_a_server_before_it_listens() {
    let port = DatabasePort::reserve();
    let shell = shell(&port).set("DATABASE_TIMEOUT", "1h").set("LOG", "debug");
    port.say_nothing();
    let server = shell.follow("serve --bind 127.0.0.1:0");
    server.stderr.wait_for("connecting");
    server.signal("TERM");
    assert_eq!(server.ended().0, Some(0));
}

#[tokio::test]
async fn server_listens_while_another_process_migrates() {
    let Some(shell) = Shell::on_demo_data(Postgres).await else { return };
    let lock = shell.database().raw().await.begin().await.unwrap();
    lock.execute_unprepared("SELECT pg_advisory_xact_lock(1229870149, 1381386565)").await.unwrap();
    let server = thread::scope(|scope| scope.spawn(|| shell.start("serve --migrate")).join().unwrap());
    assert_waits(&server).await;
    lock.rollback().await.unwrap();
    until_ready(&server).await;
}
