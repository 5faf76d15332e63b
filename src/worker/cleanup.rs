//! Deletes rows that nothing needs any more.

use super::{Job, Progress};
use crate::services::{ServiceError, SharedServices};
use chrono::{DateTime, Utc};
use std::time::Duration;

/// Rows are kept for a day at least, so that a minute more does not matter.
const INTERVAL: Duration = Duration::from_mins(1);

pub(super) struct Cleanup(pub(super) SharedServices);

impl Job for Cleanup {
    const NAME: &'static str = "cleanup";

    fn interval(&self, work_interval: Duration) -> Duration {
        work_interval.max(INTERVAL)
    }

    async fn run_once(&self, now: DateTime<Utc>) -> Result<Progress, ServiceError> {
        Ok(Progress::of(self.0.clean_up(now).await?))
    }
}
