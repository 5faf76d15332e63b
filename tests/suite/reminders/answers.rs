//! `ANSWER_OVERDUE`: so many hours after a pending or amended interview began to wait for its answer as its company has
//! set. It waits from 10:02:08.958 on 2025-03-20 on.

use crate::reminders::{NOTHING, check};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::booking::times;
use crate::support::lifecycle::interview_of;
use crate::support::people::{BRUNA_APPLICATION, COASTAL_FREIGHT, JUDE, KOFI, LUISA, NORTHERN_HAULAGE, PIET};
use rstest::rstest;
use serde_json::json;

const DAY: [&str; 1] = ["answer_overdue 24"];
const TWO_DAYS: [&str; 1] = ["answer_overdue 48"];

/// A server whose first company asks for reminders after a day and two.
async fn asking(app: &TestApp) {
    app.ask_for(NORTHERN_HAULAGE, json!({"reminders": [], "answerReminderHours": [24, 48]})).await;
}

#[rstest]
#[tokio::test]
async fn each_reminder_is_due_so_long_after_the_booking(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    asking(&app).await;
    let id = app.book(JUDE, LUISA).at("10:00").await;
    let expected: [(&str, &[&str]); 5] = [
        ("2025-03-21T10:02:08.957Z", &NOTHING),
        ("2025-03-21T10:02:08.958Z", &DAY),
        ("2025-03-22T10:02:08.957Z", &NOTHING),
        ("2025-03-22T10:02:08.958Z", &TWO_DAYS),
        ("2025-04-01T10:00:00Z", &NOTHING),
    ];
    check(&app, id, &expected).await;
}

#[rstest]
#[tokio::test]
async fn answered_and_ended_interviews_are_not_overdue(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    asking(&app).await;
    let book = async |time| app.book(JUDE, LUISA).at(time).await;
    let (accepted, rejected, cancelled) = (book("10:00").await, book("12:00").await, book("14:00").await);
    interview_of(&app.driver().accept(accepted).await);
    interview_of(&app.driver().reject(rejected).await);
    interview_of(&app.staff().cancel(cancelled).await);
    for id in [accepted, rejected, cancelled] {
        check(&app, id, &[("2025-03-30T10:00:00Z", &NOTHING)]).await;
    }
}

#[rstest]
#[tokio::test]
async fn another_question_is_waited_for_anew(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    asking(&app).await;
    let (staff, driver) = (app.staff(), app.driver());
    let id = app.book(JUDE, LUISA).at("10:00").await;
    check(&app, id, &[("2025-03-21T12:00:00Z", &DAY)]).await;
    interview_of(&driver.propose(id, "12:00", "13:00").await);
    check(&app, id, &[("2025-03-22T11:59:59Z", &NOTHING), ("2025-03-22T12:00:00Z", &DAY)]).await;
    interview_of(&staff.decline(id).await); // the driver has to answer the first question again
    check(&app, id, &[("2025-03-23T11:59:59Z", &NOTHING), ("2025-03-23T12:00:00Z", &DAY)]).await;
    interview_of(&staff.update(id, times("15:00", "16:00")).await);
    check(&app, id, &[("2025-03-24T12:00:00Z", &DAY)]).await;
    interview_of(&staff.update(id, json!({"intervieweeId": BRUNA_APPLICATION.to_string()})).await);
    check(&app, id, &[("2025-03-25T11:59:59Z", &NOTHING), ("2025-03-25T12:00:00Z", &DAY)]).await;
}

#[rstest]
#[tokio::test]
async fn change_that_asks_nothing_new_does_not_prolong_the_waiting(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    asking(&app).await;
    let id = app.book(JUDE, LUISA).at("10:00").await;
    app.wait_until("2025-03-21T10:00:00Z");
    interview_of(&app.staff().update(id, json!({"location": "Gate 2", "interviewerId": KOFI.to_string()})).await);
    check(&app, id, &[("2025-03-21T10:02:08.958Z", &DAY)]).await;
    interview_of(&app.staff().update(id, json!({"location": "Gate 3"})).await);
    check(&app, id, &[("2025-03-22T10:02:08.958Z", &TWO_DAYS)]).await;
}

#[rstest]
#[tokio::test]
async fn proposal_of_a_scheduled_interview_waits_too(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    asking(&app).await;
    let id = app.book(JUDE, LUISA).at("10:00").accepted().await;
    check(&app, id, &[("2025-03-23T10:00:00Z", &NOTHING)]).await;
    interview_of(&app.driver().propose(id, "12:00", "13:00").await);
    check(&app, id, &[("2025-03-24T10:00:00Z", &DAY)]).await;
    interview_of(&app.driver().withdraw(id).await);
    check(&app, id, &[("2025-03-26T10:00:00Z", &NOTHING)]).await;
}

#[rstest]
#[tokio::test]
async fn interview_that_has_begun_is_not_overdue(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    asking(&app).await;
    let id = app.book(JUDE, LUISA).at("2025-03-21T09:00:00Z").await;
    let down = app.book(JUDE, LUISA).at("2025-03-22T09:00:00Z").await;
    check(&app, id, &[("2025-03-21T10:02:09Z", &NOTHING)]).await;
    assert_eq!(super::reminders(&app, Some(down)).await, DAY);
    check(&app, down, &[("2025-03-22T10:02:09Z", &NOTHING)]).await;
}

#[rstest]
#[tokio::test]
async fn what_was_missed_is_caught_up_for_each_company(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    asking(&app).await;
    app.ask_for(COASTAL_FREIGHT, json!({"reminders": [], "answerReminderHours": [672, 1]})).await;
    let northern = app.book(JUDE, LUISA).at("10:00").await;
    let coastal = app.book(JUDE, PIET).at("12:00").await;
    app.wait_until("2025-03-25T10:00:00Z");
    assert_eq!(app.remind(northern).await, ["answer_overdue 48", "answer_overdue 24"]);
    assert_eq!(super::reminders(&app, Some(coastal)).await, ["answer_overdue 1"]);
}
