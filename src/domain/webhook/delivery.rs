//! A delivery: one message to one webhook, and the attempts to send it.

use crate::domain::webhook::WebhookType;
use crate::domain::{DeliveryId, EventId, WebhookId};
use chrono::{DateTime, Utc};
use strum::{EnumString, IntoStaticStr, VariantArray};

/// One message to one webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Assigned by the database. Later deliveries have greater ids.
    pub id: DeliveryId,
    /// To where it goes.
    pub webhook_id: WebhookId,
    /// The event that it tells of; none of a test.
    pub event_id: Option<EventId>,
    /// What it is about.
    pub message_type: WebhookType,
    /// JSON. Every attempt sends the same bytes.
    pub body: String,
    /// What has become of it.
    pub state: DeliveryState,
    /// The number of attempts so far, including one that is under way.
    pub attempt: i32,
    /// The number of attempts since it was queued, or queued again: where it is in the schedule.
    pub step: i32,
    /// When it is sent next; only while it is pending.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// When it was queued first.
    pub created_at: DateTime<Utc>,
}

impl Delivery {
    /// The most attempts of a delivery that are shown. The schedule has ten; more are made when it is queued again.
    pub const MAX_SHOWN_ATTEMPTS: i32 = 20;

    /// What the receiver recognises the message by: equal in all attempts, and when it is delivered again.
    #[must_use]
    pub fn message_id(&self) -> String {
        match self.event_id {
            Some(event) => format!("msg_{}_{event}", self.webhook_id),
            None => format!("msg_{}_t{}", self.webhook_id, self.id),
        }
    }
}

/// What has become of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum DeliveryState {
    /// It waits for its next attempt.
    Pending,
    /// The receiver has responded with success.
    Delivered,
    /// The last attempt of the schedule has failed.
    Failed,
    /// The webhook was disabled before it was delivered.
    Cancelled,
}

/// One attempt to send a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Counts from 1.
    pub number: i32,
    /// When it began.
    pub at: DateTime<Utc>,
    /// The status of the response; none if there was no response.
    pub status: Option<i32>,
    /// How long it took, in milliseconds.
    pub duration_ms: i32,
    /// Why it failed; none if it succeeded.
    pub error: Option<DeliveryError>,
    /// The beginning of the response; none if there was no response, or if it was erased.
    pub response: Option<String>,
}

/// Why an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum DeliveryError {
    /// The name of the host was not found.
    Dns,
    /// The server does not send to this address.
    RefusedAddress,
    /// There was no connection.
    Connect,
    /// The certificate of the receiver is not valid, or there was no encrypted connection for another reason.
    Tls,
    /// The receiver took too long.
    Timeout,
    /// The receiver ended the connection without a response.
    Reset,
    /// The status of the response is no success.
    Status,
    /// The response was a redirect, which is not followed.
    Redirect,
}

impl DeliveryError {
    /// What a response with this status means for the delivery: none if it is delivered. Redirects are not followed.
    #[must_use]
    pub fn of_status(status: u16) -> Option<Self> {
        match status {
            200..=299 => None,
            300..=399 => Some(Self::Redirect),
            _ => Some(Self::Status),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_is_recognised_by_webhook_and_event_and_a_test_by_its_delivery() {
        let test = Delivery {
            id: DeliveryId(7),
            webhook_id: WebhookId(3),
            event_id: None,
            message_type: WebhookType::Test,
            body: String::new(),
            state: DeliveryState::Pending,
            attempt: 0,
            step: 0,
            next_attempt_at: None,
            created_at: DateTime::UNIX_EPOCH,
        };
        assert_eq!(test.message_id(), "msg_3_t7");
        assert_eq!(Delivery { event_id: Some(EventId(9)), ..test }.message_id(), "msg_3_9");
    }
}
