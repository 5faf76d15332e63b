//! The claims of a valid token, of this server or of an identity provider.

use super::numeric_date::NumericDate;
use super::token_problem::TokenProblem;
use crate::domain::UserId;
use chrono::{DateTime, TimeDelta, Utc};
use std::fmt;

/// The claims of a valid token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The user whom the token names.
    pub user: UserId,
    /// What distinguishes the token from others of the user.
    pub token: TokenId,
    /// The `exp` claim.
    pub expires_at: DateTime<Utc>,
    /// The `iat` claim. A token without one is refused once the tokens of its user were revoked.
    pub issued_at: Option<DateTime<Utc>>,
    /// The key that has verified the token.
    pub key: KeyId,
}

/// The identity of a token.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TokenId {
    /// The `jti` claim, by which the token can be revoked.
    Jti(String),
    /// The SHA-256 of a token of an identity provider without a `jti`.
    Hash([u8; 32]),
}

/// The SHA-256 of a secret, or of a public key with all that it is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId(pub(super) [u8; 32]);

/// The accepted difference between clocks.
const LEEWAY: TimeDelta = TimeDelta::seconds(30);
/// The longest accepted `jti`, in bytes. It becomes part of a query and of a cache key.
const MAX_JTI: usize = 256;

impl Claims {
    pub(crate) fn is_expired(&self, now: DateTime<Utc>) -> bool {
        self.expires_at <= now - LEEWAY
    }

    /// The claims, unless they have expired.
    pub(super) fn unless_expired(self, now: DateTime<Utc>) -> Result<Self, TokenProblem> {
        if self.is_expired(now) { Err(TokenProblem::Expired) } else { Ok(self) }
    }
}

impl TokenId {
    /// The `jti` claim of a token that has one.
    pub(crate) fn jti(&self) -> Option<&str> {
        match self {
            Self::Jti(jti) => Some(jti),
            Self::Hash(_) => None,
        }
    }
}

/// Whether a token can have this `jti` claim.
pub(super) fn is_jti(jti: &str) -> bool {
    (1..=MAX_JTI).contains(&jti.len()) && !jti.contains('\0')
}

/// Whether a token with this `nbf` claim is not valid yet.
pub(super) fn is_early(nbf: Option<NumericDate>, now: DateTime<Utc>) -> bool {
    nbf.is_some_and(|NumericDate(nbf)| nbf > now + LEEWAY)
}

/// Says nothing: the hash of a secret is nobody's business.
impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyId")
    }
}
