//! The settings of companies: `Company.settings` and `updateCompanySettings`.

mod limits;
mod permissions;
mod versions;

use crate::support::actor::Actor;
use serde_json::{Value, json};
use std::fmt::Display;

impl Actor {
    /// The payload of `updateCompanySettings`.
    pub async fn set(&self, company: impl Display, input: Value, expected: Option<i32>) -> Value {
        let query = "mutation($id: ID!, $input: CompanySettingsInput!, $version: Int) { \
            updateCompanySettings(companyId: $id, input: $input, expectedVersion: $version) { \
            settings { version reminders answerReminderHours } \
            userErrors { __typename code message path ... on VersionError { version } } } }";
        let variables = json!({"id": company.to_string(), "input": input, "version": expected});
        self.ask(query, variables).await["updateCompanySettings"].take()
    }

    /// The settings of the own company.
    pub async fn settings(&self) -> Value {
        let query = "{ viewer { company { settings { version reminders answerReminderHours } } } }";
        self.ask(query, json!({})).await["viewer"]["company"]["settings"].take()
    }
}
