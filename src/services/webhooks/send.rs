//! Sends deliveries that are due, stores what became of them, and disables webhooks that keep failing.

use super::sender::{InFlight, Sent};
use crate::domain::WebhookId;
use crate::domain::webhook::{Delivery, DeliveryState, DisabledReason, Webhook, schedule};
use crate::services::{ServiceError, Services};
use crate::storage::webhooks::claims;
use crate::storage::webhooks::outcomes::{self, Outcome};
use crate::storage::{LockWait, StorageError};
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;

/// The most deliveries that are claimed at once.
const MAX_CLAIMS: usize = 32;
/// The status with which a receiver says that it does not want any more.
const GONE: i32 = 410;

impl Services {
    /// Completes when this server has queued deliveries, or has found that some are due.
    pub async fn webhook_deliveries_announced(&self) {
        self.webhooks.deliveries_announced().await;
    }

    /// Claims deliveries that are due, and stores what became of those that were sent. Returns whether some are being
    /// sent, or more may be due. Any number of servers can do it at once.
    pub async fn send_webhooks(&self, now: DateTime<Utc>) -> Result<bool, ServiceError> {
        let sender = &self.webhooks;
        let mut in_flight = sender.in_flight.lock().await;
        // The next ones are claimed while as many are being sent. All of them are sent before their lease ends.
        let free = (2 * sender.options.concurrency).saturating_sub(in_flight.len()).min(MAX_CLAIMS);
        if free > 0 {
            let transaction = self.db.begin_change(LockWait::Brief).await?;
            for claim in claims::claim(transaction, now, free as u64).await? {
                in_flight.begin(sender.send(claim, self.clock.clone()));
            }
        }
        let is_busy = in_flight.len() > 0;
        self.store_ended(&mut in_flight).await?;
        Ok(is_busy)
    }

    /// Begins no further request, waits for those that are being made, and stores what became of them. What was claimed
    /// for others is left to other servers.
    pub async fn finish_sending_webhooks(&self) -> Result<(), ServiceError> {
        self.webhooks.stop();
        let mut in_flight = self.webhooks.in_flight.lock().await;
        while in_flight.len() > 0 {
            self.store_ended(&mut in_flight).await?;
        }
        Ok(())
    }

    /// Waits a moment for requests to end. What cannot be stored now is kept, and stored by the next call.
    async fn store_ended(&self, in_flight: &mut InFlight) -> Result<(), StorageError> {
        in_flight.gather().await;
        self.store_outcomes(&in_flight.ended, &in_flight.not_begun).await?;
        in_flight.to_disable.extend(in_flight.ended.iter().filter_map(|sent| self.reason_to_disable(sent)));
        in_flight.ended.clear();
        in_flight.not_begun.clear();
        while let Some((webhook, reason)) = in_flight.to_disable.first_key_value() {
            self.disable(*webhook, *reason).await?;
            in_flight.to_disable.pop_first();
        }
        Ok(())
    }

    async fn store_outcomes(&self, sent: &[Sent], not_begun: &[Delivery]) -> Result<(), StorageError> {
        if sent.is_empty() && not_begun.is_empty() {
            return Ok(());
        }
        let transaction = self.db.begin_change(LockWait::Brief).await?;
        claims::release(&transaction, not_begun).await?;
        outcomes::store(&transaction, &sent.iter().map(outcome).collect::<Vec<_>>()).await?;
        let of = |attempts: &dyn Fn(&&Sent) -> bool| -> BTreeSet<WebhookId> {
            sent.iter().filter(attempts).map(|sent| sent.webhook.id).collect()
        };
        let succeeded = of(&|sent| sent.attempt.error.is_none());
        let failed = of(&|sent| sent.attempt.error.is_some());
        // Most webhooks were not failing, and are not touched.
        let recovered = of(&|sent| sent.webhook.failing_since.is_some());
        outcomes::end_failing(&transaction, recovered.intersection(&succeeded)).await?;
        outcomes::begin_failing(&transaction, failed.difference(&succeeded), self.clock.now()).await?;
        transaction.commit().await
    }

    /// The webhook, if it is to be disabled after this attempt.
    fn reason_to_disable(&self, sent: &Sent) -> Option<(WebhookId, DisabledReason)> {
        let reason = match sent.attempt.error? {
            _ if sent.attempt.status == Some(GONE) => DisabledReason::Gone,
            _ if self.fails_for_too_long(&sent.webhook) => DisabledReason::Failing,
            _ => return None,
        };
        Some((sent.webhook.id, reason))
    }

    fn fails_for_too_long(&self, webhook: &Webhook) -> bool {
        let after = self.webhooks.options.disable_after;
        webhook.failing_since.is_some_and(|since| schedule::is_disabled(since, self.clock.now(), after))
    }

    /// Disables a webhook, unless a user has done something about it, or it has succeeded, meanwhile.
    async fn disable(&self, id: WebhookId, reason: DisabledReason) -> Result<(), StorageError> {
        let still_fails = |webhook: &Webhook| reason == DisabledReason::Gone || self.fails_for_too_long(webhook);
        if self.disable_webhook(id, reason, still_fails).await? {
            let reason = reason.into_str();
            tracing::warn!(webhook = id.0, reason, "a webhook was disabled, and its deliveries were cancelled");
        }
        Ok(())
    }
}

/// What an attempt makes of its delivery.
fn outcome(sent: &Sent) -> Outcome {
    let Sent { delivery, attempt, finished_at, retry_after, .. } = sent;
    let next = schedule::next_attempt_at(delivery.step, *finished_at, *retry_after, rand::random());
    let (state, next_attempt_at) = match (attempt.error, next) {
        (None, _) => (DeliveryState::Delivered, None),
        (Some(_), Some(next)) => (DeliveryState::Pending, Some(next)),
        (Some(_), None) => (DeliveryState::Failed, None),
    };
    Outcome {
        delivery_id: delivery.id,
        due_at: delivery.next_attempt_at,
        attempt: attempt.clone(),
        state,
        step: delivery.step + 1,
        next_attempt_at,
        finished_at: *finished_at,
    }
}
