//! What is answered while the keys cannot be read, and what the readiness check says.

use super::{claims, start};
use crate::api::authentication::assertions::{INVALID, assert_accepted, assert_refused};
use crate::support::TestApp;
use crate::support::actor::{Actor, Answer};
use crate::support::http_client;
use crate::support::key_server::{KeyServer, Reply};
use crate::support::listening_server::ListeningServer;
use crate::support::people::JUDE_WITH_LUISA;
use crate::support::polling::until;
use crate::support::signer::Family::Es256;
use crate::support::signer::key_set;
use axum::body::Body;
use axum::http::Request;
use chrono::TimeDelta;
use serde_json::{Value, json};

async fn ready(app: &TestApp) -> Answer {
    app.anonymous().send(Request::get("/readyz").body(Body::empty()).unwrap()).await
}

/// Waits until the check answers so: a result is valid for a second.
async fn until_ready_with(app: &TestApp, code: u16, status: &str, jwks: &str) {
    let expected = json!({"status": status, "checks": {"database": "ok", "schema": "current", "jwks": jwks}});
    until(async || {
        let answer = ready(app).await;
        (answer.status.as_u16(), answer.json()) == (code, expected.clone())
    })
    .await;
}

/// Fails unless GraphQL and REST ask the client to try again.
async fn assert_unavailable(bearer: Actor) {
    let body = json!({"query": "{ viewer { id } }"});
    let accept = [("accept", "application/graphql-response+json")];
    let graphql = bearer.rest_with("POST", "/graphql", &body, &accept).await;
    let rest = bearer.patch(JUDE_WITH_LUISA, &json!({"interview": {}})).await;
    let codes: [(&Answer, &str); 2] = [(&graphql, "/errors/0/extensions/code"), (&rest, "/errors/0/code")];
    for (answer, code) in codes {
        assert_eq!(answer.status, 503, "{}", answer.text);
        assert_ne!(answer.header("retry-after"), "", "{}", answer.text);
        assert_eq!(answer.json().pointer(code), Some(&Value::from("UNAVAILABLE")), "{}", answer.text);
    }
}

const NO_KEYS: &str = "the keys of the identity provider cannot be read";

#[tokio::test]
async fn server_without_keys_is_not_ready_and_serves_tokens_with_a_secret() {
    let signer = Es256.signer("one");
    let server = KeyServer::start(&json!({})).await;
    server.reply_with(Reply::Status(503, Vec::new()));
    let app = start(&server).await;
    let bearer = app.bearer(&signer.sign(&claims(&app)));
    until_ready_with(&app, 503, NO_KEYS, "unavailable").await;
    assert_unavailable(bearer.clone()).await;
    assert_eq!(server.requests(), 1, "once a cooldown");
    assert_accepted(app.staff()).await;
    server.publish(&key_set(&[&signer]));
    app.clock.advance(TimeDelta::seconds(30));
    assert_accepted(bearer).await;
    until_ready_with(&app, 200, "ok", "ok").await;
}

#[tokio::test]
async fn connection_is_asked_to_try_again_while_there_are_no_keys() {
    let keys = KeyServer::start(&json!({})).await;
    let server = ListeningServer::of(start(&keys).await).await;
    let token = Es256.signer("one").sign(&claims(&server.app));
    let mut socket = server.connect().await;
    socket.send(json!({"type": "connection_init", "payload": {"Authorization": format!("Bearer {token}")}})).await;
    socket.expect_close(1013, "Try again later").await;
    let post = http_client::client().post(format!("http://{}/graphql", server.address)).bearer_auth(token);
    let post = post.header("accept", "text/event-stream").json(&json!({"query": "{ viewer { id } }"}));
    let answer = post.send().await.unwrap();
    assert_eq!(answer.status(), 503);
    assert!(answer.text().await.unwrap().contains(r#""code":"UNAVAILABLE""#));
}

#[tokio::test]
async fn keys_that_cannot_be_read_again_are_used_for_a_day() {
    let signer = Es256.signer("one");
    let server = KeyServer::start(&key_set(&[&signer])).await;
    let app = start(&server).await;
    let bearer = || app.bearer(&signer.sign(&claims(&app)));
    assert_accepted(bearer()).await;
    let session = app.app.services().sign_in(bearer().token()).await.unwrap();
    server.reply_with(Reply::Status(500, Vec::new()));
    app.app.services().refresh_keys().await.unwrap_err();
    assert_accepted(bearer()).await;
    until_ready_with(&app, 200, "ok", "stale").await;
    app.clock.advance(TimeDelta::hours(1) - TimeDelta::seconds(1));
    assert!(session.viewer().is_ok());
    app.clock.advance(TimeDelta::hours(23) + TimeDelta::seconds(1));
    assert_accepted(bearer()).await;
    app.clock.advance(TimeDelta::milliseconds(1));
    assert_unavailable(bearer()).await;
    until_ready_with(&app, 503, NO_KEYS, "unavailable").await;
    assert_accepted(app.staff()).await;
    server.publish(&key_set(&[&signer]));
    app.app.services().refresh_keys().await.unwrap();
    assert_accepted(bearer()).await;
    until_ready_with(&app, 200, "ok", "ok").await;
}

#[tokio::test]
async fn server_whose_key_set_has_no_usable_key_is_not_ready() {
    let server = KeyServer::start(&json!({"keys": []})).await;
    let app = start(&server).await;
    app.app.services().refresh_keys().await.unwrap();
    until_ready_with(&app, 503, "the identity provider has no key that can be used", "empty").await;
    assert_refused(app.bearer(&Es256.signer("one").sign(&claims(&app))), INVALID).await;
}
