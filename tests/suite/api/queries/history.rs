//! `Interview.history`: for everyone who sees the interview, oldest first, page by page.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::lifecycle::{history, interview_of};
use crate::support::people::{CHIDI, JUDE, JUDE_WITH_LUISA, LUISA, NORTHERN_HAULAGE};
use chrono::TimeDelta;
use interviews::domain::{InterviewId, UserId};
use rstest::rstest;
use serde_json::{Value, json};

/// An interview with nine events, a minute apart.
async fn interview_with_nine_events(app: &TestApp) -> InterviewId {
    let id = app.book(JUDE, LUISA).at("10:00").await;
    let (staff, driver) = (app.staff(), app.driver());
    let minute = || app.clock.advance(TimeDelta::minutes(1));
    minute();
    interview_of(&driver.accept(id).await);
    minute();
    interview_of(&staff.update(id, json!({"location": "Gate 3"})).await);
    minute();
    interview_of(&driver.propose(id, "12:00", "13:00").await);
    minute();
    interview_of(&app.admin().decline(id).await);
    minute();
    interview_of(&staff.propose(id, "14:00", "15:00").await);
    minute();
    interview_of(&staff.withdraw(id).await);
    minute();
    interview_of(&staff.update(id, json!({"location": null})).await);
    minute();
    let reason = format!(r#"id: {id}, reason: "ill""#);
    interview_of(&driver.mutate("rejectInterview", &reason).await);
    id
}

#[rstest]
#[tokio::test]
async fn history_shows_every_event_to_everyone_who_sees_the_interview(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = interview_with_nine_events(&app).await;
    let events = history(&app.staff(), id).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let line = |event: &Value| {
        let actor = &event["actor"];
        let actor = [&actor["title"], &actor["role"], &event["actorSide"]].map(text).join(", ");
        format!("{} {}: {actor}", text(&event["at"]), text(&event["type"]))
    };
    assert_json!(events.iter().map(line).collect::<Value>(), @r#"
    [
      "2025-03-20T10:02:08.958Z CREATED: Mona Berg, STAFF, INTERVIEWER",
      "2025-03-20T10:03:08.958Z ACCEPTED: Jude Howell, DRIVER, INTERVIEWEE",
      "2025-03-20T10:04:08.958Z UPDATED: Mona Berg, STAFF, INTERVIEWER",
      "2025-03-20T10:05:08.958Z AMENDED: Jude Howell, DRIVER, INTERVIEWEE",
      "2025-03-20T10:06:08.958Z AMENDMENT_DECLINED: Ada Prentice, ADMIN, INTERVIEWER",
      "2025-03-20T10:07:08.958Z AMENDED: Mona Berg, STAFF, INTERVIEWER",
      "2025-03-20T10:08:08.958Z AMENDMENT_WITHDRAWN: Mona Berg, STAFF, INTERVIEWER",
      "2025-03-20T10:09:08.958Z UPDATED: Mona Berg, STAFF, INTERVIEWER",
      "2025-03-20T10:10:08.958Z REJECTED: Jude Howell, DRIVER, INTERVIEWEE"
    ]
    "#);
    for viewer in [app.driver(), app.admin()] {
        assert_eq!(history(&viewer, id).await, events);
    }
    let query = format!("{{ interview(id: {id}) {{ history {{ nodes {{ id }} }} }} }}");
    for viewer in [app.other_staff(), app.user(CHIDI)] {
        assert_eq!(viewer.ask(&query, json!({})).await["interview"], Value::Null);
    }
}

#[rstest]
#[tokio::test]
async fn changes_of_all_events_add_up_to_the_interview(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = interview_with_nine_events(&app).await;
    let mut fields = serde_json::Map::new();
    for event in history(&app.staff(), id).await {
        for change in event["changes"].as_array().unwrap() {
            let field = change["field"].as_str().unwrap().to_owned();
            let before = fields.insert(field, change["to"].clone()).unwrap_or_default();
            assert_eq!(before, change["from"], "each change begins where the one before ended: {event}");
        }
    }
    let interview = app.staff().interview(id).await;
    for (field, value) in fields {
        let current = match &interview[&field] {
            Value::Bool(flag) => json!(flag.to_string()),
            current => current.clone(),
        };
        assert_eq!(current, value, "{field}");
    }
}

#[rstest]
#[tokio::test]
async fn history_is_paged_and_counted(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = interview_with_nine_events(&app).await;
    let query = "query($id: ID!, $after: String) { interview(id: $id) { history(first: 4, after: $after) {
        totalCount pageInfo { hasNextPage hasPreviousPage endCursor } edges { cursor } nodes { type at } } } }";
    let (mut after, mut nodes, mut pages) = (Value::Null, Vec::new(), 0);
    loop {
        let data = app.driver().ask(query, json!({"id": id.to_string(), "after": after})).await;
        let page = &data["interview"]["history"];
        assert_eq!(page["totalCount"], 9);
        assert_eq!(page["pageInfo"]["hasPreviousPage"], pages > 0);
        nodes.extend(page["nodes"].as_array().unwrap().clone());
        pages += 1;
        after = page["pageInfo"]["endCursor"].clone();
        assert_eq!(page["edges"].as_array().unwrap().last().unwrap()["cursor"], after);
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    assert_eq!(pages, 3);
    let events = history(&app.driver(), id).await;
    let expected: Vec<Value> = events.iter().map(|event| json!({"type": event["type"], "at": event["at"]})).collect();
    assert_eq!(nodes, expected);
}

#[tokio::test]
async fn interview_of_an_event_is_the_interview_as_it_is_now() {
    let app = start!(Sqlite);
    let id = interview_with_nine_events(&app).await;
    let query = format!(
        "{{ interview(id: {id}) {{ history(first: 1) {{ nodes {{ type interview {{ id status version }} }} }} }} }}"
    );
    assert_json!(app.driver().ask(&query, json!({})).await, @r#"
    {
      "interview": {
        "history": {
          "nodes": [{"interview": {"id": "271", "status": "REJECTED", "version": 9}, "type": "CREATED"}]
        }
      }
    }
    "#);
}

#[rstest]
#[tokio::test]
async fn event_remains_without_actor_when_the_actor_is_deleted(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let temporary = UserId(5000);
    let insert = format!(
        "INSERT INTO users (id, role, company_id, title) VALUES ({temporary}, 'staff', {NORTHERN_HAULAGE}, 'Temp')"
    );
    app.database.execute(&insert).await;
    interview_of(&app.user(temporary).cancel(JUDE_WITH_LUISA).await);
    assert_eq!(history(&app.driver(), JUDE_WITH_LUISA).await[1]["actor"]["title"], "Temp");
    // SQLite checks references only after this pragma.
    let pragma = if database == Sqlite { "PRAGMA foreign_keys = ON; " } else { "" };
    app.database.execute(&format!("{pragma}DELETE FROM users WHERE id = {temporary}")).await;
    let event = &history(&app.driver(), JUDE_WITH_LUISA).await[1];
    assert_eq!((&event["type"], &event["actor"]), (&json!("CANCELLED"), &Value::Null));
}
