//! Ending the validity of tokens before they expire.

use super::claims::is_jti;
use super::numeric_date::NumericDate;
use crate::domain::provisioning;
use crate::domain::{UserId, Viewer};
use crate::services::{ServiceError, Services};
use crate::storage::{Db, LockWait, StorageError, tokens};
use chrono::{DateTime, Utc};
use serde::Deserialize;

/// The tokens to revoke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RevokedTokens {
    /// The token with this `jti`.
    Token {
        /// The `jti` claim.
        jti: String,
        /// The `exp` claim, after which nobody has to know that the token was revoked.
        expires_at: DateTime<Utc>,
    },
    /// All tokens of a user that were issued before now.
    OfUser(UserId),
}

/// What became of a request to revoke tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revocation {
    /// The tokens are revoked. This server refuses them from now on, others within the lifetime of cached viewers.
    Done(DateTime<Utc>),
    /// There is no user with this id.
    UnknownUser,
    /// No token of this server can have this `jti`.
    InvalidJti,
}

/// The claims by which a token is revoked.
#[derive(Deserialize)]
struct RevocableClaims {
    jti: String,
    exp: NumericDate,
}

impl RevokedTokens {
    /// This token, whose signature is not verified. None if it has no `jti` or no `exp`: it can be revoked together
    /// with the others of its user only.
    #[must_use]
    pub fn single(token: &str) -> Option<Self> {
        let RevocableClaims { jti, exp } = jsonwebtoken::dangerous::insecure_decode_claims(token).ok()?;
        Some(Self::Token { jti, expires_at: exp.0 })
    }
}

impl Services {
    /// Revokes tokens. Refused to all but admins and services. Revoking twice is no error.
    pub async fn revoke_tokens(&self, viewer: &Viewer, revoked: &RevokedTokens) -> Result<Revocation, ServiceError> {
        provisioning::permit(viewer)?;
        let _permit = self.db.permit_change(viewer.id, LockWait::Full).await?;
        let revocation = revoke(&self.db, revoked, self.clock.now()).await?;
        match revoked {
            RevokedTokens::Token { jti, .. } => self.viewers.forget_token(jti),
            RevokedTokens::OfUser(user) => self.viewers.forget([*user]),
        }
        Ok(revocation)
    }
}

/// Revokes tokens for a command of an administrator, without a check of permissions.
///
/// # Errors
/// [`StorageError`]
pub async fn revoke(db: &Db, revoked: &RevokedTokens, now: DateTime<Utc>) -> Result<Revocation, StorageError> {
    if let RevokedTokens::Token { jti, .. } = revoked
        && !is_jti(jti)
    {
        return Ok(Revocation::InvalidJti);
    }
    let transaction = db.begin_change(LockWait::Full).await?;
    match revoked {
        RevokedTokens::Token { jti, expires_at } => tokens::revoke(&transaction, jti, *expires_at, now).await?,
        RevokedTokens::OfUser(user) => {
            if !tokens::revoke_all(&transaction, *user, now).await? {
                return Ok(Revocation::UnknownUser);
            }
        }
    }
    transaction.commit().await?;
    Ok(Revocation::Done(now))
}
