//! `completeInterview`

use super::mark_no_show::advance_to;
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::refusals;
use crate::support::lifecycle::{interview_of, interviewee_state, last_event, only};
use crate::support::people::{JUDE, JUDE_APPLICATION, JUDE_WITH_LUISA, LUISA};
use rstest::rstest;

#[rstest]
#[tokio::test]
async fn scheduled_interview_is_completed_once_it_has_started(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = app.book(JUDE, LUISA).at("10:00").accepted().await;
    let interviewee = interviewee_state(&app, JUDE_APPLICATION).await;
    advance_to(&app, "2025-04-01T09:59:59.999Z");
    assert_json!(app.staff().complete(id).await, @r#"
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
    assert_json!(app.staff().complete(id).await, @r#"
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
        "status": "COMPLETED",
        "updatedAt": "2025-04-01T10:00:00.000Z",
        "version": 3
      },
      "userErrors": []
    }
    "#);
    assert_json!(last_event(&app.driver(), id).await, @r#"
    {
      "actor": {"id": "1000", "role": "STAFF", "title": "Mona Berg"},
      "actorSide": "INTERVIEWER",
      "at": "2025-04-01T10:00:00.000Z",
      "changes": [{"field": "status", "from": "SCHEDULED", "to": "COMPLETED"}],
      "type": "COMPLETED"
    }
    "#);
    assert_eq!(interviewee_state(&app, JUDE_APPLICATION).await, interviewee);
}

/// `markNoShow` is refused in the same way.
#[tokio::test]
async fn interview_that_is_not_scheduled_cannot_be_completed() {
    let app = start!(Sqlite);
    for payload in
        [app.staff().complete(JUDE_WITH_LUISA).await, app.staff().mark_no_show(JUDE_WITH_LUISA, "INTERVIEWEE").await]
    {
        assert_eq!(refusals(&payload), ["INVALID_STATE id"]);
        assert_eq!(payload["userErrors"][0]["status"], "PENDING");
    }
    interview_of(&app.driver().accept(JUDE_WITH_LUISA).await);
    interview_of(&app.driver().propose(JUDE_WITH_LUISA, "10:00", "11:00").await);
    let payload = app.staff().complete(JUDE_WITH_LUISA).await;
    assert_json!(only(&payload["userErrors"][0], "code path status"), @r#"
    {
      "code": "INVALID_STATE",
      "path": ["id"],
      "status": "AMENDED"
    }
    "#);
}
