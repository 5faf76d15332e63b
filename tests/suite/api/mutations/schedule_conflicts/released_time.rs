//! What reserves no time: ended interviews, the time before a move, and interviews that allow overlap.

use super::{both_sides, conflicts};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::refusals;
use crate::support::booking::times;
use crate::support::lifecycle::interview_of;
use crate::support::people::{CHIDI, CHIDI_APPLICATION, DANA, JUDE, JUDE_WITH_LUISA, KOFI, LUISA, MONA};
use rstest::rstest;
use serde_json::json;

/// In the past, so that the interview can be completed.
#[rstest]
#[tokio::test]
async fn ended_interview_releases_its_time(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (staff, driver) = (app.staff(), app.driver());
    let booking = app.book(JUDE, LUISA).at("2025-03-18T10:00:00Z");
    for ending in ["rejectInterview", "cancelInterview", "completeInterview", "markNoShow"] {
        let id = booking.clone().accepted().await;
        assert_eq!(conflicts(&booking.attempt().await), both_sides(id));
        let payload = match ending {
            "rejectInterview" => driver.reject(id).await,
            "cancelInterview" => staff.cancel(id).await,
            "completeInterview" => staff.complete(id).await,
            _ => staff.mark_no_show(id, "INTERVIEWEE").await,
        };
        interview_of(&payload);
    }
    booking.await;
}

#[rstest]
#[tokio::test]
async fn open_interview_reserves_its_time_in_every_status_and_not_the_proposed_one(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let (staff, driver) = (app.staff(), app.driver());
    let booking = app.book(JUDE, LUISA).at("10:00");
    let id = booking.clone().await;
    let assert_reserved = async || assert_eq!(conflicts(&booking.attempt().await), both_sides(id));
    assert_reserved().await;
    interview_of(&driver.accept(id).await);
    assert_reserved().await;
    interview_of(&driver.propose(id, "14:00", "15:00").await);
    assert_reserved().await;
    let at_the_proposed_time = app.book(JUDE, LUISA).at("14:00").await;
    interview_of(&staff.decline(id).await);
    assert_reserved().await;
    interview_of(&staff.cancel(at_the_proposed_time).await);
    interview_of(&driver.propose(id, "14:00", "15:00").await);
    interview_of(&staff.accept(id).await);
    assert_eq!(conflicts(&app.book(JUDE, LUISA).at("14:30").attempt().await), both_sides(id));
    booking.await;
}

#[rstest]
#[tokio::test]
async fn moved_interview_releases_its_old_time_and_people(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    let id = app.book(JUDE, LUISA).at("10:00").await;
    interview_of(&staff.update(id, json!({"interviewerId": KOFI.to_string()})).await);
    app.book(DANA, LUISA).at("10:00").await;
    interview_of(&staff.update(id, json!({"intervieweeId": CHIDI_APPLICATION.to_string()})).await);
    app.book(JUDE, MONA).at("10:00").await;
    interview_of(&staff.update(id, times("12:00", "13:00")).await);
    app.book(CHIDI, KOFI).at("10:00").await;
}

#[rstest]
#[tokio::test]
async fn interview_that_allows_overlap_reserves_no_time(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    app.book(JUDE, LUISA).at("10:00").await;
    let overlapping = app.book(JUDE, LUISA).at("10:00").until("18:00").allowing_overlap().await;
    app.book(DANA, LUISA).at("10:00").until("18:00").allowing_overlap().await;
    assert_eq!(app.staff().interview(overlapping).await["allowOverlap"], true);
    // Other interviews are booked at the same time, and conflict errors do not list it.
    let beside = app.book(JUDE, LUISA).at("11:00").await;
    assert_eq!(conflicts(&app.book(JUDE, LUISA).at("11:30").attempt().await), both_sides(beside));
    interview_of(&app.driver().accept(overlapping).await);
    let mut input = times("10:30", "17:00");
    input["allowOverlap"] = json!(true);
    interview_of(&app.staff().update(overlapping, input).await);
}

#[rstest]
#[tokio::test]
async fn update_of_allow_overlap_reserves_and_releases_the_time(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    let allow = async |id, allow_overlap| staff.update(id, json!({"allowOverlap": allow_overlap})).await;
    let first = app.book(JUDE, LUISA).at("10:00").await;
    let second = app.book(JUDE, LUISA).at("10:30").allowing_overlap().await;
    assert_eq!(conflicts(&allow(second, false).await), both_sides(first));
    interview_of(&allow(first, true).await);
    interview_of(&allow(second, false).await);
    assert_eq!(conflicts(&allow(first, false).await), both_sides(second));
    let mut input = times("10:45", "11:45");
    input["allowOverlap"] = json!(true);
    assert_eq!(interview_of(&staff.update(first, input).await)["startAt"], "2025-04-01T10:45:00.000Z");
}

#[tokio::test]
async fn driver_cannot_allow_overlap() {
    let app = start!(Sqlite);
    let payload = app.book(JUDE, LUISA).allowing_overlap().by(&app.driver()).attempt().await;
    assert_eq!(refusals(&payload), ["FORBIDDEN input"]);
    let payload = app.driver().update(JUDE_WITH_LUISA, json!({"allowOverlap": true})).await;
    assert_eq!(refusals(&payload), ["FORBIDDEN id"]);
}
