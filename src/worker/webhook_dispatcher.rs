//! Queues messages about new events for webhooks.

use super::{Job, Progress};
use crate::services::{ServiceError, SharedServices};
use chrono::{DateTime, Utc};
use std::time::Duration;
use tokio::time::sleep;

/// The events of this time are queued together.
const GATHERED_WITHIN: Duration = Duration::from_millis(50);

pub(super) struct WebhookDispatcher(pub(super) SharedServices);

impl Job for WebhookDispatcher {
    const NAME: &'static str = "webhook dispatcher";

    async fn run_once(&self, now: DateTime<Utc>) -> Result<Progress, ServiceError> {
        Ok(Progress::of(self.0.look_after_webhooks(now).await?))
    }

    async fn announced(&self) {
        self.0.events_for_webhooks_announced().await;
        sleep(GATHERED_WITHIN).await;
    }
}
