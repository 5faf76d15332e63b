//! `cancelInterview`

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::lifecycle::{interview_of, interviewee_kind, interviewee_state, last_event};
use crate::support::people::{JUDE, JUDE_APPLICATION, JUDE_COASTAL_APPLICATION, JUDE_WITH_LUISA, LUISA};
use chrono::TimeDelta;
use rstest::rstest;

#[rstest]
#[tokio::test]
async fn staff_cancel_with_a_reason_and_the_open_proposal_is_dropped(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    interview_of(&app.driver().propose(JUDE_WITH_LUISA, "10:00", "11:00").await);
    let arguments = format!(r#"id: {JUDE_WITH_LUISA}, reason: "The position was filled""#);
    let payload = app.staff().mutate("cancelInterview", &arguments).await;
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
        "reason": "The position was filled",
        "startAt": "2025-03-20T09:00:00.000Z",
        "status": "CANCELLED",
        "updatedAt": "2025-03-20T10:02:08.958Z",
        "version": 3
      },
      "userErrors": []
    }
    "#);
    assert_json!(last_event(&app.driver(), JUDE_WITH_LUISA).await, @r#"
    {
      "actor": {"id": "1000", "role": "STAFF", "title": "Mona Berg"},
      "actorSide": "INTERVIEWER",
      "at": "2025-03-20T10:02:08.958Z",
      "changes": [
        {"field": "status", "from": "AMENDED", "to": "CANCELLED"},
        {"field": "amendStartAt", "from": "2025-04-01T10:00:00.000Z", "to": null},
        {"field": "amendEndAt", "from": "2025-04-01T11:00:00.000Z", "to": null},
        {"field": "amendedBy", "from": "INTERVIEWEE", "to": null},
        {"field": "reason", "from": null, "to": "The position was filled"}
      ],
      "type": "CANCELLED"
    }
    "#);
}

#[rstest]
#[tokio::test]
async fn interviewee_is_verified_again_when_the_last_open_interview_is_cancelled(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let pending = app.book(JUDE, LUISA).at("10:00").await;
    let scheduled = app.book(JUDE, LUISA).at("11:00").accepted().await;
    for id in [JUDE_WITH_LUISA, pending] {
        interview_of(&app.staff().cancel(id).await);
        assert_eq!(interviewee_kind(&app, JUDE_APPLICATION).await, "INTERVIEW", "one is still open");
    }
    app.clock.advance(TimeDelta::minutes(5));
    interview_of(&app.staff().cancel(scheduled).await);
    assert_json!(interviewee_state(&app, JUDE_APPLICATION).await, @r#"
    {
      "kind": "VERIFIED",
      "updatedAt": "2025-03-20T10:07:08.958Z"
    }
    "#);
}

#[rstest]
#[tokio::test]
async fn completed_interviews_and_those_of_another_application_do_not_count_as_open(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    interview_of(&app.driver().accept(JUDE_WITH_LUISA).await);
    interview_of(&app.staff().complete(JUDE_WITH_LUISA).await);
    let id = app.book(JUDE, LUISA).await;
    interview_of(&app.staff().cancel(id).await);
    assert_eq!(interviewee_kind(&app, JUDE_APPLICATION).await, "VERIFIED");
    assert_eq!(interviewee_kind(&app, JUDE_COASTAL_APPLICATION).await, "INTERVIEW");
}

#[rstest]
#[tokio::test]
async fn interviewee_of_any_other_kind_is_left_as_it_is(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    interview_of(&app.staff().cancel(JUDE_WITH_LUISA).await);
    for (kind, hour) in [("verified", "10:00"), ("accepted", "11:00"), ("rejected", "12:00")] {
        let only_open_one = app.book(JUDE, LUISA).at(hour).await;
        let update = format!("UPDATE interviewees SET kind = '{kind}' WHERE id = {JUDE_APPLICATION}");
        app.database.execute(&update).await;
        let before = interviewee_state(&app, JUDE_APPLICATION).await;
        app.clock.advance(TimeDelta::minutes(5));
        interview_of(&app.staff().cancel(only_open_one).await);
        assert_eq!(interviewee_state(&app, JUDE_APPLICATION).await, before);
    }
}
