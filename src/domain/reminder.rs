//! Reminders: what companies ask for, and the events that remind. Nothing is scheduled: what is due follows from an
//! interview as it is, so that there is nothing to move or to cancel when it changes.

use crate::domain::{
    Audience, CompanyId, CompanySettings, Event, EventId, EventType, Field, FieldChange, InterviewId, UserId,
};
use chrono::{DateTime, TimeDelta, Utc};

/// What a company asks to be reminded of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReminderRule {
    /// Of whose interviews.
    pub company_id: CompanyId,
    /// Of what.
    pub kind: ReminderKind,
    /// How long before the start, or after the waiting began, in minutes.
    pub offset_minutes: i32,
}

/// Of what an event reminds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReminderKind {
    /// A scheduled interview begins. Due from so long before its start on, until it begins; not if the time was set or
    /// agreed to later than that.
    Start,
    /// A pending or amended interview waits for an answer. Due from so long after the waiting began on, until the
    /// interview begins.
    Answer,
}

/// A reminder that is due and was not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueReminder {
    /// The interview.
    pub interview_id: InterviewId,
    /// Its version: of another one the reminder may not be due.
    pub version: i32,
    /// The driver of the interview.
    pub driver_id: UserId,
    /// The rule by which it is due.
    pub rule: ReminderRule,
}

impl ReminderKind {
    /// The type of the event.
    #[must_use]
    pub const fn event_type(self) -> EventType {
        match self {
            Self::Start => EventType::ReminderDue,
            Self::Answer => EventType::AnswerOverdue,
        }
    }
}

impl ReminderRule {
    /// The last start of interviews, or the last time since when they wait, for which a reminder is due by now.
    #[must_use]
    pub fn latest_due(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let offset = TimeDelta::minutes(self.offset_minutes.into());
        match self.kind {
            ReminderKind::Start => now + offset,
            ReminderKind::Answer => now - offset,
        }
    }
}

impl CompanySettings {
    /// The rules of a company with these settings.
    pub fn reminder_rules(&self, company_id: CompanyId) -> impl Iterator<Item = ReminderRule> {
        let rule = move |kind, offset_minutes| ReminderRule { company_id, kind, offset_minutes };
        let starts = self.reminders.iter().map(move |minutes| rule(ReminderKind::Start, *minutes));
        starts.chain(self.answer_reminder_hours.iter().map(move |hours| rule(ReminderKind::Answer, 60 * hours)))
    }
}

impl DueReminder {
    /// The event that reminds. Its audience is that of the interview now.
    #[must_use]
    pub fn event(&self, now: DateTime<Utc>) -> Event {
        let ReminderRule { company_id, kind, offset_minutes } = self.rule;
        let (field, number) = match kind {
            ReminderKind::Start => (Field::MinutesBefore, offset_minutes),
            ReminderKind::Answer => (Field::Hours, offset_minutes / 60),
        };
        Event {
            id: EventId(0),
            interview_id: self.interview_id,
            event_type: kind.event_type(),
            at: now,
            actor_id: None,
            actor_side: None,
            changes: vec![FieldChange { field, from: None, to: Some(number.to_string()) }],
            audience: Audience { company_id, driver_id: Some(self.driver_id), former_driver_id: None },
        }
    }
}
