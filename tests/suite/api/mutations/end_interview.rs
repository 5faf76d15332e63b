//! `cancelInterview`, `completeInterview`, `markNoShow`.

use super::looking::{application, booked, done, kind_of, last_event, propose, scheduled, shown};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::actor::refusals;
use chrono::TimeDelta;
use rstest::rstest;
use serde_json::json;

#[rstest]
#[tokio::test]
async fn staff_cancel_with_a_reason(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    done(&app.driver().mutate("amendInterview", &propose("27", "10:00:00", "11:00:00")).await);
    let payload = app.staff().mutate("cancelInterview", r#"id: 27, reason: "The position was filled""#).await;
    assert_eq!(
        shown(done(&payload), "status reason amendStartAt amendEndAt amendedBy awaiting version"),
        json!(["CANCELLED", "The position was filled", null, null, null, null, 3])
    );
    assert_eq!(
        last_event(&app.driver(), "27").await,
        "CANCELLED by 1000 as INTERVIEWER: status: AMENDED → CANCELLED, amendStartAt: 2025-04-01T10:00:00.000Z → null, \
         amendEndAt: 2025-04-01T11:00:00.000Z → null, amendedBy: INTERVIEWEE → null, \
         reason: null → The position was filled"
    );
}

#[rstest]
#[tokio::test]
async fn the_interviewee_is_verified_again_when_the_last_open_interview_is_cancelled(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let (first, second) = (booked(&app, "10:00:00", "11:00:00").await, booked(&app, "11:00:00", "12:00:00").await);
    done(&app.driver().mutate("acceptInterview", &format!("id: {second}")).await);
    for id in ["27", &first] {
        done(&app.staff().mutate("cancelInterview", &format!("id: {id}")).await);
        assert_eq!(kind_of(&app, 277).await, "INTERVIEW", "one is still open");
    }
    app.clock.advance(TimeDelta::minutes(5));
    done(&app.staff().mutate("cancelInterview", &format!("id: {second}")).await);
    assert_eq!(application(&app, 277).await, json!({"kind": "VERIFIED", "updatedAt": "2025-03-20T10:07:08.958Z"}));
}

#[rstest]
#[tokio::test]
async fn interviews_that_are_over_or_of_another_application_do_not_keep_it(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    // 27 takes place; the same driver's interview with the other company stays open.
    done(&app.driver().mutate("acceptInterview", "id: 27").await);
    done(&app.staff().mutate("completeInterview", "id: 27").await);
    let id = booked(&app, "10:00:00", "11:00:00").await;
    done(&app.staff().mutate("cancelInterview", &format!("id: {id}")).await);
    assert_eq!(kind_of(&app, 277).await, "VERIFIED");
    assert_eq!(kind_of(&app, 1050).await, "INTERVIEW");
}

#[rstest]
#[tokio::test]
async fn cancelling_changes_no_other_kind(
    #[values(Sqlite, Postgres)] database: Database,
    #[values("verified", "accepted", "rejected")] kind: &str,
) {
    let app = start!(database);
    app.database.execute(&format!("UPDATE interviewees SET kind = '{kind}' WHERE id = 277")).await;
    let before = application(&app, 277).await;
    app.clock.advance(TimeDelta::minutes(5));
    done(&app.staff().mutate("cancelInterview", "id: 27").await);
    assert_eq!(application(&app, 277).await, before);
}

#[rstest]
#[tokio::test]
async fn rejecting_one_of_two_rejects_the_interviewee_and_cancelling_the_other_leaves_that(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let id = booked(&app, "10:00:00", "11:00:00").await;
    done(&app.driver().mutate("rejectInterview", &format!("id: {id}")).await);
    assert_eq!(kind_of(&app, 277).await, "REJECTED");
    done(&app.staff().mutate("cancelInterview", "id: 27").await);
    assert_eq!(kind_of(&app, 277).await, "REJECTED");
}

#[rstest]
#[tokio::test]
async fn what_takes_place_is_completed_once_it_has_started(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = scheduled(&app).await;
    let kind = application(&app, 277).await;
    refused_as_too_early(&app, "completeInterview", &format!("id: {id}")).await;
    turn_to_ten(&app);
    let payload = app.staff().mutate("completeInterview", &format!("id: {id}")).await;
    assert_eq!(shown(done(&payload), "status awaiting reason version"), json!(["COMPLETED", null, null, 3]));
    let event = "COMPLETED by 1000 as INTERVIEWER: status: SCHEDULED → COMPLETED";
    assert_eq!(last_event(&app.driver(), &id).await, event);
    assert_eq!(application(&app, 277).await, kind, "the interviewee is not touched");
}

#[rstest]
#[tokio::test]
async fn who_does_not_appear_is_recorded_once_it_has_started(
    #[values(Sqlite, Postgres)] database: Database,
    #[values("INTERVIEWER", "INTERVIEWEE")] absent: &str,
) {
    let app = start!(database);
    let id = scheduled(&app).await;
    let arguments = format!("id: {id}, absent: {absent}");
    refused_as_too_early(&app, "markNoShow", &arguments).await;
    turn_to_ten(&app);
    let payload = app.staff().mutate("markNoShow", &arguments).await;
    assert_eq!(shown(done(&payload), "status awaiting version"), json!(["NO_SHOW", null, 3]));
    let event = format!("NO_SHOW by 1000 as INTERVIEWER: status: SCHEDULED → NO_SHOW, absent: null → {absent}");
    assert_eq!(last_event(&app.driver(), &id).await, event);
    let seen = app.driver().ask(&format!("{{ interview(id: {id}) {{ absent }} }}"), json!({})).await;
    assert_eq!(seen["interview"]["absent"], absent);
}

#[rstest]
#[tokio::test]
async fn what_nobody_agreed_to_does_not_take_place(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    // 27 began an hour ago, and the driver never answered.
    for (mutation, arguments) in [("completeInterview", "id: 27"), ("markNoShow", "id: 27, absent: INTERVIEWEE")] {
        assert_eq!(refusals(&app.staff().mutate(mutation, arguments).await), ["INVALID_STATE id"]);
    }
    // Nor while another time is discussed, agreed before or not.
    done(&app.driver().mutate("acceptInterview", "id: 27").await);
    done(&app.driver().mutate("amendInterview", &propose("27", "10:00:00", "11:00:00")).await);
    let payload = app.staff().mutate("completeInterview", "id: 27").await;
    assert_eq!(refusals(&payload), ["INVALID_STATE id"]);
    assert_eq!(payload["userErrors"][0]["status"], "AMENDED");
}

/// One millisecond before ten it is refused, and says what staff can do instead.
async fn refused_as_too_early(app: &TestApp, mutation: &str, arguments: &str) {
    let start = "2025-04-01T09:59:59.999Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    app.clock.advance(start - app.now());
    let payload = app.staff().mutate(mutation, arguments).await;
    assert_eq!(refusals(&payload), ["INVALID_STATE id"]);
    let expected = json!(["InvalidStateError", "SCHEDULED", ["UPDATE", "AMEND", "CANCEL"]]);
    assert_eq!(shown(&payload["userErrors"][0], "__typename status availableActions"), expected);
}

fn turn_to_ten(app: &TestApp) {
    app.clock.advance(TimeDelta::milliseconds(1));
}
