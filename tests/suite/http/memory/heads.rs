//! The headers of a request count until they are complete.

use super::client::{Client, head_of_answer, until_used};
use crate::support::Database::Sqlite;
use crate::support::listening_server::ListeningServer;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

#[tokio::test]
async fn headers_that_do_not_end_use_no_more_memory_than_there_is() {
    let limit = 1_000_000;
    let flags = ["--request-memory", &limit.to_string(), "--header-timeout", "3s"];
    let server = ListeningServer::start(Sqlite, &flags).await.unwrap();
    let memory = server.app.app.memory();
    let mut waiting = Vec::new();
    for _ in 0..40 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let head = format!("GET /livez HTTP/1.1\r\nhost: x\r\nx-long: {}", "x".repeat(40_000));
        let _ = stream.write_all(head.as_bytes()).await; // it is refused while it is sent
        waiting.push(stream);
        assert!(memory.used() <= limit, "{}", memory.used());
    }
    until_used(&server.app, |used| used > 500_000).await;
    let (status, answer) = Client::anonymous(&server).post(r#"{"query": "{ __typename }"}"#.to_owned()).await;
    assert_eq!((status, answer), (200, json!({"data": {"__typename": "Query"}})));
    until_used(&server.app, |used| used == 0).await;
    drop(waiting);
}

#[tokio::test]
async fn idle_connection_uses_no_memory_after_a_long_head() {
    let server = ListeningServer::start(Sqlite, &["--header-timeout", "1h"]).await.unwrap();
    let body = r#"{"query": "{ __typename }"}"#;
    let headers = format!("x-long: {}\r\ncontent-length: {}\r\n", "x".repeat(40_000), body.len());
    let mut stream = Client::anonymous(&server).begin(&headers, body).await;
    assert!(head_of_answer(&mut stream).await.starts_with("HTTP/1.1 200"));
    until_used(&server.app, |used| used == 0).await;
    drop(stream);
}
