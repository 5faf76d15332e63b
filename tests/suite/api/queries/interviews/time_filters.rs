//! The list of interviews filtered by time: ranges and slots are half open, to the millisecond.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::filtered_view::{View, literal, moment};
use crate::support::interview_rows::{Row, insert_between};
use crate::support::lists::List;
use chrono::{DateTime, TimeDelta, Utc};
use rstest::rstest;

/// A field that can be limited to a range.
type Field = (&'static str, fn(&Row) -> DateTime<Utc>);

const FIELDS: [Field; 2] = [("startAt", |row| row.start_at), ("updatedAt", |row| row.updated_at)];

const MILLISECOND: TimeDelta = TimeDelta::milliseconds(1);

#[rstest]
#[tokio::test]
async fn a_range_has_its_first_moment_and_not_its_last(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    crate::support::interview_rows::make_ties(&app.database).await;
    // Rows a millisecond apart, and rows at whole and at broken seconds.
    for start in ["2026-01-08T09:59:59.999Z", "2026-01-08T10:00:00.001Z", "2026-01-08T10:00:00.010Z"] {
        crate::support::interview_rows::insert_at(&app.database, moment(start)).await;
    }
    let staff = View::of_staff(&app).await;
    for (field, of) in FIELDS {
        for pivot in [&staff.rows[3], &staff.rows[100], &staff.rows[staff.rows.len() - 1]] {
            for edge in [of(pivot) - MILLISECOND, of(pivot), of(pivot) + MILLISECOND] {
                let (time, later) = (literal(edge), edge + TimeDelta::days(3));
                staff.listed(&format!("{field}: {{gte: {time}}}"), |row| of(row) >= edge).await;
                staff.listed(&format!("{field}: {{lt: {time}}}"), |row| of(row) < edge).await;
                let range = format!("{field}: {{gte: {time}, lt: {}}}", literal(later));
                staff.listed(&range, |row| of(row) >= edge && of(row) < later).await;
            }
            let (from, to) = (of(pivot), of(pivot) + MILLISECOND);
            let moment = format!("{field}: {{gte: {}, lt: {}}}", literal(from), literal(to));
            staff.narrowed(&moment, |row| of(row) == from).await;
        }
    }
}

#[rstest]
#[tokio::test]
async fn a_range_without_a_moment_in_it_holds_nothing_and_one_without_ends_holds_all(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let staff = View::of_staff(&app).await;
    for (field, of) in FIELDS {
        let (first, last) = (literal(of(&staff.rows[0])), literal(of(&staff.rows[200])));
        staff.listed(&format!("{field}: {{gte: {first}, lt: {first}}}"), |_| false).await;
        staff.listed(&format!("{field}: {{gte: {last}, lt: {first}}}"), |_| false).await;
        for open in ["{}", "null", "{gte: null, lt: null}"] {
            staff.listed(&format!("{field}: {open}"), |_| true).await;
        }
        let whole = "{gte: \"0001-01-01T00:00:00Z\", lt: \"9999-12-31T23:59:59.999Z\"}";
        staff.listed(&format!("{field}: {whole}"), |_| true).await;
    }
}

#[rstest]
#[tokio::test]
async fn a_time_is_read_with_any_offset_and_cut_to_milliseconds(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = View::of_staff(&app).await;
    let noon = moment("2026-01-06T12:00:00Z");
    for same in [
        "2026-01-06T12:00:00Z",
        "2026-01-06T12:00:00.000999Z",
        "2026-01-06T13:00:00+01:00",
        "2026-01-06T17:45:00+05:45",
        "2026-01-05T21:30:00.0-14:30",
    ] {
        staff.narrowed(&format!("startAt: {{gte: {same:?}}}"), |row| row.start_at >= noon).await;
    }
    for wrong in
        ["2026-01-06", "2026-01-06T12:00:00", "noon", "", "1767700800", "2026-02-30T12:00:00Z", "0000-01-01T00:00:00Z"]
    {
        for filter in [
            format!("startAt: {{gte: {wrong:?}}}"),
            format!("updatedAt: {{lt: {wrong:?}}}"),
            format!("overlaps: {{startAt: {wrong:?}, endAt: \"2026-01-06T12:00:00Z\"}}"),
        ] {
            let list = List::of("interviews").with(format!("filter: {{{filter}}}"));
            let (code, message) = list.refusal(&app.staff(), "").await;
            assert!(["BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"].contains(&&*code), "{filter}: {code} {message}");
            let helpful = message.contains("RFC 3339") || message.contains("year has to be");
            assert!(helpful, "{filter}: {message}");
        }
    }
}

/// Interviews of every length, around a day on which there is nothing else.
async fn book_around(app: &TestApp, noon: DateTime<Utc>) {
    let hours = TimeDelta::hours;
    for (start, end) in [
        (noon - hours(24), noon),                             // a whole day, ends at noon
        (noon - hours(24) + MILLISECOND, noon + MILLISECOND), // a whole day, reaches just into it
        (noon - hours(1), noon),
        (noon - hours(1), noon + MILLISECOND),
        (noon - MILLISECOND, noon),
        (noon, noon + MILLISECOND),
        (noon, noon + hours(24)),
        (noon + MILLISECOND, noon + hours(1)),
        (noon + hours(1) - MILLISECOND, noon + hours(1)),
        (noon + hours(1), noon + hours(2)),
        (noon + hours(1), noon + hours(25)),
        (noon - hours(12), noon + hours(12)),
    ] {
        insert_between(&app.database, start, end).await;
    }
}

#[rstest]
#[tokio::test]
async fn an_interview_overlaps_a_slot_when_they_share_a_moment(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let noon = moment("2027-07-07T12:00:00Z");
    book_around(&app, noon).await;
    let staff = View::of_staff(&app).await;
    let edges = [-25 * 3600, -24 * 3600, -3600, 0, 3600, 2 * 3600, 24 * 3600, 25 * 3600].map(TimeDelta::seconds);
    let edges = edges.into_iter().flat_map(|edge| [edge - MILLISECOND, edge, edge + MILLISECOND]);
    let edges: Vec<_> = edges.map(|edge| noon + edge).collect();
    for (index, start) in edges.iter().enumerate() {
        for end in &edges[index + 1..] {
            let slot = format!("overlaps: {{startAt: {}, endAt: {}}}", literal(*start), literal(*end));
            staff.listed(&slot, |row| row.start_at < *end && *start < row.end_at).await;
        }
    }
}

#[rstest]
#[tokio::test]
async fn a_slot_may_be_as_long_as_all_time(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = View::of_staff(&app).await;
    let (first, last) = ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z");
    staff.listed(&format!("overlaps: {{startAt: {first:?}, endAt: {last:?}}}"), |_| true).await;
    let (monday, friday) = (moment("2026-01-05T09:15:00Z"), moment("2026-01-09T08:15:00Z"));
    let week = format!("overlaps: {{startAt: {}, endAt: {}}}", literal(monday), literal(friday));
    staff.narrowed(&week, |row| row.start_at < friday && monday < row.end_at).await;
    staff.listed(&format!("overlaps: {{startAt: {first:?}, endAt: \"0001-01-01T00:00:00.001Z\"}}"), |_| false).await;
}

#[rstest]
#[tokio::test]
async fn what_is_over_or_called_off_overlaps_as_well_until_it_is_filtered_out(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let staff = View::of_staff(&app).await;
    let (from, to) = (moment("2026-01-05T08:30:00Z"), moment("2026-01-06T08:30:00Z"));
    let slot = format!("overlaps: {{startAt: {}, endAt: {}}}", literal(from), literal(to));
    let touches = |row: &Row| row.start_at < to && from < row.end_at;
    staff.narrowed(&slot, touches).await;
    assert!(staff.rows.iter().any(|row| touches(row) && row.status == "cancelled"));
    let open = ["pending", "amended", "scheduled"];
    let filter = format!("{slot}, status: [PENDING, AMENDED, SCHEDULED]");
    staff.narrowed(&filter, |row| touches(row) && open.contains(&&*row.status)).await;
}

#[rstest]
#[tokio::test]
async fn a_slot_ends_after_it_starts(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    for (start, end) in [
        ("2026-01-05T08:00:00Z", "2026-01-05T08:00:00Z"),
        ("2026-01-05T08:00:00Z", "2026-01-05T07:59:59.999Z"),
        ("2026-01-05T08:00:00.0004Z", "2026-01-05T08:00:00.0009Z"),
        ("2026-01-05T08:00:00Z", "2026-01-05T09:00:00+01:00"),
    ] {
        let list = List::of("interviews").with(format!("filter: {{overlaps: {{startAt: {start:?}, endAt: {end:?}}}}}"));
        let refusal = list.refusal(&app.staff(), "").await;
        let expected = "`filter.overlaps`: the end has to be after the start";
        assert_eq!(refusal, ("BAD_USER_INPUT".to_owned(), expected.to_owned()));
    }
}
