//! Changes that write events to the log.

use super::TestApp;
use super::actor::Actor;
use super::database::TestDatabase;
use super::inspect::query;
use super::lifecycle::interview_of;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use interviews::domain::{Epoch, EventId, InterviewId, LogCursor};
use serde_json::{Value, json};

/// The id of the latest event, or 0.
pub async fn latest_event(app: &TestApp) -> i64 {
    app.database.value("SELECT coalesce(max(id), 0) FROM interview_events").await
}

/// The ids of the events that were written after this one, in the order of the log.
pub async fn ids_after(database: &TestDatabase, event: i64) -> Vec<i64> {
    let sql = format!("SELECT id FROM interview_events WHERE id > {event} ORDER BY transaction_id, id");
    query(database, &sql).await.iter().map(|row| row["id"].as_i64().unwrap()).collect()
}

/// The position after an event.
pub async fn log_cursor(database: &TestDatabase, event: i64) -> LogCursor {
    let epoch = Epoch(database.value("SELECT epoch FROM event_log_epoch").await);
    let at = database.value(&format!("SELECT at FROM interview_events WHERE id = {event}")).await;
    LogCursor { epoch, event: EventId(event), at }
}

/// The cursor of an event, as the server prints it.
pub async fn cursor(database: &TestDatabase, event: i64) -> String {
    encode(log_cursor(database, event).await)
}

/// A cursor, as the server prints it.
pub fn encode(cursor: LogCursor) -> String {
    let LogCursor { epoch, event, at } = cursor;
    URL_SAFE_NO_PAD.encode(format!("l.{}.{event}.{}", epoch.0, at.timestamp_micros()))
}

/// Whether a statement reads the event log, which the server does as often as the clock of the machine demands.
pub fn reads_event_log(sql: &str) -> bool {
    sql.contains("visible_before") || sql.contains("event_log_epoch")
}

/// Waits until the server reads the latest event from the log: open transactions in other databases of the same
/// PostgreSQL delay it. A subscription that starts before then receives the event.
pub async fn until_log_is_readable(app: &TestApp) {
    let latest = latest_event(app).await;
    let before = app.database.value(&format!("SELECT max(id) FROM interview_events WHERE id < {latest}")).await;
    let since = json!({"since": cursor(&app.database, before).await});
    let query = "query($since: ID) { interviewChanges(since: $since, first: 100) { nodes { id } } }";
    let latest = json!({"id": latest.to_string()});
    loop {
        let data = app.admin().ask(query, since.clone()).await;
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
