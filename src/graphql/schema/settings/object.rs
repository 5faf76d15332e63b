//! The type `CompanySettings`.

use crate::domain;
use async_graphql::SimpleObject;

/// What a company has set for itself. More settings may be added.
#[derive(SimpleObject)]
pub struct CompanySettings {
    /// A counter that each change increments by one; 0 while the company has set nothing and has the defaults. Send it
    /// as `expectedVersion` to detect concurrent changes.
    version: i32,
    /// How many minutes before a scheduled interview the event `REMINDER_DUE` is written, from the greatest to the
    /// smallest. Empty for no reminders, which is the default.
    reminders: Vec<i32>,
    /// After how many hours without an answer the event `ANSWER_OVERDUE` is written for a pending or amended interview,
    /// from the greatest to the smallest. Empty for no reminders, which is the default.
    answer_reminder_hours: Vec<i32>,
}

impl From<domain::CompanySettings> for CompanySettings {
    fn from(settings: domain::CompanySettings) -> Self {
        let domain::CompanySettings { version, reminders, answer_reminder_hours } = settings;
        Self { version, reminders, answer_reminder_hours }
    }
}
