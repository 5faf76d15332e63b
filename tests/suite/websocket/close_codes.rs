//! The code and reason with which the server closes a WebSocket, as the client receives them.

use crate::support::Database::Sqlite;
use crate::support::listening_server::{ListeningServer, set_location, subscribe};
use crate::support::people::{JUDE_WITH_LUISA, UNKNOWN_USER};
use crate::support::websocket_client::{SUBPROTOCOL, WebSocketClient};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use interviews::storage::tokens;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn messages_that_break_the_protocol_close_with_4400() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let id = "The field `id` has to be a string of 1 to 128 bytes.";
    let kind = "The field `type` has to be connection_init, ping, pong, subscribe or complete.";
    let payload = json!({"query": "{ __typename }"});
    let long = "x".repeat(257);
    for (message, reason) in [
        ("{\"type\": ".to_owned(), "The message is not JSON."),
        (String::new(), "The message is not JSON."),
        ("[".repeat(100_000), "The message is not JSON."),
        ("[]".to_owned(), "The message has to be an object."),
        ("\"ping\"".to_owned(), "The message has to be an object."),
        (json!({}).to_string(), kind),
        (json!({"type": 1}).to_string(), kind),
        (json!({"type": "start"}).to_string(), kind),
        (json!({"type": "next", "id": "1", "payload": {}}).to_string(), kind),
        (json!({"type": "ping", "payload": "x"}).to_string(), "The field `payload` has to be an object."),
        (json!({"type": "subscribe", "payload": payload}).to_string(), id),
        (json!({"type": "subscribe", "id": "", "payload": payload}).to_string(), id),
        (json!({"type": "subscribe", "id": 1, "payload": payload}).to_string(), id),
        (json!({"type": "subscribe", "id": "x".repeat(129), "payload": payload}).to_string(), id),
        (json!({"type": "complete"}).to_string(), id),
        (json!({"type": "complete", "id": ""}).to_string(), id),
        (json!({"type": "subscribe", "id": "1"}).to_string(), "The field `payload` is missing."),
        (
            json!({"type": "subscribe", "id": "1", "payload": []}).to_string(),
            "The field `payload` has to be an object.",
        ),
        (json!({"type": "subscribe", "id": "1", "payload": {}}).to_string(), "The field `query` is missing."),
        (
            json!({"type": "subscribe", "id": "1", "payload": {"query": 1}}).to_string(),
            "The field `query` has to be a string.",
        ),
        (
            json!({"type": "subscribe", "id": "1", "payload": {"query": "{ x }", "variables": "{}"}}).to_string(),
            "The field `variables` has to be an object.",
        ),
        (
            json!({"type": "subscribe", "id": "1", "payload": {"query": "{ x }", "extensions": []}}).to_string(),
            "The field `extensions` has to be an object.",
        ),
        (
            json!({"type": "subscribe", "id": "1", "payload": {"query": "{ x }", "operationName": {}}}).to_string(),
            "The field `operationName` has to be a string.",
        ),
        (
            json!({"type": "subscribe", "id": "1", "payload": {"query": "{ x }", "operationName": long}}).to_string(),
            "The field `operationName` has at most 256 bytes.",
        ),
    ] {
        let mut client = server.staff().await;
        client.send_message(Message::text(message)).await;
        client.expect_close(4400, reason).await;
    }
    let mut client = server.staff().await;
    client.send_message(Message::binary(b"{\"type\": \"ping\"}".to_vec())).await;
    client.expect_close(4400, "The message has to be text.").await;
}

#[tokio::test]
async fn malformed_first_message_closes_with_4400() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    for (message, reason) in [
        (json!({"type": "connection_init", "payload": "Bearer x"}), "The field `payload` has to be an object."),
        (json!({"type": "connection_init", "payload": ["Bearer x"]}), "The field `payload` has to be an object."),
        (json!(null), "The message has to be an object."),
    ] {
        let mut client = server.connect().await;
        client.send(message).await;
        client.expect_close(4400, reason).await;
    }
}

#[tokio::test]
async fn operation_before_the_acknowledgement_closes_with_4401() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let mut client = server.connect().await;
    client.send(json!({"type": "ping"})).await;
    assert_json!(client.receive().await, @r#"{"type": "pong"}"#);
    client.send(subscribe("1", "{ __typename }")).await;
    client.expect_close(4401, "Unauthorized").await;
}

async fn expect_refused(server: &ListeningServer, headers: &[(&str, &str)], payload: Value, reason: &str) {
    let headers: Vec<_> = [SUBPROTOCOL].iter().chain(headers).copied().collect();
    let mut client = WebSocketClient::connect(server.address, &headers).await.unwrap();
    client.send(json!({"type": "connection_init", "payload": payload})).await;
    client.expect_close(4403, reason).await;
}

#[tokio::test]
async fn invalid_token_closes_with_4403() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let valid = server.authorization();
    expect_refused(&server, &[], json!({}), "TOKEN_MISSING").await;
    let basic = valid.replace("Bearer", "Basic");
    for invalid in [json!(""), json!("Bearer"), json!("Bearer x.y.z"), json!(basic), json!(1)] {
        // The message takes precedence over a valid header.
        let payload = json!({"Authorization": invalid});
        expect_refused(&server, &[("authorization", &valid)], payload, "TOKEN_INVALID").await;
        expect_refused(&server, &[], json!({"headers": {"authorization": invalid}}), "TOKEN_INVALID").await;
    }
    expect_refused(&server, &[("authorization", "Bearer x.y.z")], json!({}), "TOKEN_INVALID").await;
    let twice = [("authorization", valid.as_str()), ("authorization", &valid)];
    expect_refused(&server, &twice, json!({}), "TOKEN_INVALID").await;
    let unknown_user = format!("Bearer {}", server.app.user(UNKNOWN_USER).token());
    expect_refused(&server, &[], json!({"authorization": unknown_user}), "TOKEN_INVALID").await;
}

#[tokio::test]
async fn revoked_token_closes_with_4403() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let revoked = server.authorization();
    let mut client = server.connect().await;
    client.initialise(json!({"authorization": revoked})).await; // caches the user
    let claims = URL_SAFE_NO_PAD.decode(revoked.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    let database = server.app.app.services().db();
    tokens::revoke(database.reader(), claims["jti"].as_str().unwrap(), server.app.now(), server.app.now())
        .await
        .unwrap();
    expect_refused(&server, &[], json!({"authorization": revoked}), "TOKEN_REVOKED").await;
}

#[tokio::test]
async fn expired_token_closes_with_4403() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let expired = server.authorization();
    server.app.clock.advance(TimeDelta::days(31));
    expect_refused(&server, &[], json!({"authorization": expired}), "TOKEN_EXPIRED").await;
}

#[tokio::test]
async fn unsupported_or_missing_subprotocol_closes_with_4406() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    for protocols in ["graphql-ws", "soap, graphql-ws", "graphql-transport-ws2"] {
        let client = WebSocketClient::connect(server.address, &[(SUBPROTOCOL.0, protocols)]).await.unwrap();
        // A browser shows the code only if the server selects one of the offered subprotocols.
        let selected = format!("sec-websocket-protocol: {}\r\n", protocols.split(',').next().unwrap());
        assert!(client.head.contains(&selected), "{}", client.head);
        client.expect_close(4406, "Subprotocol not acceptable").await;
    }
    let client = WebSocketClient::connect(server.address, &[]).await.unwrap();
    assert!(!client.head.contains("sec-websocket-protocol"), "{}", client.head);
    client.expect_close(4406, "Subprotocol not acceptable").await;
}

#[tokio::test]
async fn supported_subprotocol_is_selected_among_several() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let both = "graphql-ws, graphql-transport-ws";
    let client = WebSocketClient::connect(server.address, &[(SUBPROTOCOL.0, both)]).await.unwrap();
    assert!(client.head.contains("sec-websocket-protocol: graphql-transport-ws\r\n"), "{}", client.head);
    client.close().await;
}

#[tokio::test]
async fn missing_first_message_closes_with_4408_after_the_timeout() {
    let server = ListeningServer::start(Sqlite, &["--init-timeout", "50ms"]).await.unwrap();
    server.connect().await.expect_close(4408, "Connection initialisation timeout").await;
}

#[tokio::test]
async fn operation_id_in_use_closes_with_4409_and_cancels_the_operation() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let lock = server.lock(JUDE_WITH_LUISA).await;
    for (id, shown) in [("1".to_owned(), "1".to_owned()), ("ß".repeat(64), "ß".repeat(45) + "…")] {
        let mut client = server.staff().await;
        client.send(subscribe(&id, &set_location())).await;
        client.send(subscribe(&id, "{ __typename }")).await;
        client.expect_close(4409, &format!("Subscriber for {shown} already exists")).await;
    }
    lock.rollback().await.unwrap();
    assert_eq!(server.app.staff().interview(JUDE_WITH_LUISA).await["version"], 1);
}

#[tokio::test]
async fn second_connection_init_closes_with_4429() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let mut client = server.staff().await;
    client.send(json!({"type": "connection_init", "payload": {"Authorization": server.authorization()}})).await;
    client.expect_close(4429, "Too many initialisation requests").await;
}

#[tokio::test]
async fn message_over_the_size_limit_closes_with_1009() {
    let server = ListeningServer::start(Sqlite, &["--max-body", "1000"]).await.unwrap();
    let mut client = server.staff().await;
    let largest = 1000 - json!({"type": "ping", "payload": {"x": ""}}).to_string().len();
    client.send(json!({"type": "ping", "payload": {"x": "x".repeat(largest)}})).await;
    assert_eq!(client.receive().await["type"], "pong");
    client.send(json!({"type": "ping", "payload": {"x": "x".repeat(largest + 1)}})).await;
    client.expect_close(1009, "The message is too large.").await;
    // The server decides before the end of the message arrives. It reads the rest, so that the connection is not reset.
    let mut client = server.connect().await;
    client.send(json!({"type": "ping", "payload": {"x": "x".repeat(8_000_000)}})).await;
    client.expect_close(1009, "The message is too large.").await;
}

#[tokio::test]
async fn unavailable_database_closes_with_1013() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    server.app.app.services().db().close().await.unwrap();
    let mut client = server.connect().await;
    client.send(json!({"type": "connection_init", "payload": {"Authorization": server.authorization()}})).await;
    client.expect_close(1013, "Try again later").await;
}
