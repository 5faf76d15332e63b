//! A full server closes connections that are of no use to their clients, so that new ones are served.

use super::connections::{LIVE, WITHOUT_BODY, connect, flood, request};
use super::memory::client::{ANY_COMPLEXITY, Client, locations, make_locations_long};
use crate::support::Database::Sqlite;
use crate::support::listening_server::{ListeningServer, TIMEOUT};
use crate::support::polling::is_true_in_time;
use serde_json::json;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

#[tokio::test]
async fn answered_connections_with_an_incomplete_body_keep_no_client_out() {
    flood(&format!("{LIVE}{WITHOUT_BODY}")).await;
}

#[tokio::test]
async fn answered_connections_with_an_incomplete_head_keep_no_client_out() {
    flood(&format!("{LIVE}GET /graphql HTTP/1.1\r\nx: ")).await;
}

/// Holds a connection with a request whose body does not arrive, after one that was answered, and opens it anew
/// whenever the server closes it.
async fn renew(address: SocketAddr) {
    loop {
        let mut stream = TcpStream::connect(address).await.unwrap();
        // The server may close the connection at any time.
        let _ = stream.write_all(LIVE.as_bytes()).await;
        let _ = stream.read_u8().await;
        let _ = stream.write_all(WITHOUT_BODY.as_bytes()).await;
        while stream.read_u8().await.is_ok() {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_renewed_keep_no_client_out() {
    let server = ListeningServer::start(Sqlite, &["--max-connections", "20"]).await.unwrap();
    let attackers: Vec<_> = (0..40).map(|_| tokio::spawn(renew(server.address))).collect();
    for _ in 0..100 {
        let mut stream = connect(server.address, "").await;
        assert_eq!(timeout(TIMEOUT, request(&mut stream, LIVE)).await.unwrap().0, 200);
    }
    attackers.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn responses_that_nobody_reads_keep_no_client_out() {
    let flags = [&ANY_COMPLEXITY[..], &["--max-connections", "2", "--write-timeout", "1h"]].concat();
    let server = ListeningServer::start(Sqlite, &flags).await.unwrap();
    make_locations_long(&server.app).await;
    let staff = Client::staff(&server);
    let body = json!({"query": locations(60)}).to_string(); // 12 MB, more than the buffers of the kernel
    let headers = format!("content-length: {}\r\n", body.len());
    let unread = [staff.begin(&headers, &body).await, staff.begin(&headers, &body).await];
    let served = async || {
        let mut stream = connect(server.address, "").await;
        request(&mut stream, LIVE).await.0 == 200 && request(&mut stream, LIVE).await.0 == 200
    };
    assert!(is_true_in_time(served).await);
    drop(unread);
}
