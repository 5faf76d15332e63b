//! The mutations of webhooks.

use crate::domain::webhook::{NewWebhook, WebhookPatch};
use crate::domain::{DeliveryId, EventId, ExpectedVersion, WebhookId};
use crate::graphql::context::ContextExt;
use crate::graphql::engine::error::{Code, error_with_code};
use crate::graphql::schema::idempotency::key;
use crate::graphql::schema::webhooks::inputs::{CreateWebhookInput, UpdateWebhookInput};
use crate::graphql::schema::webhooks::payload::{DeletePayload, ReplayPayload, WebhookDeliveryPayload, WebhookPayload};
use crate::graphql::schema::webhooks::user_errors::outcome;
use async_graphql::{Context, ID, Object, Result};
use chrono::TimeDelta;

/// The longest time for which two secrets are valid.
const MAX_OVERLAP_MINUTES: i32 = 7 * 24 * 60;

pub struct WebhookMutations;

#[Object]
impl WebhookMutations {
    /// Creates a webhook, which receives the events from now on. At most 20 of a company, and 20 without a company
    /// (`TOO_MANY_WEBHOOKS`). For managers of the company, admins and services.
    async fn create_webhook(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The webhook.")] input: CreateWebhookInput,
        #[graphql(desc = "Makes the mutation safe to repeat: 1 to 255 printable ASCII characters, see `replayed`.")]
        idempotency_key: Option<String>,
    ) -> Result<WebhookPayload> {
        let (viewer, new) = (ctx.viewer()?, NewWebhook::from(input));
        let result = match key(idempotency_key) {
            Ok(key) => Box::pin(ctx.services().create_webhook(viewer, &new, key.as_ref())).await,
            Err(refusal) => Err(refusal.into()),
        };
        Ok(outcome(ctx, "input", result)?.map_or_else(WebhookPayload::refused, WebhookPayload::with_secret))
    }

    /// Changes a webhook. One that is switched on again receives what it has missed: the deliveries that were cancelled
    /// when the server switched it off, and the events since it was switched off, of each the last 10000. Those before
    /// and those whose delivery has failed are queued by `replayWebhook`. For managers of its company, admins and
    /// services, as all mutations of webhooks.
    async fn update_webhook(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The webhook's id.")] id: ID,
        #[graphql(desc = "The changes.")] input: UpdateWebhookInput,
        #[graphql(desc = "The `version` of the webhook for which the change is meant. `STALE_VERSION` if it has \
                          another one. The default is any.")]
        expected_version: Option<i32>,
    ) -> Result<WebhookPayload> {
        let (id, patch) = (WebhookId::from_text(&id), WebhookPatch::from(input));
        let expected = ExpectedVersion::from(expected_version);
        let result = Box::pin(ctx.services().update_webhook(ctx.viewer()?, id, &patch, &expected)).await;
        Ok(outcome(ctx, "id", result)?.map_or_else(WebhookPayload::refused, WebhookPayload::changed))
    }

    /// Deletes a webhook with its deliveries. What is being sent at the moment still arrives.
    async fn delete_webhook(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The webhook's id.")] id: ID,
    ) -> Result<DeletePayload> {
        let result = ctx.services().delete_webhook(ctx.viewer()?, WebhookId::from_text(&id)).await;
        Ok(outcome(ctx, "id", result)?.map_or_else(DeletePayload::refused, |()| DeletePayload::deleted(id)))
    }

    /// Gives a webhook a new secret. Until the overlap ends, messages are signed with the present one as well, so that
    /// the receiver can change to the new one meanwhile. A secret before the present one is not used any more.
    async fn rotate_webhook_secret(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The webhook's id.")] id: ID,
        #[graphql(
            desc = "For how many minutes the present secret remains valid, from 0 to 10080. The default is a day.",
            default_with = "Some(1440)"
        )]
        overlap_minutes: Option<i32>,
        #[graphql(desc = "Makes the mutation safe to repeat: 1 to 255 printable ASCII characters, see `replayed`.")]
        idempotency_key: Option<String>,
    ) -> Result<WebhookPayload> {
        let minutes = overlap_minutes.unwrap_or(1440);
        if !(0..=MAX_OVERLAP_MINUTES).contains(&minutes) {
            let message = format!("The argument `overlapMinutes` has to be from 0 to {MAX_OVERLAP_MINUTES}.");
            return Err(error_with_code(Code::BadUserInput, message));
        }
        let (id, overlap) = (WebhookId::from_text(&id), TimeDelta::minutes(minutes.into()));
        let viewer = ctx.viewer()?;
        let result = match key(idempotency_key) {
            Ok(key) => Box::pin(ctx.services().rotate_webhook_secret(viewer, id, overlap, key.as_ref())).await,
            Err(refusal) => Err(refusal.into()),
        };
        Ok(outcome(ctx, "id", result)?.map_or_else(WebhookPayload::refused, WebhookPayload::with_secret))
    }

    /// Sends a message of the type `webhook.test`. `INVALID_STATE` unless the webhook is enabled.
    async fn test_webhook(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The webhook's id.")] id: ID,
    ) -> Result<WebhookDeliveryPayload> {
        let result = ctx.services().test_webhook(ctx.viewer()?, WebhookId::from_text(&id)).await;
        Ok(outcome(ctx, "id", result)?.map_or_else(WebhookDeliveryPayload::refused, WebhookDeliveryPayload::queued))
    }

    /// Sends a delivery in any state again: the same message, with attempts as of a new one.
    /// `INVALID_STATE` unless the webhook is enabled.
    async fn redeliver_webhook(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The delivery's id.")] delivery_id: ID,
    ) -> Result<WebhookDeliveryPayload> {
        let result = ctx.services().redeliver_webhook(ctx.viewer()?, DeliveryId::from_text(&delivery_id)).await;
        Ok(outcome(ctx, "deliveryId", result)?
            .map_or_else(WebhookDeliveryPayload::refused, WebhookDeliveryPayload::queued))
    }

    /// Sends the events after one of them that the webhook wants, also those from before it was created. Looks at up to
    /// 10000 events. `INVALID_STATE` unless the webhook is enabled.
    async fn replay_webhook(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The webhook's id.")] id: ID,
        #[graphql(desc = "The id of an event. The events after it are sent.")] since: ID,
        #[graphql(
            desc = "Whether to send again what was delivered before. The default is to send what was not.",
            default_with = "Some(false)"
        )]
        include_delivered: Option<bool>,
    ) -> Result<ReplayPayload> {
        let (id, since) = (WebhookId::from_text(&id), EventId::from_text(&since));
        let include_delivered = include_delivered == Some(true);
        let result = ctx.services().replay_webhook(ctx.viewer()?, id, since, include_delivered);
        Ok(outcome(ctx, "id", Box::pin(result).await)?.map_or_else(ReplayPayload::refused, ReplayPayload::queued))
    }
}
