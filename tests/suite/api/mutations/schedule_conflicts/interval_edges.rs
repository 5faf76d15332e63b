//! Intervals are half open, to the millisecond, and up to a day long.

use super::booking::{DRIVER_TAKEN, INTERVIEWER_TAKEN, clash, clashes, jude, times};
use crate::support::Database::{self, Postgres, Sqlite};
use rstest::rstest;
use serde_json::json;

#[rstest]
#[case::before("09:00", "10:00", true)]
#[case::after("11:00", "12:00", true)]
#[case::into_the_start("09:00", "10:00:00.001", false)]
#[case::into_the_end("10:59:59.999", "12:00", false)]
#[case::inside("10:20", "10:40", false)]
#[case::around("09:00", "12:00", false)]
#[case::the_same("10:00", "11:00", false)]
#[case::the_first_moment("10:00", "10:00:00.001", false)]
#[case::the_last_moment("10:59:59.999", "11:00", false)]
#[case::in_another_time_zone("2025-04-01T12:59:00+02:00", "2025-04-01T14:00:00+02:00", false)]
#[case::touching_in_another_time_zone("2025-04-01T13:00:00+02:00", "2025-04-01T14:00:00+02:00", true)]
#[case::the_same_hour_of_another_day("2025-04-02T10:00:00Z", "2025-04-02T11:00:00Z", true)]
#[tokio::test]
async fn one_may_begin_when_another_ends(
    #[values(Sqlite, Postgres)] database: Database,
    #[case] start: &str,
    #[case] end: &str,
    #[case] fits: bool,
) {
    let app = start!(database);
    let taken = jude("10:00", "11:00").book(&app.staff()).await;
    let payload = jude(start, end).ask(&app.staff()).await;
    if fits {
        assert_eq!(payload["userErrors"], json!([]));
    } else {
        let both = [clash("INTERVIEWER", &[taken], INTERVIEWER_TAKEN), clash("INTERVIEWEE", &[taken], DRIVER_TAKEN)];
        assert_eq!(clashes(&payload), both);
    }
}

/// Times with and without fractions of a second have to compare as times where they are stored as text.
#[rstest]
#[tokio::test]
async fn edges_are_exact_to_the_millisecond(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    let id = jude("10:00:00.500", "11:00:00.500").book(&staff).await;
    for (start, end, fits) in [
        ("11:00:00.500", "12:00", true),
        ("11:00:00.499", "12:00", false),
        ("11:00:00", "12:00", false),
        ("09:00", "10:00:00.500", true),
        ("09:00", "10:00:00.501", false),
        ("09:00", "10:00", true),
        ("11:00:01", "12:00", true),
    ] {
        let payload = jude(start, end).ask(&staff).await;
        assert_eq!(payload["userErrors"].as_array().unwrap().is_empty(), fits, "{start}–{end}: {payload}");
        if let Some(booked) = payload["interview"]["id"].as_str() {
            staff.mutate("cancelInterview", &format!("id: {booked}")).await;
        }
    }
    assert_eq!(staff.update(id, times("10:00", "11:00")).await["userErrors"], json!([]));
}

#[rstest]
#[tokio::test]
async fn a_whole_day_is_taken_to_its_last_moment(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    let (today, tomorrow) = ("2025-04-01T08:00:00.750Z", "2025-04-02T08:00:00.750Z");
    let long = jude(today, tomorrow).book(&staff).await;
    let both = [clash("INTERVIEWER", &[long], INTERVIEWER_TAKEN), clash("INTERVIEWEE", &[long], DRIVER_TAKEN)];
    for (start, end) in [
        ("2025-04-02T08:00:00.749Z", "2025-04-02T08:30:00Z"),
        ("2025-04-02T08:00:00.749Z", "2025-04-03T08:00:00.749Z"),
        ("2025-03-31T08:00:00.751Z", "2025-04-01T08:00:00.751Z"),
        ("2025-04-01T23:00:00Z", "2025-04-02T22:00:00Z"),
        (today, tomorrow),
    ] {
        assert_eq!(clashes(&jude(start, end).ask(&staff).await), both, "{start}–{end}");
    }
    // A day on either side fits without a gap.
    jude(tomorrow, "2025-04-03T08:00:00.750Z").book(&staff).await;
    jude("2025-03-31T08:00:00.750Z", today).book(&staff).await;
}

#[rstest]
#[tokio::test]
async fn the_ends_of_time_are_no_exception(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    for (start, end) in
        [("0001-01-01T00:00:00Z", "0001-01-01T23:00:00Z"), ("9999-12-31T01:00:00Z", "9999-12-31T23:59:59.999Z")]
    {
        let id = jude(start, end).book(&staff).await;
        let both = [clash("INTERVIEWER", &[id], INTERVIEWER_TAKEN), clash("INTERVIEWEE", &[id], DRIVER_TAKEN)];
        assert_eq!(clashes(&jude(start, end).ask(&staff).await), both);
        assert_eq!(staff.interview(id).await["endAt"].as_str().unwrap().len(), 24);
    }
}
