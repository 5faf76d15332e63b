//! Changes that write events to the log.

use super::TestApp;
use super::actor::Actor;
use super::lifecycle::interview_of;
use interviews::domain::InterviewId;
use serde_json::{Value, json};

/// The id of the latest event.
pub async fn latest_event(app: &TestApp) -> i64 {
    app.database.value("SELECT max(id) FROM interview_events").await
}

/// Waits until the server reads the latest event from the log: open transactions in other databases of the same
/// PostgreSQL delay it. A subscription that starts before then receives the event.
pub async fn until_log_is_readable(app: &TestApp) {
    let latest = latest_event(app).await;
    let query = format!("{{ interviewChanges(since: {}, first: 100) {{ nodes {{ id }} }} }}", latest - 1);
    let latest = json!({"id": latest.to_string()});
    loop {
        let data = app.admin().ask(&query, json!({})).await;
        if data["interviewChanges"]["nodes"].as_array().unwrap().contains(&latest) {
            return;
        }
    }
}

/// Changes the location, which every open state allows; the interview.
pub async fn relocate(actor: &Actor, id: InterviewId, location: &str) -> Value {
    interview_of(&actor.update(id, json!({"location": location})).await).clone()
}

/// Open interviews of Northern Haulage in the order of their ids.
pub async fn open_interviews(app: &TestApp, count: usize) -> Vec<InterviewId> {
    let query = "query($first: Int) { interviews(first: $first, filter: {status: [PENDING, SCHEDULED]}, \
                 orderBy: {field: ID, direction: ASC}) { nodes { id } } }";
    let data = app.staff().ask(query, json!({"first": count})).await;
    let nodes = data["interviews"]["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), count);
    nodes.iter().map(|node| InterviewId::from_text(node["id"].as_str().unwrap())).collect()
}

/// SQL that inserts events of an interview as another server would: so many times, at a time in SQL.
pub fn insert_events(id: InterviewId, actor: impl std::fmt::Display, at: &str, count: usize) -> String {
    let event = format!("({id}, 'updated', {at}, {actor}, 'interviewer', '[]')");
    let events = vec![event; count].join(", ");
    format!("INSERT INTO interview_events (interview_id, type, at, actor_id, actor_side, changes) VALUES {events}")
}
