//! The type `CompanySettings`.

use crate::domain::{self, CompanyId};
use async_graphql::{ID, SimpleObject};

/// What a company has set for itself. More settings may be added.
#[derive(SimpleObject)]
pub struct CompanySettings {
    /// The id of the company.
    id: ID,
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

impl CompanySettings {
    pub fn new(company: CompanyId, settings: domain::CompanySettings) -> Self {
        let domain::CompanySettings { version, reminders, answer_reminder_hours } = settings;
        Self { id: company.0.into(), version, reminders, answer_reminder_hours }
    }
}
