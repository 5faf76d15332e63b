//! What reserves no time: what is over, what has moved away, and what was booked over a clash on purpose.

use super::booking::{clashes, jude, times};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::refusals;
use rstest::rstest;
use serde_json::json;

#[rstest]
#[case::rejected("rejectInterview", "")]
#[case::cancelled("cancelInterview", "")]
#[case::completed("completeInterview", "")]
#[case::no_show("markNoShow", ", absent: INTERVIEWEE")]
#[tokio::test]
async fn what_is_over_frees_its_time(
    #[values(Sqlite, Postgres)] database: Database,
    #[case] mutation: &str,
    #[case] rest: &str,
) {
    let app = start!(database);
    // In the past, so that it can have taken place.
    let slot = jude("2025-03-18T10:00:00Z", "2025-03-18T11:00:00Z");
    let id = slot.book(&app.staff()).await;
    app.driver().mutate("acceptInterview", &format!("id: {id}")).await;
    assert_eq!(clashes(&slot.ask(&app.staff()).await).len(), 2);
    let who = if mutation == "rejectInterview" { app.driver() } else { app.staff() };
    assert_eq!(who.mutate(mutation, &format!("id: {id}{rest}")).await["userErrors"], json!([]));
    slot.book(&app.staff()).await;
}

#[rstest]
#[tokio::test]
async fn each_open_status_holds_its_time_and_not_the_proposed_one(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let slot = jude("10:00", "11:00");
    let id = slot.book(&app.staff()).await;
    let taken = async || assert_eq!(clashes(&slot.ask(&app.staff()).await).len(), 2);
    taken().await;
    app.driver().mutate("acceptInterview", &format!("id: {id}")).await;
    taken().await;
    let amend = format!(r#"id: {id}, input: {{startAt: "2025-04-01T14:00:00Z", endAt: "2025-04-01T15:00:00Z"}}"#);
    app.driver().mutate("amendInterview", &amend).await;
    taken().await;
    let proposed = jude("14:00", "15:00").book(&app.staff()).await;
    app.staff().mutate("declineAmendment", &format!("id: {id}")).await;
    taken().await;
    app.staff().mutate("cancelInterview", &format!("id: {proposed}")).await;
    app.driver().mutate("amendInterview", &amend).await;
    app.staff().mutate("acceptInterview", &format!("id: {id}")).await;
    // It has moved: now its new time is taken, and the old one is free.
    assert_eq!(clashes(&jude("14:30", "15:30").ask(&app.staff()).await).len(), 2);
    slot.book(&app.staff()).await;
}

#[rstest]
#[tokio::test]
async fn moving_frees_the_time_and_the_people_that_were_left(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    let id = jude("10:00", "11:00").book(&staff).await;
    staff.update(id, json!({"interviewerId": "2001"})).await;
    jude("10:00", "11:00").of(1003).book(&staff).await;
    staff.update(id, json!({"intervieweeId": "1004"})).await;
    jude("10:00", "11:00").with(2002).book(&staff).await;
    staff.update(id, times("12:00", "13:00")).await;
    jude("10:00", "11:00").of(1004).with(2001).book(&staff).await;
}

#[rstest]
#[tokio::test]
async fn booked_over_a_clash_on_purpose_it_reserves_no_time(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    jude("10:00", "11:00").book(&staff).await;
    let open_day = jude("10:00", "18:00").over_a_clash();
    let first = open_day.book(&staff).await;
    let second = open_day.clone().of(1003).book(&staff).await;
    assert_eq!(staff.interview(first).await["allowOverlap"], true);
    // Others are booked beside it as if it were not there, and are not told of it.
    let beside = jude("11:00", "12:00").book(&staff).await;
    let told = clashes(&jude("10:30", "11:30").ask(&staff).await);
    for (_, shown, _) in &told {
        assert!(!shown.contains(&first) && !shown.contains(&second) && shown.contains(&beside), "{told:?}");
    }
    // It lives as others do, in the clash.
    assert_eq!(app.driver().mutate("acceptInterview", &format!("id: {first}")).await["userErrors"], json!([]));
    assert_eq!(staff.update(first, times("10:30", "17:00")).await["userErrors"], json!([]));
}

#[rstest]
#[tokio::test]
async fn an_interview_can_be_made_to_reserve_its_time_later_and_to_give_it_up(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let staff = app.staff();
    let held = jude("10:00", "11:00").book(&staff).await;
    let over = jude("10:30", "11:30").over_a_clash().book(&staff).await;
    assert_eq!(clashes(&staff.update(over, json!({"allowOverlap": false})).await).len(), 2);
    // The one that holds the time gives it up; then the other can have it; then the first cannot have it back.
    assert_eq!(staff.update(held, json!({"allowOverlap": true})).await["userErrors"], json!([]));
    assert_eq!(staff.update(over, json!({"allowOverlap": false})).await["userErrors"], json!([]));
    assert_eq!(clashes(&staff.update(held, json!({"allowOverlap": false})).await).len(), 2);
    // Time and permission in one update.
    let mut input = times("10:45", "11:45");
    input["allowOverlap"] = json!(true);
    assert_eq!(staff.update(held, input).await["interview"]["startAt"], "2025-04-01T10:45:00.000Z");
}

#[rstest]
#[tokio::test]
async fn a_driver_books_over_nothing(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    assert_eq!(refusals(&jude("10:00", "11:00").over_a_clash().ask(&app.driver()).await), ["FORBIDDEN input"]);
    let payload = app.driver().update(27, json!({"allowOverlap": true})).await;
    assert_eq!(refusals(&payload), ["FORBIDDEN id"]);
}
