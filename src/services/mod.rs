//! The use cases: one function each, viewer first. They open transactions, load, ask the domain, write and record. What is permitted
//! and what state allows it is decided below here, for every transport alike.

pub mod auth;
mod clock;
mod demo_data;
mod error;
pub mod events;
pub mod interviews;
mod readiness;

pub use auth::authentication::AuthenticationError;
pub use auth::live_sessions::LiveSession;
pub use auth::tokens::{SecretTooShort, Tokens};
pub use clock::{Clock, FrozenClock};
pub use demo_data::{DemoDataError, demo};
pub use error::ServiceError;
pub use events::follower::{LogEntry, RETRIES, RETRY};
pub use events::subscriber::{Delivery, SubscriptionEnd};
pub use interviews::commands::Include;
pub use interviews::queries::InterviewWithPeople;
pub use readiness::NotReady;

use crate::domain::Viewer;
use crate::storage::Db;
use auth::authentication::ViewerCache;
use auth::live_sessions::LiveSessions;
use events::follower::EventFollower;
use std::sync::Arc;
use std::time::Duration;

/// What the use cases need. It keeps no state that matters: any number of servers may run on one database.
#[derive(Debug)]
pub struct Services {
    db: Db,
    clock: Clock,
    tokens: Tokens,
    viewers: ViewerCache,
    live_sessions: Arc<LiveSessions>,
    follower: Arc<EventFollower>,
}

/// How old what is known may be.
#[derive(Clone, Copy, Debug, Default)]
pub struct CacheLifetimes {
    /// How long a user may be remembered, that is, how long a revoked token may still be accepted.
    pub viewers: Duration,
    /// How often the event log is read for those who wait for changes.
    pub log: Duration,
}

impl Services {
    /// Wires them.
    #[must_use]
    pub fn new(db: Db, clock: Clock, tokens: Tokens, freshness: CacheLifetimes) -> Self {
        Self {
            viewers: ViewerCache::new(freshness.viewers),
            live_sessions: Arc::new(LiveSessions::new(db.clone(), clock.clone(), freshness.viewers)),
            follower: Arc::new(EventFollower::new(db.clone(), freshness.log)),
            db,
            clock,
            tokens,
        }
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
