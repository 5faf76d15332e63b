//! `acceptInterview`

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::lifecycle::{interview_of, interviewee_state, last_event, only};
use crate::support::people::{JUDE, JUDE_APPLICATION, JUDE_WITH_LUISA, LUISA};
use chrono::TimeDelta;
use rstest::rstest;
use serde_json::json;

#[rstest]
#[tokio::test]
async fn driver_accepts_pending_interview_and_it_is_scheduled_at_its_time(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    app.clock.advance(TimeDelta::minutes(5));
    let interviewee = interviewee_state(&app, JUDE_APPLICATION).await;
    let payload = app.driver().accept(JUDE_WITH_LUISA).await;
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
        "status": "SCHEDULED",
        "updatedAt": "2025-03-20T10:07:08.958Z",
        "version": 2
      },
      "userErrors": []
    }
    "#);
    assert_eq!(app.staff().interview(JUDE_WITH_LUISA).await, payload["interview"]);
    assert_eq!(interviewee_state(&app, JUDE_APPLICATION).await, interviewee);
    assert_json!(last_event(&app.staff(), JUDE_WITH_LUISA).await, @r#"
    {
      "actor": {"id": "997", "role": "DRIVER", "title": "Jude Howell"},
      "actorSide": "INTERVIEWEE",
      "at": "2025-03-20T10:07:08.958Z",
      "changes": [{"field": "status", "from": "PENDING", "to": "SCHEDULED"}],
      "type": "ACCEPTED"
    }
    "#);
}

#[rstest]
#[tokio::test]
async fn accepted_proposal_becomes_the_time_of_the_interview(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = app.book(JUDE, LUISA).at("10:00").await;
    interview_of(&app.driver().propose(id, "14:00", "15:00").await);
    app.clock.advance(TimeDelta::hours(1));
    let payload = app.staff().accept(id).await;
    assert_json!(payload, @r#"
    {
      "interview": {
        "allowOverlap": false,
        "amendEndAt": null,
        "amendStartAt": null,
        "amendedBy": null,
        "awaiting": null,
        "createdAt": "2025-03-20T10:02:08.958Z",
        "endAt": "2025-04-01T15:00:00.000Z",
        "id": "271",
        "intervieweeId": "277",
        "interviewerId": "1001",
        "kind": "PHONE_CALL",
        "location": null,
        "reason": null,
        "startAt": "2025-04-01T14:00:00.000Z",
        "status": "SCHEDULED",
        "updatedAt": "2025-03-20T11:02:08.958Z",
        "version": 3
      },
      "userErrors": []
    }
    "#);
    assert_eq!(app.driver().interview(id).await, payload["interview"]);
    assert_json!(last_event(&app.driver(), id).await, @r#"
    {
      "actor": {"id": "1000", "role": "STAFF", "title": "Mona Berg"},
      "actorSide": "INTERVIEWER",
      "at": "2025-03-20T11:02:08.958Z",
      "changes": [
        {"field": "status", "from": "AMENDED", "to": "SCHEDULED"},
        {"field": "startAt", "from": "2025-04-01T10:00:00.000Z", "to": "2025-04-01T14:00:00.000Z"},
        {"field": "endAt", "from": "2025-04-01T11:00:00.000Z", "to": "2025-04-01T15:00:00.000Z"},
        {"field": "amendStartAt", "from": "2025-04-01T14:00:00.000Z", "to": null},
        {"field": "amendEndAt", "from": "2025-04-01T15:00:00.000Z", "to": null},
        {"field": "amendedBy", "from": "INTERVIEWEE", "to": null}
      ],
      "type": "ACCEPTED"
    }
    "#);
}

#[tokio::test]
async fn payload_lists_the_next_actions_of_its_own_viewer() {
    let app = start!(Sqlite);
    let query = format!(
        "mutation {{ acceptInterview(id: {JUDE_WITH_LUISA}) {{ interview {{ awaiting availableActions }} }} }}"
    );
    let data = app.driver().ask(&query, json!({})).await;
    assert_json!(data, @r#"
    {
      "acceptInterview": {"interview": {"availableActions": ["AMEND", "REJECT"], "awaiting": null}}
    }
    "#);
}

#[tokio::test]
async fn side_that_proposed_last_cannot_accept() {
    let app = start!(Sqlite);
    let id = app.book(JUDE, LUISA).at("10:00").await;
    interview_of(&app.staff().propose(id, "14:00", "15:00").await);
    let payload = app.staff().accept(id).await;
    assert_json!(payload, @r#"
    {
      "interview": null,
      "userErrors": [
        {
          "__typename": "ForbiddenError",
          "code": "FORBIDDEN",
          "message": "Only the other side can do this now.",
          "path": ["id"]
        }
      ]
    }
    "#);
    let accepted = app.driver().accept(id).await;
    assert_json!(only(interview_of(&accepted), "status startAt endAt"), @r#"
    {
      "endAt": "2025-04-01T15:00:00.000Z",
      "startAt": "2025-04-01T14:00:00.000Z",
      "status": "SCHEDULED"
    }
    "#);
}
