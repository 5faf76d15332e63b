//! Messages of a WebSocket count while they arrive and while their operation runs; long ones are sent in frames.

use super::client::{ANY_COMPLEXITY, locations, make_locations_long, until_used};
use crate::support::Database::Sqlite;
use crate::support::database::TestDatabase;
use crate::support::listening_server::{ListeningServer, TIMEOUT, subscribe};
use crate::support::process::ServerProcess;
use crate::support::websocket_client::{SUBPROTOCOL, WebSocketClient, request_upgrade, text_frame};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

const MEGABYTE: usize = 1024 * 1024;

#[tokio::test]
async fn messages_that_do_not_end_use_no_more_memory_than_there_is() {
    let limit = 16 * MEGABYTE;
    let flags = ["--request-memory", &limit.to_string(), "--init-timeout", "3s", "--write-timeout", "1s"];
    let server = ListeningServer::start(Sqlite, &flags).await.unwrap();
    let mut waiting = Vec::new();
    let frame = text_frame(&"x".repeat(1_000_000));
    for _ in 0..10 {
        // Without a token, and without the last bytes of the message.
        let (_, mut stream) = request_upgrade(server.address, &[SUBPROTOCOL]).await;
        let _ = stream.write_all(&frame[..frame.len() - 10]).await;
        waiting.push(stream);
    }
    until_used(&server.app, |used| used > 3 * MEGABYTE).await;
    assert!(server.app.app.memory().used() <= limit / 2, "{}", server.app.app.memory().used());
    let mut other = server.staff().await;
    assert_eq!(other.ask("{ viewer { title } }").await, json!({"viewer": {"title": "Mona Berg"}}));
    until_used(&server.app, |used| used == 0).await;
    drop(waiting);
}

#[tokio::test]
async fn message_without_memory_closes_the_connection() {
    let server = ListeningServer::start(Sqlite, &["--request-memory", "200000"]).await.unwrap();
    let padding = "x".repeat(150_000);
    let mut client = server.staff().await;
    client.send(json!({"type": "ping", "payload": {"padding": padding}})).await;
    client.expect_close(1013, "Try again later").await;
    // In fragments; the last one does not come.
    let mut client = server.staff().await;
    let fragment =
        |text: &str, kind| Message::Frame(Frame::message(text.to_owned().into_bytes(), OpCode::Data(kind), false));
    client.send_message(fragment(&padding, Data::Text)).await;
    client.expect_close(1013, "Try again later").await;
    until_used(&server.app, |used| used == 0).await;
}

#[tokio::test]
async fn message_with_too_many_values_closes_the_connection() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    for value in ["0,", "[],", "{},"] {
        let client = server.staff().await;
        let mut client: WebSocketClient = client;
        let message = format!(r#"{{"type": "ping", "payload": {{"a": [{}0]}}}}"#, value.repeat(900_000 / value.len()));
        client.send_message(Message::text(message)).await;
        client.expect_close(1009, "The message is too large.").await;
    }
    until_used(&server.app, |used| used == 0).await;
}

#[tokio::test]
async fn long_messages_arrive_in_both_directions() {
    let server = ListeningServer::start(Sqlite, &ANY_COMPLEXITY).await.unwrap();
    make_locations_long(&server.app).await;
    let mut client = server.staff().await;
    // The server answers a ping with its payload.
    for length in [100, 4096, 16_384, 16_400, 70_000, 1_000_000] {
        let ping: Value = json!({"padding": "ä€x".repeat(length / 6)});
        client.send(json!({"type": "ping", "payload": ping})).await;
        assert_eq!(client.receive().await, json!({"type": "pong", "payload": ping}));
    }
    let data = client.ask(&locations(10)).await;
    assert_eq!(data["interviews"]["nodes"][99]["a9"].as_str().map(str::len), Some(2000));
    until_used(&server.app, |used| used == 0).await;
}

/// The server reads nothing from a client that does not take the answers to its pings.
#[tokio::test]
async fn pings_whose_answers_nobody_reads_use_little_memory() {
    let database = TestDatabase::new(Sqlite).await.unwrap();
    let server = ServerProcess::start_with(&database, &[("WRITE_TIMEOUT", "2s")]).await;
    let before = server.peak_memory();
    let (_, mut stream) = request_upgrade(server.address(), &[SUBPROTOCOL]).await;
    let mut ping = vec![0x89, 0xfd, 0, 0, 0, 0];
    ping.extend([b'x'; 125]);
    let pings = ping.repeat(1000);
    for _ in 0..40 * MEGABYTE / pings.len() {
        if timeout(TIMEOUT, stream.write_all(&pings)).await.expect("the server keeps the connection").is_err() {
            break;
        }
    }
    let used = server.peak_memory() - before;
    assert!(used < 10 * MEGABYTE, "{used}");
}

#[tokio::test]
async fn response_that_nobody_reads_counts_until_the_connection_is_closed() {
    let flags = [&ANY_COMPLEXITY[..], &["--write-timeout", "1s"]].concat();
    let server = ListeningServer::start(Sqlite, &flags).await.unwrap();
    make_locations_long(&server.app).await;
    let mut client = server.staff().await;
    client.send(subscribe("1", &locations(50))).await; // 10 MB
    until_used(&server.app, |used| used > 5 * MEGABYTE).await;
    until_used(&server.app, |used| used == 0).await;
    drop(client);
}
