//! `amendInterview`

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::refusals;
use crate::support::booking::proposal;
use crate::support::lifecycle::{history, interview_of, interviewee_kind, last_event, only};
use crate::support::people::{JUDE, JUDE_APPLICATION, JUDE_WITH_LUISA, KOFI, LUISA};
use chrono::TimeDelta;
use rstest::rstest;

const NEGOTIATION: &str = "status startAt endAt amendStartAt amendEndAt amendedBy awaiting version";

#[rstest]
#[tokio::test]
async fn driver_proposes_another_time_and_the_interviewer_has_to_answer(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let id = app.book(JUDE, LUISA).at("10:00").await;
    app.clock.advance(TimeDelta::hours(1));
    let payload = app.driver().propose(id, "14:00", "15:00").await;
    assert_json!(payload, @r#"
    {
      "interview": {
        "allowOverlap": false,
        "amendEndAt": "2025-04-01T15:00:00.000Z",
        "amendStartAt": "2025-04-01T14:00:00.000Z",
        "amendedBy": "INTERVIEWEE",
        "awaiting": "INTERVIEWER",
        "createdAt": "2025-03-20T10:02:08.958Z",
        "endAt": "2025-04-01T11:00:00.000Z",
        "id": "271",
        "intervieweeId": "277",
        "interviewerId": "1001",
        "kind": "PHONE_CALL",
        "location": null,
        "reason": null,
        "startAt": "2025-04-01T10:00:00.000Z",
        "status": "AMENDED",
        "updatedAt": "2025-03-20T11:02:08.958Z",
        "version": 2
      },
      "userErrors": []
    }
    "#);
    assert_eq!(app.staff().interview(id).await, payload["interview"]);
    assert_eq!(interviewee_kind(&app, JUDE_APPLICATION).await, "INTERVIEW");
    assert_json!(last_event(&app.driver(), id).await, @r#"
    {
      "actor": {"id": "997", "role": "DRIVER", "title": "Jude Howell"},
      "actorSide": "INTERVIEWEE",
      "at": "2025-03-20T11:02:08.958Z",
      "changes": [
        {"field": "status", "from": "PENDING", "to": "AMENDED"},
        {"field": "amendStartAt", "from": null, "to": "2025-04-01T14:00:00.000Z"},
        {"field": "amendEndAt", "from": null, "to": "2025-04-01T15:00:00.000Z"},
        {"field": "amendedBy", "from": null, "to": "INTERVIEWEE"}
      ],
      "type": "AMENDED"
    }
    "#);
}

#[rstest]
#[tokio::test]
async fn either_side_revises_and_counters_a_proposal(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = app.book(JUDE, LUISA).at("10:00").await;
    // Kofi is of Mona's company: they are the same side.
    for (actor, start, side, awaiting) in [
        (app.staff(), "12:00", "INTERVIEWER", "INTERVIEWEE"),
        (app.staff(), "13:00", "INTERVIEWER", "INTERVIEWEE"),
        (app.driver(), "14:00", "INTERVIEWEE", "INTERVIEWER"),
        (app.driver(), "15:00", "INTERVIEWEE", "INTERVIEWER"),
        (app.user(KOFI), "14:30", "INTERVIEWER", "INTERVIEWEE"),
    ] {
        let payload = actor.propose(id, start, "16:00").await;
        let interview = interview_of(&payload);
        assert_eq!(interview["amendStartAt"], format!("2025-04-01T{start}:00.000Z"));
        assert_eq!([&interview["amendedBy"], &interview["awaiting"]], [side, awaiting]);
    }
    assert_json!(only(&app.staff().interview(id).await, NEGOTIATION), @r#"
    {
      "amendEndAt": "2025-04-01T16:00:00.000Z",
      "amendStartAt": "2025-04-01T14:30:00.000Z",
      "amendedBy": "INTERVIEWER",
      "awaiting": "INTERVIEWEE",
      "endAt": "2025-04-01T11:00:00.000Z",
      "startAt": "2025-04-01T10:00:00.000Z",
      "status": "AMENDED",
      "version": 6
    }
    "#);
    assert_json!(only(interview_of(&app.driver().accept(id).await), NEGOTIATION), @r#"
    {
      "amendEndAt": null,
      "amendStartAt": null,
      "amendedBy": null,
      "awaiting": null,
      "endAt": "2025-04-01T16:00:00.000Z",
      "startAt": "2025-04-01T14:30:00.000Z",
      "status": "SCHEDULED",
      "version": 7
    }
    "#);
}

#[tokio::test]
async fn current_or_already_proposed_time_cannot_be_proposed() {
    let app = start!(Sqlite);
    let id = app.book(JUDE, LUISA).at("10:00").await;
    let payload = app.driver().propose(id, "10:00", "11:00").await;
    assert_json!(payload, @r#"
    {
      "interview": null,
      "userErrors": [
        {
          "__typename": "ValidationError",
          "code": "AMENDMENT_UNCHANGED",
          "message": "The interview is already at this time.",
          "path": ["input", "startAt"]
        }
      ]
    }
    "#);
    interview_of(&app.driver().propose(id, "14:00", "15:00").await);
    for actor in [app.driver(), app.staff()] {
        for (start, end) in [("14:00", "15:00"), ("10:00", "11:00"), ("2025-04-01T14:00:00.0009Z", "15:00")] {
            let payload = actor.propose(id, start, end).await;
            assert_eq!(refusals(&payload), ["AMENDMENT_UNCHANGED input.startAt"], "{start}");
        }
    }
    assert_eq!(history(&app.driver(), id).await.len(), 2);
}

#[tokio::test]
async fn proposal_ends_after_its_start_and_within_a_day() {
    let app = start!(Sqlite);
    let propose = async |end| app.driver().propose(JUDE_WITH_LUISA, "14:00", end).await;
    assert_eq!(refusals(&propose("14:00").await), ["END_NOT_AFTER_START input.endAt"]);
    assert_eq!(refusals(&propose("2025-04-02T14:00:00.001Z").await), ["DURATION_TOO_LONG input.endAt"]);
    interview_of(&propose("2025-04-02T14:00:00Z").await);
}

#[tokio::test]
async fn proposal_that_overlaps_another_interview_is_accepted_as_a_proposal() {
    let app = start!(Sqlite);
    app.book(JUDE, LUISA).at("10:00").await;
    let arguments = proposal(JUDE_WITH_LUISA, "10:30", "11:30");
    interview_of(&app.driver().mutate("amendInterview", &arguments).await);
}
