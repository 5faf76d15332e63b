//! `markNoShow`

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::lifecycle::{interview_of, last_event, only};
use crate::support::people::{JUDE, LUISA};
use chrono::{DateTime, Utc};
use rstest::rstest;
use serde_json::json;

/// Advances the clock to this time.
pub fn advance_to(app: &TestApp, time: &str) {
    app.clock.advance(time.parse::<DateTime<Utc>>().unwrap() - app.now());
}

#[rstest]
#[tokio::test]
async fn absent_side_is_recorded_once_the_interview_has_started(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let first = app.book(JUDE, LUISA).at("10:00").accepted().await;
    let second = app.book(JUDE, LUISA).at("09:00").accepted().await;
    advance_to(&app, "2025-04-01T09:59:59.999Z");
    assert_json!(app.staff().mark_no_show(first, "INTERVIEWEE").await, @r#"
    {
      "interview": null,
      "userErrors": [
        {
          "__typename": "InvalidStateError",
          "availableActions": ["UPDATE", "AMEND", "CANCEL"],
          "code": "INVALID_STATE",
          "message": "This is not possible, because the interview has not started yet.",
          "path": ["id"],
          "status": "SCHEDULED"
        }
      ]
    }
    "#);
    advance_to(&app, "2025-04-01T10:00:00Z");
    assert_json!(app.staff().mark_no_show(first, "INTERVIEWEE").await, @r#"
    {
      "interview": {
        "allowOverlap": false,
        "amendEndAt": null,
        "amendStartAt": null,
        "amendedBy": null,
        "awaiting": null,
        "createdAt": "2025-03-20T10:02:08.958Z",
        "endAt": "2025-04-01T11:00:00.000Z",
        "id": "271",
        "intervieweeId": "277",
        "interviewerId": "1001",
        "kind": "PHONE_CALL",
        "location": null,
        "reason": null,
        "startAt": "2025-04-01T10:00:00.000Z",
        "status": "NO_SHOW",
        "updatedAt": "2025-04-01T10:00:00.000Z",
        "version": 3
      },
      "userErrors": []
    }
    "#);
    assert_json!(last_event(&app.driver(), first).await, @r#"
    {
      "actor": {"id": "1000", "role": "STAFF", "title": "Mona Berg"},
      "actorSide": "INTERVIEWER",
      "at": "2025-04-01T10:00:00.000Z",
      "changes": [
        {"field": "status", "from": "SCHEDULED", "to": "NO_SHOW"},
        {"field": "absent", "from": null, "to": "INTERVIEWEE"}
      ],
      "type": "NO_SHOW"
    }
    "#);
    let payload = app.staff().mark_no_show(second, "INTERVIEWER").await;
    assert_json!(only(interview_of(&payload), "status awaiting version"), @r#"
    {
      "awaiting": null,
      "status": "NO_SHOW",
      "version": 3
    }
    "#);
    let query =
        format!("{{ first: interview(id: {first}) {{ absent }} second: interview(id: {second}) {{ absent }} }}");
    assert_json!(app.driver().ask(&query, json!({})).await, @r#"
    {
      "first": {"absent": "INTERVIEWEE"},
      "second": {"absent": "INTERVIEWER"}
    }
    "#);
}
