//! How long rows are kept that nothing refers to.

use chrono::{DateTime, TimeDelta, Utc};

/// How long a revoked token is known after it has expired: a clock that is behind must not make it valid again.
const REVOKED_TOKENS: TimeDelta = TimeDelta::days(1);
/// How long it is known after the start of an interview which reminders of it were sent.
const SENT_REMINDERS: TimeDelta = TimeDelta::days(60);

/// What is old enough to be deleted.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// Revoked tokens that expired before this time.
    pub tokens_expired_before: DateTime<Utc>,
    /// Sent reminders of interviews that began before this time.
    pub interviews_began_before: DateTime<Utc>,
    /// Deliveries of webhooks that ended before this time.
    pub deliveries_ended_before: DateTime<Utc>,
    /// Idempotency keys of requests before this time.
    pub keys_used_before: DateTime<Utc>,
}

impl Retention {
    /// What is old enough at this time, with deliveries and idempotency keys kept for so long.
    #[must_use]
    pub fn at(now: DateTime<Utc>, deliveries: TimeDelta, keys: TimeDelta) -> Self {
        Self {
            tokens_expired_before: now - REVOKED_TOKENS,
            interviews_began_before: now - SENT_REMINDERS,
            deliveries_ended_before: now - deliveries,
            keys_used_before: now - keys,
        }
    }
}
