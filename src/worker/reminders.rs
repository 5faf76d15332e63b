//! Writes the reminders that are due to the event log.

use super::{Job, Progress};
use crate::services::{ServiceError, SharedServices};
use chrono::{DateTime, Utc};
use std::time::Duration;

/// A reminder is late by this much at most. A look reads all interviews that may be due, therefore it is not made every
/// second.
const INTERVAL: Duration = Duration::from_secs(15);

pub(super) struct Reminders(pub(super) SharedServices);

impl Job for Reminders {
    const NAME: &'static str = "reminders";

    fn interval(&self, work_interval: Duration) -> Duration {
        work_interval.max(INTERVAL)
    }

    async fn run_once(&self, now: DateTime<Utc>) -> Result<Progress, ServiceError> {
        Ok(Progress::of(self.0.send_due_reminders(now).await?))
    }
}
