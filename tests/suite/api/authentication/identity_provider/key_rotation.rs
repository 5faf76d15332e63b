//! New keys are found at once, and tokens with unknown keys do not make the server ask often.

use super::{claims, start};
use crate::api::authentication::assertions::{INVALID, assert_accepted, assert_refused};
use crate::support::key_server::{KeyServer, Reply};
use crate::support::polling::until;
use crate::support::signer::Family::{EdDsa, Es256};
use crate::support::signer::{FAMILIES, key_set};
use chrono::TimeDelta;
use futures_util::future::join_all;
use interviews::domain::Viewer;
use interviews::services::{AuthenticationError, ServiceError};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn is_retryable(answer: &Result<Arc<Viewer>, AuthenticationError>) -> bool {
    matches!(answer, Err(AuthenticationError::Failed(ServiceError::NoKeys)))
}

#[tokio::test]
async fn token_of_a_new_key_is_accepted_at_once() {
    let old = Es256.signer("old");
    let server = KeyServer::start(&key_set(&[&old])).await;
    let app = start(&server).await;
    app.app.services().refresh_keys().await.unwrap();
    for (family, kid) in FAMILIES.into_iter().zip(["1", "2", "3", "4"]) {
        let new = family.signer(kid);
        server.publish(&key_set(&[&old, &new]));
        assert_accepted(app.bearer(&new.sign(&claims(&app)))).await;
        assert_accepted(app.bearer(&old.sign(&claims(&app)))).await;
        app.clock.advance(TimeDelta::seconds(30));
    }
    assert_eq!(server.requests(), 5);
}

#[tokio::test]
async fn flood_of_unknown_keys_is_one_request_in_thirty_seconds() {
    let known = Es256.signer("known");
    let server = KeyServer::start(&key_set(&[&known])).await;
    let app = start(&server).await;
    let services = app.app.services();
    services.refresh_keys().await.unwrap();
    let flood = || async {
        let tokens = (0..500).map(|number| {
            let header = json!({"alg": FAMILIES[number % 4].name(), "kid": format!("unknown {number}")});
            EdDsa.signer("").sign_with(&header, &claims(&app))
        });
        let tokens: Vec<_> = tokens.collect();
        let answers = join_all(tokens.iter().map(|token| services.authenticate(token))).await;
        assert!(answers.iter().all(Result::is_err));
    };
    flood().await;
    assert_eq!(server.requests(), 2);
    app.clock.advance(TimeDelta::milliseconds(29_999));
    flood().await;
    assert_eq!(server.requests(), 2);
    app.clock.advance(TimeDelta::milliseconds(1));
    flood().await;
    assert_eq!(server.requests(), 3);
    // Meanwhile the known key is as good as before.
    assert_accepted(app.bearer(&known.sign(&claims(&app)))).await;
}

#[tokio::test]
async fn token_with_a_known_key_is_no_reason_to_read_the_keys() {
    let known = Es256.signer("known");
    let server = KeyServer::start(&key_set(&[&known])).await;
    let app = start(&server).await;
    app.app.services().refresh_keys().await.unwrap();
    let mut header = known.header();
    header["alg"] = json!("EdDSA");
    for token in [
        Es256.other_signer("known").sign(&claims(&app)),
        known.sign_with(&header, &claims(&app)),
        known.sign_with(&json!({"alg": "RS256"}), &claims(&app)),
        known.sign_with(&json!({"alg": "none", "kid": "unknown"}), &claims(&app)),
        "a.b.c".to_owned(),
    ] {
        assert_refused(app.bearer(&token), INVALID).await;
    }
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn requests_with_a_new_key_share_one_reading() {
    let (old, new) = (Es256.signer("old"), EdDsa.signer("new"));
    let server = KeyServer::start(&key_set(&[&old])).await;
    let app = start(&server).await;
    app.app.services().refresh_keys().await.unwrap();
    server.reply_with(Reply::Held(key_set(&[&old, &new]).to_string().into_bytes()));
    let token = new.sign(&claims(&app));
    let release = async {
        until(async || server.requests() == 2).await;
        assert_accepted(app.bearer(&old.sign(&claims(&app)))).await; // which waits for nothing
        server.release();
    };
    let sign_in = join_all((0..50).map(|_| app.app.services().authenticate(&token)));
    let (answers, ()) = tokio::join!(sign_in, release);
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(server.requests(), 2);
}

#[tokio::test]
async fn reading_on_request_sees_what_is_published_then() {
    let (old, new) = (Es256.signer("old"), EdDsa.signer("new"));
    let server = KeyServer::start(&key_set(&[&old])).await;
    let app = start(&server).await;
    let services = app.app.services();
    server.reply_with(Reply::Held(key_set(&[&old]).to_string().into_bytes()));
    let publish = async {
        until(async || server.requests() == 1).await;
        server.publish(&key_set(&[&new])); // while the first reading is under way
        let refresh = services.refresh_keys();
        server.release();
        refresh.await.unwrap();
    };
    let (first, ()) = tokio::join!(services.refresh_keys(), publish);
    first.unwrap();
    assert_eq!(server.requests(), 2);
    assert_accepted(app.bearer(&new.sign(&claims(&app)))).await;
    assert_refused(app.bearer(&old.sign(&claims(&app))), INVALID).await;
}

#[tokio::test]
async fn at_most_256_requests_wait_for_a_key() {
    let (old, new) = (Es256.signer("old"), EdDsa.signer("new"));
    let server = KeyServer::start(&key_set(&[&old])).await;
    let app = start(&server).await;
    let services = app.app.services();
    services.refresh_keys().await.unwrap();
    server.reply_with(Reply::Held(key_set(&[&old, &new]).to_string().into_bytes()));
    let token = new.sign(&claims(&app));
    let release = async {
        until(async || server.requests() == 2).await;
        server.release();
    };
    let (answers, ()) = tokio::join!(join_all((0..300).map(|_| services.authenticate(&token))), release);
    let retryable = answers.iter().filter(|answer| is_retryable(answer)).count();
    assert_eq!(retryable, 44);
}

#[tokio::test]
async fn request_waits_two_seconds_for_its_key() {
    let server = KeyServer::start(&key_set(&[&Es256.signer("old")])).await;
    let app = start(&server).await;
    app.app.services().refresh_keys().await.unwrap();
    server.reply_with(Reply::Held(Vec::new()));
    let (bearer, started) = (app.bearer(&EdDsa.signer("new").sign(&claims(&app))), Instant::now());
    assert_refused(bearer, INVALID).await;
    // It makes three requests. Each waits for the same reading, which is given up after five seconds.
    assert!((Duration::from_secs(2)..Duration::from_secs(30)).contains(&started.elapsed()));
    assert_eq!(server.requests(), 2);
}

#[tokio::test]
async fn key_that_left_the_set_verifies_nothing() {
    let (old, new) = (Es256.signer("old"), EdDsa.signer("new"));
    let server = KeyServer::start(&key_set(&[&old, &new])).await;
    let app = start(&server).await;
    let (by_old, by_new) = (app.bearer(&old.sign(&claims(&app))), app.bearer(&new.sign(&claims(&app))));
    for bearer in [&by_old, &by_new] {
        assert_accepted(bearer.clone()).await; // and its signature is remembered
    }
    server.publish(&key_set(&[&new]));
    app.app.services().refresh_keys().await.unwrap();
    assert_refused(by_old.clone(), INVALID).await;
    assert_accepted(by_new).await;
    // A key of the same name is another one.
    server.publish(&key_set(&[&Es256.other_signer("old"), &new]));
    app.app.services().refresh_keys().await.unwrap();
    assert_refused(by_old, INVALID).await;
    assert_accepted(app.bearer(&Es256.other_signer("old").sign(&claims(&app)))).await;
}
