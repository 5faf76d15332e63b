//! Shutdown: requests in flight finish within the grace period, and new connections are refused.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::people::{JUDE_WITH_LUISA, MONA};
use crate::support::polling::until;
use crate::support::rest::interview_path;
use crate::support::shell::{Server, Shell};
use rstest::rstest;
use serde_json::json;
use std::io::ErrorKind;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The location of Jude's interview with Luisa.
async fn location(shell: &Shell) -> Option<String> {
    shell.database().value(&format!("SELECT location FROM interviews WHERE id = {JUDE_WITH_LUISA}")).await
}

/// A connection with a request that changes the location of Jude's interview with Luisa. The server has read its head:
/// it answered `100 Continue`.
async fn request(server: &Server, token: &str) -> TcpStream {
    let body = json!({"interview": {"location": "behind the blue door"}}).to_string();
    let head = format!(
        "PATCH {} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\r\n",
        interview_path(JUDE_WITH_LUISA),
        server.address,
        body.len()
    );
    let mut stream = TcpStream::connect(&server.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let asked = "HTTP/1.1 100 Continue\r\n\r\n";
    let mut answer = vec![0; asked.len()];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(String::from_utf8(answer).unwrap(), asked);
    stream.write_all(body.as_bytes()).await.unwrap();
    stream
}

/// Returns once the request waits for the lock. SQLite has no way to see this.
async fn waiting(shell: &Shell, database: Database) {
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    if database == Postgres {
        until(async || shell.database().value::<i64>(waiting).await == 1).await;
    }
}

/// Returns once new connections are refused.
async fn closed(server: &Server) {
    let refused = |error: std::io::Error| error.kind() == ErrorKind::ConnectionRefused;
    until(async || TcpStream::connect(&server.address).await.is_err_and(refused)).await;
}

#[rstest]
#[case("TERM", Sqlite)]
#[case("TERM", Postgres)]
#[case("INT", Sqlite)]
#[tokio::test]
async fn request_in_flight_is_answered_on_shutdown(#[case] signal: &str, #[case] database: Database) {
    let Some(shell) = Shell::on_demo_data(database).await else { return };
    // On a busy machine the steps before the lock is released can take longer than the default.
    let server = shell.start("serve --database-timeout 1m --request-timeout 1m");
    let lock = shell.database().lock(JUDE_WITH_LUISA).await;
    let mut request = request(&server, &shell.token(MONA)).await;
    waiting(&shell, database).await;
    server.signal(signal);
    server.stderr.wait_for("stopping");
    closed(&server).await;
    lock.rollback().await.unwrap();

    let mut answer = String::new();
    request.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains(r#""location":"behind the blue door""#), "{answer}");
    let (code, log) = server.ended();
    assert_eq!(code, Some(0));
    assert!(!log.iter().any(|line| line.contains("WARN") || line.contains("ERROR")), "{log:#?}");
    assert_eq!(location(&shell).await.as_deref(), Some("behind the blue door"));
}

#[rstest]
#[tokio::test]
async fn unfinished_request_is_cancelled_after_the_shutdown_grace(#[values(Sqlite, Postgres)] database: Database) {
    let Some(shell) = Shell::on_demo_data(database).await else { return };
    let server = shell.start("serve --shutdown-grace 10ms --request-timeout 1h");
    let lock = shell.database().lock(JUDE_WITH_LUISA).await;
    let mut request = request(&server, &shell.token(MONA)).await;
    waiting(&shell, database).await;
    server.signal("TERM");
    let (code, log) = server.ended();
    assert_eq!(code, Some(1));
    assert!(log.iter().any(|line| line.contains("WARN") && line.contains("requests in flight")), "{log:#?}");
    let reason = "error: stopped after SHUTDOWN_GRACE, before all requests in flight were answered";
    assert_eq!(log.last().unwrap(), reason);

    // The request in flight has no response and no effect.
    let mut answer = String::new();
    let _ = request.read_to_string(&mut answer).await;
    assert_eq!(answer, "");
    lock.rollback().await.unwrap();
    assert_eq!(location(&shell).await, None);
}

#[tokio::test]
async fn idle_connections_do_not_delay_the_shutdown() {
    let shell = Shell::on_demo_data(Sqlite).await.unwrap();
    let server = shell.start("serve --shutdown-grace 1h");
    let mut kept = TcpStream::connect(&server.address).await.unwrap();
    let silent = TcpStream::connect(&server.address).await.unwrap();
    kept.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut answer = [0; 15];
    kept.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
    server.signal("TERM");
    assert_eq!(server.ended().0, Some(0));
    drop((kept, silent));
}

#[rstest]
#[case::one_byte("G")]
#[case::part_of_a_line("GET /graphql HT")]
#[case::part_of_a_header("GET /graphql HTTP/1.1\r\nhost: a\r\nx-part")]
#[tokio::test]
async fn part_of_a_head_does_not_keep_the_server_from_stopping(#[case] part: &str) {
    let shell = Shell::on_demo_data(Sqlite).await.unwrap();
    let server = shell.set("SHUTDOWN_GRACE", "1h").set("HEADER_TIMEOUT", "1h").start("serve");
    let mut stream = TcpStream::connect(&server.address).await.unwrap();
    stream.write_all(part.as_bytes()).await.unwrap();
    server.get("/livez").await;
    server.signal("TERM");
    assert_eq!(server.ended().0, Some(0));
}

#[rstest]
#[case(["TERM", "TERM"], Sqlite)]
#[case(["TERM", "TERM"], Postgres)]
#[case(["INT", "INT"], Sqlite)]
#[case(["TERM", "INT"], Sqlite)]
#[tokio::test]
async fn second_signal_ends_the_process_at_once(#[case] signals: [&str; 2], #[case] database: Database) {
    let Some(shell) = Shell::on_demo_data(database).await else { return };
    let server = shell.start("serve --shutdown-grace 1h --request-timeout 1h");
    let lock = shell.database().lock(JUDE_WITH_LUISA).await;
    let mut request = request(&server, &shell.token(MONA)).await;
    waiting(&shell, database).await;
    server.signal(signals[0]);
    server.stderr.wait_for("stopping");
    server.signal(signals[1]);
    let (code, log) = server.ended();
    assert_eq!(code, Some(1));
    assert_eq!(log.last().unwrap(), "error: stopped by a second signal before all requests in flight were answered");

    // The request in flight has no response and no effect.
    let mut answer = String::new();
    let _ = request.read_to_string(&mut answer).await;
    assert_eq!(answer, "");
    lock.rollback().await.unwrap();
    assert_eq!(location(&shell).await, None);
}
