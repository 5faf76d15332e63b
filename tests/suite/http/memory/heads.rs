//! The headers of a request count until the request ends.

use super::client::{Client, head_of_answer, until_used};
use crate::support::Database::Sqlite;
use crate::support::listening_server::{ListeningServer, subscribe};
use crate::support::websocket_client::{SUBPROTOCOL, WebSocketClient};
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
        let head = format!("GET /livez HTTP/1.1\r\nhost: x\r\nx-long: {}", "x".repeat(15_000));
        let _ = stream.write_all(head.as_bytes()).await; // it is refused while it is sent
        waiting.push(stream);
        assert!(memory.used() <= limit, "{}", memory.used());
    }
    until_used(&server.app, |used| used > 300_000).await;
    let (status, answer) = Client::anonymous(&server).post(r#"{"query": "{ __typename }"}"#.to_owned()).await;
    assert_eq!((status, answer), (200, json!({"data": {"__typename": "Query"}})));
    until_used(&server.app, |used| used == 0).await;
    drop(waiting);
}

/// A header of so many bytes.
fn long_header(length: usize) -> String {
    format!("x-long: {}\r\n", "x".repeat(length))
}

#[tokio::test]
async fn complete_heads_count_while_their_bodies_do_not_arrive() {
    let limit = 1_000_000;
    let flags = ["--request-memory", &limit.to_string(), "--body-timeout", "3s"];
    let server = ListeningServer::start(Sqlite, &flags).await.unwrap();
    let (client, memory) = (Client::anonymous(&server), server.app.app.memory());
    let mut waiting = Vec::new();
    for _ in 0..40 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let head = format!("POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n{}\r\n", long_header(15_000));
        let _ = stream.write_all(head.as_bytes()).await; // it is refused while it is sent
        waiting.push(stream);
        assert!(memory.used() <= limit, "{}", memory.used());
    }
    until_used(&server.app, |used| used > 300_000).await;
    let (status, _) = client.post(r#"{"query": "{ __typename }"}"#.to_owned()).await;
    assert_eq!(status, 200);
    until_used(&server.app, |used| used == 0).await;
    drop(waiting);
}

/// hyper would keep the buffer of the head as long as the connection.
#[tokio::test]
async fn connection_is_closed_after_a_long_head() {
    let server = ListeningServer::start(Sqlite, &["--header-timeout", "1h"]).await.unwrap();
    let body = r#"{"query": "{ __typename }"}"#;
    for (length, is_closed) in [(1000, false), (12_000, true)] {
        let headers = format!("{}content-length: {}\r\n", long_header(length), body.len());
        let mut stream = Client::anonymous(&server).begin(&headers, body).await;
        let answer = head_of_answer(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert_eq!(answer.contains("connection: close"), is_closed, "{answer}");
        until_used(&server.app, |used| used == 0).await;
        drop(stream);
    }
}

#[tokio::test]
async fn long_lived_connections_keep_no_head() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let (authorization, long) = (server.authorization(), "x".repeat(12_000));
    let headers = [SUBPROTOCOL, ("authorization", &authorization), ("x-long", &long)];
    let mut socket = WebSocketClient::connect(server.address, &headers).await.unwrap();
    socket.initialise(json!({})).await;
    socket.send(subscribe("1", "subscription { interviewChanged { id } }")).await;
    socket.expect_nothing().await;
    let body = json!({"query": "subscription { interviewChanged { id } }"}).to_string();
    let headers = format!("accept: text/event-stream\r\n{}content-length: {}\r\n", long_header(12_000), body.len());
    let mut stream = Client::staff(&server).begin(&headers, &body).await;
    assert!(head_of_answer(&mut stream).await.starts_with("HTTP/1.1 200"));
    until_used(&server.app, |used| used == 0).await;
    drop((socket, stream));
}
