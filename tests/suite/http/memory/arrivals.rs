//! Requests and messages that do not end have a part of the memory of their own: others are answered meanwhile, and the
//! oldest is given up when the part is full.

use super::client::{Client, head_of_answer, make_locations_long, until_used};
use crate::support::Database::Sqlite;
use crate::support::http_client;
use crate::support::listening_server::ListeningServer;
use crate::support::people::MONA;
use crate::support::shell::Shell;
use crate::support::websocket_client::{SUBPROTOCOL, request_upgrade, text_frame};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A server with this memory on which nothing ends by itself.
async fn patient_server(memory: usize) -> ListeningServer {
    let flags = ["--header-timeout", "1h", "--body-timeout", "1h", "--request-timeout", "1h", "--init-timeout", "1h"];
    let memory = ["--request-memory", &memory.to_string()];
    let server = ListeningServer::start(Sqlite, &[&flags[..], &memory[..]].concat()).await.unwrap();
    make_locations_long(&server.app).await;
    server
}

/// Sends this on so many new connections. The server closes some of them meanwhile.
async fn hold(server: &ListeningServer, count: usize, sent: &str) -> Vec<TcpStream> {
    let mut held = Vec::new();
    for _ in 0..count {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let _ = stream.write_all(sent.as_bytes()).await;
        held.push(stream);
    }
    held
}

/// Fails unless long responses, and long bodies of others, are served.
async fn assert_others_are_served(server: &ListeningServer) {
    let staff = Client::staff(server);
    for _ in 0..5 {
        let answer = staff.query("{ interviews(first: 100) { nodes { location } } }").await; // 200 KB
        assert_eq!(answer["data"]["interviews"]["nodes"].as_array().map(Vec::len), Some(100), "{answer}");
        let body = json!({"query": "{ __typename }", "variables": {"a": "x".repeat(20_000)}});
        assert_eq!(staff.post(body.to_string()).await, (200, json!({"data": {"__typename": "Query"}})));
    }
}

const POST: &str = "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";

#[tokio::test]
async fn heads_that_do_not_end_leave_memory_for_others() {
    let server = patient_server(2_000_000).await;
    let head = format!("GET /livez HTTP/1.1\r\nhost: x\r\nx-long: {}", "x".repeat(10_000));
    let mut held = hold(&server, 150, &head).await;
    assert_others_are_served(&server).await;
    let memory = server.app.app.memory();
    assert!(memory.used() <= 1_000_000, "{}", memory.used());
    // The oldest is closed, and the newest is not.
    assert_eq!(head_of_answer(&mut held[0]).await, "");
    held[149].write_all(b"\r\n\r\n").await.unwrap();
    assert!(head_of_answer(&mut held[149]).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn heads_whose_bodies_do_not_arrive_leave_memory_for_others() {
    let server = patient_server(2_000_000).await;
    let head = format!("{POST}content-length: 100\r\nx-long: {}\r\n\r\n", "x".repeat(10_000));
    let held = hold(&server, 150, &head).await;
    assert_others_are_served(&server).await;
    drop(held);
    until_used(&server.app, |used| used == 0).await;
}

#[tokio::test]
async fn bodies_that_do_not_end_leave_memory_for_others() {
    let server = patient_server(2_000_000).await;
    let body = format!("{POST}content-length: 60000\r\n\r\n{}", "x".repeat(50_000));
    let mut held = hold(&server, 60, &body).await;
    assert_others_are_served(&server).await;
    let answer = head_of_answer(&mut held[0]).await;
    assert!(answer.starts_with("HTTP/1.1 503 ") || answer.is_empty(), "{answer}");
    drop(held);
    until_used(&server.app, |used| used == 0).await;
}

#[tokio::test]
async fn messages_that_do_not_end_leave_memory_for_others() {
    let server = patient_server(2_000_000).await;
    let frame = text_frame(&"x".repeat(50_000));
    let mut held = Vec::new();
    for _ in 0..40 {
        let (_, mut stream) = request_upgrade(server.address, &[SUBPROTOCOL]).await;
        let _ = stream.write_all(&frame[..frame.len() - 10]).await;
        held.push(stream);
    }
    assert_others_are_served(&server).await;
    assert!(held[0].read_u8().await.is_err(), "the oldest is closed");
    drop(held);
    until_used(&server.app, |used| used == 0).await;
}

#[tokio::test]
async fn requests_without_memory_are_logged_once_a_minute() {
    let shell = Shell::on_demo_data(Sqlite).await.unwrap();
    let server = shell.start_script("exec interviews serve --request-memory 65536");
    // 60 KB, which is more than three quarters of the memory.
    let list = "interviews(first: 100) { nodes { id status startAt endAt location } }";
    let lists: String = (0..5).map(|number| format!("a{number}: {list} ")).collect();
    let body = json!({"query": format!("{{ {lists} }}")});
    let (client, token) = (http_client::client(), shell.token(MONA));
    for _ in 0..3 {
        let request = client.post(format!("http://{}/graphql", server.address)).bearer_auth(&token).json(&body);
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["errors"][0]["extensions"]["code"], "OVERLOADED");
    }
    server.signal("TERM");
    let (_, log) = server.ended();
    let refusals: Vec<_> = log.iter().filter(|line| line.contains("REQUEST_MEMORY is in use")).collect();
    assert_eq!(refusals.len(), 1, "{refusals:#?}");
}
