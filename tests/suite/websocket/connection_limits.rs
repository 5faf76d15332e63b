//! The limits on WebSockets and event streams: a WebSocket counts once its client has signed in, and each user has a
//! limit of their own.

use crate::support::Database::Sqlite;
use crate::support::http_client;
use crate::support::listening_server::{ListeningServer, TIMEOUT};
use crate::support::people::JUDE;
use crate::support::websocket_client::{SUBPROTOCOL, WebSocketClient, request_upgrade};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

/// Asks for an event stream with Mona's token; the status of the response.
async fn event_stream(server: &ListeningServer) -> reqwest::Response {
    let client = http_client::client();
    let request = client.post(format!("http://{}/graphql", server.address));
    let request = request.header("accept", "text/event-stream").header("authorization", server.authorization());
    request.json(&json!({"query": "subscription { interviewChanged { type } }"})).send().await.unwrap()
}

#[tokio::test]
async fn clients_that_do_not_sign_in_do_not_count() {
    let flags = ["--max-sockets", "2", "--init-timeout", "1h"];
    let server = ListeningServer::start(Sqlite, &flags).await.unwrap();
    let mut silent = Vec::new();
    for _ in 0..10 {
        silent.push(server.connect().await);
    }
    let (mut first, mut second) = (server.staff().await, server.staff().await);
    for client in [&mut first, &mut second] {
        client.expect_nothing().await;
    }
    let rejected = WebSocketClient::connect(server.address, &[SUBPROTOCOL]).await.err().unwrap();
    assert!(rejected.head.starts_with("HTTP/1.1 503 "), "{}", rejected.head);
    // One that was connected before the limit was reached learns it when it signs in.
    let mut waiting = silent.pop().unwrap();
    waiting.send(json!({"type": "connection_init", "payload": {"authorization": server.authorization()}})).await;
    waiting.expect_close(1013, "Try again later").await;
}

#[tokio::test]
async fn oldest_client_that_has_not_signed_in_is_disconnected_for_a_new_one() {
    let flags = ["--max-pending-sockets", "2", "--init-timeout", "1h"];
    let server = ListeningServer::start(Sqlite, &flags).await.unwrap();
    let (first, mut second) = (server.connect().await, server.connect().await);
    let mut third = server.connect().await;
    first.expect_close(1013, "Try again later").await;
    for client in [&mut second, &mut third] {
        client.initialise(json!({"authorization": server.authorization()})).await;
    }
    // Those that have signed in are not among them.
    let (fourth, fifth) = (server.connect().await, server.connect().await);
    second.expect_nothing().await;
    fourth.close().await;
    fifth.close().await;
}

#[tokio::test]
async fn client_that_does_not_sign_in_and_does_not_close_is_disconnected_within_a_second() {
    let flags = ["--init-timeout", "50ms", "--write-timeout", "1h"];
    let server = ListeningServer::start(Sqlite, &flags).await.unwrap();
    // This client replies to nothing.
    let (_, mut stream) = request_upgrade(server.address, &[SUBPROTOCOL]).await;
    let mut received = Vec::new();
    timeout(TIMEOUT, stream.read_to_end(&mut received)).await.unwrap().unwrap();
    assert_eq!(received[..4], [0x88, 35, 0x11, 0x38], "the close frame with 4408");
}

#[tokio::test]
async fn user_has_a_limit_of_their_own() {
    let server = ListeningServer::start(Sqlite, &["--max-sockets-per-user", "2"]).await.unwrap();
    let first = server.staff().await;
    let stream = event_stream(&server).await;
    assert_eq!(stream.status(), 200);

    let mut third = server.connect().await;
    third.send(json!({"type": "connection_init", "payload": {"authorization": server.authorization()}})).await;
    third.expect_close(1013, "Too many connections: close one first").await;
    let rejected = event_stream(&server).await;
    assert_eq!(rejected.status(), 429);
    let error: Value = rejected.json().await.unwrap();
    assert_json!(error, @r#"
    {
      "errors": [
        {
          "extensions": {"code": "TOO_MANY_SUBSCRIPTIONS"},
          "message": "You have too many connections open. Close one first."
        }
      ]
    }
    "#);

    // Other users have limits of their own, and a connection that is closed does not count.
    WebSocketClient::sign_in(server.address, server.app.user(JUDE).token()).await.close().await;
    drop(stream);
    first.close().await;
    let admitted = async {
        loop {
            let mut client = server.connect().await;
            client.send(json!({"type": "connection_init", "payload": {"authorization": server.authorization()}})).await;
            if client.receive_or_end().await.is_some() {
                break client;
            }
        }
    };
    timeout(TIMEOUT, admitted).await.unwrap().close().await;
}
