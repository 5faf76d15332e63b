//! The types of messages.

use crate::domain::EventType;
use serde::Serialize;
use strum::{EnumString, IntoStaticStr, VariantArray};

/// What a message is about, by its name in the message.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumString, IntoStaticStr, Serialize, VariantArray,
)]
#[strum(const_into_str)]
pub enum WebhookType {
    /// See [`EventType::Created`].
    #[strum(serialize = "interview.created")]
    Created,
    /// See [`EventType::Updated`].
    #[strum(serialize = "interview.updated")]
    Updated,
    /// See [`EventType::Amended`].
    #[strum(serialize = "interview.amended")]
    Amended,
    /// See [`EventType::Accepted`].
    #[strum(serialize = "interview.accepted")]
    Accepted,
    /// See [`EventType::AmendmentDeclined`].
    #[strum(serialize = "interview.amendment_declined")]
    AmendmentDeclined,
    /// See [`EventType::AmendmentWithdrawn`].
    #[strum(serialize = "interview.amendment_withdrawn")]
    AmendmentWithdrawn,
    /// See [`EventType::Rejected`].
    #[strum(serialize = "interview.rejected")]
    Rejected,
    /// See [`EventType::Cancelled`].
    #[strum(serialize = "interview.cancelled")]
    Cancelled,
    /// See [`EventType::Completed`].
    #[strum(serialize = "interview.completed")]
    Completed,
    /// See [`EventType::NoShow`].
    #[strum(serialize = "interview.no_show")]
    NoShow,
    /// See [`EventType::ReminderDue`].
    #[strum(serialize = "interview.reminder_due")]
    ReminderDue,
    /// See [`EventType::AnswerOverdue`].
    #[strum(serialize = "interview.answer_overdue")]
    AnswerOverdue,
    /// A test that a user asked for.
    #[strum(serialize = "webhook.test")]
    Test,
}

impl From<EventType> for WebhookType {
    fn from(event: EventType) -> Self {
        match event {
            EventType::Created => Self::Created,
            EventType::Updated => Self::Updated,
            EventType::Amended => Self::Amended,
            EventType::Accepted => Self::Accepted,
            EventType::AmendmentDeclined => Self::AmendmentDeclined,
            EventType::AmendmentWithdrawn => Self::AmendmentWithdrawn,
            EventType::Rejected => Self::Rejected,
            EventType::Cancelled => Self::Cancelled,
            EventType::Completed => Self::Completed,
            EventType::NoShow => Self::NoShow,
            EventType::ReminderDue => Self::ReminderDue,
            EventType::AnswerOverdue => Self::AnswerOverdue,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_have_the_names_of_their_types_behind_a_prefix() {
        let of_events: Vec<_> = EventType::VARIANTS.iter().map(|event| WebhookType::from(*event)).collect();
        assert_eq!([&of_events[..], &[WebhookType::Test]].concat(), WebhookType::VARIANTS);
        for event in EventType::VARIANTS {
            assert_eq!(WebhookType::from(*event).into_str(), format!("interview.{}", event.into_str()));
        }
        assert_eq!("webhook.test".parse(), Ok(WebhookType::Test));
    }
}
