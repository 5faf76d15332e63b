//! From a token to the viewer.

use crate::domain::{UserId, Viewer};
use crate::services::auth::tokens::Claims;
use crate::services::{ServiceError, Services};
use crate::storage::users;
use chrono::{DateTime, TimeDelta, Utc};
use quick_cache::UnitWeighter;
use quick_cache::sync::Cache;
use std::sync::Arc;
use std::time::Duration;

/// Why nobody is signed in.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AuthenticationError {
    /// The token is no good; the text says why, for its bearer.
    #[error("{0}")]
    Refused(&'static str),
    /// The user could not be looked up.
    #[error(transparent)]
    Failed(#[from] ServiceError),
}

/// Who was looked up lately, by user and token.
#[derive(Debug)]
pub(crate) struct ViewerCache {
    viewers: Cache<(UserId, String), (DateTime<Utc>, Arc<Viewer>)>,
    ttl: TimeDelta,
}

/// How many viewers are remembered: more than a company has staff at their desks.
const CAPACITY: u64 = 10_000;
/// For how many there is room from the start.
const FEW: usize = 100;

impl ViewerCache {
    pub(crate) fn new(ttl: Duration) -> Self {
        Self {
            viewers: Cache::with_weighter(FEW, CAPACITY, UnitWeighter),
            ttl: TimeDelta::from_std(ttl).unwrap_or(TimeDelta::MAX),
        }
    }
}

impl Services {
    /// The user on whose behalf a bearer of this token asks.
    ///
    /// # Errors
    /// [`AuthenticationError`]: the token is not valid, expired or revoked, or its user is unknown or deactivated.
    pub async fn authenticate(&self, token: &str) -> Result<Arc<Viewer>, AuthenticationError> {
        let claims = self.tokens.verify(token, self.clock.now()).map_err(AuthenticationError::Refused)?;
        self.viewer_of(claims).await
    }

    pub(crate) async fn viewer_of(&self, claims: Claims) -> Result<Arc<Viewer>, AuthenticationError> {
        let now = self.clock.now();
        let key = (claims.user, claims.jti);
        if let Some((since, viewer)) = self.viewers.viewers.get(&key)
            && now - since < self.viewers.ttl
        {
            return Ok(viewer);
        }
        let viewer = users::authenticate(self.db.reader(), key.0, &key.1).await.map_err(ServiceError::from)?;
        let viewer = Arc::new(viewer.ok_or(AuthenticationError::Refused("the token is not valid"))?);
        self.viewers.viewers.insert(key, (now, viewer.clone()));
        Ok(viewer)
    }
}
