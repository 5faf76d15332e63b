//! The same tokens over every transport.

use super::{claims, start, with};
use crate::api::authentication::transports::{CRITICAL, EXPIRIES, TIMES, assert_outcome, with_expiry};
use crate::support::http_client;
use crate::support::key_server::KeyServer;
use crate::support::listening_server::ListeningServer;
use crate::support::signer::Family::{self, EdDsa, Es256, Ps256, Rs256};
use crate::support::signer::key_set;
use crate::support::websocket_client::WebSocketClient;
use chrono::TimeDelta;
use rstest::rstest;
use serde_json::json;

const QUERY: &str = "{ viewer { id } }";

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
        assert_outcome(&server, &token, expected).await;
    }
}

#[rstest]
#[tokio::test]
async fn token_with_a_critical_extension_is_refused_everywhere(#[values(Rs256, Ps256, Es256, EdDsa)] family: Family) {
    let signer = family.signer("one");
    let keys = KeyServer::start(&key_set(&[&signer])).await;
    let server = ListeningServer::of(start(&keys).await).await;
    let claims = claims(&server.app).to_string();
    for crit in CRITICAL {
        for name in ["crit", r"\u0063rit"] {
            let header = format!(r#"{{"alg":"{}","kid":"one","{name}":{crit},"exp":1}}"#, family.name());
            assert_outcome(&server, &signer.sign_text(&header, &claims), "TOKEN_INVALID").await;
        }
    }
}

#[rstest]
#[tokio::test]
async fn times_may_have_fractions_everywhere(#[values(Rs256, Ps256, Es256, EdDsa)] family: Family) {
    let signer = family.signer("one");
    let keys = KeyServer::start(&key_set(&[&signer])).await;
    let server = ListeningServer::of(start(&keys).await).await;
    server.app.clock.advance(TimeDelta::milliseconds(42)); // a whole second
    let now = f64::from(i32::try_from(server.app.now().timestamp()).unwrap());
    for (claim, seconds, expected) in TIMES {
        assert_outcome(&server, &signer.sign(&with(&server.app, claim, json!(now + seconds))), expected).await;
    }
    let header = signer.header().to_string();
    for (expiry, expected) in EXPIRIES {
        let token = signer.sign_text(&header, &with_expiry(&claims(&server.app), expiry));
        assert_outcome(&server, &token, expected).await;
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
