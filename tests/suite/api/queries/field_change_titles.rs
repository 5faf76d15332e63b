//! `fromTitle` and `toTitle` of a change: the names of people in the history of an interview.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::actor::Actor;
use crate::support::events::{cursor, latest_event, until_log_is_readable};
use crate::support::lifecycle::interview_of;
use crate::support::people::{
    BRUNA, BRUNA_APPLICATION, JUDE, JUDE_APPLICATION, KOFI, LUISA, UNKNOWN_INTERVIEWEE, UNKNOWN_USER,
};
use interviews::domain::InterviewId;
use rstest::rstest;
use serde_json::{Value, json};

/// An interview of Jude with Luisa that went to Kofi, and then to Bruna.
async fn interview(app: &TestApp) -> InterviewId {
    let id = app.book(JUDE, LUISA).at("10:00").await;
    for input in [
        json!({"interviewerId": KOFI.to_string(), "location": "Gate 1"}),
        json!({"intervieweeId": BRUNA_APPLICATION.to_string(), "interviewerId": LUISA.to_string()}),
    ] {
        interview_of(&app.staff().update(id, input).await);
    }
    id
}

/// The changes of people in these events: `field from > to`.
fn lines(events: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let changes = events.as_array().unwrap().iter().flat_map(|event| event["changes"].as_array().unwrap());
    let of_people = changes.filter(|change| {
        let is_person = ["intervieweeId", "interviewerId"].contains(&change["field"].as_str().unwrap());
        assert!(is_person || (change["fromTitle"].is_null() && change["toTitle"].is_null()), "{change}");
        is_person
    });
    of_people
        .map(|it| format!("{} {} > {}", text(&it["field"]), text(&it["fromTitle"]), text(&it["toTitle"])))
        .collect()
}

const CHANGES: &str = "changes { field from to fromTitle toTitle }";

async fn history(viewer: &Actor, id: InterviewId) -> Vec<String> {
    let query = format!("{{ interview(id: {id}) {{ history(first: 100) {{ nodes {{ {CHANGES} }} }} }} }}");
    lines(&viewer.ask(&query, json!({})).await["interview"]["history"]["nodes"])
}

async fn changes(viewer: &Actor, since: &str) -> Vec<String> {
    let query = format!("query($since: ID) {{ interviewChanges(since: $since) {{ nodes {{ {CHANGES} }} }} }}");
    lines(&viewer.ask(&query, json!({"since": since})).await["interviewChanges"]["nodes"])
}

#[rstest]
#[tokio::test]
async fn people_have_names_as_far_as_the_viewer_sees_the_change(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let since = cursor(&app.database, latest_event(&app).await).await;
    let id = interview(&app).await;
    until_log_is_readable(&app).await;
    let all = [
        "intervieweeId - > Jude Howell",
        "interviewerId - > Luisa Hintz",
        "interviewerId Luisa Hintz > Kofi Kaya",
        "intervieweeId Jude Howell > Bruna Bakker",
        "interviewerId Kofi Kaya > Luisa Hintz",
    ];
    for viewer in [app.staff(), app.admin()] {
        assert_eq!(history(&viewer, id).await, all);
        assert_eq!(changes(&viewer, &since).await, all);
    }
    let of_jude = [&all[..3], &["intervieweeId Jude Howell > -", "interviewerId Kofi Kaya > -"]].concat();
    assert_eq!(changes(&app.driver(), &since).await, of_jude);
    let of_bruna = ["intervieweeId - > Bruna Bakker", "interviewerId - > Luisa Hintz"];
    assert_eq!(history(&app.user(BRUNA), id).await, of_bruna);
    assert_eq!(changes(&app.user(BRUNA), &since).await, of_bruna);
}

/// The log can name people who are not stored any more, and an audience can be unknown.
#[rstest]
#[tokio::test]
async fn people_whom_the_viewer_may_not_see_have_no_name(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = app.book(BRUNA, LUISA).at("10:00").await;
    let set = async |changes: Value| {
        let sql = format!("UPDATE interview_events SET changes = '{changes}' WHERE interview_id = {id}");
        app.database.execute(&sql).await;
    };
    let change = |field: &str, from: &str, to: &str| json!([{"field": field, "from": from, "to": to}]);
    set(change("interviewee_id", &JUDE_APPLICATION.to_string(), &BRUNA_APPLICATION.to_string())).await;
    assert_eq!(history(&app.staff(), id).await, ["intervieweeId Jude Howell > Bruna Bakker"]);
    assert_eq!(history(&app.user(BRUNA), id).await, ["intervieweeId - > Bruna Bakker"]);
    let of_another_company = crate::support::people::JUDE_COASTAL_APPLICATION;
    set(change("interviewee_id", &of_another_company.to_string(), &UNKNOWN_INTERVIEWEE.to_string())).await;
    assert_eq!(history(&app.staff(), id).await, ["intervieweeId - > -"]);
    set(change("interviewer_id", &UNKNOWN_USER.to_string(), "x")).await;
    assert_eq!(history(&app.staff(), id).await, ["interviewerId - > -"]);
}

#[rstest]
#[tokio::test]
async fn names_are_loaded_in_batches_and_only_when_they_are_selected(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    interview(&app).await;
    let staff = app.staff();
    staff.ask("{ viewer { id } }", json!({})).await;
    let statements = async |first: i32, selection: &str| {
        let query = format!(
            "query($first: Int) {{ interviews(first: $first, orderBy: {{field: ID, direction: DESC}}) {{ \
             nodes {{ history(first: 5) {{ nodes {{ changes {{ field {selection} }} }} }} }} }} }}"
        );
        app.counting(staff.ask(&query, json!({"first": first}))).await.1
    };
    for first in [1, 50] {
        assert_eq!(statements(first, "from to").await, 2, "{:#?}", app.statements());
        // The applications with the interviewers, then the drivers.
        assert_eq!(statements(first, "fromTitle toTitle").await, 5, "{:#?}", app.statements());
    }
}
