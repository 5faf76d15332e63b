//! Data around a date: every status this week for the users of the tokens, something that awaits each side, and no
//! event later than the date.

use super::{Empty, dump};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::interview_rows::{self, Row};
use crate::support::people::{JUDE, JUDE_WITH_LUISA, LUISA, MONA, NORTHERN_HAULAGE};
use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Utc, Weekday};
use rstest::rstest;
use std::collections::{BTreeMap, BTreeSet};

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

async fn filled(empty: &Empty, day: &str, count: u32) -> Vec<Row> {
    empty.fill_around("2031-07-07T07:07:07.777Z", count, Some(date(day))).await.unwrap();
    interview_rows::all(&empty.database).await
}

const ALL: [&str; 7] = ["amended", "cancelled", "completed", "no_show", "pending", "rejected", "scheduled"];

/// From Tuesday to Friday.
#[rstest]
#[case(Sqlite, "2026-11-24", 500)]
#[case(Sqlite, "2026-11-25", 500)]
#[case(Sqlite, "2026-11-26", 40)]
#[case(Sqlite, "2026-11-27", 500)]
#[case(Postgres, "2026-11-27", 500)]
#[tokio::test]
async fn this_week_has_every_status_for_staff_and_driver(
    #[case] database: Database,
    #[case] today: &str,
    #[case] count: u32,
) {
    let empty = empty!(database);
    let rows = filled(&empty, today, count).await;
    let week = date(today).week(Weekday::Mon);
    let this_week: Vec<&Row> = rows.iter().filter(|row| week.days().contains(&row.start_at.date_naive())).collect();
    let statuses = |rows: &dyn Fn(&Row) -> bool| -> BTreeSet<&str> {
        this_week.iter().filter(|row| rows(row)).map(|row| row.status.as_str()).collect()
    };
    assert_eq!(statuses(&|row| row.driver_id == JUDE.0), BTreeSet::from(ALL));
    assert_eq!(statuses(&|row| row.company_id == NORTHERN_HAULAGE.0), BTreeSet::from(ALL));
    for by in ["interviewer", "interviewee"] {
        assert!(this_week.iter().any(|row| row.driver_id == JUDE.0 && row.amended_by.as_deref() == Some(by)), "{by}");
    }
    for interviewer in [MONA, LUISA] {
        assert!(this_week.iter().any(|row| row.interviewer_id == interviewer.0), "{interviewer}");
    }
    assert!(count < 500 || this_week.len() > 60, "{}", this_week.len());
}

#[rstest]
#[tokio::test]
async fn interviews_are_on_the_grid_of_seven_working_weeks(
    #[values("2026-11-23", "2026-11-27", "2026-11-28", "2026-11-29", "2024-02-29", "2025-03-20", "2025-06-02")]
    today: &str,
    #[values(1, 15, 40, 500, 1001)] count: u32,
) {
    let empty = empty!(Sqlite);
    let rows = filled(&empty, today, count).await;
    assert_eq!(rows.len(), usize::try_from(count).unwrap() + 20);
    // On a weekend the next week is the middle one.
    let monday = date(today).checked_add_days(Days::new(2)).unwrap();
    let monday = if date(today).weekday().number_from_monday() > 5 { monday } else { date(today) };
    let monday = monday.week(Weekday::Mon).first_day();
    for row in rows.iter().filter(|row| row.id != JUDE_WITH_LUISA.0) {
        let (start, end) = (row.start_at, row.end_at);
        assert_eq!((end - start, start.timestamp() % 1800), (TimeDelta::minutes(30), 0), "{row:?}");
        assert!(start.weekday().number_from_monday() <= 5, "{row:?}");
        assert!(start.time() >= "08:00:00".parse().unwrap() && end.time() <= "22:00:00".parse().unwrap(), "{row:?}");
        let days = (start.date_naive() - monday).num_days();
        assert!((-21..28).contains(&days), "{row:?}");
    }
    // The documentation's people are free for its request.
    let documented =
        |row: &&Row| row.start_at < time("2025-03-20T11:02:08Z") && row.end_at > time("2025-03-20T09:00:00Z");
    let people = [JUDE.0, LUISA.0];
    let at_that_time = rows.iter().filter(documented);
    let busy: Vec<i64> = at_that_time
        .filter(|row| people.contains(&row.driver_id) || people.contains(&row.interviewer_id))
        .map(|row| row.id)
        .collect();
    assert_eq!(busy, [JUDE_WITH_LUISA.0]);
}

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// What is before the date has happened, and only that.
#[tokio::test]
async fn nothing_is_recorded_that_has_not_happened() {
    let empty = empty!(Sqlite);
    let today = "2026-11-25";
    let rows = filled(&empty, today, 500).await;
    let midnight = date(today).and_hms_opt(0, 0, 0).unwrap().and_utc();
    for row in &rows {
        let took_place = ["completed", "no_show"].contains(&row.status.as_str());
        assert!(row.updated_at < midnight, "{row:?}");
        assert!(!took_place || row.updated_at >= row.end_at, "{row:?}");
        assert!(!took_place || row.start_at < midnight, "{row:?}");
    }
    let sql = format!("interview_events WHERE at >= '{today}'");
    assert_eq!(empty.count(&sql).await, 0);
    let upcoming = rows.iter().filter(|row| row.start_at >= midnight);
    let mut by_status: BTreeMap<&str, usize> = BTreeMap::new();
    for row in upcoming {
        *by_status.entry(&row.status).or_default() += 1;
    }
    assert_eq!(
        by_status.keys().copied().collect::<Vec<_>>(),
        ["amended", "cancelled", "pending", "rejected", "scheduled"]
    );
}

/// The database refuses double bookings of open interviews; here also the closed ones of a person are apart, and every
/// proposal can be accepted.
#[tokio::test]
async fn every_proposal_can_be_accepted() {
    let empty = empty!(Sqlite);
    filled(&empty, "2026-11-27", 500).await;
    let overlapping = "interviews AS one JOIN interviews AS other ON other.id <> one.id \
        AND (other.driver_id = one.driver_id OR other.interviewer_id = one.interviewer_id)";
    let of_proposals = "WHERE other.start_at < one.amend_end_at AND one.amend_start_at < other.end_at";
    assert!(empty.count("interviews WHERE status = 'amended'").await > 30);
    assert_eq!(empty.count(&format!("{overlapping} {of_proposals}")).await, 0);
    let of_slots = "WHERE other.start_at < one.end_at AND one.start_at < other.end_at";
    assert_eq!(empty.count(&format!("{overlapping} {of_slots}")).await, 0);
}

#[tokio::test]
async fn same_date_gives_the_same_rows_and_another_date_moves_them() {
    let (one, same, other) = (empty!(Sqlite), empty!(Postgres), empty!(Sqlite));
    for (empty, now, today) in [
        (&one, "2025-01-01T00:00:00Z", "2026-11-25"),
        (&same, "2031-07-07T07:07:07.777Z", "2026-11-25"),
        (&other, "2025-01-01T00:00:00Z", "2026-12-02"),
    ] {
        empty.fill_around(now, 300, Some(date(today))).await.unwrap();
    }
    let lines = dump(&one.database).await;
    assert!(lines == dump(&same.database).await);
    assert!(lines != dump(&other.database).await);
    // The ids and the states are those of a week before.
    let states = async |empty: &Empty| -> Vec<(i64, String, i64)> {
        let rows = interview_rows::all(&empty.database).await;
        rows.into_iter().map(|row| (row.id, row.status, row.interviewer_id)).collect()
    };
    let (mut before, mut after) = (states(&one).await, states(&other).await);
    before.sort();
    after.sort();
    assert_eq!(before, after);
}
