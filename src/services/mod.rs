//! The use cases: one function each, viewer first. They open transactions, load, ask the domain, write and record. What is permitted
//! and what state allows it is decided below here, for every transport alike.

mod authentication;
mod changes;
mod clock;
mod demo_data;
mod error;
mod readiness;
mod reading;
mod tokens;

pub use authentication::AuthenticationError;
pub use clock::{Clock, FrozenClock};
pub use demo_data::{DemoDataError, demo};
pub use error::ServiceError;
pub use readiness::NotReady;
pub use reading::People;
pub use tokens::{SecretTooShort, Tokens};

use crate::domain::Viewer;
use crate::storage::Db;
use authentication::ViewerCache;
use std::sync::Arc;
use std::time::Duration;

/// What the use cases need. It keeps no state that matters: any number of servers may run on one database.
#[derive(Debug)]
pub struct Services {
    db: Db,
    clock: Clock,
    tokens: Tokens,
    viewers: ViewerCache,
}

impl Services {
    /// `viewer_ttl`: how long a user may be remembered, that is, how long a revoked token may still be accepted.
    #[must_use]
    pub fn new(db: Db, clock: Clock, tokens: Tokens, viewer_ttl: Duration) -> Self {
        Self { db, clock, tokens, viewers: ViewerCache::new(viewer_ttl) }
    }

    /// What can be done to this interview now by this viewer.
    #[must_use]
    pub fn available_actions(
        &self,
        viewer: &Viewer,
        interview: &crate::domain::Interview,
    ) -> Vec<crate::domain::Action> {
        interview.available_actions(viewer, self.clock.now())
    }

    /// The database, for wiring and administration.
    #[must_use]
    pub fn db(&self) -> &Db {
        &self.db
    }
}

/// Services as the transports share them.
pub type SharedServices = Arc<Services>;
