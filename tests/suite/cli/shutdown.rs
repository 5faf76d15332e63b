//! The orderly end: what is in flight finishes, within its time, and nothing new is begun.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::shell::{Server, Shell};
use rstest::rstest;
use sea_orm::{ConnectionTrait, DatabaseTransaction, TransactionTrait};
use serde_json::json;
use std::io::ErrorKind;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const LOCATION: &str = "SELECT location FROM interviews WHERE id = 27";

/// While this lives nobody else writes interview 27: its row is locked, on SQLite the whole file.
async fn lock(shell: &Shell) -> DatabaseTransaction {
    let transaction = shell.database().raw().await.begin().await.unwrap();
    transaction.execute_unprepared("UPDATE interviews SET version = version WHERE id = 27").await.unwrap();
    transaction
}

/// A request to move interview 27 behind the blue door, sent in full, and in the server's hands: it has asked for the body.
async fn request(server: &Server, token: &str) -> TcpStream {
    let body = json!({"interview": {"location": "behind the blue door"}}).to_string();
    let head = format!(
        "PATCH /api/v1/interviews/27 HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\r\n",
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

/// Returns once the request waits for the lock. SQLite does not tell.
async fn waiting(shell: &Shell, database: Database) {
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    if database == Postgres {
        until(async || shell.database().value::<i64>(waiting).await == 1).await;
    }
}

/// Returns once nobody is let in any more.
async fn closed(server: &Server) {
    let refused = |error: std::io::Error| error.kind() == ErrorKind::ConnectionRefused;
    until(async || TcpStream::connect(&server.address).await.is_err_and(refused)).await;
}

async fn until(condition: impl AsyncFn() -> bool) {
    for _ in 0..6000 {
        if condition().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it does not come to that");
}

#[rstest]
#[tokio::test]
async fn a_request_in_flight_finishes(
    #[values("TERM", "INT")] signal: &str,
    #[values(Sqlite, Postgres)] database: Database,
) {
    let Some(shell) = Shell::on_demo_data(database).await else { return };
    let server = shell.start("serve");
    let token = shell.succeed("token --sub 1000");
    let lock = lock(&shell).await;
    let mut request = request(&server, token.trim()).await;
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
    assert_eq!(shell.database().value::<String>(LOCATION).await, "behind the blue door");
}

#[rstest]
#[tokio::test]
async fn a_request_that_does_not_finish_is_not_waited_for_longer_than_is_set(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let Some(shell) = Shell::on_demo_data(database).await else { return };
    let server = shell.start("serve --shutdown-grace 10ms --request-timeout 1h");
    let token = shell.succeed("token --sub 1000");
    let lock = lock(&shell).await;
    let mut request = request(&server, token.trim()).await;
    waiting(&shell, database).await;
    server.signal("TERM");
    let (code, log) = server.ended();
    assert_eq!(code, Some(0));
    assert!(log.iter().any(|line| line.contains("WARN") && line.contains("requests in flight")), "{log:#?}");

    // The client is not told that it was done, and it was not.
    let mut answer = String::new();
    let _ = request.read_to_string(&mut answer).await;
    assert_eq!(answer, "");
    lock.rollback().await.unwrap();
    assert_eq!(shell.database().value::<Option<String>>(LOCATION).await, None);
}

#[rstest]
#[tokio::test]
async fn connections_without_a_request_are_not_waited_for(#[values(Sqlite, Postgres)] database: Database) {
    let Some(shell) = Shell::on_demo_data(database).await else { return };
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
#[tokio::test]
async fn second_signal_ends_the_process_at_once(
    #[values(["TERM", "TERM"], ["INT", "INT"], ["TERM", "INT"])] signals: [&str; 2],
    #[values(Sqlite, Postgres)] database: Database,
) {
    let Some(shell) = Shell::on_demo_data(database).await else { return };
    let server = shell.start("serve --shutdown-grace 1h --request-timeout 1h");
    let token = shell.succeed("token --sub 1000");
    let lock = lock(&shell).await;
    let mut request = request(&server, token.trim()).await;
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
    assert_eq!(shell.database().value::<Option<String>>(LOCATION).await, None);
}
