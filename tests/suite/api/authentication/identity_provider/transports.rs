//! The same tokens over every transport: GraphQL by POST and GET, REST, server-sent events and WebSocket.

use super::{claims, start, with};
use crate::support::http_client;
use crate::support::key_server::KeyServer;
use crate::support::listening_server::ListeningServer;
use crate::support::people::JUDE_WITH_LUISA;
use crate::support::rest::interview_path;
use crate::support::signer::Family::{self, EdDsa, Es256, Ps256, Rs256};
use crate::support::signer::key_set;
use crate::support::websocket_client::{SUBPROTOCOL, WebSocketClient};
use rstest::rstest;
use serde_json::{Value, json};

const QUERY: &str = "{ viewer { id } }";

/// The outcome over HTTP: `ok`, or the reason of the refusal.
async fn over_http(server: &ListeningServer, token: &str) -> [String; 4] {
    let (client, url) = (http_client::client(), format!("http://{}/graphql", server.address));
    let send = async |request: reqwest::RequestBuilder| request.bearer_auth(token).send().await.unwrap();
    let body = json!({"query": QUERY});
    let post = send(client.post(&url).json(&body)).await.json().await.unwrap();
    let get = send(client.get(&url).query(&[("query", QUERY)]).header("accept", "application/json")).await;
    let get = get.json().await.unwrap();
    let path = format!("http://{}{}", server.address, interview_path(JUDE_WITH_LUISA));
    let rest = send(client.patch(path).json(&json!({"interview": {}}))).await;
    let rest_outcome = match rest.status().as_u16() {
        200 => "ok".to_owned(),
        401 => rest.json::<Value>().await.unwrap()["errors"][0]["reason"].as_str().unwrap().to_owned(),
        status => panic!("{status}"),
    };
    let events = send(client.post(&url).json(&body).header("accept", "text/event-stream")).await;
    let events = events.text().await.unwrap();
    let data = events.lines().find_map(|line| line.strip_prefix("data: {")).unwrap();
    let event = serde_json::from_str(&format!("{{{data}")).unwrap();
    [outcome(&post), outcome(&get), rest_outcome, outcome(&event)]
}

fn outcome(answer: &Value) -> String {
    if answer["data"]["viewer"]["id"] == "1000" {
        return "ok".to_owned();
    }
    answer["errors"][0]["extensions"]["reason"].as_str().unwrap().to_owned()
}

#[rstest]
#[tokio::test]
async fn token_has_the_same_outcome_everywhere(#[values(Rs256, Ps256, Es256, EdDsa)] family: Family) {
    let signer = family.signer("one");
    let keys = KeyServer::start(&key_set(&[&signer])).await;
    let server = ListeningServer::of(start(&keys).await).await;
    let app = &server.app;
    let revoked = app.bearer(&signer.sign(&with(app, "jti", json!("revoked"))));
    app.revoke(&revoked).await;
    let mut unknown = signer.header();
    unknown["kid"] = json!("unknown");
    for (token, expected) in [
        (signer.sign(&claims(app)), "ok"),
        (signer.sign(&with(app, "sub", json!(1000))), "ok"),
        (signer.sign(&with(app, "exp", json!(app.now().timestamp() - 60))), "TOKEN_EXPIRED"),
        (revoked.token().to_owned(), "TOKEN_REVOKED"),
        (signer.sign(&with(app, "nbf", json!(app.now().timestamp() + 60))), "TOKEN_INVALID"),
        (signer.sign(&with(app, "iss", json!("https://other.example.com/"))), "TOKEN_INVALID"),
        (signer.sign(&with(app, "aud", json!("payroll"))), "TOKEN_INVALID"),
        (signer.sign(&with(app, "sub", json!("999999"))), "TOKEN_INVALID"),
        (family.other_signer("one").sign(&claims(app)), "TOKEN_INVALID"),
        (signer.sign_with(&unknown, &claims(app)), "TOKEN_INVALID"),
        (signer.sign_with(&json!({"alg": "none"}), &claims(app)), "TOKEN_INVALID"),
        (signer.sign_with(&json!({"alg": "HS256"}), &claims(app)), "TOKEN_INVALID"),
    ] {
        assert_eq!(over_http(&server, &token).await, [expected; 4].map(str::to_owned), "{expected}");
        if expected == "ok" {
            let mut client = WebSocketClient::sign_in(server.address, &token).await;
            assert_eq!(client.ask(QUERY).await, json!({"viewer": {"id": "1000"}}));
            client.close().await;
            continue;
        }
        let mut client = server.connect().await;
        client.send(json!({"type": "connection_init", "payload": {"Authorization": format!("Bearer {token}")}})).await;
        client.expect_close(4403, expected).await;
        let authorization = format!("Bearer {token}");
        let headers = [SUBPROTOCOL, ("authorization", authorization.as_str())];
        let mut client = WebSocketClient::connect(server.address, &headers).await.unwrap();
        client.send(json!({"type": "connection_init"})).await;
        client.expect_close(4403, expected).await;
    }
}

#[tokio::test]
async fn key_that_left_the_set_closes_open_connections() {
    let (old, new) = (Es256.signer("old"), EdDsa.signer("new"));
    let keys = KeyServer::start(&key_set(&[&old, &new])).await;
    let server = ListeningServer::of(start(&keys).await).await;
    let (by_old, by_new) = (old.sign(&claims(&server.app)), new.sign(&claims(&server.app)));
    let socket = WebSocketClient::sign_in(server.address, &by_old).await;
    let mut other = WebSocketClient::sign_in(server.address, &by_new).await;
    let post = http_client::client().post(format!("http://{}/graphql", server.address));
    let body = json!({"query": "subscription { interviewChanged { type } }"});
    let events = post.json(&body).bearer_auth(&by_old).header("accept", "text/event-stream").send().await.unwrap();
    keys.publish(&key_set(&[&new]));
    server.app.app.services().refresh_keys().await.unwrap();
    socket.expect_close(4403, "TOKEN_INVALID").await;
    let text = events.text().await.unwrap();
    assert!(text.contains(r#""code":"UNAUTHENTICATED","reason":"TOKEN_INVALID""#), "{text}");
    assert_eq!(other.ask(QUERY).await, json!({"viewer": {"id": "1000"}}));
}
