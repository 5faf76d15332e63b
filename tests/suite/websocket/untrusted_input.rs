//! Untrusted input over a WebSocket: the server rejects it with the limits of HTTP and continues.

use crate::support::Database::Sqlite;
use crate::support::listening_server::{ListeningServer, subscribe};
use crate::support::people::MONA;
use crate::support::websocket_client::{SUBPROTOCOL, request_upgrade, text_frame};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The size of the errors with which a document is rejected, however many errors it has.
const MAX_ERRORS_SIZE: usize = 20_000;

fn codes(errors: &Value) -> Vec<&str> {
    errors.as_array().unwrap().iter().map(|error| error["extensions"]["code"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_that_are_too_deep_or_too_large_are_rejected_and_the_connection_continues() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let mut client = server.staff().await;
    let nested = |depth: usize| format!("{{ __type(name: {}{}) {{ name }} }}", "[".repeat(depth), "]".repeat(depth));
    let spread: String = (0..26).map(|n| format!("fragment F{n} on Query {{ ...F{m} ...F{m} }} ", m = n + 1)).collect();
    for (query, code) in [
        (nested(2_000), "QUERY_TOO_COMPLEX"),
        (nested(6_900), "QUERY_TOO_COMPLEX"),
        (
            format!("query($x: [Int] = {}1{}) {{ __typename }}", "[".repeat(5_000), "]".repeat(5_000)),
            "QUERY_TOO_COMPLEX",
        ),
        ("{ a ".repeat(10_000), "QUERY_TOO_COMPLEX"),
        (format!("{{ ...F0 }} {spread} fragment F26 on Query {{ __typename }}"), "QUERY_TOO_COMPLEX"),
        (format!("{{ {} }}", "a: __typename ".repeat(10_000)), "QUERY_TOO_COMPLEX"),
        ("\u{0}\u{feff}".repeat(100), "GRAPHQL_PARSE_FAILED"),
    ] {
        let errors = client.errors_of(json!({"query": query})).await;
        assert_eq!(codes(&errors), [code], "{query:.100}");
        assert!(errors.to_string().len() < MAX_ERRORS_SIZE);
    }
    assert_json!(client.ask("{ __typename }").await, @r#"{"__typename": "Query"}"#);
}

#[tokio::test]
async fn deeply_nested_variables_are_not_json_and_close_with_4400() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let deep = (0..200).fold(json!(1), |inner, _| json!([inner]));
    let mut client = server.staff().await;
    let payload = json!({"query": "{ x }", "variables": {"x": deep}});
    client.send(json!({"id": "1", "type": "subscribe", "payload": payload})).await;
    client.expect_close(4400, "The message is not JSON.").await;
}

#[tokio::test]
async fn number_of_reported_errors_is_limited() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let mut client = server.staff().await;
    let fields: String = (0..2_000).map(|n| format!("unknown{n} ")).collect();
    let errors = client.errors_of(json!({"query": format!("{{ {fields} }}")})).await;
    assert!(codes(&errors).iter().all(|code| *code == "GRAPHQL_VALIDATION_FAILED"), "{errors}");
    assert!(errors.to_string().len() < MAX_ERRORS_SIZE, "{}", errors.to_string().len());
}

/// Fails unless the server closes the connection with this code.
async fn expect_close_frame(stream: &mut TcpStream, code: u16) {
    let mut received = Vec::new();
    stream.read_to_end(&mut received).await.unwrap();
    assert_eq!((received[0], u16::from_be_bytes([received[2], received[3]])), (0x88, code), "{received:?}");
}

#[tokio::test]
async fn frames_that_break_the_protocol_close_the_connection() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let mut unmasked = text_frame("{}");
    unmasked[1] &= 0x7f;
    let mut not_utf8 = text_frame("xx");
    let last = not_utf8.len() - 1;
    not_utf8[last] = 0xff;
    let mut reserved_bit = text_frame("{}");
    reserved_bit[0] |= 0x40;
    let mut endless = text_frame("");
    endless[2..10].copy_from_slice(&u64::MAX.to_be_bytes());
    for (frame, code) in [(unmasked, 1002), (reserved_bit, 1002), (not_utf8, 1007), (endless, 1009)] {
        let (_, mut stream) = request_upgrade(server.address, &[SUBPROTOCOL]).await;
        stream.write_all(&frame).await.unwrap();
        expect_close_frame(&mut stream, code).await;
    }
}

#[tokio::test]
async fn size_limit_counts_all_fragments_of_a_message() {
    let server = ListeningServer::start(Sqlite, &["--max-body", "1000"]).await.unwrap();
    let (_, mut stream) = request_upgrade(server.address, &[SUBPROTOCOL]).await;
    let mut fragments = Vec::new();
    for number in 0..20 {
        let mut fragment = text_frame(&" ".repeat(100));
        // Text at first and a continuation later, always without the bit of the last fragment.
        fragment[0] = u8::from(number == 0);
        fragments.extend(fragment);
    }
    stream.write_all(&fragments).await.unwrap();
    expect_close_frame(&mut stream, 1009).await;
}

#[tokio::test]
async fn a_thousand_operations_at_once_are_each_answered_or_rejected() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let mut client = server.staff().await;
    for number in 0..1_000 {
        client.send(subscribe(&number.to_string(), "{ viewer { id } }")).await;
    }
    let mut ended = 0;
    while ended < 1_000 {
        let message = client.receive().await;
        match message["type"].as_str().unwrap() {
            "complete" => ended += 1,
            "error" => {
                assert_eq!(codes(&message["payload"]), ["TOO_MANY_SUBSCRIPTIONS"]);
                ended += 1;
            }
            "next" => assert_eq!(message["payload"]["data"]["viewer"]["id"], MONA.to_string()),
            other => panic!("{other}"),
        }
    }
    client.expect_nothing().await;
}
