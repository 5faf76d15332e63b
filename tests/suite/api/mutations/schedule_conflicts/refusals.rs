//! Every way into a clash is refused, side by side, and nothing is written.

use super::booking::{DRIVER_TAKEN, INTERVIEWER_TAKEN, clash, clashes, jude, times};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::refusals;
use crate::support::inspect::all_rows;
use chrono::TimeDelta;
use interviews::domain::UserId;
use rstest::rstest;
use serde_json::json;

#[rstest]
#[tokio::test]
async fn a_booking_is_refused_for_each_side_that_is_busy(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    let taken = jude("10:00", "11:00").book(&staff).await;
    let before = all_rows(&app.database).await;
    let (interviewer, driver) =
        (clash("INTERVIEWER", &[taken], INTERVIEWER_TAKEN), clash("INTERVIEWEE", &[taken], DRIVER_TAKEN));
    let again = jude("10:30", "11:30");
    assert_eq!(clashes(&again.clone().ask(&staff).await), [interviewer.clone(), driver.clone()]);
    assert_eq!(clashes(&again.clone().of(1003).ask(&staff).await), [interviewer]);
    assert_eq!(clashes(&again.clone().with(2001).ask(&staff).await), [driver]);
    assert_eq!(refusals(&again.clone().ask(&staff).await), ["SCHEDULE_CONFLICT input.startAt"; 2]);
    assert_eq!(all_rows(&app.database).await, before, "neither rows nor the interviewee's kind");
    again.of(1003).with(2001).book(&staff).await;
}

#[rstest]
#[tokio::test]
async fn a_refusal_shows_the_clashing_interviews_with_all_that_the_viewer_sees_of_them(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    jude("10:00", "11:00").book(&app.staff()).await;
    let query = r#"mutation { createInterview(input: {
        kind: IN_PERSON, startAt: "2025-04-01T10:59:00Z", endAt: "2025-04-01T12:00:00Z",
        intervieweeId: 1003, interviewerId: 1001
    }) { interview { id } userErrors { ... on ScheduleConflictError { conflicts {
        status startAt endAt interviewee { driver { title } } interviewer { title } availableActions } } } } }"#;
    assert_eq!(
        app.staff().ask(query, json!({})).await["createInterview"]["userErrors"],
        json!([{"conflicts": [{
            "status": "PENDING",
            "startAt": "2025-04-01T10:00:00.000Z",
            "endAt": "2025-04-01T11:00:00.000Z",
            "interviewee": {"driver": {"title": "Jude Howell"}},
            "interviewer": {"title": "Luisa Hintz"},
            "availableActions": ["UPDATE", "AMEND", "CANCEL"]
        }]}])
    );
}

#[rstest]
#[tokio::test]
async fn an_update_into_a_clash_is_refused_and_nothing_is_written(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    let taken = jude("10:00", "11:00").book(&staff).await;
    let other = jude("10:00", "11:00").of(1003).with(2001).book(&staff).await;
    let later = jude("12:00", "13:00").book(&staff).await;
    let open_day = jude("10:00", "11:00").over_a_clash().book(&staff).await;
    app.clock.advance(TimeDelta::hours(1));
    let before = all_rows(&app.database).await;
    let both = [clash("INTERVIEWER", &[taken], INTERVIEWER_TAKEN), clash("INTERVIEWEE", &[taken], DRIVER_TAKEN)];
    for (id, input, expected) in [
        (later, times("10:30", "11:30"), &both[..]),
        (later, json!({"startAt": "2025-04-01T10:30:00Z"}), &both),
        (other, json!({"interviewerId": "1001"}), &both[..1]),
        (other, json!({"intervieweeId": "277"}), &both[1..]),
        (other, json!({"intervieweeId": "277", "interviewerId": "1001", "location": "Gate 3"}), &both),
        (open_day, json!({"allowOverlap": false}), &both),
    ] {
        let payload = staff.update(id, input.clone()).await;
        assert_eq!(clashes(&payload), expected, "{id}: {input}");
        assert!(refusals(&payload).iter().all(|it| it == "SCHEDULE_CONFLICT input.startAt"));
    }
    assert_eq!(all_rows(&app.database).await, before);
}

#[rstest]
#[tokio::test]
async fn a_proposal_holds_no_time_and_accepting_it_checks_again(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (staff, driver) = (app.staff(), app.driver());
    let id = jude("10:00", "11:00").book(&staff).await;
    let amend =
        |id: i64| format!(r#"id: {id}, input: {{startAt: "2025-04-01T14:00:00Z", endAt: "2025-04-01T15:00:00Z"}}"#);
    driver.mutate("amendInterview", &amend(id)).await;
    // Meanwhile somebody takes the time. It even can be proposed once more.
    let taken = jude("14:30", "15:30").with(2001).book(&staff).await;
    let second = jude("12:00", "13:00").book(&staff).await;
    assert_eq!(driver.mutate("amendInterview", &amend(second)).await["userErrors"], json!([]));
    let before = all_rows(&app.database).await;
    let payload = staff.mutate("acceptInterview", &format!("id: {id}")).await;
    assert_eq!(clashes(&payload), [clash("INTERVIEWEE", &[taken], DRIVER_TAKEN)]);
    assert_eq!(refusals(&payload), ["SCHEDULE_CONFLICT id"], "there is no other input");
    assert_eq!(all_rows(&app.database).await, before);
    // It is amended as before, at its old time; and once the time is free it is accepted.
    let amended = staff.interview(id).await;
    assert_eq!((&amended["status"], &amended["startAt"]), (&json!("AMENDED"), &json!("2025-04-01T10:00:00.000Z")));
    staff.mutate("cancelInterview", &format!("id: {taken}")).await;
    assert_eq!(staff.mutate("acceptInterview", &format!("id: {id}")).await["interview"]["status"], "SCHEDULED");
    let payload = staff.mutate("acceptInterview", &format!("id: {second}")).await;
    let both = [clash("INTERVIEWER", &[id], INTERVIEWER_TAKEN), clash("INTERVIEWEE", &[id], DRIVER_TAKEN)];
    assert_eq!(clashes(&payload), both);
}

#[rstest]
#[tokio::test]
async fn an_interview_does_not_clash_with_itself(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = jude("10:00", "11:00").book(&app.staff()).await;
    for input in [times("10:30", "11:30"), times("10:00", "12:00"), times("10:15", "10:45")] {
        assert_eq!(app.staff().update(id, input).await["userErrors"], json!([]));
    }
    let amend = format!(r#"id: {id}, input: {{startAt: "2025-04-01T10:20:00Z", endAt: "2025-04-01T10:50:00Z"}}"#);
    app.driver().mutate("amendInterview", &amend).await;
    let accepted = app.staff().mutate("acceptInterview", &format!("id: {id}")).await;
    assert_eq!(accepted["interview"]["startAt"], "2025-04-01T10:20:00.000Z");
}

#[rstest]
#[tokio::test]
async fn several_clashes_are_all_told(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    let first = jude("10:00", "11:00").book(&staff).await;
    let second = jude("11:00", "12:00").with(2001).book(&staff).await;
    let third = jude("12:00", "13:00").of(1003).book(&staff).await;
    let mut told = clashes(&jude("09:00", "14:00").ask(&staff).await);
    for (_, shown, _) in &mut told {
        shown.sort_unstable();
    }
    assert_eq!(
        told,
        [
            clash("INTERVIEWER", &[first, third], "the interviewer has 2 other interviews at that time"),
            clash("INTERVIEWEE", &[first, second], "the driver has 2 other interviews at that time"),
        ]
    );
}

#[rstest]
#[tokio::test]
async fn mistakes_and_the_version_are_told_before_a_clash(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    jude("10:00", "11:00").book(&staff).await;
    let later = jude("12:00", "13:00").book(&staff).await;
    let mut input = times("10:30", "11:30");
    input["location"] = json!(" ");
    assert_eq!(refusals(&staff.update(later, input).await), ["INVALID_LOCATION input.location"]);
    let arguments = format!(r#"id: {later}, input: {{startAt: "2025-04-01T10:30:00Z"}}, expectedVersion: 7"#);
    assert_eq!(refusals(&staff.mutate("updateInterview", &arguments).await), ["STALE_VERSION expectedVersion"]);
}

#[rstest]
#[tokio::test]
async fn staff_who_are_interviewers_themselves_are_no_exception(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let luisa = app.user(UserId(1001));
    let taken = jude("10:00", "11:00").book(&luisa).await;
    let told = clashes(&jude("10:00", "11:00").of(1003).ask(&luisa).await);
    assert_eq!(told, [clash("INTERVIEWER", &[taken], INTERVIEWER_TAKEN)]);
}
