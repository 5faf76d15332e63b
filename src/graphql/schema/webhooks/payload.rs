//! The results of the mutations of webhooks.

use crate::domain::webhook;
use crate::graphql::schema::interview::user_errors::UserError;
use crate::graphql::schema::webhooks::delivery::WebhookDelivery;
use crate::graphql::schema::webhooks::object::Webhook;
use crate::services::{ChangedWebhook, Replay};
use async_graphql::{ID, SimpleObject};
use std::sync::Arc;

/// The result of a mutation that changes a webhook.
#[derive(SimpleObject)]
pub struct WebhookPayload {
    /// The webhook after the change. Null if there are user errors; nothing was changed then.
    webhook: Option<Webhook>,
    /// The secret that messages are signed with: `whsec_` and base64. Only of `createWebhook` and
    /// `rotateWebhookSecret`: it is not shown again, but in a response to the same request with the same
    /// `idempotencyKey`. That has the secret of that time, which is not the first one if it was replaced meanwhile.
    secret: Option<String>,
    /// The errors that the user can fix. All invalid values are reported at once. Empty on success.
    user_errors: Vec<UserError>,
    /// Whether an earlier request with the same `idempotencyKey` made the change. Nothing was written now, and
    /// `webhook` is as it is now.
    replayed: bool,
}

/// The result of a mutation that queues a delivery.
#[derive(SimpleObject)]
pub struct WebhookDeliveryPayload {
    /// The delivery as it was queued. Null if there are user errors; nothing was queued then.
    delivery: Option<WebhookDelivery>,
    /// The errors that the user can fix. Empty on success.
    user_errors: Vec<UserError>,
}

/// The result of `replayWebhook`.
#[derive(SimpleObject)]
pub struct ReplayPayload {
    /// How many deliveries were queued. Null if there are user errors; nothing was queued then.
    count: Option<i32>,
    /// Whether there are no further events. If there are, call the mutation again with `since` set to `last`. Null if
    /// there are user errors.
    complete: Option<bool>,
    /// The id of the last event that was looked at. Null if there are user errors, or no events after `since`.
    last: Option<ID>,
    /// The errors that the user can fix. Empty on success.
    user_errors: Vec<UserError>,
}

/// The result of a mutation that deletes something.
#[derive(SimpleObject)]
pub struct DeletePayload {
    /// The id of what was deleted. Null if there are user errors; nothing was changed then.
    deleted_id: Option<ID>,
    /// The errors that the user can fix. Empty on success.
    user_errors: Vec<UserError>,
}

impl WebhookPayload {
    pub fn changed(ChangedWebhook { webhook, replayed }: ChangedWebhook) -> Self {
        Self { webhook: Some(Webhook(Arc::new(webhook))), secret: None, user_errors: Vec::new(), replayed }
    }

    pub fn with_secret(changed: ChangedWebhook) -> Self {
        Self { secret: Some(changed.webhook.secret.expose()), ..Self::changed(changed) }
    }

    pub fn refused(user_errors: Vec<UserError>) -> Self {
        Self { webhook: None, secret: None, user_errors, replayed: false }
    }
}

impl WebhookDeliveryPayload {
    pub fn queued(delivery: webhook::Delivery) -> Self {
        Self { delivery: Some(WebhookDelivery(Arc::new(delivery))), user_errors: Vec::new() }
    }

    pub fn refused(user_errors: Vec<UserError>) -> Self {
        Self { delivery: None, user_errors }
    }
}

impl ReplayPayload {
    pub fn queued(Replay { count, complete, last }: Replay) -> Self {
        let count = i32::try_from(count).unwrap_or(i32::MAX);
        let last = last.map(|event| event.0.into());
        Self { count: Some(count), complete: Some(complete), last, user_errors: Vec::new() }
    }

    pub fn refused(user_errors: Vec<UserError>) -> Self {
        Self { count: None, complete: None, last: None, user_errors }
    }
}

impl DeletePayload {
    pub fn deleted(id: ID) -> Self {
        Self { deleted_id: Some(id), user_errors: Vec::new() }
    }

    pub fn refused(user_errors: Vec<UserError>) -> Self {
        Self { deleted_id: None, user_errors }
    }
}
