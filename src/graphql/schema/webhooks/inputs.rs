//! The inputs of webhooks, and their conversion.

use crate::domain::CompanyId;
use crate::domain::webhook::{NewWebhook, WebhookPatch};
use crate::graphql::schema::patch::patch;
use crate::graphql::schema::webhooks::enums::{WebhookStatusInput, WebhookType};
use async_graphql::{ID, InputObject, MaybeUndefined};

/// A new webhook.
#[derive(InputObject)]
pub struct CreateWebhookInput {
    /// Where messages are sent: an `https` URL of at most 2048 characters without a user, a password or a fragment,
    /// whose host is not in a private network (`INVALID_URL`). The server's settings can allow more.
    url: String,
    /// The id of the company of whose interviews the webhook receives events. Absent or null: those of all companies,
    /// which is for admins and services.
    company_id: Option<ID>,
    /// The types of messages that it receives, at least one (`REQUIRED`). Absent or null: all, also those that a later
    /// release adds.
    types: Option<Vec<WebhookType>>,
    /// What it is for, at most 500 characters (`TEXT_TOO_LONG`, `INVALID_TEXT`). A blank text is null.
    description: Option<String>,
}

/// The changes of a webhook. A field that is absent keeps its value.
#[derive(InputObject)]
pub struct UpdateWebhookInput {
    /// As in `CreateWebhookInput`. Null is not allowed (`NULL_NOT_ALLOWED`). Messages that wait for an attempt go to
    /// the new URL.
    url: MaybeUndefined<String>,
    /// As in `CreateWebhookInput`; null for all types.
    types: MaybeUndefined<Vec<WebhookType>>,
    /// As in `CreateWebhookInput`; null for none.
    description: MaybeUndefined<String>,
    /// Whether the webhook receives messages. Null is not allowed (`NULL_NOT_ALLOWED`).
    status: MaybeUndefined<WebhookStatusInput>,
}

impl From<CreateWebhookInput> for NewWebhook {
    fn from(input: CreateWebhookInput) -> Self {
        let CreateWebhookInput { url, company_id, types, description } = input;
        Self {
            url,
            company_id: company_id.map(|id| CompanyId::from_text(&id)),
            types: types.map(|types| types.into_iter().map(Into::into).collect()),
            description,
        }
    }
}

impl From<UpdateWebhookInput> for WebhookPatch {
    fn from(input: UpdateWebhookInput) -> Self {
        let UpdateWebhookInput { url, types, description, status } = input;
        Self {
            url: patch(url),
            types: patch(types).map(|types| types.into_iter().map(Into::into).collect()),
            description: patch(description),
            enabled: patch(status).map(|status| status == WebhookStatusInput::Enabled),
        }
    }
}
