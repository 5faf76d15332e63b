//! Bearer tokens of both kinds: signed with a secret, or by an identity provider. The algorithm in a token's header
//! decides which: a token is never verified with the keys of the other kind.

use super::claims::{Claims, KeyId};
use super::identity_provider::{IdentityProvider, KeySetState};
use super::secrets::{Rejection, Secrets, WeakSecret};
use super::token_problem::TokenProblem;
use crate::domain::UserId;
use crate::services::Clock;
use arc_swap::ArcSwapOption;
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::Arc;

/// Signs and verifies tokens.
#[derive(Debug)]
pub struct Tokens {
    secrets: ArcSwapOption<Secrets>,
    provider: Option<Arc<IdentityProvider>>,
}

/// Why no token was signed.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    /// The server has no secret.
    #[error("there is no secret")]
    NoSecret,
    /// Signing failed.
    #[error(transparent)]
    Failed(#[from] jsonwebtoken::errors::Error),
}

/// Why a token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VerificationError {
    /// The token is the reason.
    Refused(TokenProblem),
    /// The keys of the identity provider could not be read.
    NoKeys,
}

impl Tokens {
    /// Verifies with these secrets and with the keys of this identity provider.
    #[must_use]
    pub fn new(secrets: Option<Secrets>, provider: Option<IdentityProvider>) -> Self {
        Self { secrets: ArcSwapOption::from_pointee(secrets), provider: provider.map(Arc::new) }
    }

    /// Signs and verifies with this secret alone. With an audience, only tokens that name it are accepted.
    ///
    /// # Errors
    /// [`WeakSecret`]
    pub fn try_new(secret: &[u8], audience: Option<String>) -> Result<Self, WeakSecret> {
        Ok(Self::new(Some(Secrets::try_new(&[secret], audience)?), None))
    }

    /// Signs and verifies with other secrets from now on.
    pub fn replace_secrets(&self, secrets: Secrets) {
        self.secrets.store(Some(Arc::new(secrets)));
    }

    /// The identity provider, if the server accepts tokens of one.
    #[must_use]
    pub fn identity_provider(&self) -> Option<&Arc<IdentityProvider>> {
        self.provider.as_ref()
    }

    /// Signs a token for a user that is valid for `ttl`.
    ///
    /// # Errors
    /// [`SigningError`]
    pub fn sign(&self, user: UserId, now: DateTime<Utc>, ttl: TimeDelta) -> Result<String, SigningError> {
        let secrets = self.secrets.load();
        Ok(secrets.as_ref().ok_or(SigningError::NoSecret)?.sign(user, now, ttl)?)
    }

    /// Verifies a token. One that has expired is valid otherwise.
    pub(crate) async fn verify(&self, token: &str, clock: &Clock) -> Result<Claims, VerificationError> {
        if let Some(secrets) = &*self.secrets.load() {
            match secrets.verify(token, clock.now_for_expiry()) {
                Ok(claims) => return Ok(claims),
                Err(Rejection::Refused(problem)) => return Err(problem.into()),
                Err(Rejection::OtherAlgorithm) => {}
            }
        }
        match &self.provider {
            // In a box, so that requests with other tokens do not have its size.
            Some(provider) => Box::pin(provider.verify(token, clock)).await,
            None => Err(TokenProblem::Invalid.into()),
        }
    }

    /// Whether tokens that this key has verified are still accepted.
    pub(crate) fn accepts(&self, key: KeyId, clock: &Clock) -> bool {
        self.secrets.load().as_ref().is_some_and(|secrets| secrets.contains(key))
            || self.provider.as_ref().is_some_and(|provider| provider.accepts(key, clock))
    }

    /// The state of the identity provider's keys; `None` without one.
    pub(crate) fn key_set_state(&self, clock: &Clock) -> Option<KeySetState> {
        Some(self.provider.as_ref()?.state(clock))
    }
}

impl From<TokenProblem> for VerificationError {
    fn from(problem: TokenProblem) -> Self {
        Self::Refused(problem)
    }
}
