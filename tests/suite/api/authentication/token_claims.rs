//! Which tokens are accepted, over GraphQL and REST alike.

use super::assertions::{EXPIRED, INVALID, assert_accepted, assert_refused};
use crate::support::Database::Sqlite;
use crate::support::actor::Actor;
use crate::support::people::{ADA, MONA, UNKNOWN_USER};
use crate::support::signer::unsigned;
use crate::support::{SECRET, TestApp};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use clap::{Args, FromArgMatches};
use interviews::app::App;
use interviews::config::ServerSettings;
use interviews::http::explorer::Explorer;
use interviews::services::{Clock, Tokens, demo};
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value, json};

/// The claims of the documented token, issued now.
fn claims(app: &TestApp) -> Value {
    let now = app.now().timestamp();
    json!({
        "sub": MONA.to_string(), "scp": "user", "aud": null, "iat": now, "exp": now + 2_592_000,
        "jti": "3ebe63e8-0b46-4fbc-bb8d-9ea46e2e75e9"
    })
}

/// The documentation's token with another claim.
fn with(app: &TestApp, claim: &str, value: Value) -> Value {
    let mut claims = claims(app);
    claims[claim] = value;
    claims
}

/// The documentation's token without a claim.
fn without(app: &TestApp, claim: &str) -> Value {
    let mut claims = claims(app);
    claims.as_object_mut().unwrap().remove(claim).unwrap();
    claims
}

/// A token with these claims, signed like the documented one.
fn token(claims: &Value) -> String {
    signed(r#"{"alg":"HS256"}"#, claims, Algorithm::HS256, SECRET)
}

fn signed(header: &str, claims: &Value, algorithm: Algorithm, secret: &[u8]) -> String {
    let message = unsigned(header, claims);
    let signature = crypto::sign(message.as_bytes(), &EncodingKey::from_secret(secret), algorithm).unwrap();
    format!("{message}.{signature}")
}

#[tokio::test]
async fn documented_claims_are_accepted() {
    let app = start!(Sqlite);
    assert_accepted(app.bearer(&token(&claims(&app)))).await;
    for claim in ["aud", "iat"] {
        assert_accepted(app.bearer(&token(&without(&app, claim)))).await;
    }
    for (claim, value) in [
        ("exp", json!(i64::MAX)),
        ("iat", json!(null)),
        ("jti", json!("x".repeat(256))),
        ("jti", json!("' OR 1 = 1; --")),
        ("role", json!("admin")),
        ("company_id", json!(2)),
    ] {
        assert_accepted(app.bearer(&token(&with(&app, claim, value)))).await;
    }
    let header = r#"{"typ":"JWT","kid":"1","alg":"HS256"}"#;
    assert_accepted(app.bearer(&signed(header, &claims(&app), Algorithm::HS256, SECRET))).await;
    // A token of the server itself.
    let own = Tokens::try_new(SECRET, None).unwrap().sign(demo::STAFF, app.now(), TimeDelta::minutes(1)).unwrap();
    assert_accepted(app.bearer(&own)).await;
}

#[tokio::test]
async fn token_expires_thirty_seconds_after_exp() {
    let app = start!(Sqlite);
    let bearer = app.bearer(&token(&with(&app, "exp", json!(app.now().timestamp() + 60))));
    assert_accepted(bearer.clone()).await;
    let edge = app.now() - TimeDelta::milliseconds(app.now().timestamp_subsec_millis().into()) + TimeDelta::seconds(90);
    app.clock.advance(edge - app.now() - TimeDelta::milliseconds(1));
    assert_accepted(bearer.clone()).await;
    // The cached sign-in ends with the token.
    app.clock.advance(TimeDelta::milliseconds(1));
    assert_refused(bearer, EXPIRED).await;
    assert_refused(app.bearer(&token(&with(&app, "exp", json!(0)))), EXPIRED).await;
    assert_refused(app.bearer(&token(&with(&app, "exp", json!(-1)))), EXPIRED).await;
    for no_time in [json!(u64::MAX), json!(1e300)] {
        assert_refused(app.bearer(&token(&with(&app, "exp", no_time))), INVALID).await;
    }
}

#[tokio::test]
async fn only_a_token_that_is_valid_otherwise_is_reported_as_expired() {
    let app = start!(Sqlite);
    let expired = |claim, value| {
        let mut claims = with(&app, claim, value);
        claims["exp"] = json!(app.now().timestamp() - 3600);
        claims
    };
    assert_refused(app.bearer(&token(&expired("aud", json!(null)))), EXPIRED).await;
    for (claim, value) in
        [("scp", json!("admin")), ("jti", json!("")), ("nbf", json!(i64::MAX)), ("sub", json!(MONA.0))]
    {
        assert_refused(app.bearer(&token(&expired(claim, value))), INVALID).await;
    }
    let forged = signed(r#"{"alg":"HS256"}"#, &expired("aud", json!(null)), Algorithm::HS256, b"another secret");
    assert_refused(app.bearer(&forged), INVALID).await;
}

#[tokio::test]
async fn token_is_valid_from_thirty_seconds_before_nbf() {
    let app = start!(Sqlite);
    let begins_in = |seconds: i64| app.bearer(&token(&with(&app, "nbf", json!(app.now().timestamp() + seconds))));
    assert_accepted(begins_in(-3600)).await;
    assert_accepted(begins_in(30)).await;
    assert_refused(begins_in(31), INVALID).await;
    assert_refused(app.bearer(&token(&with(&app, "nbf", json!(i64::MAX)))), INVALID).await;
}

#[tokio::test]
async fn token_signed_with_another_secret_is_rejected() {
    let app = start!(Sqlite);
    let (header, claims) = (r#"{"alg":"HS256"}"#, claims(&app));
    for secret in [&b"another secret of 32 bytes or more"[..], b"", &SECRET[..SECRET.len() - 1]] {
        assert_refused(app.bearer(&signed(header, &claims, Algorithm::HS256, secret)), INVALID).await;
    }
    // The signature of other claims.
    let signature = token(&claims).split('.').nth(2).unwrap().to_owned();
    let forged = unsigned(header, &with(&app, "sub", json!(ADA.to_string())));
    assert_refused(app.bearer(&format!("{forged}.{signature}")), INVALID).await;
    // A key in the token's header.
    let key = URL_SAFE_NO_PAD.encode("a secret of the attacker's, 32 bytes or more");
    let header = json!({"alg": "HS256", "jwk": {"kty": "oct", "k": key}}).to_string();
    let embedded_key = signed(&header, &claims, Algorithm::HS256, b"a secret of the attacker's, 32 bytes or more");
    assert_refused(app.bearer(&embedded_key), INVALID).await;
}

#[tokio::test]
async fn other_algorithms_are_rejected() {
    let app = start!(Sqlite);
    let claims = claims(&app);
    for (name, algorithm) in [("HS384", Algorithm::HS384), ("HS512", Algorithm::HS512)] {
        let header = json!({"alg": name}).to_string();
        assert_refused(app.bearer(&signed(&header, &claims, algorithm, SECRET)), INVALID).await;
        // Signed with HS256, with another algorithm in the header.
        assert_refused(app.bearer(&signed(&header, &claims, Algorithm::HS256, SECRET)), INVALID).await;
    }
    for name in ["none", "None", "nOnE", "", "RS256", "PS256", "ES256", "EdDSA", "hs256", "HS256 "] {
        let header = json!({"alg": name}).to_string();
        assert_refused(app.bearer(&signed(&header, &claims, Algorithm::HS256, SECRET)), INVALID).await;
        let unsigned = unsigned(&header, &claims);
        for unsigned in [format!("{unsigned}."), unsigned] {
            assert_refused(app.bearer(&unsigned), INVALID).await;
        }
    }
    for header in ["{}", r#"{"alg":null}"#, r#"{"alg":["HS256"]}"#, "[]", "", "HS256", "\u{0}"] {
        assert_refused(app.bearer(&signed(header, &claims, Algorithm::HS256, SECRET)), INVALID).await;
    }
}

#[tokio::test]
async fn sub_scp_exp_and_jti_are_required() {
    let app = start!(Sqlite);
    for claim in ["sub", "scp", "exp", "jti"] {
        assert_refused(app.bearer(&token(&without(&app, claim))), INVALID).await;
        for value in [json!(null), json!({}), json!([MONA.to_string()]), json!(true)] {
            assert_refused(app.bearer(&token(&with(&app, claim, value))), INVALID).await;
        }
    }
    for (claim, value) in [
        ("sub", json!(MONA.0)),
        ("exp", json!("1999999999")),
        ("jti", json!(7)),
        ("jti", json!("")),
        ("jti", json!("x".repeat(257))),
        ("jti", json!("a\0b")),
    ] {
        assert_refused(app.bearer(&token(&with(&app, claim, value))), INVALID).await;
    }
    for claims in [json!([]), json!(null), json!(MONA.to_string()), json!({})] {
        assert_refused(app.bearer(&token(&claims)), INVALID).await;
    }
}

#[tokio::test]
async fn token_with_another_scope_is_rejected() {
    let app = start!(Sqlite);
    for scope in ["admin", "users", "User", "user admin", " user", ""] {
        let bearer = app.bearer(&token(&with(&app, "scp", json!(scope))));
        assert_refused(bearer, INVALID).await;
    }
}

#[tokio::test]
async fn subject_must_be_an_existing_user() {
    let app = start!(Sqlite);
    let malformed =
        [format!("-{MONA}"), format!("0{MONA}"), format!("{MONA} "), format!("{MONA}.0"), format!("{MONA} OR 1=1")];
    let others = ["", "0", "1e3", "staff", "9223372036854775808", &UNKNOWN_USER.to_string()].map(str::to_owned);
    for subject in malformed.into_iter().chain(others) {
        assert_refused(app.bearer(&token(&with(&app, "sub", json!(subject)))), INVALID).await;
    }
}

#[tokio::test]
async fn configured_audience_is_required() {
    let app = start!(Sqlite);
    let matches = ServerSettings::augment_args(clap::Command::new("test")).get_matches_from(["test"]);
    let settings = ServerSettings::from_arg_matches(&matches).unwrap();
    let tokens = || Tokens::try_new(SECRET, Some("interviews".to_owned())).unwrap();
    let clock = Clock::Frozen(app.clock.clone());
    let server = App::new(app.database.connect().await, clock, tokens(), Explorer::new(None), settings);
    let bearer = |claims: &Value| Actor::new(server.router(), Some(token(claims)));

    assert_accepted(bearer(&with(&app, "aud", json!("interviews")))).await;
    assert_accepted(bearer(&with(&app, "aud", json!(["payroll", "interviews"])))).await;
    let own = tokens().sign(demo::STAFF, app.now(), TimeDelta::minutes(1)).unwrap();
    assert_accepted(Actor::new(server.router(), Some(own))).await;
    for audience in
        [json!(null), json!(""), json!("payroll"), json!("Interviews"), json!([]), json!(["payroll"]), json!(7)]
    {
        assert_refused(bearer(&with(&app, "aud", audience)), INVALID).await;
    }
    assert_refused(bearer(&without(&app, "aud")), INVALID).await;
}
