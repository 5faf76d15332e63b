//! The enums of webhooks: those of the domain under their GraphQL names.

use crate::domain::webhook;
use crate::graphql::direct_json::json_enums;
use async_graphql::Enum;

/// What a message to a webhook is about: an event of an interview, or a test. Its `type` in the message is
/// `interview.` and the name in lower case; of a test it is `webhook.test`.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "webhook::WebhookType")]
pub enum WebhookType {
    /// See `InterviewEventType.CREATED`.
    Created,
    /// See `InterviewEventType.UPDATED`.
    Updated,
    /// See `InterviewEventType.AMENDED`.
    Amended,
    /// See `InterviewEventType.ACCEPTED`.
    Accepted,
    /// See `InterviewEventType.AMENDMENT_DECLINED`.
    AmendmentDeclined,
    /// See `InterviewEventType.AMENDMENT_WITHDRAWN`.
    AmendmentWithdrawn,
    /// See `InterviewEventType.REJECTED`.
    Rejected,
    /// See `InterviewEventType.CANCELLED`.
    Cancelled,
    /// See `InterviewEventType.COMPLETED`.
    Completed,
    /// See `InterviewEventType.NO_SHOW`.
    NoShow,
    /// See `InterviewEventType.REMINDER_DUE`.
    ReminderDue,
    /// See `InterviewEventType.ANSWER_OVERDUE`.
    AnswerOverdue,
    /// `testWebhook` was called. A webhook receives its tests with any `types`.
    Test,
}

/// Whether a webhook receives messages. Nothing is queued for a webhook that is not `ENABLED`.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "webhook::WebhookStatus")]
pub enum WebhookStatus {
    /// It does.
    Enabled,
    /// `updateWebhook` has switched it off.
    Paused,
    /// The server has switched it off: see `Webhook.disabledReason`.
    Disabled,
}

/// The status that a user can give a webhook.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum WebhookStatusInput {
    /// Switches the webhook on. Events that it has missed are queued.
    Enabled,
    /// Switches the webhook off. Messages that wait for an attempt are sent when it is switched on again.
    Paused,
}

/// Why the server has switched a webhook off.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "webhook::DisabledReason")]
pub enum WebhookDisabledReason {
    /// The receiver has responded with the status 410.
    Gone,
    /// No attempt has succeeded for `WEBHOOK_DISABLE_AFTER`, which is 5 days by default.
    Failing,
}

/// What has become of a delivery.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "webhook::DeliveryState")]
pub enum DeliveryState {
    /// It waits for its next attempt.
    Pending,
    /// The receiver has responded with a status from 200 to 299.
    Delivered,
    /// The last attempt has failed. `redeliverWebhook` and `replayWebhook` queue it again.
    Failed,
    /// The server switched the webhook off before it was delivered. It is queued again when the webhook is switched on.
    Cancelled,
}

/// Why an attempt failed.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "webhook::DeliveryError")]
pub enum DeliveryError {
    /// The name of the host has no address.
    Dns,
    /// The server does not send to the address of the host.
    RefusedAddress,
    /// There was no connection.
    Connect,
    /// There was no secure connection, for example because the certificate is not valid.
    Tls,
    /// The receiver took too long.
    Timeout,
    /// The connection ended without a complete response.
    Reset,
    /// The status of the response is not from 200 to 299.
    Status,
    /// The response is a redirect, which the server does not follow.
    Redirect,
}

json_enums! { WebhookStatus WebhookDisabledReason DeliveryState WebhookType }
