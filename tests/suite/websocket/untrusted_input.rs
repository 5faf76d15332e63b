//! What a stranger says over a socket: each known hazard, with the server alive afterwards.

use crate::support::Database::Sqlite;
use crate::support::listening_server::{Server, subscribe};
use crate::support::websocket_client::{ask, frame};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::Message;

#[tokio::test(flavor = "multi_thread")]
async fn hostile_texts_are_refused_by_the_same_guards() {
    let server = Server::start(Sqlite, &[]).await.unwrap();
    let mut client = server.staff().await;
    let nested = |depth: usize| format!("{{ __type(name: {}{}) {{ name }} }}", "[".repeat(depth), "]".repeat(depth));
    let spread: String = (0..26).map(|n| format!("fragment F{n} on Query {{ ...F{m} ...F{m} }} ", m = n + 1)).collect();
    for query in [
        nested(2_000),
        nested(6_900),
        format!("query($x: [Int] = {}1{}) {{ __typename }}", "[".repeat(5_000), "]".repeat(5_000)),
        "{ a ".repeat(10_000),
        format!("{{ ...F0 }} {spread} fragment F26 on Query {{ __typename }}"),
        format!("{{ {} }}", "a: __typename ".repeat(10_000)),
        "\u{0}\u{feff}".repeat(100),
    ] {
        let errors = client.fail(json!({"query": query})).await;
        let code = errors[0]["extensions"]["code"].as_str().unwrap();
        assert!(["QUERY_TOO_COMPLEX", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED"].contains(&code), "{errors}");
        assert!(errors.to_string().len() < 20_000);
    }
    let deep = (0..200).fold(json!(1), |inner, _| json!([inner]));
    let mut other = server.staff().await;
    other.say(json!({"id": "1", "type": "subscribe", "payload": {"query": "{ x }", "variables": {"x": deep}}})).await;
    other.sees_close(4400, "The message is not JSON").await;
    assert_eq!(client.ask("{ __typename }").await, json!({"__typename": "Query"}));
}

#[tokio::test]
async fn an_error_is_no_echo_chamber() {
    let server = Server::start(Sqlite, &[]).await.unwrap();
    let mut client = server.staff().await;
    let fields: String = (0..2_000).map(|n| format!("unknown{n} ")).collect();
    let errors = client.fail(json!({"query": format!("{{ {fields} }}")})).await;
    assert!(errors.to_string().len() < 20_000, "{}", errors.to_string().len());
}

#[tokio::test]
async fn frames_that_break_the_protocol_end_it() {
    let server = Server::start(Sqlite, &[]).await.unwrap();
    let mut unmasked = frame("{}");
    unmasked[1] &= 0x7f;
    let mut not_utf8 = frame("xx");
    let last = not_utf8.len() - 1;
    not_utf8[last] = 0xff;
    let mut reserved = frame("{}");
    reserved[0] |= 0x40;
    let mut endless = frame("");
    endless[2..10].copy_from_slice(&u64::MAX.to_be_bytes());
    for (frame, code) in [(unmasked, 1002), (reserved, 1002), (not_utf8, 1007), (endless, 1009)] {
        let (_, mut stream) = ask(server.address, &[("sec-websocket-protocol", "graphql-transport-ws")]).await;
        stream.write_all(&frame).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        assert_eq!((answer[0], u16::from_be_bytes([answer[2], answer[3]])), (0x88, code), "{answer:?}");
    }
}

#[tokio::test]
async fn a_message_in_many_pieces_is_as_limited_as_in_one() {
    let server = Server::start(Sqlite, &["--max-body", "1000"]).await.unwrap();
    let (_, mut stream) = ask(server.address, &[("sec-websocket-protocol", "graphql-transport-ws")]).await;
    let mut pieces = Vec::new();
    for number in 0..20 {
        let mut piece = frame(&" ".repeat(100));
        piece[0] = u8::from(number == 0); // more will follow
        pieces.extend(piece);
    }
    stream.write_all(&pieces).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert_eq!((answer[0], u16::from_be_bytes([answer[2], answer[3]])), (0x88, 1009), "{answer:?}");
}

#[tokio::test]
async fn a_thousand_operations_at_once_are_all_answered_or_refused() {
    let server = Server::start(Sqlite, &[]).await.unwrap();
    let mut client = server.staff().await;
    for number in 0..1_000 {
        client.send(Message::text(subscribe(&number.to_string(), "{ viewer { id } }").to_string())).await;
    }
    let mut ended = 0;
    while ended < 1_000 {
        let message = client.hear().await;
        match message["type"].as_str().unwrap() {
            "complete" => ended += 1,
            "error" => {
                assert_eq!(message["payload"][0]["extensions"]["code"], "TOO_MANY_SUBSCRIPTIONS");
                ended += 1;
            }
            "next" => assert_eq!(message["payload"], json!({"data": {"viewer": {"id": "1000"}}})),
            other => panic!("{other}"),
        }
    }
    client.hears_nothing().await;
}
