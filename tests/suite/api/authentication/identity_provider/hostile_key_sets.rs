//! Documents that are no key sets, and keys that cannot be used.

use super::{claims, start};
use crate::api::authentication::assertions::{INVALID, assert_accepted, assert_refused};
use crate::support::key_server::{KeyServer, Reply};
use crate::support::signer::Family::{EdDsa, Es256, Ps256, Rs256};
use crate::support::signer::{Signer, key_set};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rstest::rstest;
use serde_json::{Value, json};

fn good() -> Signer {
    Es256.signer("good")
}

/// A key set of so many bytes.
fn padded(bytes: usize) -> Vec<u8> {
    let keys = key_set(&[&good()]).to_string();
    format!("{keys}{}", " ".repeat(bytes - keys.len())).into_bytes()
}

fn keys(count: usize) -> Vec<u8> {
    json!({"keys": vec![json!({}); count]}).to_string().into_bytes()
}

const NO_KEY_SET: &str = "it is not a key set, which is an object of JSON with a list `keys`";
const TOO_LARGE: &str = "the document has more than 65536 bytes";

#[rstest]
#[case::empty(Reply::Body(Vec::new()), NO_KEY_SET)]
#[case::null(Reply::Body(b"null".to_vec()), NO_KEY_SET)]
#[case::list(Reply::Body(b"[]".to_vec()), NO_KEY_SET)]
#[case::no_keys(Reply::Body(b"{}".to_vec()), NO_KEY_SET)]
#[case::keys_in_an_object(Reply::Body(br#"{"keys": {"good": {}}}"#.to_vec()), NO_KEY_SET)]
#[case::keys_are_text(Reply::Body(br#"{"keys": "good"}"#.to_vec()), NO_KEY_SET)]
#[case::keys_are_null(Reply::Body(br#"{"keys": null}"#.to_vec()), NO_KEY_SET)]
#[case::page(Reply::Body(b"<!DOCTYPE html><title>Sign in</title>".to_vec()), NO_KEY_SET)]
#[case::half(Reply::Body(br#"{"keys": [{"kty": "EC", "#.to_vec()), NO_KEY_SET)]
#[case::two_documents(Reply::Body(br#"{"keys": []} {"keys": []}"#.to_vec()), NO_KEY_SET)]
#[case::no_utf8(Reply::Body(b"{\"keys\": [\"\xff\"]}".to_vec()), NO_KEY_SET)]
#[case::deep_list(Reply::Body("[".repeat(60_000).into_bytes()), NO_KEY_SET)]
#[case::deep_object(Reply::Body("{\"keys\":".repeat(8000).into_bytes()), NO_KEY_SET)]
#[case::deep_keys(
    Reply::Body(format!("{{\"keys\":[{}{}]}}", "[".repeat(30_000), "]".repeat(30_000)).into_bytes()),
    NO_KEY_SET
)]
#[case::one_byte_too_large(Reply::Body(padded(65_537)), TOO_LARGE)]
#[case::much_too_large(Reply::Body(vec![b'['; 8 * 1024 * 1024]), TOO_LARGE)]
#[case::one_key_too_many(Reply::Body(keys(33)), "it has 33 keys; at most 32 are accepted")]
#[case::ten_thousand_keys(Reply::Body(keys(10_000)), "it has 10000 keys; at most 32 are accepted")]
#[case::not_found(Reply::Status(404, padded(2000)), "the server answered with the status 404")]
#[case::failed(Reply::Status(500, padded(2000)), "the server answered with the status 500")]
#[case::no_content(Reply::Status(204, Vec::new()), "the server answered with the status 204")]
#[case::partial(Reply::Status(206, padded(2000)), "the server answered with the status 206")]
#[tokio::test]
async fn document_that_cannot_be_used_changes_nothing(#[case] reply: Reply, #[case] error: &str) {
    let server = KeyServer::start(&key_set(&[&good()])).await;
    let app = start(&server).await;
    let services = app.app.services();
    services.refresh_keys().await.unwrap();
    server.reply_with(reply);
    assert_eq!(services.refresh_keys().await.unwrap_err().to_string(), error);
    assert_accepted(app.bearer(&good().sign(&claims(&app)))).await;
    assert_accepted(app.staff()).await;
}

#[tokio::test]
async fn redirect_is_not_followed() {
    let elsewhere = KeyServer::start(&key_set(&[&good()])).await;
    let server = KeyServer::start(&json!({})).await;
    server.reply_with(Reply::Redirect(elsewhere.url()));
    let app = start(&server).await;
    let error = app.app.services().refresh_keys().await.unwrap_err();
    assert_eq!(error.to_string(), "the server answered with the status 302");
    assert_eq!((server.requests(), elsewhere.requests()), (1, 0));
}

#[tokio::test]
async fn document_that_does_not_end_is_given_up() {
    let server = KeyServer::start(&json!({})).await;
    server.reply_with(Reply::Endless);
    let app = start(&server).await;
    let error = app.app.services().refresh_keys().await.unwrap_err();
    assert_eq!(error.to_string(), "the document did not arrive within 5 s");
}

#[tokio::test]
async fn document_of_64_kib_and_32_keys_is_accepted() {
    let server = KeyServer::start(&json!({})).await;
    let app = start(&server).await;
    let services = app.app.services();
    server.reply_with(Reply::Body(padded(65_536)));
    services.refresh_keys().await.unwrap();
    let mut keys = vec![json!({}); 31];
    keys.push(good().jwk());
    server.publish(&json!({"keys": keys, "issuer": ["ignored"]}));
    services.refresh_keys().await.unwrap();
    assert_accepted(app.bearer(&good().sign(&claims(&app)))).await;
}

/// A JWK with another member; without it for null.
fn with(signer: &Signer, member: &str, value: Value) -> Value {
    let mut jwk = signer.jwk();
    if value.is_null() {
        jwk.as_object_mut().unwrap().remove(member);
    } else {
        jwk[member] = value;
    }
    jwk
}

#[tokio::test]
async fn key_that_cannot_be_used_is_ignored_and_others_are_not() {
    let server = KeyServer::start(&json!({})).await;
    let app = start(&server).await;
    let services = app.app.services();
    let bytes = |count: usize| json!(URL_SAFE_NO_PAD.encode(vec![0xff; count]));
    let (rsa, ec, ed) = (Rs256.signer("bad"), Es256.signer("bad"), EdDsa.signer("bad"));
    let mut cases = vec![
        (&rsa, Signer::small("bad").jwk()),
        (&rsa, json!({"kty": "oct", "kid": "bad", "k": "AAAA"})),
        (&rsa, with(&rsa, "n", bytes(513))),
        (&rsa, with(&rsa, "e", json!("AQ"))),   // 1
        (&rsa, with(&rsa, "e", json!("Ag"))),   // 2
        (&rsa, with(&rsa, "e", json!("AAAA"))), // 0
        (&rsa, with(&rsa, "e", bytes(5))),
        (&rsa, with(&rsa, "alg", json!("RS512"))),
        (&rsa, with(&rsa, "alg", json!("PS256"))),
        (&rsa, with(&rsa, "alg", json!("RSA-OAEP-256"))),
        (&rsa, with(&rsa, "alg", json!("HS256"))),
        (&rsa, with(&rsa, "alg", json!("none"))),
        (&ec, with(&ec, "crv", json!("P-384"))),
        (&ec, with(&ec, "crv", json!("secp256k1"))),
        (&ec, with(&ec, "crv", json!("Ed25519"))),
        (&ec, with(&ec, "x", bytes(31))),
        (&ec, with(&ec, "x", bytes(33))),
        (&ec, with(&ec, "y", bytes(32))), // no point of the curve
        (&ed, with(&ed, "crv", json!("Ed448"))),
        (&ed, with(&ed, "x", bytes(31))),
        (&ed, with(&ed, "x", json!(""))),
        (&ed, with(&ed, "x", bytes(57))),
    ];
    for (signer, members) in [(&rsa, &["n", "e"][..]), (&ec, &["crv", "x", "y"]), (&ed, &["crv", "x"])] {
        for member in members.iter().chain(&["kty"]) {
            let values = [json!(null), json!(7), json!([]), json!({}), json!("="), json!("not base64"), json!("ä")];
            cases.extend(values.map(|value| (signer, with(signer, member, value))));
        }
        let shared = [
            ("use", json!("enc")),
            ("use", json!(["sig"])),
            ("key_ops", json!(["sign"])),
            ("key_ops", json!([])),
            ("key_ops", json!("verify")),
            ("alg", json!(["RS256", "ES256", "EdDSA"])),
            ("d", json!("AAAA")), // everyone knows the private key
            ("kid", json!(7)),
        ];
        cases.extend(shared.map(|(member, value)| (signer, with(signer, member, value))));
    }
    cases.extend([json!(null), json!(7), json!("bad"), json!([]), json!({"kid": "bad"})].map(|jwk| (&rsa, jwk)));
    for (signer, jwk) in cases {
        server.publish(&json!({"keys": [jwk, good().jwk()]}));
        services.refresh_keys().await.unwrap();
        let sign_in = async |signer: &Signer| services.authenticate(&signer.sign(&claims(&app))).await.is_ok();
        assert!(!sign_in(signer).await, "{jwk}");
        assert!(sign_in(&good()).await, "beside {jwk}");
    }
}

#[tokio::test]
async fn members_that_do_not_matter_are_ignored() {
    let server = KeyServer::start(&json!({})).await;
    let app = start(&server).await;
    for signer in [Rs256.signer("key"), Ps256.signer("key"), Es256.signer("key"), EdDsa.signer("key")] {
        for (member, value) in [
            ("use", json!(null)),
            ("alg", json!(null)),
            ("key_ops", json!(["verify"])),
            ("key_ops", json!(["sign", "verify"])),
            ("x5c", json!(7)),
            ("x5u", json!({})),
            ("exp", json!(0)),
        ] {
            server.publish(&json!({"keys": [with(&signer, member, value)]}));
            app.app.services().refresh_keys().await.unwrap();
            assert_accepted(app.bearer(&signer.sign(&claims(&app)))).await;
        }
    }
}

#[tokio::test]
async fn set_without_a_usable_key_refuses_tokens() {
    let server = KeyServer::start(&key_set(&[&good()])).await;
    let app = start(&server).await;
    let bearer = app.bearer(&good().sign(&claims(&app)));
    assert_accepted(bearer.clone()).await;
    for keys in [json!([]), json!([{"kty": "oct", "k": "AAAA"}])] {
        server.publish(&json!({"keys": keys}));
        app.app.services().refresh_keys().await.unwrap();
        assert_refused(bearer.clone(), INVALID).await;
    }
}
