//! A webhook.

use crate::domain::webhook::{DisabledReason, WebhookSecret, WebhookStatus, WebhookType};
use crate::domain::{CompanyId, Event, LogPosition, WebhookId};
use chrono::{DateTime, Utc};

/// A URL to which events are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Assigned by the database; 0 until the webhook is stored.
    pub id: WebhookId,
    /// The company of whose interviews it receives events; none for those of all companies.
    pub company_id: Option<CompanyId>,
    /// To where messages are sent.
    pub url: String,
    /// The types of messages that it receives, each once; none for all, later ones too.
    pub types: Option<Vec<WebhookType>>,
    /// What it is for.
    pub description: Option<String>,
    /// Whether it receives messages.
    pub status: WebhookStatus,
    /// Why it is disabled; only while it is.
    pub disabled_reason: Option<DisabledReason>,
    /// What its messages are signed with.
    pub secret: WebhookSecret,
    /// What they are signed with as well.
    pub previous_secret: Option<PreviousSecret>,
    /// When the first attempt failed since one last succeeded.
    pub failing_since: Option<DateTime<Utc>>,
    /// Incremented with every change that a user makes, and when the server disables it.
    pub version: i32,
    /// It receives no event that is older, unless a user asks for it.
    pub created_at: DateTime<Utc>,
    /// When the version last changed.
    pub updated_at: DateTime<Utc>,
    /// The last event that was considered for it before it ceased to be enabled; none while it is enabled.
    pub missed_after: Option<LogPosition>,
}

/// The secret before the present one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviousSecret {
    /// The secret.
    pub secret: WebhookSecret,
    /// Until when messages are signed with it.
    pub until: DateTime<Utc>,
}

impl Webhook {
    /// Whether it receives messages of a type.
    #[must_use]
    pub fn wants(&self, message_type: WebhookType) -> bool {
        self.types.as_ref().is_none_or(|types| types.contains(&message_type))
    }

    /// Whether it receives an event, if it is enabled.
    #[must_use]
    pub fn receives(&self, event: &Event) -> bool {
        let is_of_company = self.company_id.is_none_or(|company| company == event.audience.company_id);
        is_of_company && self.created_at <= event.at && self.wants(event.event_type.into())
    }
}
