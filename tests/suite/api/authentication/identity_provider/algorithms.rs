//! Each kind of token is verified with the keys of its own kind.

use super::{claims, start};
use crate::api::authentication::assertions::{INVALID, assert_accepted, assert_refused};
use crate::support::key_server::KeyServer;
use crate::support::signer::Family::{self, EdDsa, Es256, Ps256, Rs256};
use crate::support::signer::{FAMILIES, Signer, key_set, unsigned};
use crate::support::{Database::Sqlite, SECRET, TestApp};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use rstest::rstest;
use serde_json::{Value, json};

/// One key for each algorithm, named by it.
fn signers() -> [Signer; 4] {
    FAMILIES.map(|family| family.signer(family.name()))
}

async fn start_for_all() -> TestApp {
    let signers = signers();
    start(&KeyServer::start(&key_set(&signers.each_ref())).await).await
}

fn hs256(header: &Value, claims: &Value, secret: &[u8]) -> String {
    let message = unsigned(&header.to_string(), claims);
    let signature = crypto::sign(message.as_bytes(), &EncodingKey::from_secret(secret), Algorithm::HS256).unwrap();
    format!("{message}.{signature}")
}

#[tokio::test]
async fn all_kinds_are_accepted_side_by_side() {
    let app = start_for_all().await;
    for signer in signers() {
        assert_accepted(app.bearer(&signer.sign(&claims(&app)))).await;
    }
    assert_accepted(app.staff()).await;
}

/// The public key is known to all. It must not serve as a secret.
#[tokio::test]
async fn hs256_with_a_public_key_as_the_secret_is_refused() {
    let app = start_for_all().await;
    let mut claims = claims(&app);
    (claims["scp"], claims["jti"]) = (json!("user"), json!("forged"));
    for signer in signers() {
        let jwk = signer.jwk();
        let members = ["n", "x"].iter().filter_map(|name| jwk[*name].as_str());
        let decoded = members.clone().map(|text| URL_SAFE_NO_PAD.decode(text).unwrap());
        let texts = [jwk.to_string()].into_iter().chain(members.clone().map(str::to_owned));
        for secret in decoded.chain(texts.map(String::into_bytes)) {
            for kid in [json!(signer.kid), json!(null)] {
                let header = json!({"alg": "HS256", "kid": kid});
                assert_refused(app.bearer(&hs256(&header, &claims, &secret)), INVALID).await;
            }
        }
    }
}

#[rstest]
#[tokio::test]
async fn header_with_another_algorithm_is_refused(#[values(Rs256, Ps256, Es256, EdDsa)] family: Family) {
    let (app, signer) = (start_for_all().await, family.signer(family.name()));
    let others = ["RS384", "RS512", "PS384", "PS512", "ES384", "ES512", "ES256K", "Ed25519", "HS384", "HS512"];
    let none = ["none", "None", "nOnE", "", "rs256", "RS256 "];
    let own = FAMILIES.map(Family::name);
    for name in others.iter().chain(&none).chain(&own).filter(|name| **name != family.name()) {
        for kid in own {
            let header = json!({"alg": name, "kid": kid});
            assert_refused(app.bearer(&signer.sign_with(&header, &claims(&app))), INVALID).await;
        }
    }
    for algorithm in [json!(null), json!([family.name()]), json!(7)] {
        let header = json!({"alg": algorithm, "kid": family.name()});
        assert_refused(app.bearer(&signer.sign_with(&header, &claims(&app))), INVALID).await;
    }
    let header = json!({"kid": family.name()});
    assert_refused(app.bearer(&signer.sign_with(&header, &claims(&app))), INVALID).await;
}

#[rstest]
#[tokio::test]
async fn token_with_a_wrong_signature_is_refused(#[values(Rs256, Ps256, Es256, EdDsa)] family: Family) {
    let (app, signer) = (start_for_all().await, family.signer(family.name()));
    let good = signer.sign(&claims(&app));
    let parts: Vec<&str> = good.split('.').collect();
    let forged = |signature: &str| format!("{}.{}.{signature}", parts[0], parts[1]);
    let other = family.other_signer(family.name()).sign(&claims(&app));
    let of_others = hs256(&signer.header(), &claims(&app), SECRET);
    let zeros = URL_SAFE_NO_PAD.encode([0; 64]);
    for token in [
        other.clone(),
        of_others,
        forged(other.split('.').nth(2).unwrap()),
        forged(""),
        forged("A"),
        forged("!"),
        forged(&zeros),
        forged(&URL_SAFE_NO_PAD.encode([0; 256])),
        forged(&parts[2][..parts[2].len() - 4]),
        format!("{good}AAAA"),
        format!("{}.{}", parts[0], parts[1]),
        format!("{good}.{}", parts[2]),
        good.replace('.', ".."),
    ] {
        assert_refused(app.bearer(&token), INVALID).await;
    }
    // The signature of other claims, also when that token has been verified before.
    assert_accepted(app.bearer(&good)).await;
    let admin = unsigned(&signer.header().to_string(), &super::with(&app, "sub", json!("1")));
    assert_refused(app.bearer(&format!("{admin}.{}", parts[2])), INVALID).await;
}

#[tokio::test]
async fn each_kind_needs_its_own_setting() {
    let app = start!(Sqlite);
    for signer in signers() {
        assert_refused(app.bearer(&signer.sign(&claims(&app))), INVALID).await;
    }
    let keys = KeyServer::start(&key_set(&signers().each_ref())).await;
    let source = interviews::outbound::DocumentSource::Url(keys.url().parse().unwrap());
    let provider = interviews::services::IdentityProvider::new(source, super::rules(), super::times());
    let tokens = interviews::services::Tokens::new(None, Some(provider));
    let database = crate::support::database::TestDatabase::new(Sqlite).await.unwrap();
    let only_keys = TestApp::with_tokens(database, tokens, &[]).await;
    assert_accepted(only_keys.bearer(&EdDsa.signer("EdDSA").sign(&claims(&only_keys)))).await;
    assert_refused(only_keys.staff(), INVALID).await;
}
