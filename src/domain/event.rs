//! An event of the log: one change of an interview, or a reminder of it. The events of an interview are its history.

use crate::domain::{Audience, EventId, Field, InterviewId, Side, UserId};
use chrono::{DateTime, Utc};
use strum::{EnumString, IntoStaticStr, VariantArray};

/// What happened to an interview.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum EventType {
    /// It was created.
    Created,
    /// Staff edited its fields.
    Updated,
    /// A side proposed another time.
    Amended,
    /// A side agreed to the interview or to the proposed time.
    Accepted,
    /// The other side declined the proposed time.
    AmendmentDeclined,
    /// The proposing side withdrew the proposed time.
    AmendmentWithdrawn,
    /// The driver declined the interview.
    Rejected,
    /// Staff cancelled it.
    Cancelled,
    /// It took place.
    Completed,
    /// A side did not appear.
    NoShow,
    /// It begins soon. Nothing changes.
    ReminderDue,
    /// It waits for an answer for a long time. Nothing changes.
    AnswerOverdue,
}

impl EventType {
    /// The types of events that remind of an interview and do not change it.
    pub const REMINDERS: [Self; 2] = [Self::ReminderDue, Self::AnswerOverdue];

    /// Whether the event reminds of the interview and does not change it.
    #[must_use]
    pub fn is_reminder(self) -> bool {
        Self::REMINDERS.contains(&self)
    }
}

/// One changed field. Values are written as in the REST API: enum values in snake case, times with three decimals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// Only fields of interviews and of reminders; never [`Field::Id`] or [`Field::As`].
    pub field: Field,
    /// The value before; none for null.
    pub from: Option<String>,
    /// The value after; none for null.
    pub to: Option<String>,
}

impl FieldChange {
    /// The value `from` or `to` as the GraphQL schema and webhooks print it: enum values in capitals.
    #[must_use]
    pub fn api_value(&self, value: Option<&str>) -> Option<String> {
        match self.field {
            Field::Kind | Field::Status | Field::AmendedBy | Field::Absent => value.map(str::to_uppercase),
            _ => value.map(str::to_owned),
        }
    }
}

/// One entry of an interview's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Assigned by the database; 0 until the event is stored.
    pub id: EventId,
    /// The interview that changed.
    pub interview_id: InterviewId,
    /// What happened.
    pub event_type: EventType,
    /// When the change was decided; equals the interview's `updated_at` after it. Of a reminder, when it was found due.
    pub at: DateTime<Utc>,
    /// The user who made the change; none if the user was deleted, and of a reminder.
    pub actor_id: Option<UserId>,
    /// The side for which the user acted; none of a reminder.
    pub actor_side: Option<Side>,
    /// The fields that changed, in the order of [`Field`]. Of a reminder, when it is due.
    pub changes: Vec<FieldChange>,
    /// Who sees the event.
    pub audience: Audience,
}
