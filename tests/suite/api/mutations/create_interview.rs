//! `createInterview`

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::refusals;
use crate::support::booking::time_arguments;
use crate::support::lifecycle::{history, interview_of, interviewee_kind, interviewee_state, last_event, write_counts};
use crate::support::people::{
    ADA, DANA, DANA_APPLICATION, JUDE, JUDE_APPLICATION, JUDE_COASTAL_APPLICATION, JUDE_WITH_LUISA, KOFI, LUISA, PIET,
    UNKNOWN_USER,
};
use chrono::TimeDelta;
use rstest::rstest;
use serde_json::{Value, json};

#[rstest]
#[tokio::test]
async fn created_interview_is_pending_and_its_interviewee_becomes_interview(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    app.clock.advance(TimeDelta::hours(1));
    let input = format!(
        r#"kind: IN_PERSON, startAt: "2025-04-01T12:00:00.5+02:00", endAt: "2025-04-01T11:00:00Z",
        intervieweeId: {JUDE_APPLICATION}, interviewerId: {KOFI}, location: "Gate 3""#
    );
    let payload = app.staff().mutate("createInterview", &format!("input: {{{input}}}")).await;
    assert_json!(payload, @r#"
    {
      "interview": {
        "allowOverlap": false,
        "amendEndAt": null,
        "amendStartAt": null,
        "amendedBy": null,
        "awaiting": "INTERVIEWEE",
        "createdAt": "2025-03-20T11:02:08.958Z",
        "endAt": "2025-04-01T11:00:00.000Z",
        "id": "271",
        "intervieweeId": "277",
        "interviewerId": "2001",
        "kind": "IN_PERSON",
        "location": "Gate 3",
        "reason": null,
        "startAt": "2025-04-01T10:00:00.500Z",
        "status": "PENDING",
        "updatedAt": "2025-03-20T11:02:08.958Z",
        "version": 1
      },
      "userErrors": []
    }
    "#);
    let interview = interview_of(&payload);
    let id = interview["id"].as_str().unwrap();
    assert_json!(interviewee_state(&app, JUDE_APPLICATION).await, @r#"
    {
      "kind": "INTERVIEW",
      "updatedAt": "2025-03-20T11:02:08.958Z"
    }
    "#);
    assert_json!(Value::Array(history(&app.driver(), id).await), @r#"
    [
      {
        "actor": {"id": "1000", "role": "STAFF", "title": "Mona Berg"},
        "actorSide": "INTERVIEWER",
        "at": "2025-03-20T11:02:08.958Z",
        "changes": [
          {"field": "kind", "from": null, "to": "IN_PERSON"},
          {"field": "status", "from": null, "to": "PENDING"},
          {"field": "startAt", "from": null, "to": "2025-04-01T10:00:00.500Z"},
          {"field": "endAt", "from": null, "to": "2025-04-01T11:00:00.000Z"},
          {"field": "location", "from": null, "to": "Gate 3"},
          {"field": "intervieweeId", "from": null, "to": "277"},
          {"field": "interviewerId", "from": null, "to": "2001"},
          {"field": "allowOverlap", "from": null, "to": "false"}
        ],
        "type": "CREATED"
      }
    ]
    "#);
    for viewer in [app.staff(), app.driver(), app.admin()] {
        assert_eq!(viewer.interview(id).await, *interview);
    }
    assert_eq!(app.other_staff().interview(id).await, Value::Null);
}

#[rstest]
#[tokio::test]
async fn admin_creates_for_any_company(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = app.book(JUDE, PIET).by(&app.admin()).await;
    assert_eq!(app.other_staff().interview(id).await["status"], "PENDING");
    assert_eq!(app.staff().interview(id).await, Value::Null);
    let event = last_event(&app.driver(), id).await;
    assert_json!(event["actor"], @r#"
    {
      "id": "1",
      "role": "ADMIN",
      "title": "Ada Prentice"
    }
    "#);
    assert_eq!(event["actorSide"], "INTERVIEWER");
}

#[rstest]
#[tokio::test]
async fn rejected_interviewee_becomes_interview_again(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    interview_of(&app.driver().reject(JUDE_WITH_LUISA).await);
    assert_eq!(interviewee_kind(&app, JUDE_APPLICATION).await, "REJECTED");
    app.book(JUDE, LUISA).await;
    assert_eq!(interviewee_kind(&app, JUDE_APPLICATION).await, "INTERVIEW");
}

#[rstest]
#[tokio::test]
async fn interviewee_of_kind_interview_is_left_as_it_is(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let before = interviewee_state(&app, DANA_APPLICATION).await;
    assert_eq!(before["kind"], "INTERVIEW");
    app.clock.advance(TimeDelta::hours(1));
    app.book(DANA, LUISA).await;
    assert_eq!(interviewee_state(&app, DANA_APPLICATION).await, before);
}

#[rstest]
#[tokio::test]
async fn all_invalid_fields_are_reported_at_once_and_nothing_is_written(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let before = write_counts(&app).await;
    let hour = time_arguments("10:00", "11:00");
    let no_time = time_arguments("10:00", "10:00");
    let over_a_day = time_arguments("10:00", "2025-04-02T10:00:00.001Z");
    let people = |interviewee: &str, interviewer| format!("intervieweeId: {interviewee}, interviewerId: {interviewer}");
    let (jude, jude_at_coastal) = (JUDE_APPLICATION.to_string(), JUDE_COASTAL_APPLICATION.to_string());
    let valid = people(&jude, LUISA);
    for (time, rest, errors) in [
        (&no_time, valid.clone(), &["END_NOT_AFTER_START input.endAt"][..]),
        (&over_a_day, valid.clone(), &["DURATION_TOO_LONG input.endAt"]),
        (&hour, format!(r#"{valid}, location: " ""#), &["INVALID_LOCATION input.location"]),
        (&hour, people(r#""x""#, LUISA), &["INTERVIEWEE_NOT_FOUND input.intervieweeId"]),
        (&hour, people(&jude_at_coastal, LUISA), &["INTERVIEWEE_NOT_FOUND input.intervieweeId"]),
        (&hour, people(&jude, PIET), &["INTERVIEWER_NOT_FOUND input.interviewerId"]),
        (&hour, people(&jude, JUDE), &["INTERVIEWER_NOT_FOUND input.interviewerId"]),
        (&hour, people(&jude, ADA), &["INTERVIEWER_NOT_FOUND input.interviewerId"]),
        (
            &no_time,
            format!(r#"{}, location: "a\u0000b""#, people(&jude, UNKNOWN_USER)),
            &[
                "END_NOT_AFTER_START input.endAt",
                "INVALID_LOCATION input.location",
                "INTERVIEWER_NOT_FOUND input.interviewerId",
            ],
        ),
    ] {
        let arguments = format!("input: {{kind: IN_PERSON, {time}, {rest}}}");
        let payload = app.staff().mutate("createInterview", &arguments).await;
        assert_eq!(refusals(&payload), errors, "{arguments}");
        assert_eq!(payload["interview"], Value::Null);
        assert_eq!(payload["userErrors"][0]["__typename"], "ValidationError");
    }
    assert_eq!(write_counts(&app).await, before);
    assert_eq!(interviewee_kind(&app, JUDE_APPLICATION).await, "VERIFIED");
}

#[rstest]
#[tokio::test]
async fn deactivated_interviewer_is_not_found(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let deactivate = format!("UPDATE users SET deactivated_at = '2025-03-01 00:00:00+00:00' WHERE id = {KOFI}");
    app.database.execute(&deactivate).await;
    assert_eq!(refusals(&app.book(JUDE, KOFI).attempt().await), ["INTERVIEWER_NOT_FOUND input.interviewerId"]);
}

#[tokio::test]
async fn drivers_and_clients_without_a_token_cannot_create() {
    let app = start!(Sqlite);
    let before = write_counts(&app).await;
    assert_json!(app.book(JUDE, LUISA).by(&app.driver()).attempt().await, @r#"
    {
      "interview": null,
      "userErrors": [
        {
          "__typename": "ForbiddenError",
          "code": "FORBIDDEN",
          "message": "Only staff can create interviews.",
          "path": ["input"]
        }
      ]
    }
    "#);
    let query = format!(
        "mutation {{ createInterview(input: {{kind: VIDEO_CALL, {}, intervieweeId: {JUDE_APPLICATION},
         interviewerId: {LUISA}}}) {{ interview {{ id }} }} }}",
        time_arguments("10:00", "11:00")
    );
    assert_json!(app.anonymous().graphql(&query, json!({})).await, @r#"
    {
      "errors": [
        {
          "extensions": {"code": "UNAUTHENTICATED", "reason": "TOKEN_MISSING"},
          "message": "This needs a token. Send it as `Authorization: Bearer <JWT>`."
        }
      ]
    }
    "#);
    assert_eq!(write_counts(&app).await, before);
}
