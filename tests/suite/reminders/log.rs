//! Reminders in the event log: who receives them, and what they leave as it is.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::actor::Actor;
use crate::support::events::{cursor, latest_event, relocate};
use crate::support::lifecycle::history;
use crate::support::people::{BRUNA, JUDE, LUISA};
use interviews::domain::InterviewId;
use rstest::rstest;
use serde_json::{Value, json};

/// An interview of two events that is reminded of, and the id of the last event before the reminder.
async fn reminded(app: &TestApp) -> (InterviewId, i64) {
    let id = app.book(JUDE, LUISA).at("10:00").accepted().await;
    let before = latest_event(app).await;
    app.wait_until("2025-03-31T10:00:00Z");
    assert_eq!(app.remind(id).await, ["reminder_due 1440"]);
    (id, before)
}

async fn with_reminders(actor: &Actor, id: InterviewId) -> Value {
    let query = "query($id: ID!) { interview(id: $id) { version updatedAt \
        changes: history(first: 100) { totalCount nodes { type } } \
        all: history(first: 100, includeReminders: true) { totalCount nodes { \
            type at actor { id } actorSide matches interviewId changes { field from to fromTitle toTitle } } } \
        none: history(includeReminders: null) { totalCount } } }";
    actor.ask(query, json!({"id": id.to_string()})).await["interview"].take()
}

#[rstest]
#[tokio::test]
async fn reminder_has_no_actor_and_changes_nothing(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (id, _) = reminded(&app).await;
    let rest = app.staff().rest("GET", &format!("/v1/interviews/{id}"), &Value::Null).await.text;
    for viewer in [app.driver(), app.staff(), app.admin(), app.service()] {
        let interview = with_reminders(&viewer, id).await;
        assert_eq!(interview["version"], 2);
        assert_eq!(interview["updatedAt"], "2025-03-20T10:02:08.958Z");
        let types = json!([{"type": "CREATED"}, {"type": "ACCEPTED"}]);
        assert_eq!(interview["changes"], json!({"totalCount": 2, "nodes": types}));
        assert_eq!((&interview["all"]["totalCount"], &interview["none"]["totalCount"]), (&json!(3), &json!(2)));
        let mut reminder = interview["all"]["nodes"][2].clone();
        assert_eq!(reminder["interviewId"].take(), id.to_string());
        assert_json!(reminder, @r#"
        {
          "actor": null,
          "actorSide": null,
          "at": "2025-03-31T10:00:00.000Z",
          "changes": [{"field": "minutesBefore", "from": null, "fromTitle": null, "to": "1440", "toTitle": null}],
          "interviewId": null,
          "matches": true,
          "type": "REMINDER_DUE"
        }
        "#);
    }
    assert_eq!(history(&app.staff(), id).await.len(), 2);
    assert_eq!(app.user(BRUNA).interview(id).await, Value::Null);
    app.clock.advance(chrono::TimeDelta::minutes(1));
    assert_eq!(app.staff().rest("GET", &format!("/v1/interviews/{id}"), &Value::Null).await.text, rest);
    // The next change has the next version.
    assert_eq!(relocate(&app.staff(), id, "Gate 2").await["version"], 3);
}

/// The types of the events after a cursor, page by page.
async fn poll(actor: &Actor, since: &str, filter: Value, include_reminders: bool) -> (Vec<String>, i64) {
    let query = "query($since: ID, $filter: InterviewFilter, $all: Boolean) { \
        interviewChanges(since: $since, first: 1, filter: $filter, includeReminders: $all) { \
            totalCount nodes { type matches } pageInfo { hasNextPage endCursor } } }";
    let (mut since, mut types, mut count) = (json!(since), Vec::new(), None);
    loop {
        let variables = json!({"since": since, "filter": filter, "all": include_reminders});
        let page = actor.ask(query, variables).await["interviewChanges"].take();
        count = count.or(page["totalCount"].as_i64());
        let event = |event: &Value| {
            let leaves = if event["matches"] == true { "" } else { " leaves" };
            format!("{}{leaves}", event["type"].as_str().unwrap())
        };
        types.extend(page["nodes"].as_array().unwrap().iter().map(event));
        if page["pageInfo"]["hasNextPage"] == false {
            return (types, count.unwrap());
        }
        since = page["pageInfo"]["endCursor"].clone();
    }
}

/// Waits until PostgreSQL lets the log be read up to the latest event.
async fn until_readable(app: &TestApp) {
    let staff = app.staff();
    crate::support::polling::until(async || {
        let (id, last) = (
            latest_event(app).await,
            "query($since: ID) { interviewChanges(since: $since, \
            includeReminders: true, first: 100) { nodes { id } pageInfo { hasNextPage } } }",
        );
        let before: i64 = app.database.value(&format!("SELECT max(id) FROM interview_events WHERE id < {id}")).await;
        let since = json!({"since": cursor(&app.database, before).await});
        staff.ask(last, since).await["interviewChanges"]["nodes"] == json!([{"id": id.to_string()}])
    })
    .await;
}

#[rstest]
#[tokio::test]
async fn client_that_polls_receives_reminders_on_request(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (id, before) = reminded(&app).await;
    relocate(&app.staff(), id, "Gate 2").await;
    app.wait_until("2025-04-01T09:00:00Z");
    assert_eq!(app.remind(id).await, ["reminder_due 60"]);
    until_readable(&app).await;
    let since = cursor(&app.database, before).await;
    let all = ["REMINDER_DUE", "UPDATED", "REMINDER_DUE"].map(str::to_owned).to_vec();
    for viewer in [app.staff(), app.driver(), app.admin()] {
        assert_eq!(poll(&viewer, &since, Value::Null, false).await, (vec!["UPDATED".to_owned()], 1));
        assert_eq!(poll(&viewer, &since, Value::Null, true).await, (all.clone(), 3));
        for (filter, matching) in [
            (json!({"status": ["SCHEDULED"]}), true),
            (json!({"updatedAt": {"lt": "2025-03-31T00:00:00Z"}}), true),
            (json!({"status": ["CANCELLED"]}), false),
        ] {
            let (types, count) = poll(&viewer, &since, filter.clone(), true).await;
            let expected = match (matching, filter.get("updatedAt").is_some()) {
                (true, false) => all.clone(),
                // The update leaves the filter; the reminder after it is outside.
                (true, true) => vec!["REMINDER_DUE".to_owned(), "UPDATED leaves".to_owned()],
                (false, _) => Vec::new(),
            };
            assert_eq!((&types, count), (&expected, i64::try_from(expected.len()).unwrap()), "{filter}");
            let (changes, _) = poll(&viewer, &since, filter.clone(), false).await;
            let expected: Vec<_> = expected.into_iter().filter(|it| !it.starts_with("REMINDER")).collect();
            assert_eq!(changes, expected, "{filter}");
        }
    }
    let other = poll(&app.other_staff(), &since, Value::Null, true).await;
    assert_eq!(other, (Vec::new(), 0));
}

/// A page is full of changes, however many reminders are between them.
#[rstest]
#[tokio::test]
async fn page_without_reminders_is_not_shorter_for_them(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (id, before) = reminded(&app).await;
    let insert = format!(
        "INSERT INTO interview_events (interview_id, type, at, changes) \
         SELECT {id}, 'answer_overdue', '2025-03-31T10:00:00+00:00', '[]' FROM interviews"
    );
    app.database.execute(&insert).await;
    for number in 0..3 {
        relocate(&app.staff(), id, &format!("Gate {number}")).await;
    }
    until_readable(&app).await;
    let query = "query($since: ID) { interviewChanges(since: $since, first: 2) { \
        totalCount nodes { changes { to } } pageInfo { hasNextPage } } }";
    let since = json!({"since": cursor(&app.database, before).await});
    assert_json!(app.staff().ask(query, since).await, @r#"
    {
      "interviewChanges": {
        "nodes": [{"changes": [{"to": "Gate 0"}]}, {"changes": [{"to": "Gate 1"}]}],
        "pageInfo": {"hasNextPage": true},
        "totalCount": 3
      }
    }
    "#);
    let history = "query($id: ID!) { interview(id: $id) { history(first: 4) { \
        totalCount nodes { type } pageInfo { hasNextPage } } } }";
    let page = app.staff().ask(history, json!({"id": id.to_string()})).await["interview"]["history"].take();
    let types: Vec<_> = page["nodes"].as_array().unwrap().iter().map(|it| it["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["CREATED", "ACCEPTED", "UPDATED", "UPDATED"]);
    assert_eq!((&page["totalCount"], &page["pageInfo"]["hasNextPage"]), (&json!(5), &json!(true)));
}

#[rstest]
#[tokio::test]
async fn reminder_of_an_interview_that_changes_hands_is_for_its_driver_then(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let (id, _) = reminded(&app).await;
    let other = crate::support::people::BRUNA_APPLICATION;
    let payload = app.staff().update(id, json!({"intervieweeId": other.to_string()})).await;
    assert_eq!(payload["userErrors"], json!([]));
    let bruna = with_reminders(&app.user(BRUNA), id).await;
    assert_eq!(bruna["all"]["totalCount"], 1, "the change of hands alone");
    assert_eq!(with_reminders(&app.driver(), id).await, Value::Null);
    let staff = with_reminders(&app.staff(), id).await;
    assert_eq!(staff["all"]["totalCount"], 4);
}
