//! An interview that staff give from one driver to another.

use super::TestApp;
use super::actor::Actor;
use super::events::{latest_event, until_log_is_readable};
use super::lifecycle::interview_of;
use super::people::{BRUNA_APPLICATION, JUDE, LUISA};
use interviews::domain::InterviewId;
use serde_json::{Value, json};

/// Jude's interview that became Bruna's.
pub struct HandOver {
    pub id: InterviewId,
    /// The last event before those of the interview: it is created, gets a location, Jude amends it, it becomes
    /// Bruna's, who accepts it.
    pub since: i64,
}

/// What nobody but staff and Jude may learn.
pub const SECRETS: [&str; 4] = ["Mill Lane", "Jude", "277", "T14:00"];

pub async fn hand_over(app: &TestApp) -> HandOver {
    let since = latest_event(app).await;
    let id = app.book(JUDE, LUISA).at("10:00").await;
    relocate_home(app, id).await;
    interview_of(&app.driver().propose(id, "14:00", "15:00").await);
    give_to_bruna(app, id).await;
    interview_of(&app.user(super::people::BRUNA).accept(id).await);
    until_log_is_readable(app).await;
    HandOver { id, since }
}

async fn relocate_home(app: &TestApp, id: InterviewId) {
    interview_of(&app.staff().update(id, json!({"location": "Home of Jude, 5 Mill Lane"})).await);
}

/// Makes it Bruna's, with another location.
pub async fn give_to_bruna(app: &TestApp, id: InterviewId) {
    let bruna = json!({"intervieweeId": BRUNA_APPLICATION.to_string(), "location": "Gate 2"});
    interview_of(&app.staff().update(id, bruna).await);
}

/// The events of an answer, a line each: type, and for each change the field with the values that are shown.
pub fn lines(events: &Value) -> Vec<String> {
    let change = |change: &Value| {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        format!(" {}({}>{})", text(&change["field"]), text(&change["from"]), text(&change["to"]))
    };
    let line = |event: &Value| {
        let changes = event["changes"].as_array().unwrap().iter();
        format!("{}{}", event["type"].as_str().unwrap(), changes.map(change).collect::<String>())
    };
    events.as_array().unwrap().iter().map(line).collect()
}

/// The fields that [`lines`] reads.
pub const LINE: &str = "type changes { field from to }";

/// The history of an interview and its total count.
pub async fn history(actor: &Actor, id: InterviewId) -> Option<(Vec<String>, i64)> {
    let query = format!("{{ interview(id: {id}) {{ history {{ totalCount nodes {{ {LINE} }} }} }} }}");
    let data = actor.ask(&query, json!({})).await;
    let history = data["interview"].as_object()?["history"].clone();
    Some((lines(&history["nodes"]), history["totalCount"].as_i64().unwrap()))
}
