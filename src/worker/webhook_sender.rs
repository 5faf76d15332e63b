//! Sends webhooks.

use super::{Job, Progress};
use crate::services::{ServiceError, SharedServices};
use chrono::{DateTime, Utc};
use std::time::Duration;

/// The dispatcher looks for deliveries together with events, in one statement, and announces them.
const INTERVAL: Duration = Duration::from_hours(1);

pub(super) struct WebhookSender(pub(super) SharedServices);

impl Job for WebhookSender {
    const NAME: &'static str = "webhook sender";

    fn interval(&self, work_interval: Duration) -> Duration {
        work_interval.max(INTERVAL)
    }

    async fn run_once(&self, now: DateTime<Utc>) -> Result<Progress, ServiceError> {
        Ok(Progress::of(self.0.send_webhooks(now).await?))
    }

    async fn announced(&self) {
        self.0.webhook_deliveries_announced().await;
    }

    async fn finish(&self) -> Result<(), ServiceError> {
        self.0.finish_sending_webhooks().await
    }
}
