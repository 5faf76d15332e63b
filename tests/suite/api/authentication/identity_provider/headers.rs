//! Which key a token's header names.

use super::{claims, start};
use crate::api::authentication::assertions::{INVALID, assert_accepted, assert_refused};
use crate::support::SECRET;
use crate::support::key_server::KeyServer;
use crate::support::signer::Family::{self, EdDsa, Es256, Ps256, Rs256};
use crate::support::signer::{FAMILIES, key_set, unsigned};
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use rstest::rstest;
use serde_json::{Value, json};

#[rstest]
#[tokio::test]
async fn kid_may_be_left_out_when_one_key_fits(#[values(Rs256, Ps256, Es256, EdDsa)] family: Family) {
    let (one, other) = (family.signer("one"), family.other_signer("other"));
    // A key of another family beside it.
    let beside = if family == EdDsa { Es256.signer("beside") } else { EdDsa.signer("beside") };
    let app = start(&KeyServer::start(&key_set(&[&one, &beside])).await).await;
    let without_kid = one.sign_with(&json!({"alg": family.name()}), &claims(&app));
    assert_accepted(app.bearer(&without_kid)).await;
    let app = start(&KeyServer::start(&key_set(&[&one, &other])).await).await;
    assert_refused(app.bearer(&without_kid), INVALID).await;
    assert_accepted(app.bearer(&one.sign(&claims(&app)))).await;
    assert_accepted(app.bearer(&other.sign(&claims(&app)))).await;
}

#[rstest]
#[tokio::test]
async fn header_with_a_key_or_an_extension_is_refused(#[values(Rs256, Ps256, Es256, EdDsa)] family: Family) {
    let (signer, attacker) = (family.signer("one"), family.other_signer("one"));
    let app = start(&KeyServer::start(&key_set(&[&signer])).await).await;
    let attackers_keys = KeyServer::start(&key_set(&[&attacker])).await;
    for (name, value) in [
        ("jwk", attacker.jwk()),
        ("jku", json!(attackers_keys.url())),
        ("x5u", json!(attackers_keys.url())),
        ("crit", json!(["exp"])),
    ] {
        let mut header = signer.header();
        header[name] = value;
        for by in [&signer, &attacker] {
            assert_refused(app.bearer(&by.sign_with(&header, &claims(&app))), INVALID).await;
        }
    }
    assert_eq!(attackers_keys.requests(), 0);
}

#[tokio::test]
async fn header_of_hs256_with_a_key_or_an_extension_is_refused() {
    let app = start(&KeyServer::start(&json!({"keys": []})).await).await;
    let mut claims = claims(&app);
    (claims["scp"], claims["jti"]) = (json!("user"), json!("one"));
    let signed = |header: &Value| {
        let message = unsigned(&header.to_string(), &claims);
        let signature = crypto::sign(message.as_bytes(), &EncodingKey::from_secret(SECRET), Algorithm::HS256).unwrap();
        format!("{message}.{signature}")
    };
    assert_accepted(app.bearer(&signed(&json!({"alg": "HS256"})))).await;
    for (name, value) in [
        ("jwk", json!({"kty": "oct", "k": "AAAA"})),
        ("jku", json!("http://127.0.0.1/")),
        ("x5u", json!("http://127.0.0.1/")),
        ("crit", json!(["exp"])),
    ] {
        assert_refused(app.bearer(&signed(&json!({"alg": "HS256", name: value}))), INVALID).await;
    }
}

#[tokio::test]
async fn kid_that_is_no_text_is_refused() {
    let signer = Es256.signer("1");
    let app = start(&KeyServer::start(&key_set(&[&signer])).await).await;
    for kid in [json!(1), json!(["1"]), json!({}), json!(true), json!(""), json!(" 1"), json!("1\0"), json!("2")] {
        let header = json!({"alg": "ES256", "kid": kid});
        assert_refused(app.bearer(&signer.sign_with(&header, &claims(&app))), INVALID).await;
    }
}

#[tokio::test]
async fn rsa_key_without_an_algorithm_is_for_both() {
    let (rs256, ps256) = (Rs256.signer("rsa"), Ps256.signer("rsa"));
    let mut jwk = rs256.jwk();
    let members = jwk.as_object_mut().unwrap();
    members.remove("alg");
    members.remove("use");
    let app = start(&KeyServer::start(&json!({"keys": [jwk]})).await).await;
    for signer in [rs256, ps256] {
        assert_accepted(app.bearer(&signer.sign(&claims(&app)))).await;
        let without_kid = signer.sign_with(&json!({"alg": signer.family.name()}), &claims(&app));
        assert_accepted(app.bearer(&without_kid)).await;
    }
}

#[tokio::test]
async fn keys_that_share_a_name_are_all_tried() {
    let keys: Vec<_> =
        FAMILIES.iter().flat_map(|family| [family.signer("same"), family.other_signer("same")]).collect();
    let app = start(&KeyServer::start(&key_set(&keys.iter().collect::<Vec<_>>())).await).await;
    for signer in &keys {
        assert_accepted(app.bearer(&signer.sign(&claims(&app)))).await;
    }
    // The same key twice is one key.
    let signer = EdDsa.signer("twice");
    let app = start(&KeyServer::start(&key_set(&[&signer, &signer])).await).await;
    let without_kid = signer.sign_with(&json!({"alg": "EdDSA"}), &claims(&app));
    assert_accepted(app.bearer(&without_kid)).await;
}

#[tokio::test]
async fn token_of_more_than_16_kib_is_refused() {
    let signer = Es256.signer("one");
    let app = start(&KeyServer::start(&key_set(&[&signer])).await).await;
    let with_name = |length: usize| signer.sign(&super::with(&app, "name", json!("x".repeat(length))));
    let sign_in = async |token: String| app.app.services().sign_in(&token).await.is_ok();
    assert!(sign_in(with_name(11_000)).await);
    assert!(!sign_in(with_name(13_000)).await);
}
