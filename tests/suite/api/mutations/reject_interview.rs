//! `rejectInterview`

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::refusals;
use crate::support::lifecycle::{interview_of, interviewee_kind, interviewee_state, last_event, only, write_counts};
use crate::support::people::{DANA, JUDE, JUDE_APPLICATION, JUDE_WITH_LUISA, LUISA};
use chrono::TimeDelta;
use rstest::rstest;
use serde_json::{Value, json};

#[rstest]
#[tokio::test]
async fn driver_rejects_with_a_reason_and_the_interviewee_is_rejected(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    app.clock.advance(TimeDelta::minutes(5));
    let arguments = format!(r#"id: {JUDE_WITH_LUISA}, reason: "Took another job.\n\tSorry!""#);
    let payload = app.driver().mutate("rejectInterview", &arguments).await;
    assert_json!(payload, @r#"
    {
      "interview": {
        "allowOverlap": false,
        "amendEndAt": null,
        "amendStartAt": null,
        "amendedBy": null,
        "awaiting": null,
        "createdAt": "2025-03-19T16:20:41.250Z",
        "endAt": "2025-03-20T09:30:00.000Z",
        "id": "27",
        "intervieweeId": "277",
        "interviewerId": "1001",
        "kind": "VIDEO_CALL",
        "location": null,
        "reason": "Took another job.\n\tSorry!",
        "startAt": "2025-03-20T09:00:00.000Z",
        "status": "REJECTED",
        "updatedAt": "2025-03-20T10:07:08.958Z",
        "version": 2
      },
      "userErrors": []
    }
    "#);
    assert_eq!(app.staff().interview(JUDE_WITH_LUISA).await, payload["interview"]);
    assert_json!(interviewee_state(&app, JUDE_APPLICATION).await, @r#"
    {
      "kind": "REJECTED",
      "updatedAt": "2025-03-20T10:07:08.958Z"
    }
    "#);
    assert_json!(last_event(&app.staff(), JUDE_WITH_LUISA).await, @r#"
    {
      "actor": {"id": "997", "role": "DRIVER", "title": "Jude Howell"},
      "actorSide": "INTERVIEWEE",
      "at": "2025-03-20T10:07:08.958Z",
      "changes": [
        {"field": "status", "from": "PENDING", "to": "REJECTED"},
        {"field": "reason", "from": null, "to": "Took another job.\n\tSorry!"}
      ],
      "type": "REJECTED"
    }
    "#);
}

#[rstest]
#[tokio::test]
async fn reason_is_optional(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let arguments = format!("id: {JUDE_WITH_LUISA}, reason: null");
    let payload = app.driver().mutate("rejectInterview", &arguments).await;
    assert_json!(only(interview_of(&payload), "status reason"), @r#"{"reason": null, "status": "REJECTED"}"#);
    assert_json!(last_event(&app.driver(), JUDE_WITH_LUISA).await["changes"], @r#"
    [
      {"field": "status", "from": "PENDING", "to": "REJECTED"}
    ]
    "#);
}

#[rstest]
#[tokio::test]
async fn rejecting_drops_the_open_proposal(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    interview_of(&app.staff().propose(JUDE_WITH_LUISA, "10:00", "11:00").await);
    let payload = app.driver().reject(JUDE_WITH_LUISA).await;
    assert_json!(payload, @r#"
    {
      "interview": {
        "allowOverlap": false,
        "amendEndAt": null,
        "amendStartAt": null,
        "amendedBy": null,
        "awaiting": null,
        "createdAt": "2025-03-19T16:20:41.250Z",
        "endAt": "2025-03-20T09:30:00.000Z",
        "id": "27",
        "intervieweeId": "277",
        "interviewerId": "1001",
        "kind": "VIDEO_CALL",
        "location": null,
        "reason": null,
        "startAt": "2025-03-20T09:00:00.000Z",
        "status": "REJECTED",
        "updatedAt": "2025-03-20T10:02:08.958Z",
        "version": 3
      },
      "userErrors": []
    }
    "#);
    assert_eq!(interviewee_kind(&app, JUDE_APPLICATION).await, "REJECTED");
    assert_json!(last_event(&app.driver(), JUDE_WITH_LUISA).await["changes"], @r#"
    [
      {"field": "status", "from": "AMENDED", "to": "REJECTED"},
      {"field": "amendStartAt", "from": "2025-04-01T10:00:00.000Z", "to": null},
      {"field": "amendEndAt", "from": "2025-04-01T11:00:00.000Z", "to": null},
      {"field": "amendedBy", "from": "INTERVIEWER", "to": null}
    ]
    "#);
}

#[rstest]
#[tokio::test]
async fn rejected_interviewee_stays_rejected_when_another_interview_is_cancelled(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let id = app.book(JUDE, LUISA).await;
    interview_of(&app.driver().reject(id).await);
    assert_eq!(interviewee_kind(&app, JUDE_APPLICATION).await, "REJECTED");
    interview_of(&app.staff().cancel(JUDE_WITH_LUISA).await);
    assert_eq!(interviewee_kind(&app, JUDE_APPLICATION).await, "REJECTED");
}

/// `cancelInterview` takes the same reason.
#[tokio::test]
async fn reason_is_neither_blank_nor_longer_than_2000_characters_nor_with_control_characters() {
    let app = start!(Sqlite);
    let before = write_counts(&app).await;
    let reason = |text: &str| format!("id: {JUDE_WITH_LUISA}, reason: {}", json!(text));
    for (text, error) in [
        (" \n ", "INVALID_REASON reason"),
        ("a\u{0}b", "INVALID_REASON reason"),
        ("a\u{1b}[2Jb", "INVALID_REASON reason"),
        (&"ü".repeat(2001), "TEXT_TOO_LONG reason"),
    ] {
        assert_eq!(refusals(&app.driver().mutate("rejectInterview", &reason(text)).await), [error]);
        assert_eq!(refusals(&app.staff().mutate("cancelInterview", &reason(text)).await), [error]);
    }
    assert_eq!(write_counts(&app).await, before);
}

/// Forms send it for a field that is left empty. `cancelInterview` takes the same reason.
#[rstest]
#[tokio::test]
async fn empty_reason_is_null(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let other = app.book(DANA, LUISA).at("10:00").await;
    let cancelled = app.staff().mutate("cancelInterview", &format!(r#"id: {other}, reason: """#)).await;
    let arguments = format!(r#"id: {JUDE_WITH_LUISA}, reason: """#);
    let rejected = app.driver().mutate("rejectInterview", &arguments).await;
    for payload in [cancelled, rejected] {
        assert_eq!(interview_of(&payload)["reason"], Value::Null);
        let stored = app.staff().interview(payload["interview"]["id"].as_str().unwrap()).await;
        assert_eq!(stored["reason"], Value::Null);
    }
}

#[rstest]
#[tokio::test]
async fn reason_of_2000_characters_is_stored(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let longest = "ü".repeat(2000);
    let arguments = format!(r#"id: {JUDE_WITH_LUISA}, reason: "{longest}""#);
    interview_of(&app.driver().mutate("rejectInterview", &arguments).await);
    assert_eq!(app.staff().interview(JUDE_WITH_LUISA).await["reason"], longest);
}
