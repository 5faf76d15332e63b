//! What an update does to the status and to an open proposal: another time or another driver needs the driver's consent
//! again.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::actor::refusals;
use crate::support::lifecycle::{interview_of, interviewee_state, only};
use crate::support::people::{DANA, DANA_APPLICATION, JUDE, JUDE_APPLICATION, JUDE_WITH_LUISA, KOFI, LUISA};
use chrono::TimeDelta;
use interviews::domain::InterviewId;
use rstest::rstest;
use serde_json::{Value, json};

const STATUS: &str = "status awaiting amendStartAt amendEndAt amendedBy";

/// One interview in each open status, from ten to eleven on days of April 2025 from this one on.
async fn open_interviews(app: &TestApp, first_day: u32) -> [InterviewId; 4] {
    let book = |number: u32| app.book(JUDE, LUISA).at(&format!("2025-04-{:02}T10:00:00Z", first_day + number));
    let pending = book(0).await;
    let scheduled = book(1).accepted().await;
    let amended_by_interviewer = book(2).await;
    interview_of(&app.staff().propose(amended_by_interviewer, "14:00", "15:00").await);
    let amended_by_interviewee = book(3).accepted().await;
    interview_of(&app.driver().propose(amended_by_interviewee, "14:00", "15:00").await);
    [pending, scheduled, amended_by_interviewer, amended_by_interviewee]
}

#[rstest]
#[tokio::test]
async fn another_time_or_driver_makes_the_interview_pending(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let april = |day: usize, time: &str| format!("2025-04-{day:02}T{time}Z");
    for (first_day, input) in [
        (1, json!({"startAt": "TIME"})),
        (5, json!({"endAt": "TIME"})),
        (9, json!({"intervieweeId": DANA_APPLICATION.to_string()})),
        (
            13,
            json!({
                "kind": "IN_PERSON", "startAt": "TIME", "location": "Dock 4", "interviewerId": KOFI.to_string(),
                "intervieweeId": DANA_APPLICATION.to_string()
            }),
        ),
    ] {
        for (index, id) in open_interviews(&app, first_day).await.into_iter().enumerate() {
            let mut input = input.clone();
            let day = first_day as usize + index;
            for (field, time) in [("startAt", april(day, "09:59:59.999")), ("endAt", april(day, "11:00:00.001"))] {
                if input.get(field).is_some() {
                    input[field] = json!(time);
                }
            }
            let payload = app.staff().update(id, input.clone()).await;
            assert_json!(only(interview_of(&payload), STATUS), @r#"
            {
              "amendEndAt": null,
              "amendStartAt": null,
              "amendedBy": null,
              "awaiting": "INTERVIEWEE",
              "status": "PENDING"
            }
            "#);
            assert_eq!(app.staff().interview(id).await, payload["interview"]);
        }
    }
}

#[rstest]
#[tokio::test]
async fn any_other_field_leaves_status_and_proposal(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    for id in open_interviews(&app, 1).await {
        let before = app.staff().interview(id).await;
        for input in [
            json!({"kind": "IN_PERSON"}),
            json!({"interviewerId": KOFI.to_string()}),
            json!({"location": "Dock 4"}),
            json!({"location": null}),
            json!({"allowOverlap": true}),
        ] {
            // The stored time and interviewee, sent along, are no change.
            let mut input = input;
            for field in ["startAt", "endAt", "intervieweeId"] {
                input[field] = before[field].clone();
            }
            let payload = app.staff().update(id, input.clone()).await;
            assert_eq!(only(interview_of(&payload), STATUS), only(&before, STATUS), "{input}");
        }
        let version = |interview: &Value| interview["version"].as_i64().unwrap();
        assert_eq!(version(&app.staff().interview(id).await), version(&before) + 5);
    }
}

#[tokio::test]
async fn stored_time_in_another_zone_leaves_the_status() {
    let app = start!(Sqlite);
    let id = app.book(JUDE, LUISA).at("10:00").accepted().await;
    let input = json!({"startAt": "2025-04-01T12:00:00+02:00", "location": "Gate 3"});
    assert_eq!(interview_of(&app.staff().update(id, input).await)["status"], "SCHEDULED");
}

/// The status before the proposal is gone with it: the driver has to accept again.
#[rstest]
#[tokio::test]
async fn update_of_the_time_drops_the_proposal(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = app.book(JUDE, LUISA).at("10:00").accepted().await;
    interview_of(&app.driver().propose(id, "14:00", "15:00").await);
    let payload = app.staff().update(id, json!({"endAt": "2025-04-01T10:45:00Z"})).await;
    assert_json!(payload, @r#"
    {
      "interview": {
        "allowOverlap": false,
        "amendEndAt": null,
        "amendStartAt": null,
        "amendedBy": null,
        "awaiting": "INTERVIEWEE",
        "createdAt": "2025-03-20T10:02:08.958Z",
        "endAt": "2025-04-01T10:45:00.000Z",
        "id": "271",
        "intervieweeId": "277",
        "interviewerId": "1001",
        "kind": "PHONE_CALL",
        "location": null,
        "reason": null,
        "startAt": "2025-04-01T10:00:00.000Z",
        "status": "PENDING",
        "updatedAt": "2025-03-20T10:02:08.958Z",
        "version": 4
      },
      "userErrors": []
    }
    "#);
    assert_eq!(refusals(&app.driver().withdraw(id).await), ["INVALID_STATE id"]);
}

#[rstest]
#[tokio::test]
async fn update_leaves_the_interviewees(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let interviewees =
        async || [interviewee_state(&app, JUDE_APPLICATION).await, interviewee_state(&app, DANA_APPLICATION).await];
    let before = interviewees().await;
    app.clock.advance(TimeDelta::hours(1));
    let input = json!({"intervieweeId": DANA_APPLICATION.to_string(), "startAt": "2025-03-20T08:00:00Z"});
    interview_of(&app.staff().update(JUDE_WITH_LUISA, input).await);
    assert_eq!(interviewees().await, before);
}

#[rstest]
#[tokio::test]
async fn interview_of_another_driver_is_no_longer_seen_by_the_first(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = app.book(JUDE, LUISA).at("10:00").accepted().await;
    interview_of(&app.staff().update(id, json!({"intervieweeId": DANA_APPLICATION.to_string()})).await);
    assert_eq!(app.driver().interview(id).await, Value::Null);
    assert_eq!(app.user(DANA).interview(id).await["status"], "PENDING");
    assert_eq!(refusals(&app.driver().accept(id).await), ["NOT_FOUND id"]);
    interview_of(&app.user(DANA).accept(id).await);
}
