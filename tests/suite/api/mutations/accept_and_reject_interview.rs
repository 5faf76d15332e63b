//! `acceptInterview` of a pending interview, and `rejectInterview`.

use super::looking::{application, done, kind_of, last_event, propose, shown, written};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::refusals;
use chrono::TimeDelta;
use rstest::rstest;
use serde_json::json;

#[rstest]
#[tokio::test]
async fn the_driver_accepts_and_it_is_scheduled_at_the_time_it_has(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    app.clock.advance(TimeDelta::minutes(5));
    let before = application(&app, 277).await;
    let payload = app.driver().mutate("acceptInterview", "id: 27").await;
    assert_eq!(
        shown(done(&payload), "status startAt endAt awaiting version updatedAt createdAt"),
        json!([
            "SCHEDULED",
            "2025-03-20T09:00:00.000Z",
            "2025-03-20T09:30:00.000Z",
            null,
            2,
            "2025-03-20T10:07:08.958Z",
            "2025-03-19T16:20:41.250Z"
        ])
    );
    assert_eq!(app.staff().interview(27).await, payload["interview"]);
    assert_eq!(application(&app, 277).await, before, "the interviewee is not touched");
    assert_eq!(last_event(&app.staff(), "27").await, "ACCEPTED by 997 as INTERVIEWEE: status: PENDING → SCHEDULED");
}

#[rstest]
#[tokio::test]
async fn the_driver_rejects_with_a_reason_and_the_interviewee_is_rejected(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    app.clock.advance(TimeDelta::minutes(5));
    let payload = app.driver().mutate("rejectInterview", r#"id: 27, reason: "Took another job.\n\tSorry!""#).await;
    assert_eq!(
        shown(done(&payload), "status reason awaiting version"),
        json!(["REJECTED", "Took another job.\n\tSorry!", null, 2])
    );
    assert_eq!(application(&app, 277).await, json!({"kind": "REJECTED", "updatedAt": "2025-03-20T10:07:08.958Z"}));
    assert_eq!(
        last_event(&app.staff(), "27").await,
        "REJECTED by 997 as INTERVIEWEE: status: PENDING → REJECTED, reason: null → Took another job.\n\tSorry!"
    );
    assert_eq!(app.staff().interview(27).await["reason"], "Took another job.\n\tSorry!");
}

#[rstest]
#[tokio::test]
async fn a_rejection_needs_no_reason(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let payload = app.driver().mutate("rejectInterview", "id: 27, reason: null").await;
    assert_eq!(shown(done(&payload), "status reason"), json!(["REJECTED", null]));
    assert_eq!(last_event(&app.driver(), "27").await, "REJECTED by 997 as INTERVIEWEE: status: PENDING → REJECTED");
}

#[rstest]
#[tokio::test]
async fn rejecting_ends_an_open_proposal_too(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    done(&app.staff().mutate("amendInterview", &propose("27", "10:00:00", "11:00:00")).await);
    let payload = app.driver().mutate("rejectInterview", "id: 27").await;
    assert_eq!(
        shown(done(&payload), "status amendStartAt amendEndAt amendedBy awaiting startAt version"),
        json!(["REJECTED", null, null, null, null, "2025-03-20T09:00:00.000Z", 3])
    );
    assert_eq!(kind_of(&app, 277).await, "REJECTED");
    assert_eq!(
        last_event(&app.driver(), "27").await,
        "REJECTED by 997 as INTERVIEWEE: status: AMENDED → REJECTED, amendStartAt: 2025-04-01T10:00:00.000Z → null, \
         amendEndAt: 2025-04-01T11:00:00.000Z → null, amendedBy: INTERVIEWER → null"
    );
}

#[rstest]
#[tokio::test]
async fn a_reason_says_something_within_its_limits(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let before = written(&app).await;
    let reason = |text: &str| format!("id: 27, reason: {}", json!(text));
    for (text, code) in [
        ("", "INVALID_REASON reason"),
        (" \n ", "INVALID_REASON reason"),
        ("a\u{0}b", "INVALID_REASON reason"),
        ("a\u{1b}[2Jb", "INVALID_REASON reason"),
        (&"ü".repeat(2001), "TOO_LONG reason"),
    ] {
        assert_eq!(refusals(&app.driver().mutate("rejectInterview", &reason(text)).await), [code]);
        assert_eq!(refusals(&app.staff().mutate("cancelInterview", &reason(text)).await), [code]);
    }
    assert_eq!(written(&app).await, before);
    let longest = "ü".repeat(2000);
    let payload = app.driver().mutate("rejectInterview", &reason(&longest)).await;
    assert_eq!(done(&payload)["reason"], longest);
}
