//! A driver who applied to two companies is one person, and neither company learns more of the other than that they are busy.

use super::booking::{DRIVER_TAKEN, clash, clashes, jude, times};
use crate::support::Database::{self, Postgres, Sqlite};
use rstest::rstest;
use serde_json::{Value, json};

const BUSY: &str = "the driver is busy at that time";

#[rstest]
#[tokio::test]
async fn another_companys_interview_counts_and_is_not_shown(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let hidden = jude("10:00", "11:00").book(&app.staff()).await;
    let elsewhere = jude("10:30", "11:30").of(1050).with(1002);
    let payload = elsewhere.ask(&app.other_staff()).await;
    assert_eq!(clashes(&payload), [clash("INTERVIEWEE", &[], BUSY)]);
    // The other way round, over an interview that was always there; and an update of ours into theirs.
    let always = jude("2025-06-02T08:15:00Z", "2025-06-02T08:45:00Z");
    assert_eq!(clashes(&always.ask(&app.staff()).await), [clash("INTERVIEWEE", &[], BUSY)]);
    let input = times("2025-06-02T08:00:00Z", "2025-06-02T09:00:00Z");
    assert_eq!(clashes(&app.staff().update(hidden, input).await), [clash("INTERVIEWEE", &[], BUSY)]);
    // An admin sees them.
    assert_eq!(clashes(&elsewhere.ask(&app.admin()).await), [clash("INTERVIEWEE", &[hidden], DRIVER_TAKEN)]);
}

#[rstest]
#[tokio::test]
async fn what_is_shown_and_what_is_not_are_told_apart(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let shown = jude("10:00", "11:00").book(&app.staff()).await;
    let also_shown = jude("11:00", "12:00").book(&app.staff()).await;
    jude("12:00", "13:00").of(1050).with(1002).book(&app.other_staff()).await;
    let told = clashes(&jude("11:30", "12:30").with(2001).ask(&app.staff()).await);
    let message = "the driver has another interview at that time, and is busy besides";
    assert_eq!(told, [clash("INTERVIEWEE", &[also_shown], message)]);
    let mut told = clashes(&jude("10:30", "12:30").with(2001).ask(&app.staff()).await);
    told[0].1.sort_unstable();
    let message = "the driver has 2 other interviews at that time, and is busy besides";
    assert_eq!(told, [clash("INTERVIEWEE", &[shown, also_shown], message)]);
}

#[rstest]
#[tokio::test]
async fn a_driver_sees_their_own_clash_and_not_what_keeps_the_interviewer(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let id = jude("10:00", "11:00").book(&app.staff()).await;
    let amend = format!(r#"id: {id}, input: {{startAt: "2025-04-01T14:00:00Z", endAt: "2025-04-01T15:00:00Z"}}"#);
    app.staff().mutate("amendInterview", &amend).await;
    let own = jude("14:00", "15:00").of(1050).with(1002).book(&app.other_staff()).await;
    jude("14:30", "15:30").of(1003).book(&app.staff()).await;
    let payload = app.driver().mutate("acceptInterview", &format!("id: {id}")).await;
    assert_eq!(
        clashes(&payload),
        [clash("INTERVIEWER", &[], "the interviewer is busy at that time"), clash("INTERVIEWEE", &[own], DRIVER_TAKEN),]
    );
}

/// Neither ids nor times nor names of the other company stand anywhere in the answer.
#[rstest]
#[tokio::test]
async fn nothing_of_the_other_company_leaks(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let mutation = r#"mutation { createInterview(input: {
        kind: IN_PERSON, startAt: "2025-06-02T07:45:00Z", endAt: "2025-06-02T08:01:00Z",
        intervieweeId: 277, interviewerId: 1001
    }) { interview { id } userErrors { __typename code message path ... on ScheduleConflictError { side conflicts {
        id startAt endAt location interviewer { id title } interviewee { id } } } } } }"#;
    let answer: Value = app.staff().graphql(mutation, json!({})).await;
    assert_eq!(
        answer,
        json!({"data": {"createInterview": {"interview": null, "userErrors": [{
            "__typename": "ScheduleConflictError",
            "code": "SCHEDULE_CONFLICT",
            "message": BUSY,
            "path": ["input", "startAt"],
            "side": "INTERVIEWEE",
            "conflicts": []
        }]}}})
    );
}
