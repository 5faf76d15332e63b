//! Signing in: from a token to the viewer.

use super::claims::{Claims, TokenId};
use super::token_problem::TokenProblem;
use super::tokens::VerificationError;
use crate::domain::{UserId, Viewer, is_token_accepted};
use crate::services::{ServiceError, Services};
use crate::storage::{Pool, tokens};
use chrono::{DateTime, Utc};
use quick_cache::UnitWeighter;
use quick_cache::sync::Cache;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Why a token signs no user in.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AuthenticationError {
    /// The token is not accepted.
    #[error("{}", .0.message())]
    Refused(TokenProblem),
    /// The user could not be looked up.
    #[error(transparent)]
    Failed(#[from] ServiceError),
}

/// Recently signed-in viewers, by user and token. An entry is valid for the time that the settings give it.
#[derive(Debug)]
pub(crate) struct ViewerCache {
    viewers: Cache<(UserId, TokenId), CachedViewer>,
    ttl: Duration,
    /// How often users were forgotten. A viewer that was read before, and would be cached afterwards, may be outdated.
    forgotten: AtomicU64,
}

#[derive(Clone, Debug)]
struct CachedViewer {
    /// By the clock's uptime, which is not set back as the time of day can be.
    cached_at: Duration,
    viewer: Arc<Viewer>,
    tokens_valid_after: Option<DateTime<Utc>>,
}

/// The most viewers in the cache.
const CAPACITY: u64 = 10_000;
/// For how many viewers memory is allocated at the start.
const INITIAL_CAPACITY: usize = 100;

impl ViewerCache {
    pub(crate) fn new(ttl: Duration) -> Self {
        Self {
            viewers: Cache::with_weighter(INITIAL_CAPACITY, CAPACITY, UnitWeighter),
            ttl,
            forgotten: AtomicU64::new(0),
        }
    }

    /// Makes the next request of these users read them from the database.
    pub(crate) fn forget(&self, users: impl IntoIterator<Item = UserId>) {
        let users: HashSet<UserId> = users.into_iter().collect();
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        self.viewers.retain(|(user, _), _| !users.contains(user));
    }

    /// The same for the requests with this token.
    pub(crate) fn forget_token(&self, jti: &str) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        self.viewers.retain(|(_, token), _| token.jti() != Some(jti));
    }
}

impl Services {
    /// The viewer whom the token names. Refused when the token is invalid, expired or revoked, or when its user is
    /// unknown or deactivated. A cached viewer can be as old as the settings allow.
    pub async fn authenticate(&self, token: &str) -> Result<Arc<Viewer>, AuthenticationError> {
        let claims = self.verify(token).await?;
        let issued_at = claims.issued_at;
        let key = (claims.user, claims.token);
        if let Some(CachedViewer { cached_at, viewer, tokens_valid_after }) = self.viewers.viewers.get(&key)
            && self.clock.uptime().saturating_sub(cached_at) < self.viewers.ttl
            && is_token_accepted(issued_at, tokens_valid_after)
        {
            return Ok(viewer);
        }
        self.read_viewer(key, issued_at).await
    }

    pub(crate) async fn verify(&self, token: &str) -> Result<Claims, AuthenticationError> {
        self.tokens.verify(token, &self.clock).await.map_err(|error| match error {
            VerificationError::Refused(problem) => problem.into(),
            VerificationError::NoKeys => ServiceError::NoKeys.into(),
        })
    }

    /// The viewer as the database has them now, read within the user's share of the connections.
    pub(crate) async fn read_viewer(
        &self,
        key: (UserId, TokenId),
        issued_at: Option<DateTime<Utc>>,
    ) -> Result<Arc<Viewer>, AuthenticationError> {
        let (cached_at, forgotten) = (self.clock.uptime(), self.viewers.forgotten.load(Ordering::SeqCst));
        let reader = self.db.reader_of(key.0).await.map_err(ServiceError::from)?;
        let account = tokens::authenticate(&*reader, key.0, key.1.jti()).await.map_err(ServiceError::from)?;
        let Some(account) = account else { return Err(refusal(&reader, &key.1).await?.into()) };
        let tokens_valid_after = account.tokens_valid_after;
        if !is_token_accepted(issued_at, tokens_valid_after) {
            return Err(TokenProblem::Revoked.into());
        }
        let viewer = Arc::new(Viewer::from(account));
        let cached = CachedViewer { cached_at, viewer: viewer.clone(), tokens_valid_after };
        self.viewers.viewers.insert(key.clone(), cached);
        if self.viewers.forgotten.load(Ordering::SeqCst) != forgotten {
            self.viewers.viewers.remove(&key);
        }
        Ok(viewer)
    }
}

/// Why the database refuses a token that is valid by itself.
async fn refusal(reader: &Pool, token: &TokenId) -> Result<TokenProblem, ServiceError> {
    let Some(jti) = token.jti() else { return Ok(TokenProblem::Invalid) };
    let revoked = tokens::revoked(reader, vec![jti.to_owned()]).await?;
    Ok(if revoked.is_empty() { TokenProblem::Invalid } else { TokenProblem::Revoked })
}

impl From<TokenProblem> for AuthenticationError {
    fn from(problem: TokenProblem) -> Self {
        Self::Refused(problem)
    }
}
