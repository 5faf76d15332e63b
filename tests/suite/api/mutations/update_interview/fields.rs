//! Which fields an update changes.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::actor::{ERRORS, FIELDS};
use crate::support::lifecycle::{interview_of, write_counts};
use crate::support::people::{DANA_APPLICATION, JUDE_APPLICATION, JUDE_WITH_LUISA, KOFI, LUISA};
use chrono::{SecondsFormat, TimeDelta};
use rstest::rstest;
use serde_json::{Value, json};

/// The interview with these fields set, at the next version and the current time.
fn updated(app: &TestApp, before: &Value, fields: &Value) -> Value {
    let mut after = before.clone();
    after["version"] = json!(before["version"].as_i64().unwrap() + 1);
    after["updatedAt"] = json!(app.now().to_rfc3339_opts(SecondsFormat::Millis, true));
    for (field, value) in fields.as_object().unwrap() {
        after[field] = value.clone();
    }
    after
}

/// The request that the REST API's documentation has as its example.
#[rstest]
#[tokio::test]
async fn documented_change_over_graphql(#[values(Sqlite, Postgres)] database: Database) {
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
        "interviewerId": LUISA.to_string(),
        "intervieweeId": JUDE_APPLICATION.to_string()
    });
    assert_json!(app.staff().ask(query, json!({"id": JUDE_WITH_LUISA.to_string(), "input": input})).await, @r#"
    {
      "updateInterview": {
        "interview": {
          "amendEndAt": null,
          "amendStartAt": null,
          "amendedBy": null,
          "endAt": "2025-03-20T11:02:08.000Z",
          "id": "27",
          "interviewee": {
            "driver": {"id": "997", "image": null, "phoneNumber": "123", "title": "Jude Howell"},
            "id": "277",
            "kind": "VERIFIED",
            "updatedAt": "2025-03-20T10:02:08.958Z"
          },
          "intervieweeId": "277",
          "interviewer": {"contactPhoneNumber": null, "id": "1001", "image": null, "title": "Luisa Hintz"},
          "interviewerId": "1001",
          "kind": "VIDEO_CALL",
          "location": "https://google.meet",
          "startAt": "2025-03-20T10:32:08.000Z",
          "status": "PENDING",
          "updatedAt": "2025-03-20T10:02:08.958Z",
          "version": 2
        },
        "userErrors": []
      }
    }
    "#);
}

#[rstest]
#[tokio::test]
async fn each_field_changes_alone(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let others = format!("SELECT sum(version) FROM interviews WHERE id <> {JUDE_WITH_LUISA}");
    let versions_of_others: i64 = app.database.value(&others).await;
    for input in [
        json!({"kind": "IN_PERSON"}),
        json!({"startAt": "2025-03-20T08:45:00.000Z"}),
        json!({"endAt": "2025-03-20T09:30:00.001Z"}),
        json!({"intervieweeId": DANA_APPLICATION.to_string()}),
        json!({"interviewerId": KOFI.to_string()}),
        json!({"location": " Dock 4, Überseehafen 🚚 "}),
        json!({"location": null}),
        json!({"allowOverlap": true}),
        json!({
            "kind": "PHONE_CALL", "startAt": "2025-03-20T10:32:08.000Z", "endAt": "2025-03-20T11:02:08.000Z",
            "intervieweeId": JUDE_APPLICATION.to_string(), "interviewerId": LUISA.to_string(), "location": "x",
            "allowOverlap": true
        }),
    ] {
        let before = app.staff().interview(JUDE_WITH_LUISA).await;
        app.clock.advance(TimeDelta::milliseconds(90_061_001));
        let payload = app.staff().update(JUDE_WITH_LUISA, input.clone()).await;
        assert_eq!(*interview_of(&payload), updated(&app, &before, &input), "{input}");
        assert_eq!(app.staff().interview(JUDE_WITH_LUISA).await, payload["interview"]);
    }
    assert_eq!(app.database.value::<i64>(&others).await, versions_of_others);
}

#[rstest]
#[tokio::test]
async fn variable_that_is_not_sent_counts_as_absent(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let query = format!(
        "mutation($id: ID!, $kind: InterviewKind, $startAt: DateTime, $endAt: DateTime, $intervieweeId: ID,
                  $interviewerId: ID, $location: String, $allowOverlap: Boolean, $version: Int) {{
           updateInterview(id: $id, expectedVersion: $version, input: {{
               kind: $kind, startAt: $startAt, endAt: $endAt, intervieweeId: $intervieweeId,
               interviewerId: $interviewerId, location: $location, allowOverlap: $allowOverlap }})
           {{ interview {{ {FIELDS} }} {ERRORS} }} }}"
    );
    for sent in [
        json!({}),
        json!({"location": "Dock 4"}),
        json!({"kind": "IN_PERSON"}),
        json!({"endAt": "2025-03-20T09:45:00.000Z"}),
    ] {
        let before = app.staff().interview(JUDE_WITH_LUISA).await;
        app.clock.advance(TimeDelta::minutes(1));
        let mut variables = sent.clone();
        variables["id"] = json!(JUDE_WITH_LUISA.to_string());
        let payload = app.staff().ask(&query, variables).await["updateInterview"].take();
        let expected = if sent == json!({}) { before } else { updated(&app, &before, &sent) };
        assert_eq!(*interview_of(&payload), expected, "{sent}");
    }
}

#[tokio::test]
async fn variable_that_is_sent_as_null_is_null_and_not_its_default() {
    let app = start!(Sqlite);
    let query = format!(
        "mutation($kind: InterviewKind, $location: String = \"Dock 9\") {{
            updateInterview(id: {JUDE_WITH_LUISA}, input: {{kind: $kind, location: $location}}) {{
                interview {{ location }} userErrors {{ code path }} }} }}"
    );
    let update = async |variables| app.staff().ask(&query, variables).await["updateInterview"].take();
    assert_json!(update(json!({"kind": null})).await, @r#"
    {
      "interview": null,
      "userErrors": [{"code": "NULL_NOT_ALLOWED", "path": ["input", "kind"]}]
    }
    "#);
    assert_json!(update(json!({})).await["interview"], @r#"{"location": "Dock 9"}"#);
    assert_json!(update(json!({"location": null})).await["interview"], @r#"{"location": null}"#);
}

#[rstest]
#[tokio::test]
async fn interview_may_take_a_day_at_either_end_of_time(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    for input in [
        json!({"startAt": "2025-03-19T09:30:00Z"}),
        json!({"startAt": "2025-03-20T09:00:00Z", "endAt": "2025-03-21T09:00:00Z"}),
        json!({"startAt": "0001-01-01T00:00:00Z", "endAt": "0001-01-02T00:00:00Z"}),
        json!({"startAt": "9999-12-30T23:59:59.999Z", "endAt": "9999-12-31T23:59:59.999Z"}),
    ] {
        let payload = app.staff().update(JUDE_WITH_LUISA, input).await;
        interview_of(&payload);
        assert_eq!(app.staff().interview(JUDE_WITH_LUISA).await, payload["interview"]);
    }
}

#[rstest]
#[tokio::test]
async fn times_with_any_offset_are_stored_as_utc_in_milliseconds(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let input = json!({"startAt": "2025-03-20T16:17:08.1239999+05:45", "endAt": "2025-03-19t23:02:08-12:00"});
    interview_of(&app.staff().update(JUDE_WITH_LUISA, input).await);
    let interview = app.staff().interview(JUDE_WITH_LUISA).await;
    assert_eq!(interview["startAt"], "2025-03-20T10:32:08.123Z");
    assert_eq!(interview["endAt"], "2025-03-20T11:02:08.000Z");
}

/// Forms send it for a field that is left empty.
#[rstest]
#[tokio::test]
async fn empty_location_is_null(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    interview_of(&staff.update(JUDE_WITH_LUISA, json!({"location": "Gate 3"})).await);
    let cleared = staff.update(JUDE_WITH_LUISA, json!({"location": ""})).await;
    assert_eq!((&cleared["interview"]["location"], &cleared["interview"]["version"]), (&Value::Null, &json!(3)));
    // It is null already.
    let again = staff.update(JUDE_WITH_LUISA, json!({"location": ""})).await;
    assert_eq!(interview_of(&again)["version"], 3);

    let body = |location: &str| json!({"interview": {"location": location}});
    assert_eq!(staff.patch(JUDE_WITH_LUISA, &body("Gate 4")).await.json()["interview"]["location"], "Gate 4");
    assert_eq!(staff.patch(JUDE_WITH_LUISA, &body("")).await.json()["interview"]["location"], Value::Null);
    assert_eq!(staff.patch(JUDE_WITH_LUISA, &body("")).await.header("etag"), "W/\"27-5\"");
}

#[rstest]
#[tokio::test]
async fn update_that_changes_nothing_writes_nothing(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (before, counts) = (app.staff().interview(JUDE_WITH_LUISA).await, write_counts(&app).await);
    app.clock.advance(TimeDelta::hours(1));
    for input in [
        json!({}),
        json!({"kind": "VIDEO_CALL"}),
        json!({"startAt": "2025-03-20T09:00:00Z", "endAt": "2025-03-20T10:30:00.0004+01:00"}),
        json!({
            "intervieweeId": JUDE_APPLICATION.to_string(), "interviewerId": LUISA.0, "location": null,
            "allowOverlap": false
        }),
    ] {
        let payload = app.staff().update(JUDE_WITH_LUISA, input).await;
        assert_eq!(*interview_of(&payload), before);
    }
    assert_eq!(app.staff().interview(JUDE_WITH_LUISA).await, before);
    assert_eq!(write_counts(&app).await, counts);
}
