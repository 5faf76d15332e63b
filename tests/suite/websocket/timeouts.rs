//! Timeouts of a connection whose client sends nothing or reads nothing. These clients answer no ping by themselves.

use crate::support::Database::Sqlite;
use crate::support::listening_server::{ListeningServer, TIMEOUT, set_location, subscribe};
use crate::support::people::JUDE_WITH_LUISA;
use crate::support::polling::until;
use crate::support::websocket_client::{SUBPROTOCOL, request_upgrade, text_frame};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const PING: [u8; 2] = [0x89, 0];
const MASKED_PONG: [u8; 6] = [0x8a, 0x80, 0, 0, 0, 0];

/// The bytes of a connection that is signed in as Mona.
async fn signed_in(server: &ListeningServer) -> TcpStream {
    let (_, mut stream) = request_upgrade(server.address, &[SUBPROTOCOL]).await;
    let init = json!({"type": "connection_init", "payload": {"Authorization": server.authorization()}});
    stream.write_all(&text_frame(&init.to_string())).await.unwrap();
    let mut ack = [0; 27];
    stream.read_exact(&mut ack).await.unwrap();
    assert_eq!(&ack[2..], br#"{"type":"connection_ack"}"#);
    stream
}

/// A frame that the server answers with one of the same size.
fn large_ping() -> Vec<u8> {
    text_frame(&json!({"type": "ping", "payload": {"x": "x".repeat(1_000_000)}}).to_string())
}

/// Waits until the server admits a WebSocket again, when it allows one at a time.
async fn until_socket_is_released(server: &ListeningServer) {
    until(async || !request_upgrade(server.address, &[]).await.0.starts_with("HTTP/1.1 503 ")).await;
}

/// Waits until the server answers a request with this status.
async fn until_http_status(server: &ListeningServer, status: u16) {
    until(async || server.http_status("{ __typename }").await == status).await;
}

#[tokio::test]
async fn connection_that_answers_no_ping_is_ended() {
    let server = ListeningServer::start(Sqlite, &["--ping-interval", "100ms", "--max-sockets", "1"]).await.unwrap();
    let mut stream = signed_in(&server).await;
    let mut received = Vec::new();
    timeout(TIMEOUT, stream.read_to_end(&mut received)).await.unwrap().unwrap();
    assert_eq!(received, PING);
    until_socket_is_released(&server).await;
}

#[tokio::test]
async fn connection_that_answers_pings_is_kept() {
    let server = ListeningServer::start(Sqlite, &["--ping-interval", "1s"]).await.unwrap();
    let mut stream = signed_in(&server).await;
    for _ in 0..3 {
        let mut received = [0; 2];
        timeout(TIMEOUT, stream.read_exact(&mut received)).await.unwrap().unwrap();
        assert_eq!(received, PING);
        stream.write_all(&MASKED_PONG).await.unwrap();
    }
}

/// Pings of the WebSocket itself with a payload of 125 bytes, together of about a megabyte.
fn protocol_pings() -> Vec<u8> {
    let mut ping = vec![0x89, 0xfd, 0, 0, 0, 0];
    ping.extend([b'x'; 125]);
    ping.repeat(8_000)
}

#[tokio::test]
async fn client_that_reads_nothing_is_closed_with_1013_and_its_operations_are_cancelled() {
    flood_is_closed_with_1013(large_ping()).await;
}

#[tokio::test]
async fn client_that_does_not_read_the_answers_to_its_pings_is_closed_with_1013() {
    flood_is_closed_with_1013(protocol_pings()).await;
}

/// Sends this again and again on a connection that is not read until the server closes it.
async fn flood_is_closed_with_1013(sent: Vec<u8>) {
    // The server reads all that was sent before it gives up the closing handshake, within the same time.
    let flags = ["--write-timeout", "4s", "--max-in-flight", "1"];
    let server = ListeningServer::start(Sqlite, &flags).await.unwrap();
    let lock = server.lock(JUDE_WITH_LUISA).await;
    let (mut reading, mut writing) = signed_in(&server).await.into_split();
    // The mutation holds the only permit until the server ends the connection.
    writing.write_all(&text_frame(&subscribe("1", &set_location()).to_string())).await.unwrap();
    let writing = tokio::spawn(async move {
        // More than the system buffers.
        for _ in 0..10 {
            if writing.write_all(&sent).await.is_err() {
                break;
            }
        }
        writing
    });
    until_http_status(&server, 503).await;
    until_http_status(&server, 200).await;
    // When the client reads again, the close frame is the last thing it finds.
    let mut received = Vec::new();
    timeout(TIMEOUT, reading.read_to_end(&mut received)).await.unwrap().unwrap();
    drop(writing.await);
    let reason = "Too slow: connect again, and go on with `since` the last event";
    let mut close = vec![0x88, u8::try_from(reason.len()).unwrap() + 2];
    close.extend(1013_u16.to_be_bytes());
    close.extend(reason.as_bytes());
    assert!(received.ends_with(&close), "{} bytes", received.len());
    lock.rollback().await.unwrap();
    assert_eq!(server.app.staff().interview(JUDE_WITH_LUISA).await["version"], 1);
}

#[tokio::test]
async fn client_that_never_reads_does_not_keep_its_socket() {
    let flags = ["--write-timeout", "200ms", "--max-sockets", "1"];
    let server = ListeningServer::start(Sqlite, &flags).await.unwrap();
    let (_reading, mut writing) = signed_in(&server).await.into_split();
    let ping = large_ping();
    let until_ended = async { while writing.write_all(&ping).await.is_ok() {} };
    timeout(TIMEOUT, until_ended).await.unwrap();
    until_socket_is_released(&server).await;
}
