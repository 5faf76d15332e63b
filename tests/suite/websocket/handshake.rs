//! Who gets a socket.

use crate::support::Database::Sqlite;
use crate::support::listening_server::{Server, subscribe};
use crate::support::websocket_client::{Client, raw};
use serde_json::json;

const PROTOCOL: (&str, &str) = ("sec-websocket-protocol", "graphql-transport-ws");

#[tokio::test]
async fn the_handshake_is_that_of_the_standard() {
    let server = Server::start(Sqlite, &[]).await.unwrap();
    let client = server.stranger().await;
    // RFC 6455, section 1.3, has this key and what becomes of it.
    for header in [
        "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
        "upgrade: websocket",
        "connection: upgrade",
        "x-request-id: ",
    ] {
        assert!(client.head.to_lowercase().contains(&header.to_lowercase()), "{header}: {}", client.head);
    }
    assert!(client.head.contains("sec-websocket-protocol: graphql-transport-ws\r\n"), "{}", client.head);
    client.leave().await;
}

#[tokio::test]
async fn what_is_no_handshake_is_refused() {
    let server = Server::start(Sqlite, &[]).await.unwrap();
    let complete =
        "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: aaaa\r\n";
    for part in complete.split_inclusive("\r\n").filter(|line| !line.starts_with("upgrade")) {
        let request = format!("GET /graphql HTTP/1.1\r\nhost: x\r\n{}\r\n", complete.replace(part, ""));
        let (head, _) = raw(server.address, &request).await;
        assert!(head.starts_with("HTTP/1.1 400 ") && head.contains("sec-websocket-version: 13"), "{part}: {head}");
    }
    let other_version = complete.replace("13", "8");
    let (head, _) = raw(server.address, &format!("GET /graphql HTTP/1.1\r\nhost: x\r\n{other_version}\r\n")).await;
    assert!(head.starts_with("HTTP/1.1 400 "), "{head}");
    // Only a GET becomes a socket, and only at this address.
    for other in ["HEAD /graphql", "POST /graphql", "GET /livez"] {
        let (head, _) = raw(server.address, &format!("{other} HTTP/1.1\r\nhost: x\r\n{complete}\r\n")).await;
        assert!(!head.starts_with("HTTP/1.1 101 "), "{other}: {head}");
    }
}

#[tokio::test]
async fn pages_of_other_origins_are_not_let_in() {
    let server = Server::start(Sqlite, &["--cors-origins", "https://app.example"]).await.unwrap();
    for origin in ["https://evil.example", "http://app.example", "https://app.example:444", "null", "x"] {
        let refusal = Client::connect(server.address, &[PROTOCOL, ("origin", origin)]).await.err().unwrap();
        assert!(refusal.head.starts_with("HTTP/1.1 403 "), "{origin}: {}", refusal.head);
        assert_eq!(refusal.body["errors"][0]["extensions"]["code"], "FORBIDDEN");
    }
    let own = format!("http://{}", server.address);
    let behind_tls = format!("https://{}", server.address);
    for origin in ["https://app.example", &own, &behind_tls] {
        let client = Client::connect(server.address, &[PROTOCOL, ("origin", origin)]).await.unwrap();
        client.leave().await;
    }
}

#[tokio::test]
async fn every_origin_is_let_in_where_the_settings_say_so() {
    let server = Server::start(Sqlite, &["--cors-origins", "*"]).await.unwrap();
    for origin in ["https://any.example", "null"] {
        Client::connect(server.address, &[PROTOCOL, ("origin", origin)]).await.unwrap().leave().await;
    }
}

#[tokio::test]
async fn there_are_so_many_sockets_and_no_more() {
    let server = Server::start(Sqlite, &["--max-sockets", "2"]).await.unwrap();
    let (first, mut second) = (server.staff().await, server.stranger().await);
    let refusal = Client::connect(server.address, &[PROTOCOL]).await.err().unwrap();
    assert!(
        refusal.head.starts_with("HTTP/1.1 503 ") && refusal.head.contains("retry-after: 1\r\n"),
        "{}",
        refusal.head
    );
    assert_eq!(refusal.body["errors"][0]["extensions"]["code"], "OVERLOADED");
    // Requests are not sockets.
    assert_eq!(server.status_of("{ __typename }").await, 200);

    first.leave().await;
    let another = loop {
        if let Ok(client) = Client::connect(server.address, &[PROTOCOL]).await {
            break client;
        }
        tokio::task::yield_now().await; // its place is free in a moment
    };
    another.leave().await;
    second.say(subscribe("1", "{ __typename }")).await;
    second.sees_close(4401, "Unauthorized").await;
}

#[tokio::test]
async fn the_token_comes_in_the_first_message_or_in_the_header() {
    let server = Server::start(Sqlite, &[]).await.unwrap();
    let own = server.authorization();
    for payload in [
        json!({"Authorization": own}),
        json!({"authorization": own}),
        json!({"AUTHORIZATION": own.replace("Bearer", "bearer")}),
        json!({"headers": {"Authorization": own}}),
        json!({"client": "x", "Headers": {"x": 1, "authorization": own}}),
    ] {
        let mut client = server.stranger().await;
        client.say(json!({"type": "connection_init", "payload": payload})).await;
        assert_eq!(client.hear().await, json!({"type": "connection_ack"}), "{payload}");
        assert_eq!(client.ask("{ viewer { id } }").await, json!({"viewer": {"id": "1000"}}));
        client.leave().await;
    }
    for init in [
        json!({"type": "connection_init"}),
        json!({"type": "connection_init", "payload": null}),
        json!({"type": "connection_init", "payload": {"Authorization": null, "headers": {}}}),
    ] {
        let mut client = Client::connect(server.address, &[PROTOCOL, ("authorization", &own)]).await.unwrap();
        client.say(init).await;
        assert_eq!(client.hear().await, json!({"type": "connection_ack"}));
        assert_eq!(client.ask("{ viewer { id } }").await, json!({"viewer": {"id": "1000"}}));
        client.leave().await;
    }
}

#[tokio::test]
async fn the_first_message_outweighs_the_header() {
    let server = Server::start(Sqlite, &[]).await.unwrap();
    let driver = format!("Bearer {}", server.app.driver().token());
    for header in [server.authorization(), "Bearer nonsense".to_owned(), "Basic eDp5".to_owned()] {
        let mut client = Client::connect(server.address, &[PROTOCOL, ("authorization", &header)]).await.unwrap();
        client.say(json!({"type": "connection_init", "payload": {"authorization": driver}})).await;
        assert_eq!(client.hear().await, json!({"type": "connection_ack"}));
        assert_eq!(client.ask("{ viewer { id } }").await, json!({"viewer": {"id": "997"}}));
        client.leave().await;
    }
}
