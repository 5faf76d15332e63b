//! Every code with which a socket is closed, and that the client gets to see it.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::listening_server::{MOVE, Server, subscribe};
use crate::support::websocket_client::Client;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use interviews::storage::users;
use rstest::rstest;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

const PROTOCOL: (&str, &str) = ("sec-websocket-protocol", "graphql-transport-ws");

#[tokio::test]
async fn what_is_no_message_of_the_protocol_is_4400() {
    let server = Server::start(Sqlite, &[]).await.unwrap();
    let id = "`id` has to be a string of 1 to 128 bytes";
    let kind = "`type` has to be connection_init, ping, pong, subscribe or complete";
    let payload = json!({"query": "{ __typename }"});
    let long = "x".repeat(257);
    for (message, reason) in [
        ("{\"type\": ".to_owned(), "The message is not JSON"),
        (String::new(), "The message is not JSON"),
        ("[".repeat(100_000), "The message is not JSON"),
        ("[]".to_owned(), "The message has to be an object"),
        ("\"ping\"".to_owned(), "The message has to be an object"),
        (json!({}).to_string(), kind),
        (json!({"type": 1}).to_string(), kind),
        (json!({"type": "start"}).to_string(), kind),
        (json!({"type": "next", "id": "1", "payload": {}}).to_string(), kind),
        (json!({"type": "ping", "payload": "x"}).to_string(), "`payload` has to be an object"),
        (json!({"type": "subscribe", "payload": payload}).to_string(), id),
        (json!({"type": "subscribe", "id": "", "payload": payload}).to_string(), id),
        (json!({"type": "subscribe", "id": 1, "payload": payload}).to_string(), id),
        (json!({"type": "subscribe", "id": "x".repeat(129), "payload": payload}).to_string(), id),
        (json!({"type": "complete"}).to_string(), id),
        (json!({"type": "complete", "id": ""}).to_string(), id),
        (json!({"type": "subscribe", "id": "1"}).to_string(), "`payload` is missing"),
        (json!({"type": "subscribe", "id": "1", "payload": []}).to_string(), "`payload` has to be an object"),
        (json!({"type": "subscribe", "id": "1", "payload": {}}).to_string(), "`query` is missing"),
        (json!({"type": "subscribe", "id": "1", "payload": {"query": 1}}).to_string(), "`query` has to be a string"),
        (
            json!({"type": "subscribe", "id": "1", "payload": {"query": "{ x }", "variables": "{}"}}).to_string(),
            "`variables` has to be an object",
        ),
        (
            json!({"type": "subscribe", "id": "1", "payload": {"query": "{ x }", "extensions": []}}).to_string(),
            "`extensions` has to be an object",
        ),
        (
            json!({"type": "subscribe", "id": "1", "payload": {"query": "{ x }", "operationName": {}}}).to_string(),
            "`operationName` has to be a string",
        ),
        (
            json!({"type": "subscribe", "id": "1", "payload": {"query": "{ x }", "operationName": long}}).to_string(),
            "`operationName` has at most 256 bytes",
        ),
    ] {
        let mut client = server.staff().await;
        client.send(Message::text(message)).await;
        client.sees_close(4400, reason).await;
    }
    let mut client = server.staff().await;
    client.send(Message::binary(b"{\"type\": \"ping\"}".to_vec())).await;
    client.sees_close(4400, "The message has to be text").await;
}

#[tokio::test]
async fn so_it_is_before_the_first_message() {
    let server = Server::start(Sqlite, &[]).await.unwrap();
    for (message, reason) in [
        (json!({"type": "connection_init", "payload": "Bearer x"}), "`payload` has to be an object"),
        (json!({"type": "connection_init", "payload": ["Bearer x"]}), "`payload` has to be an object"),
        (json!(null), "The message has to be an object"),
    ] {
        let mut client = server.stranger().await;
        client.say(message).await;
        client.sees_close(4400, reason).await;
    }
}

#[tokio::test]
async fn an_operation_before_the_acknowledgement_is_4401() {
    let server = Server::start(Sqlite, &[]).await.unwrap();
    let mut client = server.stranger().await;
    client.say(json!({"type": "ping"})).await;
    assert_eq!(client.hear().await, json!({"type": "pong"}));
    client.say(subscribe("1", "{ __typename }")).await;
    client.sees_close(4401, "Unauthorized").await;
}

async fn is_forbidden(server: &Server, headers: &[(&str, &str)], payload: Value) {
    let headers: Vec<_> = [PROTOCOL].iter().chain(headers).copied().collect();
    let mut client = Client::connect(server.address, &headers).await.unwrap();
    client.say(json!({"type": "connection_init", "payload": payload})).await;
    client.sees_close(4403, "Forbidden").await;
}

#[rstest]
#[tokio::test]
async fn a_token_that_signs_nobody_in_is_4403(#[values(Sqlite, Postgres)] database: Database) {
    let Some(server) = Server::start(database, &[]).await else { return };
    let own = server.authorization();
    is_forbidden(&server, &[], json!({})).await;
    for value in [json!(""), json!("Bearer"), json!("Bearer x.y.z"), json!(own.replace("Bearer", "Basic")), json!(1)] {
        // A good header does not make up for it: the client meant the other one.
        is_forbidden(&server, &[("authorization", &own)], json!({"Authorization": value})).await;
        is_forbidden(&server, &[], json!({"headers": {"authorization": value}})).await;
    }
    is_forbidden(&server, &[("authorization", "Bearer x.y.z")], json!({})).await;
    is_forbidden(&server, &[("authorization", &own), ("authorization", &own)], json!({})).await;
    let of_nobody = format!("Bearer {}", server.app.user(interviews::domain::UserId(123_456)).token());
    is_forbidden(&server, &[], json!({"authorization": of_nobody})).await;

    let claims = URL_SAFE_NO_PAD.decode(own.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    let database = server.app.app.services().db();
    users::revoke_token(database.reader(), claims["jti"].as_str().unwrap(), server.app.now()).await.unwrap();
    is_forbidden(&server, &[], json!({"authorization": own})).await;
}

#[rstest]
#[tokio::test]
async fn so_is_one_that_has_expired(#[values(Sqlite, Postgres)] database: Database) {
    let Some(server) = Server::start(database, &[]).await else { return };
    let own = server.authorization();
    server.app.clock.advance(TimeDelta::days(31));
    is_forbidden(&server, &[], json!({"authorization": own})).await;
}

#[tokio::test]
async fn another_subprotocol_or_none_is_4406() {
    let server = Server::start(Sqlite, &[]).await.unwrap();
    for protocols in ["graphql-ws", "soap, graphql-ws", "graphql-transport-ws2"] {
        let client = Client::connect(server.address, &[("sec-websocket-protocol", protocols)]).await.unwrap();
        // A browser shows the code only when the server has named one of its offers.
        let named = format!("sec-websocket-protocol: {}\r\n", protocols.split(',').next().unwrap());
        assert!(client.head.contains(&named), "{}", client.head);
        client.sees_close(4406, "Subprotocol not acceptable").await;
    }
    let client = Client::connect(server.address, &[]).await.unwrap();
    assert!(!client.head.contains("sec-websocket-protocol"), "{}", client.head);
    client.sees_close(4406, "Subprotocol not acceptable").await;

    let both = "graphql-ws, graphql-transport-ws";
    let client = Client::connect(server.address, &[("sec-websocket-protocol", both)]).await.unwrap();
    assert!(client.head.contains("sec-websocket-protocol: graphql-transport-ws\r\n"), "{}", client.head);
    client.leave().await;
}

#[tokio::test]
async fn no_first_message_in_time_is_4408() {
    let server = Server::start(Sqlite, &["--init-timeout", "50ms"]).await.unwrap();
    server.stranger().await.sees_close(4408, "Connection initialisation timeout").await;
}

#[rstest]
#[tokio::test]
async fn an_id_that_is_active_is_4409(#[values(Sqlite, Postgres)] database: Database) {
    let Some(server) = Server::start(database, &[]).await else { return };
    let other = server.holding_interview_27().await;
    for (id, told) in [("1".to_owned(), "1".to_owned()), ("ß".repeat(64), "ß".repeat(45) + "…")] {
        let mut client = server.staff().await;
        client.say(subscribe(&id, MOVE)).await;
        client.say(subscribe(&id, "{ __typename }")).await;
        client.sees_close(4409, &format!("Subscriber for {told} already exists")).await;
    }
    other.rollback().await.unwrap();
    // What its connection took with it did not happen.
    assert_eq!(server.app.staff().interview(27).await["version"], 1);
}

#[tokio::test]
async fn a_second_first_message_is_4429() {
    let server = Server::start(Sqlite, &[]).await.unwrap();
    let mut client = server.staff().await;
    client.say(json!({"type": "connection_init", "payload": {"Authorization": server.authorization()}})).await;
    client.sees_close(4429, "Too many initialisation requests").await;
}

#[tokio::test]
async fn a_message_that_is_too_large_is_1009() {
    let server = Server::start(Sqlite, &["--max-body", "1000"]).await.unwrap();
    let mut client = server.staff().await;
    let largest = 1000 - json!({"type": "ping", "payload": {"x": ""}}).to_string().len();
    client.say(json!({"type": "ping", "payload": {"x": "x".repeat(largest)}})).await;
    assert_eq!(client.hear().await["type"], "pong");
    client.say(json!({"type": "ping", "payload": {"x": "x".repeat(largest + 1)}})).await;
    client.sees_close(1009, "The message is too large").await;
    // Its end is still on its way when the server knows enough: it is taken, and not answered with a reset.
    let mut client = server.stranger().await;
    client.say(json!({"type": "ping", "payload": {"x": "x".repeat(8_000_000)}})).await;
    client.sees_close(1009, "The message is too large").await;
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_1013() {
    let server = Server::start(Sqlite, &[]).await.unwrap();
    server.app.app.services().db().close().await.unwrap();
    let mut client = server.stranger().await;
    client.say(json!({"type": "connection_init", "payload": {"Authorization": server.authorization()}})).await;
    client.sees_close(1013, "Try again later").await;
}
