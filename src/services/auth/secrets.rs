//! Tokens that this server and services with its secrets sign: JSON Web Tokens (RFC 7519) with HS256.

use super::claims::{Claims, KeyId, TokenId, is_early, is_jti};
use super::header::is_acceptable;
use super::numeric_date::NumericDate;
use super::token_problem::TokenProblem;
use crate::domain::UserId;
use crate::domain::text::is_blank;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Signs with the first of some secrets, and verifies with all of them.
pub struct Secrets {
    signing: EncodingKey,
    verifying: Vec<(KeyId, DecodingKey)>,
    validation: Validation,
    audience: Option<String>,
}

/// A secret that does not resist guessing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the JWT secret{} {weakness}", .line.map(|line| format!(" in line {line}")).unwrap_or_default())]
pub struct WeakSecret {
    /// Its number, if there are others.
    line: Option<usize>,
    weakness: Weakness,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Weakness {
    #[error("has {0} bytes; at least {min} are needed (RFC 7518, section 3.2)", min = Secrets::MIN_LENGTH)]
    Short(usize),
    #[error("begins or ends with an invisible character: remove it")]
    Invisible,
    #[error("repeats one character; use a random one, such as from `openssl rand -hex 32`")]
    Repeated,
}

impl Weakness {
    fn of(secret: &[u8]) -> Option<Self> {
        if secret.len() < Secrets::MIN_LENGTH {
            return Some(Self::Short(secret.len()));
        }
        let character = str::from_utf8(secret).ok().and_then(|text| text.chars().next()).map_or(1, char::len_utf8);
        let is_repeated = secret.chunks(character).all(|other| *other == secret[..character]);
        if is_repeated {
            return Some(Self::Repeated);
        }
        let text = str::from_utf8(secret).unwrap_or_default();
        let is_invisible = |c: char| is_blank(c.encode_utf8(&mut [0; 4]));
        (text.starts_with(is_invisible) || text.ends_with(is_invisible)).then_some(Self::Invisible)
    }
}

/// Why [`Secrets::verify`] does not accept a token.
pub(super) enum Rejection {
    /// The token names another algorithm: it may be of an identity provider.
    OtherAlgorithm,
    Refused(TokenProblem),
}

/// The claims as they are written, in the order that existing clients know.
#[derive(Serialize, Deserialize)]
struct Payload {
    sub: String,
    scp: String,
    #[serde(default, skip_deserializing)]
    aud: Option<String>,
    #[serde(default)]
    iat: Option<NumericDate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<NumericDate>,
    exp: NumericDate,
    jti: String,
}

const SCOPE: &str = "user";

impl Secrets {
    /// The shortest secret in bytes: the size of the hash (RFC 7518, section 3.2).
    pub const MIN_LENGTH: usize = 32;

    /// Signs with the first secret. With an audience, only tokens that name it are accepted.
    ///
    /// # Errors
    /// [`WeakSecret`], also when there is no secret.
    pub fn try_new(secrets: &[&[u8]], audience: Option<String>) -> Result<Self, WeakSecret> {
        for (index, secret) in secrets.iter().enumerate() {
            if let Some(weakness) = Weakness::of(secret) {
                return Err(WeakSecret { line: (secrets.len() > 1).then_some(index + 1), weakness });
            }
        }
        let [first, ..] = secrets else { return Err(WeakSecret { line: None, weakness: Weakness::Short(0) }) };
        // This pins the algorithm: `none` and other families are refused.
        let mut validation = Validation::new(Algorithm::HS256);
        validation.required_spec_claims.clear(); // the payload has those that are required
        validation.validate_exp = false; // checked below, by the clock of the services
        if let Some(audience) = &audience {
            validation.set_audience(&[audience]);
            validation.required_spec_claims.insert("aud".to_owned()); // otherwise a token without an audience passes
        } else {
            validation.validate_aud = false;
        }
        let key = |secret: &&[u8]| (KeyId(Sha256::digest(secret).into()), DecodingKey::from_secret(secret));
        let verifying = secrets.iter().map(key).collect();
        Ok(Self { signing: EncodingKey::from_secret(first), verifying, validation, audience })
    }

    /// The number of secrets.
    #[must_use]
    pub fn count(&self) -> usize {
        self.verifying.len()
    }

    /// Signs a token for a user that is valid for `ttl`.
    pub fn sign(
        &self,
        user: UserId,
        now: DateTime<Utc>,
        ttl: TimeDelta,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let payload = Payload {
            sub: user.to_string(),
            scp: SCOPE.to_owned(),
            aud: self.audience.clone(),
            iat: Some(NumericDate(now)),
            nbf: None,
            exp: NumericDate(now + ttl),
            jti: uuid::Uuid::new_v4().to_string(),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &payload, &self.signing)
    }

    /// Verifies a token. One that has expired is valid otherwise.
    pub(super) fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Claims, Rejection> {
        for (id, key) in &self.verifying {
            match jsonwebtoken::decode::<Payload>(token, key, &self.validation) {
                Ok(data) if is_acceptable(token, &data.header) => {
                    return check(data.claims, *id, now).map_err(Rejection::Refused);
                }
                Ok(_) => break,
                Err(error) => match error.kind() {
                    ErrorKind::InvalidSignature => {} // the next secret may be the right one
                    ErrorKind::InvalidAlgorithm => return Err(Rejection::OtherAlgorithm),
                    _ => break,
                },
            }
        }
        Err(Rejection::Refused(TokenProblem::Invalid))
    }

    pub(super) fn contains(&self, key: KeyId) -> bool {
        self.verifying.iter().any(|(id, _)| *id == key)
    }
}

fn check(payload: Payload, key: KeyId, now: DateTime<Utc>) -> Result<Claims, TokenProblem> {
    if payload.scp != SCOPE || !is_jti(&payload.jti) || is_early(payload.nbf, now) {
        return Err(TokenProblem::Invalid);
    }
    let user = UserId::from_text(&payload.sub);
    let (NumericDate(expires_at), issued_at) = (payload.exp, payload.iat.map(|NumericDate(time)| time));
    Claims { user, token: TokenId::Jti(payload.jti), expires_at, issued_at, key }.unless_expired(now)
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secrets").field("audience", &self.audience).finish_non_exhaustive()
    }
}
