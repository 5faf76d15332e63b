//! The handshake: which requests are upgraded to a WebSocket, and where the token may be.

use crate::support::Database::Sqlite;
use crate::support::listening_server::ListeningServer;
use crate::support::people::{JUDE, MONA};
use crate::support::websocket_client::{SUBPROTOCOL, WebSocketClient, send_raw};
use serde_json::json;

#[tokio::test]
async fn handshake_follows_rfc_6455() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let client = server.connect().await;
    for header in ["upgrade: websocket\r\n", "connection: upgrade\r\n", "x-request-id: "] {
        assert!(client.head.to_lowercase().contains(header), "{header}: {}", client.head);
    }
    // RFC 6455, section 1.3, has the key of this client with this value.
    assert!(client.head.contains("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), "{}", client.head);
    assert!(client.head.contains("sec-websocket-protocol: graphql-transport-ws\r\n"), "{}", client.head);
    client.close().await;
}

const HANDSHAKE: [&str; 4] = [
    "upgrade: websocket\r\n",
    "connection: upgrade\r\n",
    "sec-websocket-version: 13\r\n",
    "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
];

/// The status line and the rest of the head that answer this request.
async fn head_of(server: &ListeningServer, request_line: &str, headers: &str) -> (String, String) {
    let request = format!("{request_line} HTTP/1.1\r\nhost: x\r\n{headers}\r\n");
    let (head, _) = send_raw(server.address, &request).await;
    let (status, headers) = head.split_once("\r\n").unwrap();
    (status.to_owned(), headers.to_owned())
}

#[tokio::test]
async fn incomplete_handshake_is_a_bad_request() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    for missing in &HANDSHAKE[1..] {
        let (status, headers) = head_of(&server, "GET /graphql", &HANDSHAKE.concat().replace(missing, "")).await;
        assert_eq!(status, "HTTP/1.1 400 Bad Request", "without {missing}");
        assert!(headers.contains("sec-websocket-version: 13\r\n"), "{headers}");
    }
    let (status, _) = head_of(&server, "GET /graphql", &HANDSHAKE.concat().replace("13", "8")).await;
    assert_eq!(status, "HTTP/1.1 400 Bad Request");
}

#[tokio::test]
async fn only_get_of_graphql_is_upgraded() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    for (request_line, expected) in [
        ("GET /graphql", "HTTP/1.1 101 Switching Protocols"),
        ("HEAD /graphql", "HTTP/1.1 400 Bad Request"),
        ("POST /graphql", "HTTP/1.1 415 Unsupported Media Type"),
        ("GET /livez", "HTTP/1.1 200 OK"),
    ] {
        let (status, _) = head_of(&server, request_line, &HANDSHAKE.concat()).await;
        assert_eq!(status, expected, "{request_line}");
    }
}

#[tokio::test]
async fn origins_that_are_not_configured_are_forbidden() {
    let server = ListeningServer::start(Sqlite, &["--cors-origins", "https://app.example"]).await.unwrap();
    for origin in ["https://evil.example", "http://app.example", "https://app.example:444", "null", "x"] {
        let rejected = WebSocketClient::connect(server.address, &[SUBPROTOCOL, ("origin", origin)]).await.err();
        let rejected = rejected.unwrap();
        assert!(rejected.head.starts_with("HTTP/1.1 403 "), "{origin}: {}", rejected.head);
        assert_json!(rejected.body, @r#"
        {
          "errors": [
            {
              "extensions": {"code": "FORBIDDEN"},
              "message": "Pages of this origin may not connect. See CORS_ORIGINS."
            }
          ]
        }
        "#);
    }
    let own = format!("http://{}", server.address);
    let behind_tls = format!("https://{}", server.address);
    for origin in ["https://app.example", &own, &behind_tls] {
        let client = WebSocketClient::connect(server.address, &[SUBPROTOCOL, ("origin", origin)]).await.unwrap();
        client.close().await;
    }
}

/// Requests a WebSocket with this `Host` and `Origin`; the status.
async fn status_of(server: &ListeningServer, host: &str, origin: &str) -> String {
    let headers = format!("GET /graphql HTTP/1.1\r\nhost: {host}\r\norigin: {origin}\r\n{}\r\n", HANDSHAKE.concat());
    let (head, _) = send_raw(server.address, &headers).await;
    head["HTTP/1.1 ".len()..][..3].to_owned()
}

/// A proxy terminates TLS: the server sees the port of the origin in `Host` alone, or not at all.
#[tokio::test]
async fn page_of_the_own_origin_connects_through_proxies() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    for (host, origin, status) in [
        ("app.example:443", "https://app.example", "101"),
        ("app.example", "https://app.example", "101"),
        ("App.Example.", "https://app.example", "101"),
        ("app.example:80", "http://app.example", "101"),
        ("app.example:8443", "https://app.example:8443", "101"),
        ("[2001:DB8::1]:443", "https://[2001:db8::1]", "101"),
        ("bücher.example:443", "https://xn--bcher-kva.example", "101"),
        ("app.example:80", "https://app.example", "403"),
        ("app.example", "https://app.example:8443", "403"),
        ("app.example", "https://app.example.evil.example", "403"),
        ("app.example.evil.example", "https://app.example", "403"),
        ("app.example", "https://app.example@evil.example", "403"),
        ("evil.example@app.example", "https://evil.example", "403"),
        ("app.example", "https://evil.example", "403"),
        ("app.example\r\nhost: evil.example", "https://app.example", "403"),
        ("app.example", "https://app.example\r\norigin: https://evil.example", "403"),
    ] {
        assert_eq!(status_of(&server, host, origin).await, status, "{host} {origin}");
    }
}

#[tokio::test]
async fn wildcard_in_the_settings_admits_every_origin() {
    let server = ListeningServer::start(Sqlite, &["--cors-origins", "*"]).await.unwrap();
    for origin in ["https://any.example", "null"] {
        WebSocketClient::connect(server.address, &[SUBPROTOCOL, ("origin", origin)]).await.unwrap().close().await;
    }
}

#[tokio::test]
async fn sockets_over_the_limit_are_rejected_until_another_closes() {
    let server = ListeningServer::start(Sqlite, &["--max-sockets", "2"]).await.unwrap();
    let (first, mut second) = (server.staff().await, server.staff().await);
    let rejected = WebSocketClient::connect(server.address, &[SUBPROTOCOL]).await.err().unwrap();
    assert!(rejected.head.starts_with("HTTP/1.1 503 "), "{}", rejected.head);
    assert!(rejected.head.contains("retry-after: 1\r\n"), "{}", rejected.head);
    assert_json!(rejected.body, @r#"
    {
      "errors": [
        {
          "extensions": {"code": "OVERLOADED", "retryAfter": 1, "retryable": true},
          "message": "The server is busy. Try again in a moment."
        }
      ]
    }
    "#);
    // Requests do not count.
    assert_eq!(server.http_status("{ __typename }").await, 200);

    first.close().await;
    let third = loop {
        // The server counts the closed connection until its task ends.
        if let Ok(client) = WebSocketClient::connect(server.address, &[SUBPROTOCOL]).await {
            break client;
        }
        tokio::task::yield_now().await;
    };
    third.close().await;
    second.expect_nothing().await;
}

#[tokio::test]
async fn token_in_the_first_message_signs_in() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let own = server.authorization();
    for payload in [
        json!({"Authorization": own}),
        json!({"authorization": own}),
        json!({"AUTHORIZATION": own.replace("Bearer", "bearer")}),
        json!({"headers": {"Authorization": own}}),
        json!({"client": "x", "Headers": {"x": 1, "authorization": own}}),
    ] {
        let mut client = server.connect().await;
        client.initialise(payload).await;
        assert_eq!(client.ask("{ viewer { id } }").await["viewer"]["id"], MONA.to_string());
        client.close().await;
    }
}

#[tokio::test]
async fn token_in_the_header_signs_in_when_the_first_message_has_none() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let own = server.authorization();
    for init in [
        json!({"type": "connection_init"}),
        json!({"type": "connection_init", "payload": null}),
        json!({"type": "connection_init", "payload": {"Authorization": null, "headers": {}}}),
    ] {
        let headers = [SUBPROTOCOL, ("authorization", &own)];
        let mut client = WebSocketClient::connect(server.address, &headers).await.unwrap();
        client.send(init).await;
        assert_json!(client.receive().await, @r#"{"type": "connection_ack"}"#);
        assert_eq!(client.ask("{ viewer { id } }").await["viewer"]["id"], MONA.to_string());
        client.close().await;
    }
}

#[tokio::test]
async fn token_in_the_first_message_takes_precedence_over_the_header() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let driver = format!("Bearer {}", server.app.driver().token());
    for header in [server.authorization(), "Bearer nonsense".to_owned(), "Basic eDp5".to_owned()] {
        let headers = [SUBPROTOCOL, ("authorization", &header)];
        let mut client = WebSocketClient::connect(server.address, &headers).await.unwrap();
        client.initialise(json!({"authorization": driver})).await;
        assert_eq!(client.ask("{ viewer { id } }").await["viewer"]["id"], JUDE.to_string());
        client.close().await;
    }
}
