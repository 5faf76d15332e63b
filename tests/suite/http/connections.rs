//! The limits on connections. A client that holds connections without asking for anything keeps no other client out.

use crate::support::Database::Sqlite;
use crate::support::listening_server::{ListeningServer, TIMEOUT};
use crate::support::people::{JUDE_WITH_LUISA, MONA};
use crate::support::rest::interview_path;
use crate::support::shell::Shell;
use crate::support::websocket_client::send_raw;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// The longest time in which a client is answered although the server is full. It is answered within milliseconds.
const SOON: Duration = Duration::from_secs(20);

pub const LIVE: &str = "GET /livez HTTP/1.1\r\nhost: x\r\n\r\n";

/// A request whose body does not arrive.
pub const WITHOUT_BODY: &str =
    "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";

/// A connection that has sent this.
pub async fn connect(address: SocketAddr, sent: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(sent.as_bytes()).await.unwrap();
    stream
}

/// A connection that has been answered once.
pub async fn used(address: SocketAddr) -> TcpStream {
    let mut stream = connect(address, "").await;
    assert_eq!(request(&mut stream, LIVE).await.0, 200);
    stream
}

/// Sends a request; the status and the body of its response.
pub async fn request(stream: &mut TcpStream, request: &str) -> (u16, Value) {
    stream.write_all(request.as_bytes()).await.unwrap();
    response(stream).await
}

pub async fn response(stream: &mut TcpStream) -> (u16, Value) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(timeout(TIMEOUT, stream.read_u8()).await.unwrap().unwrap());
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let length = head.split_once("content-length: ").unwrap().1.lines().next().unwrap().parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    (head["http/1.1 ".len()..][..3].parse().unwrap(), serde_json::from_slice(&body).unwrap())
}

/// Waits until the server closes the connection without a response.
pub async fn expect_closed(mut stream: TcpStream) {
    let read = timeout(TIMEOUT, stream.read_u8()).await.expect("the connection stays open");
    assert!(read.is_err(), "{read:?}");
}

/// 400 connections that have sent this and then nothing, with 300 file descriptors for the server.
pub async fn flood(sent: &str) {
    let shell = Shell::on_demo_data(Sqlite).await.unwrap();
    let server = shell.start_script("ulimit -n 300; exec interviews serve");
    let token = shell.token(MONA);
    let mut held = Vec::new();
    for number in 0..400 {
        held.push(connect(server.address.parse().unwrap(), sent).await);
        if number % 40 == 39 {
            let viewer = timeout(SOON, server.viewer(&token)).await.expect("another client is not answered");
            assert_eq!(viewer["role"], "STAFF");
        }
    }
    server.signal("TERM");
    drop(held);
    let (code, log) = server.ended();
    assert_eq!(code, Some(0));
    let warnings: Vec<_> = log.iter().filter(|line| line.contains("WARN")).collect();
    assert_eq!(warnings.len(), 1, "{warnings:#?}");
    assert!(warnings[0].contains("the limit on open files is too low for MAX_CONNECTIONS"), "{warnings:#?}");
}

#[tokio::test]
async fn silent_connections_keep_no_client_out() {
    flood("").await;
}

#[tokio::test]
async fn connections_with_an_incomplete_head_keep_no_client_out() {
    flood("G").await;
}

#[tokio::test]
async fn connections_with_an_incomplete_body_keep_no_client_out() {
    flood(WITHOUT_BODY).await;
}

#[tokio::test]
async fn connections_that_have_been_answered_keep_no_client_out() {
    flood(LIVE).await;
}

#[tokio::test]
async fn soft_limit_on_descriptors_is_raised() {
    let shell = Shell::on_demo_data(Sqlite).await.unwrap();
    let server = shell.start_script("ulimit -Sn 40; exec interviews serve --max-connections 1000");
    let mut held = Vec::new();
    for _ in 0..100 {
        held.push(used(server.address.parse().unwrap()).await);
    }
    for stream in &mut held {
        assert_eq!(request(stream, LIVE).await.0, 200);
    }
}

#[tokio::test]
async fn connection_that_has_rested_longest_is_closed_for_a_new_one() {
    let server = ListeningServer::start(Sqlite, &["--max-connections", "3"]).await.unwrap();
    let mut first = used(server.address).await;
    let second = used(server.address).await;
    assert_eq!(request(&mut first, LIVE).await.0, 200);
    let silent = connect(server.address, "").await;
    sleep(Duration::from_millis(300)).await; // longer than a new connection has for its request
    let mut third = used(server.address).await;
    expect_closed(silent).await; // it has not asked for anything
    let mut fourth = used(server.address).await;
    expect_closed(second).await; // its last response is the oldest
    for stream in [&mut first, &mut third, &mut fourth] {
        assert_eq!(request(stream, LIVE).await.0, 200);
    }
}

#[tokio::test]
async fn connection_over_the_limit_is_refused_while_all_others_are_in_use() {
    let server = ListeningServer::start(Sqlite, &["--max-connections", "1"]).await.unwrap();
    let mut in_use = server.staff().await;
    let query = "GET /graphql?query={__typename} HTTP/1.1\r\nhost: x\r\n\r\n";
    let (head, mut stream) = send_raw(server.address, query).await;
    assert!(head.starts_with("HTTP/1.1 503 ") && head.contains("connection: close\r\n"), "{head}");
    assert!(head.contains("retry-after: 1\r\n") && head.contains("x-request-id: "), "{head}");
    let mut body = String::new();
    stream.read_to_string(&mut body).await.unwrap();
    assert_json!(serde_json::from_str::<Value>(&body).unwrap(), @r#"
    {
      "errors": [
        {
          "extensions": {"code": "OVERLOADED", "retryAfter": 1, "retryable": true},
          "message": "The server is busy. Try again in a moment."
        }
      ]
    }
    "#);
    let rest = format!("GET {} HTTP/1.1\r\nhost: x\r\n\r\n", interview_path(JUDE_WITH_LUISA));
    assert_json!(request(&mut connect(server.address, "").await, &rest).await.1, @r#"
    {
      "errors": [{"code": "OVERLOADED", "message": "The server is busy. Try again in a moment.", "path": []}]
    }
    "#);
    // The process is alive, but another server has to take the traffic.
    assert_eq!(request(&mut connect(server.address, "").await, LIVE).await.0, 200);
    let ready = LIVE.replace("livez", "readyz");
    assert_eq!(request(&mut connect(server.address, "").await, &ready).await.0, 503);

    in_use.expect_nothing().await;
    in_use.close().await;
    // The server counts the closed connection until its task ends.
    let admitted = async { while request(&mut connect(server.address, "").await, &ready).await.0 != 200 {} };
    timeout(TIMEOUT, admitted).await.unwrap();
}

#[tokio::test]
async fn address_has_a_limit_of_its_own() {
    let server = ListeningServer::start(Sqlite, &["--max-connections-per-address", "2"]).await.unwrap();
    let (mut first, mut second) = (used(server.address).await, used(server.address).await);
    let mut third = connect(server.address, "").await;
    let (status, error) = request(&mut third, "GET /graphql?query={__typename} HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert_eq!((status, &error["errors"][0]["extensions"]["code"]), (503, &json!("OVERLOADED")));
    for stream in [&mut first, &mut second] {
        assert_eq!(request(stream, LIVE).await.0, 200);
    }
    drop(first);
    // The server counts the closed connection until it has noticed.
    let ready = LIVE.replace("livez", "readyz");
    let admitted = async { while request(&mut connect(server.address, "").await, &ready).await.0 != 200 {} };
    timeout(TIMEOUT, admitted).await.unwrap();
}
