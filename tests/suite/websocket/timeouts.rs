//! Clients that say nothing, and clients that take nothing.

use crate::support::Database::Sqlite;
use crate::support::listening_server::{MOVE, PATIENCE, Server, subscribe};
use crate::support::websocket_client::{ask, frame};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A client of staff that answers nothing by itself.
async fn mute(server: &Server) -> TcpStream {
    let (_, mut stream) = ask(server.address, &[("sec-websocket-protocol", "graphql-transport-ws")]).await;
    let init = json!({"type": "connection_init", "payload": {"Authorization": server.authorization()}});
    stream.write_all(&frame(&init.to_string())).await.unwrap();
    let mut ack = [0; 27];
    stream.read_exact(&mut ack).await.unwrap();
    assert_eq!(&ack[2..], br#"{"type":"connection_ack"}"#);
    stream
}

#[tokio::test]
async fn who_gives_no_sign_of_life_is_cut_off() {
    let server = Server::start(Sqlite, &["--ping-interval", "100ms", "--max-sockets", "1"]).await.unwrap();
    let mut stream = mute(&server).await;
    let mut heard = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut heard)).await.unwrap().unwrap();
    assert_eq!(heard, [0x89, 0], "one ping");
    // Its place is free.
    while ask(server.address, &[]).await.0.starts_with("HTTP/1.1 503 ") {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn whoever_answers_pings_stays() {
    let server = Server::start(Sqlite, &["--ping-interval", "1s"]).await.unwrap();
    let mut stream = mute(&server).await;
    for _ in 0..3 {
        let mut ping = [0; 2];
        timeout(PATIENCE, stream.read_exact(&mut ping)).await.unwrap().unwrap();
        assert_eq!(ping, [0x89, 0]);
        stream.write_all(&[0x8a, 0x80, 0, 0, 0, 0]).await.unwrap();
    }
}

#[tokio::test]
async fn who_takes_nothing_is_cut_off_and_told_so() {
    let flags = ["--write-timeout", "2s", "--max-in-flight", "1"];
    let server = Server::start(Sqlite, &flags).await.unwrap();
    let other = server.holding_interview_27().await;
    let (mut reading, mut writing) = mute(&server).await.into_split();
    // It has the only room there is, until its connection is given up.
    writing.write_all(&frame(&subscribe("1", MOVE).to_string())).await.unwrap();
    let writing = tokio::spawn(async move {
        let ping = frame(&json!({"type": "ping", "payload": {"x": "x".repeat(1_000_000)}}).to_string());
        for _ in 0..20 {
            if writing.write_all(&ping).await.is_err() {
                break;
            }
        }
        writing
    });
    while server.status_of("{ __typename }").await != 503 {
        tokio::task::yield_now().await;
    }
    while server.status_of("{ __typename }").await != 200 {
        tokio::task::yield_now().await;
    }
    // Now that it wakes up, the code is at the end of what it finds.
    let mut heard = Vec::new();
    timeout(PATIENCE, reading.read_to_end(&mut heard)).await.unwrap().unwrap();
    drop(writing.await);
    let reason = "Too slow: connect again, and go on with `since` the last event";
    let mut close = vec![0x88, u8::try_from(reason.len()).unwrap() + 2];
    close.extend(1013_u16.to_be_bytes());
    close.extend(reason.as_bytes());
    assert!(heard.ends_with(&close), "{} bytes", heard.len());
    other.rollback().await.unwrap();
    assert_eq!(server.app.staff().interview(27).await["version"], 1);
}

#[tokio::test]
async fn who_never_takes_anything_does_not_keep_a_place() {
    let flags = ["--write-timeout", "200ms", "--max-sockets", "1"];
    let server = Server::start(Sqlite, &flags).await.unwrap();
    let (_reading, mut writing) = mute(&server).await.into_split();
    let ping = frame(&json!({"type": "ping", "payload": {"x": "x".repeat(1_000_000)}}).to_string());
    // Until the server is no longer there to take it.
    let gone = async { while writing.write_all(&ping).await.is_ok() {} };
    timeout(PATIENCE, gone).await.unwrap();
    while ask(server.address, &[]).await.0.starts_with("HTTP/1.1 503 ") {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn so_it_is_with_answers_to_requests() {
    let server = Server::start(Sqlite, &["--write-timeout", "200ms"]).await.unwrap();
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let request = "GET /graphiql/vendor/graphiql.min.js HTTP/1.1\r\nhost: x\r\n\r\n".repeat(100);
    // Asks and never reads, until the server is gone.
    let gone = async { while stream.write_all(request.as_bytes()).await.is_ok() {} };
    timeout(PATIENCE, gone).await.unwrap();
}
