//! What the tests of this file look at.

use crate::support::TestApp;
use crate::support::actor::Actor;
use serde_json::{Value, json};

/// The interview of a payload that refuses nothing.
pub fn done(payload: &Value) -> &Value {
    assert_eq!(payload["userErrors"], json!([]), "{payload:#}");
    assert!(payload["interview"].is_object(), "{payload:#}");
    &payload["interview"]
}

/// These fields alone, in this order.
pub fn shown(value: &Value, fields: &str) -> Value {
    fields.split(' ').map(|field| value[field].clone()).collect()
}

/// What happened to an interview, oldest first: type, time, actor and changes.
pub async fn history(actor: &Actor, id: &str) -> Vec<Value> {
    let query = "query($id: ID!) { interview(id: $id) { history(first: 100) { nodes { \
                 type at actor { id title role side } changes { field from to } } } } }";
    let mut data = actor.ask(query, json!({"id": id})).await;
    serde_json::from_value(data["interview"]["history"]["nodes"].take()).unwrap()
}

/// The latest event, in short: type, actor and side, and each change as `field: from → to`.
pub async fn last_event(actor: &Actor, id: &str) -> String {
    let history = history(actor, id).await;
    let event = history.last().unwrap();
    let text = |value: &Value| value.as_str().unwrap_or("null").to_owned();
    let changes = event["changes"].as_array().unwrap().iter();
    let changes = changes.map(|it| format!("{}: {} → {}", text(&it["field"]), text(&it["from"]), text(&it["to"])));
    let who = format!("{} as {}", text(&event["actor"]["id"]), text(&event["actor"]["side"]));
    format!("{} by {who}: {}", text(&event["type"]), changes.collect::<Vec<_>>().join(", "))
}

/// How far an application has come, and when that last changed.
pub async fn application(app: &TestApp, id: i64) -> Value {
    let query = format!("{{ interviewee(id: {id}) {{ kind updatedAt }} }}");
    app.admin().ask(&query, json!({})).await["interviewee"].take()
}

pub async fn kind_of(app: &TestApp, interviewee: i64) -> String {
    application(app, interviewee).await["kind"].as_str().unwrap().to_owned()
}

/// Everything that a change could have written, to see that it did not.
pub async fn written(app: &TestApp) -> [i64; 4] {
    let database = &app.database;
    [
        database.value("SELECT count(*) FROM interviews").await,
        database.value("SELECT sum(version) FROM interviews").await,
        database.value("SELECT count(*) FROM interview_events").await,
        database.value("SELECT count(*) FROM interviewees WHERE kind = 'interview'").await,
    ]
}

/// Arguments that propose this time on a day that is free for everybody.
pub fn propose(id: &str, start: &str, end: &str) -> String {
    format!(r#"id: {id}, input: {{startAt: "2025-04-01T{start}Z", endAt: "2025-04-01T{end}Z"}}"#)
}

/// Staff create an interview for the documented interviewee on that day; its id.
pub async fn booked(app: &TestApp, start: &str, end: &str) -> String {
    let arguments = format!(
        r#"input: {{kind: PHONE_CALL, startAt: "2025-04-01T{start}Z", endAt: "2025-04-01T{end}Z",
            intervieweeId: 277, interviewerId: 1001}}"#
    );
    done(&app.staff().mutate("createInterview", &arguments).await)["id"].as_str().unwrap().to_owned()
}

/// One at ten to which the driver has agreed; its id.
pub async fn scheduled(app: &TestApp) -> String {
    let id = booked(app, "10:00:00", "11:00:00").await;
    done(&app.driver().mutate("acceptInterview", &format!("id: {id}")).await);
    id
}
