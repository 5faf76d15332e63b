//! `updateInterview`: which fields it changes.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::actor::{ERRORS, FIELDS, refusals};
use chrono::TimeDelta;
use rstest::rstest;
use serde_json::{Value, json};

/// How many changes all histories tell of.
const EVENTS: &str = "SELECT count(*) FROM interview_events";

/// `before` with these fields set: what an update should have made of it.
fn changed(app: &TestApp, before: &Value, fields: &Value) -> Value {
    let mut after = before.clone();
    let now = app.now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    after["version"] = json!(before["version"].as_i64().unwrap() + 1);
    after["updatedAt"] = json!(now);
    for (field, value) in fields.as_object().unwrap() {
        after[field] = value.clone();
    }
    after
}

#[rstest]
#[tokio::test]
async fn the_documented_change_can_be_made_over_graphql(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let query = "mutation($id: ID!, $input: UpdateInterviewInput!) { updateInterview(id: $id, input: $input) {
        interview { id amendEndAt amendStartAt amendedBy endAt
                    interviewee { id driver { id image phoneNumber title } kind updatedAt } intervieweeId
                    interviewer { id contactPhoneNumber image title } interviewerId
                    kind location startAt status version updatedAt }
        userErrors { code } } }";
    let input = json!({
        "location": "https://google.meet",
        "startAt": "2025-03-20T10:32:08Z",
        "endAt": "2025-03-20T11:02:08Z",
        "interviewerId": "1001",
        "intervieweeId": "277"
    });
    assert_eq!(
        app.staff().ask(query, json!({"id": "27", "input": input})).await["updateInterview"],
        json!({
            "interview": {
                "id": "27",
                "amendEndAt": null,
                "amendStartAt": null,
                "amendedBy": null,
                "endAt": "2025-03-20T11:02:08.000Z",
                "interviewee": {
                    "id": "277",
                    "driver": {"id": "997", "image": null, "phoneNumber": "123", "title": "Jude Howell"},
                    "kind": "VERIFIED",
                    "updatedAt": "2025-03-20T10:02:08.958Z"
                },
                "intervieweeId": "277",
                "interviewer": {"id": "1001", "contactPhoneNumber": null, "image": null, "title": "Luisa Hintz"},
                "interviewerId": "1001",
                "kind": "VIDEO_CALL",
                "location": "https://google.meet",
                "startAt": "2025-03-20T10:32:08.000Z",
                "status": "PENDING",
                "version": 2,
                "updatedAt": "2025-03-20T10:02:08.958Z"
            },
            "userErrors": []
        })
    );
}

#[rstest]
#[case::kind(json!({"kind": "IN_PERSON"}))]
#[case::start_at(json!({"startAt": "2025-03-20T08:45:00.000Z"}))]
#[case::end_at(json!({"endAt": "2025-03-20T09:30:00.001Z"}))]
#[case::interviewee(json!({"intervieweeId": "1000"}))]
#[case::interviewer(json!({"interviewerId": "2000"}))]
#[case::location(json!({"location": " Dock 4, Überseehafen 🚚 "}))]
#[case::allow_overlap(json!({"allowOverlap": true}))]
#[case::all_at_once(json!({
    "kind": "PHONE_CALL", "startAt": "2025-03-20T10:32:08.000Z", "endAt": "2025-03-20T11:02:08.000Z",
    "intervieweeId": "1000", "interviewerId": "2000", "location": "x"
}))]
#[tokio::test]
async fn what_is_sent_changes_and_nothing_else(#[case] input: Value, #[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let before = app.staff().interview(27).await;
    app.clock.advance(TimeDelta::milliseconds(90_061_001));
    let payload = app.staff().update(27, input.clone()).await;
    assert_eq!(refusals(&payload), [""; 0]);
    assert_eq!(payload["interview"], changed(&app, &before, &input));
    assert_eq!(app.staff().interview(27).await, payload["interview"]);
    assert_eq!(app.database.value::<i64>("SELECT count(*) FROM interviews WHERE version > 1 AND id = 27").await, 1);
}

#[rstest]
#[tokio::test]
async fn null_clears_the_location(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let before = app.staff().interview(9).await;
    assert_eq!(before["location"], "Room 8, Building 8");
    let payload = app.staff().update(9, json!({"location": null})).await;
    assert_eq!(payload["interview"], changed(&app, &before, &json!({"location": null})));
    // Where there is none already, null changes nothing.
    let again = app.staff().update(9, json!({"location": null})).await;
    assert_eq!(again["interview"], payload["interview"]);
}

#[rstest]
#[case::nothing(json!({}), json!({}))]
#[case::one_of_them(json!({"location": "Dock 4"}), json!({"location": "Dock 4"}))]
#[case::another_one(json!({"kind": "IN_PERSON"}), json!({"kind": "IN_PERSON"}))]
#[case::times(json!({"endAt": "2025-03-20T09:45:00Z"}), json!({"endAt": "2025-03-20T09:45:00.000Z"}))]
#[tokio::test]
async fn a_variable_that_is_not_sent_counts_as_absent(
    #[case] mut variables: Value,
    #[case] expected: Value,
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let before = app.staff().interview(27).await;
    let query = format!(
        "mutation($id: ID!, $kind: InterviewKind, $startAt: DateTime, $endAt: DateTime, $intervieweeId: ID,
                  $interviewerId: ID, $location: String, $allowOverlap: Boolean, $version: Int) {{
           updateInterview(id: $id, expectedVersion: $version, input: {{
               kind: $kind, startAt: $startAt, endAt: $endAt, intervieweeId: $intervieweeId,
               interviewerId: $interviewerId, location: $location, allowOverlap: $allowOverlap }})
           {{ interview {{ {FIELDS} }} {ERRORS} }} }}"
    );
    variables["id"] = json!("27");
    let payload = app.staff().ask(&query, variables).await["updateInterview"].take();
    assert_eq!(payload["userErrors"], json!([]));
    let nothing = expected == json!({});
    let expected = if nothing { before } else { changed(&app, &before, &expected) };
    assert_eq!(payload["interview"], expected);
}

#[rstest]
#[tokio::test]
async fn a_variable_that_is_sent_as_null_is_null(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let query = r#"mutation($kind: InterviewKind, $location: String = "Dock 9") {
        updateInterview(id: 9, input: {kind: $kind, location: $location}) {
            interview { location } userErrors { code path } } }"#;
    let ask = async |variables| app.staff().ask(query, variables).await["updateInterview"].take();
    let refused = ask(json!({"kind": null})).await;
    assert_eq!(refused["userErrors"], json!([{"code": "NULL_NOT_ALLOWED", "path": ["input", "kind"]}]));
    // The default stands for what is not sent, and not for null.
    assert_eq!(ask(json!({})).await["interview"], json!({"location": "Dock 9"}));
    assert_eq!(ask(json!({"location": null})).await["interview"], json!({"location": null}));
}

#[rstest]
#[case::by_its_start(json!({"startAt": "2025-03-19T09:30:00Z"}))]
#[case::by_its_end(json!({"endAt": "2025-03-21T09:00:00Z"}))]
#[case::by_both(json!({"startAt": "0001-01-01T00:00:00Z", "endAt": "0001-01-02T00:00:00Z"}))]
#[case::at_the_end_of_time(json!({"startAt": "9999-12-30T23:59:59.999Z", "endAt": "9999-12-31T23:59:59.999Z"}))]
#[tokio::test]
async fn an_interview_may_last_a_day(#[case] input: Value, #[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let payload = app.staff().update(27, input).await;
    assert_eq!(refusals(&payload), [""; 0]);
    assert_eq!(app.staff().interview(27).await, payload["interview"]);
}

#[rstest]
#[tokio::test]
async fn any_offset_comes_in_and_utc_in_milliseconds_goes_out(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let input = json!({"startAt": "2025-03-20T16:17:08.1239999+05:45", "endAt": "2025-03-19t23:02:08-12:00"});
    app.staff().update(27, input).await;
    let interview = app.staff().interview(27).await;
    assert_eq!(interview["startAt"], "2025-03-20T10:32:08.123Z");
    assert_eq!(interview["endAt"], "2025-03-20T11:02:08.000Z");
}

#[rstest]
#[case(json!({}))]
#[case(json!({"kind": "VIDEO_CALL"}))]
#[case(json!({"startAt": "2025-03-20T09:00:00Z", "endAt": "2025-03-20T10:30:00.0004+01:00"}))]
#[case(json!({"intervieweeId": "277", "interviewerId": 1001, "location": null, "allowOverlap": false}))]
#[tokio::test]
async fn an_update_that_changes_nothing_writes_nothing(
    #[case] input: Value,
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let (before, events) = (app.staff().interview(27).await, app.database.value::<i64>(EVENTS).await);
    app.clock.advance(TimeDelta::hours(1));
    let payload = app.staff().update(27, input).await;
    assert_eq!(payload["userErrors"], json!([]));
    assert_eq!(payload["interview"], before);
    assert_eq!(app.staff().interview(27).await, before);
    assert_eq!(app.database.value::<i64>(EVENTS).await, events);
}
