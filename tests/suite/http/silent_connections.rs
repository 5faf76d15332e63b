//! A connection on which nothing arrives is closed after a time that depends on what the server waits for.

use crate::http::connections::{LIVE, WITHOUT_BODY, connect, expect_closed, request, response, used};
use crate::support::Database::Sqlite;
use crate::support::listening_server::{ListeningServer, location_set, set_location};
use crate::support::people::JUDE_WITH_LUISA;
use rstest::rstest;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// What a client has sent, and the rest of its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    Nothing,
    PartOfHead,
    /// An earlier request, which was answered.
    Request,
    RequestAndPartOfHead,
    RequestAndEmptyLine,
    PartOfBody,
}

use Sent::{Nothing, PartOfBody, PartOfHead, Request, RequestAndEmptyLine, RequestAndPartOfHead};

const ALL: [Sent; 6] = [Nothing, PartOfHead, Request, RequestAndPartOfHead, RequestAndEmptyLine, PartOfBody];

/// A connection on which this was sent, and the rest of the request that it has begun.
async fn begin(server: &ListeningServer, sent: Sent) -> (TcpStream, String) {
    let (before, begun, rest) = match sent {
        Nothing => (false, "", LIVE),
        PartOfHead => (false, "GET ", &LIVE["GET ".len()..]),
        Request => (true, "", LIVE),
        RequestAndPartOfHead => (true, "GET ", &LIVE["GET ".len()..]),
        RequestAndEmptyLine => (true, "\r\n", LIVE),
        PartOfBody => (false, WITHOUT_BODY, ""),
    };
    let mut stream = if before { used(server.address).await } else { connect(server.address, "").await };
    stream.write_all(begun.as_bytes()).await.unwrap();
    let rest = if sent == PartOfBody { " ".repeat(99) } else { rest.to_owned() };
    (stream, rest)
}

#[rstest]
#[case::first_byte(["300ms", "1h", "1h"], &[Nothing])]
#[case::header(["1h", "300ms", "1h"], &[PartOfHead, RequestAndPartOfHead, RequestAndEmptyLine])]
#[case::keep_alive(["1h", "1h", "300ms"], &[Request])]
#[case::header_longer_than_keep_alive(["1h", "1h", "10ms"], &[Request])]
#[tokio::test]
async fn each_wait_has_a_timeout_of_its_own(#[case] timeouts: [&str; 3], #[case] closed: &[Sent]) {
    let [first_byte, header, keep_alive] = timeouts;
    let flags = [
        ["--first-byte-timeout", first_byte],
        ["--header-timeout", header],
        ["--keep-alive-timeout", keep_alive],
        ["--body-timeout", "1h"],
        ["--request-timeout", "1h"],
    ];
    let server = ListeningServer::start(Sqlite, flags.as_flattened()).await.unwrap();
    let mut open = Vec::new();
    for sent in ALL {
        open.push((sent, begin(&server, sent).await));
    }
    // Those that stay open are asked only after the others were closed.
    let (closed, open): (Vec<_>, Vec<_>) = open.into_iter().partition(|(sent, _)| closed.contains(sent));
    for (_, (stream, _)) in closed {
        expect_closed(stream).await;
    }
    for (sent, (mut stream, rest)) in open {
        let status = request(&mut stream, &rest).await.0;
        assert_eq!(status, if sent == PartOfBody { 400 } else { 200 }, "{sent:?}");
    }
}

#[tokio::test]
async fn request_in_flight_and_websocket_outlast_the_keep_alive_timeout() {
    let server = ListeningServer::start(Sqlite, &["--keep-alive-timeout", "20ms", "--request-timeout", "1h"]).await;
    let server = server.unwrap();
    let lock = server.lock(JUDE_WITH_LUISA).await;
    let mut socket = server.staff().await;
    let mutation = json!({"query": set_location()}).to_string();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nauthorization: {}\r\n\
         content-length: {}\r\n\r\n",
        server.authorization(),
        mutation.len()
    );
    let mut waiting = connect(server.address, &(head + &mutation)).await;
    for _ in 0..3 {
        expect_closed(used(server.address).await).await;
    }
    socket.expect_nothing().await;
    lock.rollback().await.unwrap();
    assert_eq!(response(&mut waiting).await.1, location_set("")[0]["payload"]);
}
