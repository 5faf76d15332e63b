//! `Interview.history`: for whoever sees the interview, oldest first, page by page, whoever has gone since.

use super::looking::{booked, done, history, propose};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use chrono::TimeDelta;
use interviews::domain::UserId;
use rstest::rstest;
use serde_json::{Value, json};

/// Nine events, a minute apart; the interview's id.
async fn a_long_life(app: &TestApp) -> String {
    let id = booked(app, "10:00:00", "11:00:00").await;
    let only = format!("id: {id}");
    let (staff, driver, admin) = (app.staff(), app.driver(), app.admin());
    let steps = [
        (&driver, "acceptInterview", only.clone()),
        (&staff, "updateInterview", format!(r#"id: {id}, input: {{location: "Gate 3"}}"#)),
        (&driver, "amendInterview", propose(&id, "12:00:00", "13:00:00")),
        (&admin, "declineAmendment", only.clone()),
        (&staff, "amendInterview", propose(&id, "14:00:00", "15:00:00")),
        (&staff, "withdrawAmendment", only.clone()),
        (&staff, "updateInterview", format!(r"id: {id}, input: {{location: null}}")),
        (&driver, "rejectInterview", format!(r#"id: {id}, reason: "ill""#)),
    ];
    for (who, mutation, arguments) in steps {
        app.clock.advance(TimeDelta::minutes(1));
        done(&who.mutate(mutation, &arguments).await);
    }
    id
}

#[rstest]
#[tokio::test]
async fn it_tells_the_whole_life_to_everybody_who_sees_the_interview(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = a_long_life(&app).await;
    let told = history(&app.staff(), &id).await;
    let lines: Vec<Value> = told
        .iter()
        .map(|event| {
            json!([event["type"], event["at"], event["actor"]["title"], event["actor"]["role"], event["actor"]["side"]])
        })
        .collect();
    let at = |minute: u32| format!("2025-03-20T10:{:02}:08.958Z", 2 + minute);
    assert_eq!(
        lines,
        [
            json!(["CREATED", at(0), "Mona Berg", "STAFF", "INTERVIEWER"]),
            json!(["ACCEPTED", at(1), "Jude Howell", "DRIVER", "INTERVIEWEE"]),
            json!(["UPDATED", at(2), "Mona Berg", "STAFF", "INTERVIEWER"]),
            json!(["AMENDED", at(3), "Jude Howell", "DRIVER", "INTERVIEWEE"]),
            json!(["AMENDMENT_DECLINED", at(4), "Ada Prentice", "ADMIN", "INTERVIEWER"]),
            json!(["AMENDED", at(5), "Mona Berg", "STAFF", "INTERVIEWER"]),
            json!(["AMENDMENT_WITHDRAWN", at(6), "Mona Berg", "STAFF", "INTERVIEWER"]),
            json!(["UPDATED", at(7), "Mona Berg", "STAFF", "INTERVIEWER"]),
            json!(["REJECTED", at(8), "Jude Howell", "DRIVER", "INTERVIEWEE"]),
        ]
    );
    for reader in [app.driver(), app.admin()] {
        assert_eq!(history(&reader, &id).await, told);
    }
    let query = format!("{{ interview(id: {id}) {{ history {{ nodes {{ id }} }} }} }}");
    for stranger in [app.other_staff(), app.user(UserId(1_000_000))] {
        assert_eq!(stranger.ask(&query, json!({})).await["interview"], json!(null));
    }
}

#[rstest]
#[tokio::test]
async fn what_it_tells_adds_up_to_what_the_interview_is(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = a_long_life(&app).await;
    let mut told = serde_json::Map::new();
    for event in history(&app.staff(), &id).await {
        for change in event["changes"].as_array().unwrap() {
            let field = change["field"].as_str().unwrap().to_owned();
            let before = told.insert(field, change["to"].clone()).unwrap_or_default();
            assert_eq!(before, change["from"], "each change begins where the one before ended: {event}");
        }
    }
    let interview = app.staff().interview(&id).await;
    for (field, value) in told {
        let printed = match &interview[&field] {
            Value::Bool(flag) => json!(flag.to_string()),
            printed => printed.clone(),
        };
        assert_eq!(printed, value, "{field}");
    }
}

#[rstest]
#[tokio::test]
async fn it_comes_page_by_page_and_is_counted(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = a_long_life(&app).await;
    let whole = history(&app.driver(), &id).await;
    let query = "query($id: ID!, $after: String) { interview(id: $id) { history(first: 4, after: $after) {
        totalCount pageInfo { hasNextPage hasPreviousPage endCursor } edges { cursor } nodes { type at } } } }";
    let (mut after, mut read, mut pages) = (json!(null), Vec::new(), 0);
    loop {
        let data = app.driver().ask(query, json!({"id": id, "after": after})).await;
        let page = &data["interview"]["history"];
        assert_eq!(page["totalCount"], 9);
        assert_eq!(page["pageInfo"]["hasPreviousPage"], pages > 0);
        read.extend(page["nodes"].as_array().unwrap().clone());
        pages += 1;
        after = page["pageInfo"]["endCursor"].clone();
        assert_eq!(page["edges"].as_array().unwrap().last().unwrap()["cursor"], after);
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    assert_eq!(pages, 3);
    let whole: Vec<Value> = whole.iter().map(|event| json!({"type": event["type"], "at": event["at"]})).collect();
    assert_eq!(read, whole);
}

#[rstest]
#[tokio::test]
async fn an_event_leads_back_to_the_interview_as_it_is_now(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = a_long_life(&app).await;
    let query = format!(
        "{{ interview(id: {id}) {{ history(first: 1) {{ nodes {{ type interview {{ id status version }} }} }} }} }}"
    );
    let data = app.driver().ask(&query, json!({})).await;
    let expected = json!([{"type": "CREATED", "interview": {"id": id, "status": "REJECTED", "version": 9}}]);
    assert_eq!(data["interview"]["history"]["nodes"], expected);
}

#[rstest]
#[tokio::test]
async fn what_somebody_did_stays_when_they_are_gone(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    app.database
        .execute("INSERT INTO users (id, role, company_id, title) VALUES (5000, 'staff', 1, 'Temporary Help')")
        .await;
    done(&app.user(UserId(5000)).mutate("cancelInterview", "id: 27").await);
    assert_eq!(history(&app.driver(), "27").await[1]["actor"]["title"], "Temporary Help");
    // SQLite minds references only where it is told to.
    let mind = if database == Sqlite { "PRAGMA foreign_keys = ON; " } else { "" };
    app.database.execute(&format!("{mind}DELETE FROM users WHERE id = 5000")).await;
    let event = &history(&app.driver(), "27").await[1];
    assert_eq!((&event["type"], &event["actor"]), (&json!("CANCELLED"), &json!(null)));
}
