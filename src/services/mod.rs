//! The use cases, one folder or file for each capability. A function takes the viewer first, loads, asks the domain and
//! stores. Permission and state are decided here and in the domain, for all transports alike.

pub mod auth;
mod calendars;
mod cleanup;
mod clock;
mod company_settings;
mod demo_data;
mod error;
pub mod events;
mod idempotency;
pub mod interviews;
pub mod provisioning;
mod readiness;
mod reminders;
mod retry;
mod webhooks;

pub use auth::authentication::AuthenticationError;
pub use auth::identity_provider::{ClaimRules, IdentityProvider, KeySetError, KeySetState, RefreshTimes};
pub use auth::live_sessions::LiveSession;
pub use auth::revocation::{Revocation, RevokedTokens, revoke};
pub use auth::secrets::{Secrets, WeakSecret};
pub use auth::token_problem::TokenProblem;
pub use auth::tokens::{SigningError, Tokens};
pub use calendars::{Calendar, FeedCreation, FeedToken, FeedTokenHash};
pub use clock::{Clock, FrozenClock};
pub use demo_data::{DemoDataError, FillProgress, demo};
pub use error::{Failure, ServiceError};
pub use events::catch_up::CatchUpPermit;
pub use events::changes::Changes;
pub use events::epoch::verify_event_log;
pub use events::follower::{MAX_RETRIES, RETRY_PAUSE};
pub use events::log_entry::{AdmittedEntry, LogEntry};
pub use events::subscriber::{Delivery, SubscriptionEnd};
pub use interviews::bulk::{AllOrNone, Operation};
pub use interviews::commands::ChangedInterview;
pub use readiness::{DatabaseState, Readiness, SchemaState};
pub use webhooks::{ChangedWebhook, Replay, WebhookOptions};

pub use crate::domain::{BookingLimits, InterviewWithPeople};
pub use crate::storage::unit_of_work::Include;
pub use crate::storage::{RequestChanges, share_connections};

use crate::domain::Viewer;
#[cfg(test)]
use crate::storage::{DatabaseOptions, Synchronous};
use crate::storage::{Db, StorageError, UserReader};
use auth::authentication::ViewerCache;
use auth::live_sessions::LiveSessions;
use calendars::CalendarNamespace;
use chrono::TimeDelta;
use events::catch_up::CatchUpLimit;
use events::delay::DelayWatch;
use events::epoch::EpochCheck;
use events::follower::EventFollower;
use events::missed_memory::MissedMemory;
use readiness::ReadinessCheck;
use std::sync::Arc;
use std::time::Duration;
use webhooks::WebhookSender;

/// What the use cases need. All lasting state is in the database, so that any number of servers can share it.
#[derive(Debug)]
pub struct Services {
    db: Db,
    clock: Clock,
    tokens: Arc<Tokens>,
    viewers: ViewerCache,
    live_sessions: Arc<LiveSessions>,
    epoch_check: Arc<EpochCheck>,
    delay_watch: DelayWatch,
    follower: Arc<EventFollower>,
    catch_up: CatchUpLimit,
    missed_memory: MissedMemory,
    limits: ServiceLimits,
    readiness: ReadinessCheck,
    webhooks: WebhookSender,
    calendar_namespace: CalendarNamespace,
    public_url: Arc<str>,
}

/// How old cached viewers and unread events may be.
#[derive(Clone, Copy, Debug, Default)]
pub struct CacheLifetimes {
    /// How long viewers are cached. Revocations and role changes take effect within this time.
    pub viewers: Duration,
    /// How often the event log is read for subscribers.
    pub log: Duration,
}

/// Limits of the use cases.
#[derive(Clone, Copy, Debug)]
pub struct ServiceLimits {
    /// The most items that a list counts.
    pub max_count: u64,
    /// The memory of the missed events that subscribers have read and not delivered yet, in bytes.
    pub missed_events: usize,
    /// Limits on what is booked.
    pub bookings: BookingLimits,
    /// For how long idempotency keys are remembered.
    pub key_lifetime: TimeDelta,
}

impl Default for ServiceLimits {
    fn default() -> Self {
        Self {
            max_count: 10_000,
            missed_events: 8 * 1024 * 1024,
            bookings: BookingLimits::default(),
            key_lifetime: TimeDelta::hours(24),
        }
    }
}

impl Services {
    #[must_use]
    pub fn new(db: Db, clock: Clock, tokens: Tokens, lifetimes: CacheLifetimes) -> Self {
        let _ = clock.uptime(); // It is counted from the first call, which has to come before the first token.
        let (tokens, epoch_check) = (Arc::new(tokens), Arc::new(EpochCheck::new(db.clone())));
        let sessions = LiveSessions::new(db.clone(), clock.clone(), tokens.clone(), lifetimes.viewers);
        Self {
            viewers: ViewerCache::new(lifetimes.viewers),
            live_sessions: Arc::new(sessions),
            follower: Arc::new(EventFollower::new(db.clone(), epoch_check.clone(), lifetimes.log)),
            catch_up: CatchUpLimit::new(),
            epoch_check,
            delay_watch: DelayWatch::new(db.clone()),
            missed_memory: MissedMemory::new(ServiceLimits::default().missed_events),
            limits: ServiceLimits::default(),
            readiness: ReadinessCheck::default(),
            webhooks: WebhookSender::new(WebhookOptions::default()),
            calendar_namespace: CalendarNamespace::default(),
            public_url: Arc::from("http://localhost"),
            db,
            clock,
            tokens,
        }
    }

    /// The services of tests that use no database.
    #[cfg(test)]
    pub(crate) fn unconnected(clock: Clock) -> Self {
        let options = DatabaseOptions {
            url: "sqlite://unused.db".to_owned(),
            max_connections: 1,
            max_per_user: None,
            acquire_timeout: Duration::from_secs(1),
            request_timeout: None,
            create: false,
            synchronous: Synchronous::Normal,
        };
        let db = Db::open(&options).unwrap();
        Self::new(db, clock, Tokens::new(None, None), CacheLifetimes::default())
    }

    /// The same with other limits.
    #[must_use]
    pub fn with_limits(self, limits: ServiceLimits) -> Self {
        Self { missed_memory: MissedMemory::new(limits.missed_events), limits, ..self }
    }

    /// The same with this address of the server for its clients, without a slash at its end.
    #[must_use]
    pub fn with_public_url(self, public_url: &str) -> Self {
        Self { public_url: Arc::from(public_url), ..self }
    }

    /// The same with other settings of webhooks.
    #[must_use]
    pub fn with_webhooks(self, options: WebhookOptions) -> Self {
        Self { webhooks: WebhookSender::new(options), ..self }
    }

    /// Announces that events were written, to those who read the log.
    fn announce_events(&self) {
        self.follower.notify_new_events();
        self.webhooks.announce_events();
    }

    /// Connections for statements that only read, within the viewer's share of them.
    async fn reader(&self, viewer: &Viewer) -> Result<UserReader<'_>, StorageError> {
        self.db.reader_of(viewer.id).await
    }

    /// What the viewer can do to the interview now.
    #[must_use]
    pub fn available_actions(
        &self,
        viewer: &Viewer,
        interview: &crate::domain::Interview,
    ) -> Vec<crate::domain::Action> {
        interview.available_actions(viewer, self.clock.now())
    }

    /// The warnings about a time that a change asked for.
    #[must_use]
    pub fn warnings(&self, requested: crate::domain::TimeSlot) -> Vec<crate::domain::Warning> {
        crate::domain::Warning::about(requested, self.clock.now())
    }

    /// What signs and verifies tokens, for administration.
    #[must_use]
    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// Reads the keys of the identity provider again whenever they are due. It never ends.
    pub async fn keep_keys_fresh(&self) -> ! {
        if let Some(provider) = self.tokens.identity_provider() {
            provider.keep_fresh(&self.clock).await;
        }
        loop {
            std::future::pending::<()>().await;
        }
    }

    /// Reads the keys of the identity provider as they are now, if there is one. When that fails, the former ones stay
    /// in use.
    ///
    /// # Errors
    /// Why they could not be read.
    pub async fn refresh_keys(&self) -> Result<(), Arc<KeySetError>> {
        match self.tokens.identity_provider() {
            Some(provider) => provider.refresh(&self.clock).await,
            None => Ok(()),
        }
    }

    /// The time.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The database, for wiring and administration.
    #[must_use]
    pub fn db(&self) -> &Db {
        &self.db
    }
}

/// The services as the transports share them.
pub type SharedServices = Arc<Services>;
