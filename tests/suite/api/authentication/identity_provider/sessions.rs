//! Connections that have signed in with a token of an identity provider, and stay open.

use super::{claims, start, with};
use crate::support::key_server::{KeyServer, Reply};
use crate::support::signer::Family::{EdDsa, Es256};
use crate::support::signer::key_set;
use chrono::TimeDelta;
use serde_json::json;

#[tokio::test]
async fn key_that_left_the_set_signs_its_connections_out_and_no_others() {
    let (old, new) = (Es256.signer("old"), EdDsa.signer("new"));
    let server = KeyServer::start(&key_set(&[&old, &new])).await;
    let app = start(&server).await;
    let services = app.app.services();
    let by_old = services.sign_in(&old.sign(&claims(&app))).await.unwrap();
    let by_new = services.sign_in(&new.sign(&claims(&app))).await.unwrap();
    let by_secret = services.sign_in(app.staff().token()).await.unwrap();
    server.publish(&key_set(&[&new]));
    services.refresh_keys().await.unwrap();
    assert_eq!(by_old.signed_out().await.reason(), "TOKEN_INVALID");
    assert!(by_new.viewer().is_ok() && by_secret.viewer().is_ok());
}

#[tokio::test]
async fn expired_or_revoked_token_signs_its_connection_out() {
    let signer = Es256.signer("one");
    let app = start(&KeyServer::start(&key_set(&[&signer])).await).await;
    let services = app.app.services();
    let sign_in = async |claims| services.sign_in(&signer.sign(&claims)).await.unwrap();
    let other = sign_in(claims(&app)).await;
    let revoked = app.bearer(&signer.sign(&with(&app, "jti", json!("one"))));
    let of_revoked = services.sign_in(revoked.token()).await.unwrap();
    app.revoke(&revoked).await;
    assert_eq!(of_revoked.signed_out().await.reason(), "TOKEN_REVOKED");
    let expiring = sign_in(with(&app, "exp", json!(app.now().timestamp() + 60))).await;
    app.clock.advance(TimeDelta::seconds(91));
    assert_eq!(expiring.signed_out().await.reason(), "TOKEN_EXPIRED");
    assert!(other.viewer().is_ok());
}

#[tokio::test]
async fn keys_that_are_too_old_sign_their_connections_out() {
    let signer = Es256.signer("one");
    let server = KeyServer::start(&key_set(&[&signer])).await;
    let app = start(&server).await;
    let far = with(&app, "exp", json!(app.now().timestamp() + 7 * 86_400));
    let session = app.app.services().sign_in(&signer.sign(&far)).await.unwrap();
    server.reply_with(Reply::Status(500, Vec::new()));
    app.clock.advance(TimeDelta::hours(24) + TimeDelta::seconds(1));
    assert_eq!(session.signed_out().await.reason(), "TOKEN_INVALID");
}
