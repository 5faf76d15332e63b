//! The settings to change, and their conversion.

use crate::domain::SettingsPatch;
use crate::graphql::schema::patch::patch;
use async_graphql::{InputObject, MaybeUndefined};

/// The settings to change. A field that is absent keeps its value.
#[derive(InputObject)]
pub struct CompanySettingsInput {
    /// At most 5 different numbers of minutes before a scheduled interview, each from 5 to 40320, which is four weeks
    /// (`INVALID_SETTING`). An empty list switches reminders off; null is not allowed (`NULL_NOT_ALLOWED`).
    reminders: MaybeUndefined<Vec<i32>>,
    /// At most 5 different numbers of hours without an answer, each from 1 to 672, which is four weeks
    /// (`INVALID_SETTING`). An empty list switches these reminders off; null is not allowed (`NULL_NOT_ALLOWED`).
    answer_reminder_hours: MaybeUndefined<Vec<i32>>,
}

impl From<CompanySettingsInput> for SettingsPatch {
    fn from(input: CompanySettingsInput) -> Self {
        let CompanySettingsInput { reminders, answer_reminder_hours } = input;
        Self { reminders: patch(reminders), answer_reminder_hours: patch(answer_reminder_hours) }
    }
}
