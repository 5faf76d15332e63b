//! The claims of an identity provider's tokens, for each of its algorithms.

use super::{AUDIENCE, ISSUER, claims, rules, start, start_with, with, without};
use crate::api::authentication::assertions::{EXPIRED, INVALID, assert_accepted, assert_refused};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::key_server::KeyServer;
use crate::support::people::{JUDE, MONA, UNKNOWN_USER};
use crate::support::signer::Family::{self, EdDsa, Es256, Ps256, Rs256};
use crate::support::signer::{Signer, key_set};
use crate::support::{TestApp, people};
use chrono::TimeDelta;
use interviews::services::ClaimRules;
use rstest::rstest;
use serde_json::{Value, json};

/// A server, and the key whose tokens it accepts.
async fn start_for(family: Family) -> (TestApp, Signer) {
    let signer = family.signer("key 1");
    (start(&KeyServer::start(&key_set(&[&signer])).await).await, signer)
}

#[rstest]
#[tokio::test]
async fn usual_claims_are_accepted(#[values(Rs256, Ps256, Es256, EdDsa)] family: Family) {
    let (app, signer) = start_for(family).await;
    assert_accepted(app.bearer(&signer.sign(&claims(&app)))).await;
    for (claim, value) in [
        ("sub", json!(MONA.0)),
        ("aud", json!([AUDIENCE])),
        ("aud", json!(["payroll", AUDIENCE])),
        ("exp", json!(i64::MAX)),
        ("exp", json!(4_102_444_800.5)),
        ("nbf", json!(null)),
        ("nbf", json!(1_742_464_000.25)),
        ("jti", json!(null)),
        ("jti", json!("x".repeat(256))),
        ("iat", json!("whenever")),
        ("scp", json!(["anything"])),
        ("role", json!("admin")),
    ] {
        assert_accepted(app.bearer(&signer.sign(&with(&app, claim, value)))).await;
    }
    assert_accepted(app.bearer(&signer.sign(&without(&app, "iat")))).await;
}

#[rstest]
#[tokio::test]
async fn token_expires_thirty_seconds_after_exp(#[values(Rs256, Ps256, Es256, EdDsa)] family: Family) {
    let (app, signer) = start_for(family).await;
    let bearer = app.bearer(&signer.sign(&with(&app, "exp", json!(app.now().timestamp() + 60))));
    assert_accepted(bearer.clone()).await;
    let edge = app.now() - TimeDelta::milliseconds(app.now().timestamp_subsec_millis().into()) + TimeDelta::seconds(90);
    app.clock.advance(edge - app.now() - TimeDelta::milliseconds(1));
    assert_accepted(bearer.clone()).await;
    // The token whose signature is known already expires, too.
    app.clock.advance(TimeDelta::milliseconds(1));
    assert_refused(bearer, EXPIRED).await;
    assert_refused(app.bearer(&signer.sign(&with(&app, "exp", json!(0)))), EXPIRED).await;
    assert_refused(app.bearer(&signer.sign(&with(&app, "exp", json!(-1)))), EXPIRED).await;
    for no_time in [json!(u64::MAX), json!(1e300), json!("1999999999"), json!(null), json!([]), json!(true)] {
        assert_refused(app.bearer(&signer.sign(&with(&app, "exp", no_time))), INVALID).await;
    }
    assert_refused(app.bearer(&signer.sign(&without(&app, "exp"))), INVALID).await;
}

#[rstest]
#[tokio::test]
async fn only_a_token_that_is_valid_otherwise_is_reported_as_expired(
    #[values(Rs256, Ps256, Es256, EdDsa)] family: Family,
) {
    let (app, signer) = start_for(family).await;
    let expired = |claim: &str, value| {
        let mut claims = with(&app, claim, value);
        claims["exp"] = json!(app.now().timestamp() - 3600);
        claims
    };
    assert_refused(app.bearer(&signer.sign(&expired("iat", json!(0)))), EXPIRED).await;
    for (claim, value) in [
        ("iss", json!("https://other.example.com/")),
        ("aud", json!("payroll")),
        ("sub", json!("nobody")),
        ("jti", json!("")),
        ("nbf", json!(i64::MAX)),
    ] {
        assert_refused(app.bearer(&signer.sign(&expired(claim, value))), INVALID).await;
    }
    let forged = family.other_signer("key 1").sign(&expired("iat", json!(0)));
    assert_refused(app.bearer(&forged), INVALID).await;
}

#[rstest]
#[tokio::test]
async fn token_is_valid_from_thirty_seconds_before_nbf(#[values(Rs256, Ps256, Es256, EdDsa)] family: Family) {
    let (app, signer) = start_for(family).await;
    let begins_in = |seconds: i64| app.bearer(&signer.sign(&with(&app, "nbf", json!(app.now().timestamp() + seconds))));
    assert_accepted(begins_in(-3600)).await;
    assert_accepted(begins_in(30)).await;
    let early = begins_in(31);
    assert_refused(early.clone(), INVALID).await;
    app.clock.advance(TimeDelta::seconds(1));
    assert_accepted(early).await; // a refusal is not remembered
    for wrong in [json!(i64::MAX), json!("0"), json!({})] {
        assert_refused(app.bearer(&signer.sign(&with(&app, "nbf", wrong))), INVALID).await;
    }
}

#[rstest]
#[tokio::test]
async fn issuer_and_audience_are_required(#[values(Rs256, Ps256, Es256, EdDsa)] family: Family) {
    let (app, signer) = start_for(family).await;
    let refused = async |claims: Value| assert_refused(app.bearer(&signer.sign(&claims)), INVALID).await;
    for claim in ["iss", "aud"] {
        refused(without(&app, claim)).await;
        for value in [json!(null), json!({}), json!([]), json!(true), json!(7), json!(""), json!("payroll")] {
            refused(with(&app, claim, value)).await;
        }
    }
    for issuer in [json!([ISSUER]), json!(ISSUER.trim_end_matches('/')), json!(ISSUER.to_uppercase())] {
        refused(with(&app, "iss", issuer)).await;
    }
    for audience in [json!(["payroll"]), json!([[AUDIENCE]]), json!("Interviews"), json!("interviews payroll")] {
        refused(with(&app, "aud", audience)).await;
    }
}

#[rstest]
#[tokio::test]
async fn user_is_an_existing_one(#[values(Rs256, Ps256, Es256, EdDsa)] family: Family) {
    let (app, signer) = start_for(family).await;
    let texts = [format!("-{MONA}"), format!("0{MONA}"), format!("{MONA} "), format!("{MONA}.0"), String::new()];
    let others = ["0", "1e3", "auth0|5f7c8ec7c33c6c004bbafe82", "9223372036854775808", &UNKNOWN_USER.to_string()];
    let texts = texts.into_iter().chain(others.map(str::to_owned)).map(Value::String);
    let values = [json!(null), json!(0), json!(-1000), json!(1000.0), json!(u64::MAX), json!([MONA.0]), json!({})];
    for user in texts.chain(values) {
        assert_refused(app.bearer(&signer.sign(&with(&app, "sub", user))), INVALID).await;
    }
    assert_refused(app.bearer(&signer.sign(&without(&app, "sub"))), INVALID).await;
}

#[rstest]
#[tokio::test]
async fn jti_is_optional_and_well_formed(#[values(Rs256, Ps256, Es256, EdDsa)] family: Family) {
    let (app, signer) = start_for(family).await;
    for jti in [json!(""), json!("x".repeat(257)), json!("a\0b"), json!(7), json!({}), json!(["x"])] {
        assert_refused(app.bearer(&signer.sign(&with(&app, "jti", jti))), INVALID).await;
    }
    for claims in [json!([]), json!(null), json!(MONA.to_string()), json!({})] {
        assert_refused(app.bearer(&signer.sign(&claims)), INVALID).await;
    }
}

#[rstest]
#[tokio::test]
async fn token_with_a_jti_can_be_revoked_and_others_stay(#[values(Sqlite, Postgres)] database: Database) {
    let signer = Es256.signer("key 1");
    let keys = KeyServer::start(&key_set(&[&signer])).await;
    let Some(app) = start_with(database, &keys, rules()).await else { return };
    let with_jti = app.bearer(&signer.sign(&with(&app, "jti", json!("one"))));
    let without_jti = app.bearer(&signer.sign(&claims(&app)));
    for bearer in [&with_jti, &without_jti] {
        assert_accepted(bearer.clone()).await;
    }
    app.revoke(&with_jti).await;
    app.clock.advance(TimeDelta::milliseconds(50));
    assert_refused(with_jti, ("TOKEN_REVOKED", "The token was revoked.")).await;
    assert_accepted(without_jti.clone()).await;
    let deactivated = format!("UPDATE users SET deactivated_at = '2025-03-20T10:00:00+00:00' WHERE id = {MONA}");
    app.database.execute(&deactivated).await;
    app.clock.advance(TimeDelta::milliseconds(50));
    assert_refused(without_jti, INVALID).await;
}

#[tokio::test]
async fn tokens_without_a_jti_are_cached_one_by_one() {
    let (app, signer) = start_for(Es256).await;
    let ask = async |token: &str| app.counting(app.bearer(token).ask("{ viewer { id } }", json!({}))).await;
    let (mona, jude) = (signer.sign(&claims(&app)), signer.sign(&with(&app, "sub", json!(JUDE.to_string()))));
    for (token, user) in [(&mona, people::MONA), (&jude, JUDE)] {
        for statements in [1, 0] {
            let (viewer, counted) = ask(token).await;
            assert_eq!((&viewer["viewer"]["id"], counted), (&json!(user.to_string()), statements));
        }
    }
}

#[tokio::test]
async fn user_is_in_the_claim_of_the_settings() {
    let signer = Es256.signer("key 1");
    let keys = KeyServer::start(&key_set(&[&signer])).await;
    let claim = "https://example.com/user_id";
    let app = start_with(Sqlite, &keys, ClaimRules { user_claim: claim.into(), ..rules() }).await.unwrap();
    for user in [json!(MONA.0), json!(MONA.to_string())] {
        let mut claims = with(&app, "sub", json!("auth0|5f7c8ec7c33c6c004bbafe82"));
        claims[claim] = user;
        assert_accepted(app.bearer(&signer.sign(&claims))).await;
    }
    assert_refused(app.bearer(&signer.sign(&claims(&app))), INVALID).await;
}

#[tokio::test]
async fn scope_of_the_settings_is_one_of_the_words_or_of_the_list() {
    let signer = Es256.signer("key 1");
    let keys = KeyServer::start(&key_set(&[&signer])).await;
    let app = start_with(Sqlite, &keys, ClaimRules { scope: Some("book".into()), ..rules() }).await.unwrap();
    for name in ["scp", "scope"] {
        for scope in [json!("book"), json!("read book"), json!(["read", "book"])] {
            assert_accepted(app.bearer(&signer.sign(&with(&app, name, scope)))).await;
        }
        for scope in [json!(null), json!(""), json!("Book"), json!("booking"), json!("read,book"), json!([])] {
            assert_refused(app.bearer(&signer.sign(&with(&app, name, scope))), INVALID).await;
        }
        for scope in [json!(["read book"]), json!([["book"]]), json!({"book": true}), json!(true), json!(7)] {
            assert_refused(app.bearer(&signer.sign(&with(&app, name, scope))), INVALID).await;
        }
    }
    assert_refused(app.bearer(&signer.sign(&claims(&app))), INVALID).await;
}
