//! Which claims a token of the identity provider has to have.

use crate::domain::UserId;
use crate::services::auth::claims::{Claims, KeyId, TokenId, is_early, is_jti};
use crate::services::auth::numeric_date::NumericDate;
use crate::services::auth::token_problem::TokenProblem;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

/// What the claims of a token are compared with.
#[derive(Clone, Debug)]
pub struct ClaimRules {
    /// The `iss` claim.
    pub issuer: String,
    /// What the `aud` claim is, or contains.
    pub audience: String,
    /// The name of the claim with the user's id.
    pub user_claim: String,
    /// What `scp` or `scope` has to contain.
    pub scope: Option<String>,
}

type Payload = Map<String, Value>;

impl ClaimRules {
    /// The claims of a token with a valid signature, which may have expired.
    pub(super) fn check(
        &self,
        payload: &Payload,
        hash: [u8; 32],
        key: KeyId,
        now: DateTime<Utc>,
    ) -> Result<Claims, TokenProblem> {
        self.read(payload, hash, key, now).ok_or(TokenProblem::Invalid)
    }

    fn read(&self, payload: &Payload, hash: [u8; 32], key: KeyId, now: DateTime<Utc>) -> Option<Claims> {
        let is_meant = claim(payload, "iss")?.as_str()? == self.issuer
            && is_or_contains(claim(payload, "aud")?, &self.audience)?
            && self.scope.as_ref().is_none_or(|scope| has_scope(payload, scope));
        let nbf = match claim(payload, "nbf") {
            Some(nbf) => Some(NumericDate::of(nbf)?),
            None => None,
        };
        if !is_meant || is_early(nbf, now) {
            return None;
        }
        let token = match claim(payload, "jti") {
            Some(jti) => TokenId::Jti(jti.as_str().filter(|jti| is_jti(jti))?.to_owned()),
            None => TokenId::Hash(hash),
        };
        let user = user(claim(payload, &self.user_claim)?)?;
        let NumericDate(expires_at) = NumericDate::of(claim(payload, "exp")?)?;
        let issued_at = claim(payload, "iat").and_then(NumericDate::of).map(|NumericDate(time)| time);
        Some(Claims { user, token, expires_at, issued_at, key })
    }
}

/// A claim that is null counts as absent.
fn claim<'a>(payload: &'a Payload, name: &str) -> Option<&'a Value> {
    payload.get(name).filter(|value| !value.is_null())
}

fn is_or_contains(value: &Value, expected: &str) -> Option<bool> {
    match value {
        Value::String(text) => Some(text == expected),
        Value::Array(texts) => Some(texts.iter().any(|text| text == expected)),
        _ => None,
    }
}

/// Identity providers use one name or the other, and a text of words or a list.
fn has_scope(payload: &Payload, scope: &str) -> bool {
    ["scp", "scope"].iter().filter_map(|name| claim(payload, name)).any(|value| match value {
        Value::String(words) => words.split(' ').any(|word| word == scope),
        value => is_or_contains(value, scope) == Some(true),
    })
}

/// A positive id, as a text or as an integer.
fn user(value: &Value) -> Option<UserId> {
    let id = match value {
        Value::String(text) => UserId::from_text(text),
        value => UserId(value.as_i64()?),
    };
    Some(id).filter(|id| id.0 > 0)
}
