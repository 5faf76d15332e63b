//! The user errors of webhooks.

use crate::domain::webhook::{WebhookRefusal, WebhookResult, WebhookStatus};
use crate::domain::{Refusal, RefusalCode};
use crate::graphql::context::ContextExt;
use crate::graphql::schema::interview::user_errors::{ArgumentPaths, UserError};
use crate::services::ServiceError;
use async_graphql::{Context, Result};

/// The result of a service, or the user errors of its refusal. Other errors fail the request. `id` is the argument that
/// names the webhook, or its delivery.
pub fn outcome<T>(
    ctx: &Context<'_>,
    id: &str,
    result: Result<WebhookResult<T>, ServiceError>,
) -> Result<Result<T, Vec<UserError>>> {
    match result {
        Ok(Ok(done)) => Ok(Ok(done)),
        Ok(Err(refusal)) => {
            ctx.record_user_error(refusal.code());
            Ok(Err(user_errors(refusal, id)))
        }
        Err(ServiceError::Refused(Refusal::Forbidden(reason))) => {
            ctx.record_user_error(RefusalCode::Forbidden);
            Ok(Err(vec![UserError::not_permitted(reason)]))
        }
        Err(ServiceError::Refused(refusal)) => {
            ctx.record_user_error(refusal.code());
            Ok(Err(UserError::all(refusal, ArgumentPaths::BesideId)))
        }
        Err(failure) => Err(ctx.failure(failure)),
    }
}

fn user_errors(refusal: WebhookRefusal, id: &str) -> Vec<UserError> {
    let error = match refusal {
        WebhookRefusal::UnknownWebhook => {
            UserError::not_found("This webhook does not exist, or you cannot see it.", &[id])
        }
        WebhookRefusal::UnknownDelivery => {
            UserError::not_found("This delivery does not exist, or you cannot see it.", &[id])
        }
        WebhookRefusal::UnknownEvent => {
            UserError::not_found("This event does not exist, or you cannot see it.", &["since"])
        }
        WebhookRefusal::UnknownCompany => UserError::unknown_company(&["input", "companyId"]),
        WebhookRefusal::Stale(version) => UserError::stale_webhook(version),
        WebhookRefusal::KeyReused => UserError::key_reused(),
        WebhookRefusal::TooMany => UserError::too_many_webhooks(),
        WebhookRefusal::NotEnabled(status) => UserError::webhook_state(state_message(status), status, id),
        WebhookRefusal::Invalid(errors) => return errors.into_iter().map(UserError::webhook).collect(),
    };
    vec![error]
}

fn state_message(status: WebhookStatus) -> &'static str {
    match status {
        WebhookStatus::Paused => "This is not possible, because the webhook is paused. Enable it first.",
        WebhookStatus::Disabled => "This is not possible, because the webhook is disabled. Enable it first.",
        WebhookStatus::Enabled => "This is not possible, because the webhook is enabled.",
    }
}
