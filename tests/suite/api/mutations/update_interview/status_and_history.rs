//! What `updateInterview` does to the status and to the history.

use super::super::looking::{application, done, history, last_event, scheduled, shown};
use crate::support::Database::{self, Postgres, Sqlite};
use chrono::TimeDelta;
use rstest::rstest;
use serde_json::{Value, json};

#[rstest]
#[case::start(json!({"startAt": "2025-04-01T10:15:00Z"}), "PENDING")]
#[case::end(json!({"endAt": "2025-04-01T11:15:00Z"}), "PENDING")]
#[case::interviewee(json!({"intervieweeId": "1003"}), "PENDING")]
#[case::interviewer(json!({"interviewerId": "2001"}), "SCHEDULED")]
#[case::kind(json!({"kind": "VIDEO_CALL"}), "SCHEDULED")]
#[case::location(json!({"location": "Gate 3"}), "SCHEDULED")]
#[case::overlap(json!({"allowOverlap": true}), "SCHEDULED")]
#[case::the_same_time(json!({"startAt": "2025-04-01T12:00:00+02:00", "location": "Gate 3"}), "SCHEDULED")]
#[tokio::test]
async fn the_driver_agrees_again_to_another_time_or_another_driver_alone(
    #[values(Sqlite, Postgres)] database: Database,
    #[case] input: Value,
    #[case] status: &str,
) {
    let app = start!(database);
    let id: i64 = scheduled(&app).await.parse().unwrap();
    let before = application(&app, 277).await;
    let payload = app.staff().update(id, input).await;
    assert_eq!(shown(done(&payload), "status version"), json!([status, 3]));
    assert_eq!(application(&app, 277).await, before, "an update does not touch the interviewee");
}

#[rstest]
#[tokio::test]
async fn an_update_is_told_field_by_field_as_the_schema_prints_them(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = scheduled(&app).await;
    app.clock.advance(TimeDelta::hours(1));
    let input = json!({
        "kind": "IN_PERSON",
        "startAt": "2025-04-01T12:00:00.25Z",
        "endAt": "2025-04-01T13:00:00Z",
        "intervieweeId": "1003",
        "interviewerId": "2001",
        "location": "Gate 3",
        "allowOverlap": true
    });
    done(&app.staff().update(&id, input).await);
    assert_eq!(
        last_event(&app.staff(), &id).await,
        "UPDATED by 1000 as INTERVIEWER: kind: PHONE_CALL → IN_PERSON, status: SCHEDULED → PENDING, \
         startAt: 2025-04-01T10:00:00.000Z → 2025-04-01T12:00:00.250Z, \
         endAt: 2025-04-01T11:00:00.000Z → 2025-04-01T13:00:00.000Z, location: null → Gate 3, \
         intervieweeId: 277 → 1003, interviewerId: 1001 → 2001, allowOverlap: false → true"
    );
    done(&app.staff().update(&id, json!({"location": null})).await);
    assert_eq!(last_event(&app.staff(), &id).await, "UPDATED by 1000 as INTERVIEWER: location: Gate 3 → null");
}

#[rstest]
#[tokio::test]
async fn an_interview_given_to_another_driver_is_theirs_and_no_longer_the_first_ones(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let id: i64 = scheduled(&app).await.parse().unwrap();
    done(&app.staff().update(id, json!({"intervieweeId": "1003"})).await);
    let new_driver = app.user(interviews::domain::UserId(1_000_003));
    assert_eq!(app.driver().interview(id).await, json!(null));
    assert_eq!(new_driver.interview(id).await["status"], "PENDING");
    let refused = app.driver().mutate("acceptInterview", &format!("id: {id}")).await;
    assert_eq!(refused["userErrors"][0]["code"], "NOT_FOUND");
    done(&new_driver.mutate("acceptInterview", &format!("id: {id}")).await);
}

#[rstest]
#[tokio::test]
async fn an_update_that_changes_nothing_leaves_version_time_and_history(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let id = scheduled(&app).await;
    let stored = app.staff().interview(&id).await;
    app.clock.advance(TimeDelta::hours(1));
    for input in [
        json!({}),
        json!({"location": null}),
        json!({
            "kind": "PHONE_CALL",
            "startAt": "2025-04-01T10:00:00.0004Z",
            "endAt": "2025-04-01T13:00:00+02:00",
            "intervieweeId": "277",
            "interviewerId": "1001",
            "allowOverlap": false
        }),
    ] {
        let payload = app.staff().update(&id, input).await;
        assert_eq!(*done(&payload), stored);
    }
    assert_eq!(app.staff().interview(&id).await, stored);
    assert_eq!(history(&app.staff(), &id).await.len(), 2);
}
