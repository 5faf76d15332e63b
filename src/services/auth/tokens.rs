//! Bearer tokens: JSON Web Tokens (RFC 7519) signed with HS256.

use super::token_problem::TokenProblem;
use crate::domain::UserId;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

/// Signs and verifies tokens.
pub struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    audience: Option<String>,
}

/// The secret is too short to resist guessing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the JWT secret has {0} bytes; at least {min} are needed (RFC 7518, section 3.2)", min = Tokens::MIN_SECRET)]
pub struct SecretTooShort(usize);

/// The claims of a valid token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The `sub` claim.
    pub user: UserId,
    /// The token's own id, by which it can be revoked.
    pub jti: String,
    /// The `exp` claim.
    pub expires_at: DateTime<Utc>,
}

/// The claims as they are written, in the order that existing clients know.
#[derive(Serialize, Deserialize)]
struct Payload {
    sub: String,
    scp: String,
    #[serde(default, skip_deserializing)]
    aud: Option<String>,
    #[serde(default)]
    iat: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    exp: i64,
    jti: String,
}

const SCOPE: &str = "user";
/// The accepted difference between clocks, in seconds.
const LEEWAY: i64 = 30;
/// The longest accepted `jti`, in bytes. It becomes part of a query and of a cache key.
const MAX_JTI: usize = 256;

impl Claims {
    pub(crate) fn is_expired(&self, now: DateTime<Utc>) -> bool {
        self.expires_at.timestamp().saturating_add(LEEWAY) <= now.timestamp()
    }
}

impl Tokens {
    /// The shortest secret in bytes: the size of the hash (RFC 7518, section 3.2).
    pub const MIN_SECRET: usize = 32;

    /// Signs and verifies with this secret. With an audience, only tokens that name it are accepted.
    ///
    /// # Errors
    /// [`SecretTooShort`]
    pub fn try_new(secret: &[u8], audience: Option<String>) -> Result<Self, SecretTooShort> {
        if secret.len() < Self::MIN_SECRET {
            return Err(SecretTooShort(secret.len()));
        }
        // This pins the algorithm: `none` and other families are refused.
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_required_spec_claims(&["exp", "sub"]);
        validation.validate_exp = false; // checked below, by the clock of the services
        if let Some(audience) = &audience {
            validation.set_audience(&[audience]);
            validation.required_spec_claims.insert("aud".to_owned()); // otherwise a token without an audience passes
        } else {
            validation.validate_aud = false;
        }
        let (encoding, decoding) = (EncodingKey::from_secret(secret), DecodingKey::from_secret(secret));
        Ok(Self { encoding, decoding, validation, audience })
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
            iat: Some(now.timestamp()),
            nbf: None,
            exp: (now + ttl).timestamp(),
            jti: uuid::Uuid::new_v4().to_string(),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &payload, &self.encoding)
    }

    /// Verifies a token. One that has expired is valid otherwise.
    pub(crate) fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Claims, TokenProblem> {
        let payload = jsonwebtoken::decode::<Payload>(token, &self.decoding, &self.validation)
            .map_err(|_| TokenProblem::Invalid)?
            .claims;
        let is_jti = (1..=MAX_JTI).contains(&payload.jti.len()) && !payload.jti.contains('\0');
        let is_early = payload.nbf.is_some_and(|nbf| nbf.saturating_sub(LEEWAY) > now.timestamp());
        if payload.scp != SCOPE || !is_jti || is_early {
            return Err(TokenProblem::Invalid);
        }
        let expires_at = match DateTime::from_timestamp(payload.exp, 0) {
            Some(time) => time,
            None if payload.exp < 0 => DateTime::<Utc>::MIN_UTC,
            None => DateTime::<Utc>::MAX_UTC,
        };
        let claims = Claims { user: UserId::from_text(&payload.sub), jti: payload.jti, expires_at };
        if claims.is_expired(now) { Err(TokenProblem::Expired) } else { Ok(claims) }
    }
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").field("audience", &self.audience).finish_non_exhaustive()
    }
}
