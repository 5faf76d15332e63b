//! Reminders: events that are derived from interviews as they are, each once. The clock is advanced by the tests.

mod answers;
mod cleanup;
mod cost;
mod log;
mod servers;
mod several_servers;
mod starts;

use crate::support::TestApp;
use crate::support::inspect::query;
use chrono::{DateTime, Utc};
use interviews::domain::{CompanyId, InterviewId};
use serde_json::{Value, json};

/// No reminder is due.
const NOTHING: [&str; 0] = [];

/// The reminders of an interview that are written at these times, each once.
async fn check(app: &TestApp, id: InterviewId, expected: &[(&str, &[&str])]) {
    for (time, reminders) in expected {
        app.wait_until(time);
        assert_eq!(app.remind(id).await, *reminders, "at {time}");
        assert_eq!(app.remind(id).await, NOTHING, "again at {time}");
    }
}

impl TestApp {
    /// Lets the time pass until then.
    pub fn wait_until(&self, time: &str) {
        let time: DateTime<Utc> = time.parse().unwrap();
        self.clock.advance(time - self.now());
    }

    /// Writes all reminders that are due; the new ones as `REMINDER_DUE 60`, in the order of the log.
    pub async fn remind(&self, id: InterviewId) -> Vec<String> {
        let before = reminders(self, Some(id)).await.len();
        while self.app.services().send_due_reminders(self.now()).await.unwrap() {}
        reminders(self, Some(id)).await.split_off(before)
    }

    /// Sets what a company asks to be reminded of.
    pub async fn ask_for(&self, company: CompanyId, input: Value) {
        let payload = self.admin().set(company, input, None).await;
        assert_eq!(payload["userErrors"], json!([]), "{payload}");
    }
}

/// The reminders of an interview, or of all, as `REMINDER_DUE 60`.
pub async fn reminders(app: &TestApp, id: Option<InterviewId>) -> Vec<String> {
    let of = id.map_or_else(String::new, |id| format!("AND interview_id = {id}"));
    let sql = format!(
        "SELECT type, changes FROM interview_events WHERE type IN ('reminder_due', 'answer_overdue') {of} ORDER BY id"
    );
    let rows = query(&app.database, &sql).await;
    rows.iter().map(|row| format!("{} {}", row["type"].as_str().unwrap(), number(&row["changes"]))).collect()
}

/// The number of a reminder. SQLite returns JSON as text.
fn number(changes: &Value) -> String {
    let changes = match changes {
        Value::String(text) => serde_json::from_str(text).unwrap(),
        changes => changes.clone(),
    };
    changes[0]["to"].as_str().unwrap().to_owned()
}
