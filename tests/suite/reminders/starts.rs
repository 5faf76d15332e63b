//! `REMINDER_DUE`: so many minutes before scheduled interviews as their company has set, which is a day and an hour.
//! Interviews are on 2025-04-01.

use crate::reminders::{NOTHING, check};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::booking::times;
use crate::support::lifecycle::interview_of;
use crate::support::people::{BRUNA, COASTAL_FREIGHT, JUDE, LUISA, NORTHERN_HAULAGE, PIET};
use rstest::rstest;
use serde_json::json;

const DAY: [&str; 1] = ["reminder_due 1440"];
const HOUR: [&str; 1] = ["reminder_due 60"];
const BOTH: [&str; 2] = ["reminder_due 1440", "reminder_due 60"];

#[rstest]
#[tokio::test]
async fn each_reminder_is_due_so_long_before_the_start(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = app.book(JUDE, LUISA).at("10:00").accepted().await;
    let expected: [(&str, &[&str]); 7] = [
        ("2025-03-31T09:59:59.999Z", &NOTHING),
        ("2025-03-31T10:00:00Z", &DAY),
        ("2025-03-31T10:00:15Z", &NOTHING),
        ("2025-04-01T08:59:59.999Z", &NOTHING),
        ("2025-04-01T09:00:00Z", &HOUR),
        ("2025-04-01T09:59:59.999Z", &NOTHING),
        ("2025-04-01T10:00:00Z", &NOTHING),
    ];
    check(&app, id, &expected).await;
}

#[rstest]
#[tokio::test]
async fn start_with_milliseconds_is_met_to_the_millisecond(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = app.book(JUDE, LUISA).at("10:00:00.500").until("10:30").accepted().await;
    let expected: [(&str, &[&str]); 3] = [
        ("2025-03-31T10:00:00.499Z", &NOTHING),
        ("2025-03-31T10:00:00.500Z", &DAY),
        ("2025-04-01T10:00:00.499Z", &HOUR),
    ];
    check(&app, id, &expected).await;
}

#[rstest]
#[case::before_all("2025-03-31T10:00:00Z", &BOTH)]
#[case::a_moment_later("2025-03-31T10:00:00.001Z", &HOUR)]
#[case::at_the_last("2025-04-01T09:00:00Z", &HOUR)]
#[case::after_all("2025-04-01T09:00:00.001Z", &NOTHING)]
#[tokio::test]
async fn nobody_is_reminded_who_has_agreed_later_than_that(
    #[values(Sqlite, Postgres)] database: Database,
    #[case] agreed: &str,
    #[case] expected: &[&str],
) {
    let app = start!(database);
    let id = app.book(JUDE, LUISA).at("10:00").await;
    app.wait_until(agreed);
    interview_of(&app.driver().accept(id).await);
    check(&app, id, &[("2025-04-01T09:30:00Z", expected)]).await;
}

#[rstest]
#[tokio::test]
async fn moved_interview_is_reminded_of_again_and_not_when_it_comes_back(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let (staff, driver) = (app.staff(), app.driver());
    let id = app.book(JUDE, LUISA).at("10:00").accepted().await;
    check(&app, id, &[("2025-03-31T10:00:00Z", &DAY)]).await;
    let times_on = |day: &str| times(&format!("2025-04-{day}T10:00:00Z"), &format!("2025-04-{day}T11:00:00Z"));
    interview_of(&staff.update(id, times_on("03")).await);
    assert_eq!(app.remind(id).await, NOTHING, "it is pending");
    interview_of(&driver.accept(id).await);
    check(&app, id, &[("2025-04-01T09:00:01Z", &NOTHING)]).await;
    // Back again, after the times of both reminders.
    interview_of(&staff.update(id, times_on("01")).await);
    interview_of(&driver.accept(id).await);
    check(&app, id, &[("2025-04-01T09:30:00Z", &NOTHING)]).await;
    interview_of(&staff.update(id, times_on("03")).await);
    interview_of(&driver.accept(id).await);
    check(&app, id, &[("2025-04-02T10:00:00Z", &DAY), ("2025-04-03T09:00:00Z", &HOUR)]).await;
}

#[rstest]
#[tokio::test]
async fn reminder_that_was_sent_is_not_sent_again_for_the_same_start(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    app.ask_for(NORTHERN_HAULAGE, json!({"reminders": [40_320, 60]})).await;
    let id = app.book(JUDE, LUISA).at("10:00").accepted().await;
    check(&app, id, &[("2025-03-20T12:00:00Z", &NOTHING)]).await; // it was booked twelve days before
    app.ask_for(NORTHERN_HAULAGE, json!({"reminders": [1440, 60]})).await;
    check(&app, id, &[("2025-03-31T10:00:00Z", &DAY)]).await;
    // The rule comes back, and so does the time.
    app.ask_for(NORTHERN_HAULAGE, json!({"reminders": [60]})).await;
    app.ask_for(NORTHERN_HAULAGE, json!({"reminders": [60, 1440]})).await;
    assert_eq!(app.remind(id).await, NOTHING);
    for start in ["12:00", "10:00"] {
        interview_of(&app.staff().propose(id, start, "15:00").await);
        interview_of(&app.driver().accept(id).await);
    }
    check(&app, id, &[("2025-04-01T09:00:00Z", &HOUR)]).await;
}

#[rstest]
#[tokio::test]
async fn interview_with_an_open_proposal_is_reminded_of_when_the_proposal_ends(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let id = app.book(JUDE, LUISA).at("10:00").accepted().await;
    interview_of(&app.staff().propose(id, "14:00", "15:00").await);
    check(&app, id, &[("2025-03-31T12:00:00Z", &NOTHING)]).await;
    interview_of(&app.driver().decline(id).await);
    check(&app, id, &[("2025-03-31T12:00:15Z", &DAY)]).await;
    interview_of(&app.staff().propose(id, "14:00", "15:00").await);
    interview_of(&app.staff().withdraw(id).await);
    check(&app, id, &[("2025-04-01T09:00:00Z", &HOUR)]).await;
}

#[rstest]
#[tokio::test]
async fn interview_that_does_not_take_place_is_not_reminded_of(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let cancelled = app.book(JUDE, LUISA).at("10:00").accepted().await;
    let rejected = app.book(JUDE, LUISA).at("12:00").accepted().await;
    let pending = app.book(JUDE, LUISA).at("14:00").await;
    interview_of(&app.staff().cancel(cancelled).await);
    interview_of(&app.driver().reject(rejected).await);
    for time in ["2025-03-31T16:00:00Z", "2025-04-01T09:30:00Z"] {
        app.wait_until(time);
        for id in [cancelled, rejected, pending] {
            assert_eq!(app.remind(id).await, NOTHING, "{id} at {time}");
        }
    }
}

#[rstest]
#[tokio::test]
async fn each_company_has_its_own_rules(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    app.ask_for(COASTAL_FREIGHT, json!({"reminders": [30]})).await;
    let northern = app.book(JUDE, LUISA).at("10:00").accepted().await;
    let coastal = app.book(BRUNA, PIET).at("10:00").accepted().await;
    app.wait_until("2025-03-31T10:00:00Z");
    assert_eq!((app.remind(northern).await, app.remind(coastal).await), (vec![DAY[0].to_owned()], vec![]));
    app.wait_until("2025-04-01T09:30:00Z");
    app.app.services().send_due_reminders(app.now()).await.unwrap();
    assert_eq!(super::reminders(&app, Some(northern)).await, BOTH);
    assert_eq!(super::reminders(&app, Some(coastal)).await, ["reminder_due 30"]);
    app.ask_for(NORTHERN_HAULAGE, json!({"reminders": []})).await;
    let later = app.book(JUDE, LUISA).at("14:00").accepted().await;
    check(&app, later, &[("2025-04-01T13:59:00Z", &NOTHING)]).await;
}

#[rstest]
#[tokio::test]
async fn what_was_missed_is_caught_up_while_the_start_lies_ahead(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let early = app.book(JUDE, LUISA).at("10:00").accepted().await;
    let late = app.book(JUDE, LUISA).at("14:00").accepted().await;
    let begun = app.book(JUDE, LUISA).at("09:00").accepted().await;
    // No server runs for a day and more.
    app.wait_until("2025-04-01T09:00:00Z");
    assert_eq!(app.remind(early).await, BOTH);
    assert_eq!(super::reminders(&app, Some(late)).await, DAY);
    assert_eq!(super::reminders(&app, Some(begun)).await, NOTHING, "it begins now");
    check(&app, late, &[("2025-04-01T12:59:59Z", &NOTHING), ("2025-04-01T13:00:00Z", &HOUR)]).await;
}

#[rstest]
#[tokio::test]
async fn row_that_is_not_filled_yet_counts_as_set_with_its_last_change(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = app.book(JUDE, LUISA).at("10:00").accepted().await;
    let forget = format!("UPDATE interviews SET slot_set_at = NULL, sequence = NULL WHERE id = {id}");
    app.database.execute(&forget).await;
    check(&app, id, &[("2025-03-31T10:00:00Z", &DAY)]).await;
}
