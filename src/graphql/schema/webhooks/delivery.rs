//! The types `WebhookDelivery` and `WebhookAttempt`.

use crate::domain;
use crate::graphql::context::ContextExt;
use crate::graphql::direct_json::{WriteJson, written_fields};
use crate::graphql::loaders::{AttemptsOf, CountDeliveriesOf, DeliveriesOf};
use crate::graphql::relay::connection::Listed;
use crate::graphql::relay::cursor::encode;
use crate::graphql::schema::interview::event::InterviewEvent;
use crate::graphql::schema::scalars::DateTime;
use crate::graphql::schema::webhooks::enums::{DeliveryError, DeliveryState, WebhookType};
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use std::convert::Infallible;
use std::sync::Arc;

#[derive(Clone)]
pub struct WebhookDelivery(pub Arc<domain::webhook::Delivery>);

/// One message to one webhook.
#[Object]
impl WebhookDelivery {
    /// The id.
    fn id(&self) -> ID {
        self.0.id.0.into()
    }

    /// The header `webhook-id` of the message: equal in all attempts, and when it is delivered again.
    async fn message_id(&self) -> String {
        self.0.message_id()
    }

    /// What the message is about.
    #[graphql(name = "type")]
    fn message_type(&self) -> WebhookType {
        self.0.message_type.into()
    }

    /// The event. Null for a test, and if the event is not stored any more.
    async fn event(&self, ctx: &Context<'_>) -> Option<Result<InterviewEvent>> {
        let found = ctx.map_failure(ctx.loader().load(self.0.event_id?).await).transpose()?;
        Some(found.map(|(event, interview)| InterviewEvent::of_log(event, interview)))
    }

    /// What has become of it.
    fn state(&self) -> DeliveryState {
        self.0.state.into()
    }

    /// The body of the message, as JSON. Reasons of an erased person are removed from it.
    fn body(&self) -> &str {
        &self.0.body
    }

    /// When it is sent next. Null unless its state is `PENDING`.
    fn next_attempt_at(&self) -> Option<DateTime> {
        self.0.next_attempt_at.map(DateTime)
    }

    /// When it was queued first.
    fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// The last 20 attempts to send it, oldest first.
    async fn attempts(&self, ctx: &Context<'_>) -> Result<Vec<WebhookAttempt>> {
        let attempts = ctx.map_failure(ctx.loader().load(AttemptsOf(self.0.id)).await)?;
        Ok(attempts.unwrap_or_default().into_iter().map(WebhookAttempt::from).collect())
    }
}

/// An attempt to send a message.
#[derive(SimpleObject)]
pub struct WebhookAttempt {
    /// The number of the attempt, from 1. It counts on when the message is delivered again.
    number: i32,
    /// When it began.
    at: DateTime,
    /// The status of the response. Null if there was no response.
    status: Option<i32>,
    /// How long it took, in milliseconds.
    duration_ms: i32,
    /// Why it failed. Null if it succeeded.
    error: Option<DeliveryError>,
    /// The first 1024 bytes of the response's body. Null if there was no response, and after a person of the message
    /// was erased.
    response: Option<String>,
}

impl From<domain::webhook::Attempt> for WebhookAttempt {
    fn from(attempt: domain::webhook::Attempt) -> Self {
        let domain::webhook::Attempt { number, at, status, duration_ms, error, response } = attempt;
        Self { number, at: at.into(), status, duration_ms, error: error.map(DeliveryError::from), response }
    }
}

impl WriteJson for WebhookDelivery {
    const FREE_TEXTS: &'static [&'static str] = &["body"];

    fn text_length(&self) -> usize {
        self.0.body.len()
    }

    type Nested = Infallible;

    written_fields! {
        "id" => id, "type" => message_type, "state" => state, "body" => body, "nextAttemptAt" => next_attempt_at,
        "createdAt" => created_at,
    }
}

impl Listed for WebhookDelivery {
    type Query = DeliveriesOf;

    fn cursor(&self, _: &Self::Query) -> String {
        encode(self.0.id, ())
    }

    async fn count(query: &Self::Query, ctx: &Context<'_>) -> Result<u64> {
        let count = CountDeliveriesOf { webhook: query.webhook, states: query.states.clone() };
        Ok(ctx.map_failure(ctx.loader().load(count).await)?.unwrap_or_default())
    }
}
