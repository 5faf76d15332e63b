//! Signing in: from a token to the viewer.

use super::tokens::Claims;
use crate::domain::{UserId, Viewer};
use crate::services::{ServiceError, Services};
use crate::storage::tokens;
use chrono::{DateTime, TimeDelta, Utc};
use quick_cache::UnitWeighter;
use quick_cache::sync::Cache;
use std::sync::Arc;
use std::time::Duration;

/// Why a token signs no user in.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AuthenticationError {
    /// The token is not accepted. The text tells the client why.
    #[error("{0}")]
    Refused(&'static str),
    /// The user could not be looked up.
    #[error(transparent)]
    Failed(#[from] ServiceError),
}

/// Recently signed-in viewers, by user id and `jti`. An entry is valid for the time that the settings give it.
#[derive(Debug)]
pub(crate) struct ViewerCache {
    viewers: Cache<(UserId, String), (DateTime<Utc>, Arc<Viewer>)>,
    ttl: TimeDelta,
}

/// The most viewers in the cache.
const CAPACITY: u64 = 10_000;
/// For how many viewers memory is allocated at the start.
const INITIAL_CAPACITY: usize = 100;

impl ViewerCache {
    pub(crate) fn new(ttl: Duration) -> Self {
        Self {
            viewers: Cache::with_weighter(INITIAL_CAPACITY, CAPACITY, UnitWeighter),
            ttl: TimeDelta::from_std(ttl).unwrap_or(TimeDelta::MAX),
        }
    }
}

impl Services {
    /// The viewer whom the token names. Refused when the token is invalid, expired or revoked, or when its user is
    /// unknown or deactivated.
    pub async fn authenticate(&self, token: &str) -> Result<Arc<Viewer>, AuthenticationError> {
        let claims = self.tokens.verify(token, self.clock.now()).map_err(AuthenticationError::Refused)?;
        self.viewer_of(claims).await
    }

    pub(crate) async fn viewer_of(&self, claims: Claims) -> Result<Arc<Viewer>, AuthenticationError> {
        let now = self.clock.now();
        let key = (claims.user, claims.jti);
        if let Some((cached_at, viewer)) = self.viewers.viewers.get(&key)
            && now - cached_at < self.viewers.ttl
        {
            return Ok(viewer);
        }
        let viewer = tokens::authenticate(self.db.reader(), key.0, &key.1).await.map_err(ServiceError::from)?;
        let viewer = Arc::new(viewer.ok_or(AuthenticationError::Refused("the token is not valid"))?);
        self.viewers.viewers.insert(key, (now, viewer.clone()));
        Ok(viewer)
    }
}
