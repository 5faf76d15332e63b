//! Sends deliveries that this server has claimed: several at a time, each in a task of its own.

use crate::domain::WebhookId;
use crate::domain::webhook::{
    Attempt, Delivery, DeliveryError, DisabledReason, Webhook, WebhookSecret, schedule, signature,
};
use crate::outbound::{SystemLookup, WebhookClient, WebhookRequest, WebhookTransport};
use crate::services::Clock;
use crate::storage::webhooks::claims::Claim;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeMap;
use std::iter;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::time::Duration;
use tokio::sync::{Mutex, Notify, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

/// How webhooks are sent, and for how long.
#[derive(Clone, Debug)]
pub struct WebhookOptions {
    /// How a request is made.
    pub transport: WebhookTransport,
    /// How many requests are made at a time.
    pub concurrency: usize,
    /// How long a webhook fails before it is disabled.
    pub disable_after: TimeDelta,
    /// How long deliveries are kept after they have ended.
    pub retention: TimeDelta,
}

impl Default for WebhookOptions {
    fn default() -> Self {
        Self {
            transport: WebhookTransport::default(),
            concurrency: 16,
            disable_after: TimeDelta::days(5),
            retention: TimeDelta::days(30),
        }
    }
}

/// The longest wait for an attempt to end. More deliveries can be due meanwhile.
const LONGEST_WAIT: Duration = Duration::from_millis(250);
/// Attempts that end within this time of the first one are stored together with it.
const GATHERED_WITHIN: Duration = Duration::from_millis(5);

/// What a server keeps of webhooks while it works.
#[derive(Debug)]
pub(crate) struct WebhookSender {
    client: Arc<WebhookClient>,
    /// One permit for each request that can be made at the same time.
    slots: Arc<Semaphore>,
    pub(crate) options: WebhookOptions,
    pub(super) in_flight: Mutex<InFlight>,
    /// How many webhooks were enabled when the dispatcher last looked.
    pub(super) receivers: AtomicUsize,
    /// Whether a webhook was enabled when the dispatcher last looked.
    has_receivers: AtomicBool,
    events: Notify,
    deliveries: Notify,
}

/// What a server has claimed.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    sending: JoinSet<Result<Sent, Delivery>>,
    /// What has ended and is not stored yet.
    pub ended: Vec<Sent>,
    /// Deliveries whose attempts do not begin any more, because the process stops. Their claims are to be released.
    pub not_begun: Vec<Delivery>,
    /// Webhooks that are to be disabled, and are not yet.
    pub to_disable: BTreeMap<WebhookId, DisabledReason>,
}

/// An attempt that has ended.
#[derive(Debug)]
pub(super) struct Sent {
    pub delivery: Delivery,
    pub webhook: Webhook,
    pub attempt: Attempt,
    pub finished_at: DateTime<Utc>,
    /// How long the receiver asks to wait.
    pub retry_after: Option<TimeDelta>,
}

impl WebhookSender {
    pub(crate) fn new(options: WebhookOptions) -> Self {
        Self {
            client: Arc::new(WebhookClient::new(options.transport.clone(), Arc::new(SystemLookup))),
            slots: Arc::new(Semaphore::new(options.concurrency)),
            options,
            in_flight: Mutex::default(),
            receivers: AtomicUsize::new(1),
            has_receivers: AtomicBool::new(false),
            events: Notify::new(),
            deliveries: Notify::new(),
        }
    }

    /// Announces events, if a webhook may receive them.
    pub(crate) fn announce_events(&self) {
        if self.has_receivers.load(Relaxed) {
            self.events.notify_one();
        }
    }

    pub(super) async fn events_announced(&self) {
        self.events.notified().await;
    }

    pub(super) fn set_has_receivers(&self, has_receivers: bool) {
        self.has_receivers.store(has_receivers, Relaxed);
    }

    /// Announces deliveries that are due.
    pub(super) fn announce_deliveries(&self) {
        self.deliveries.notify_one();
    }

    pub(super) async fn deliveries_announced(&self) {
        self.deliveries.notified().await;
    }

    /// Begins no further attempt.
    pub(super) fn stop(&self) {
        self.slots.close();
    }

    /// Makes one attempt as soon as there is a slot. Returns the delivery if there will be none.
    pub(super) fn send(
        &self,
        claim: Claim,
        clock: Clock,
    ) -> impl Future<Output = Result<Sent, Delivery>> + Send + use<> {
        let (client, slots) = (self.client.clone(), self.slots.clone());
        async move {
            let Claim { delivery, webhook } = claim;
            let Ok(_slot) = slots.acquire_owned().await else { return Err(delivery) };
            let (at, begin) = (clock.now(), Instant::now());
            let response = client.send(request(&delivery, &webhook, at)).await;
            let duration_ms = i32::try_from(begin.elapsed().as_millis()).unwrap_or(i32::MAX);
            let finished_at = clock.now();
            let unanswered =
                Attempt { number: delivery.attempt, at, status: None, duration_ms, error: None, response: None };
            let (attempt, retry_after) = match response {
                Err(error) => (Attempt { error: Some(error), ..unanswered }, None),
                Ok(response) => {
                    let error = DeliveryError::of_status(response.status);
                    let asked = response.retry_after.as_deref();
                    let retry_after = asked.and_then(|it| schedule::retry_after(response.status, it, finished_at));
                    let status = Some(response.status.into());
                    (Attempt { status, error, response: Some(response.body), ..unanswered }, retry_after)
                }
            };
            Ok(Sent { delivery, webhook, attempt, finished_at, retry_after })
        }
    }
}

fn request(delivery: &Delivery, webhook: &Webhook, at: DateTime<Utc>) -> WebhookRequest {
    let id = delivery.message_id();
    WebhookRequest {
        url: webhook.url.clone(),
        signature: signature::sign(secrets(webhook, at), &id, at, delivery.body.as_bytes()),
        id,
        timestamp: at.timestamp(),
        body: delivery.body.clone().into(),
    }
}

/// The secret, and the previous one until its time is over.
fn secrets(webhook: &Webhook, now: DateTime<Utc>) -> impl Iterator<Item = &WebhookSecret> {
    let previous = webhook.previous_secret.as_ref().filter(|previous| now < previous.until);
    iter::once(&webhook.secret).chain(previous.map(|previous| &previous.secret))
}

impl InFlight {
    pub fn len(&self) -> usize {
        self.sending.len() + self.ended.len() + self.not_begun.len()
    }

    pub fn begin(&mut self, attempt: impl Future<Output = Result<Sent, Delivery>> + Send + 'static) {
        self.sending.spawn(attempt);
    }

    /// Waits for the first attempt to end, but not for long, and gathers those that end soon after it.
    pub async fn gather(&mut self) {
        let mut deadline = Instant::now() + LONGEST_WAIT;
        while let Ok(Some(sent)) = timeout_at(deadline, self.sending.join_next()).await {
            deadline = deadline.min(Instant::now() + GATHERED_WITHIN);
            match sent {
                Ok(Ok(sent)) => self.ended.push(sent),
                Ok(Err(delivery)) => self.not_begun.push(delivery),
                // Its lease runs out, and the delivery is sent again.
                Err(error) => tracing::error!(%error, "an attempt to send a webhook panicked"),
            }
        }
    }
}
