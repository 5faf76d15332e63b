//! Filters of `interviews` by time: ranges and slots are half open, in milliseconds.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::filtered_view::{View, literal, time};
use crate::support::interview_rows::{self, Row, insert_between};
use crate::support::lists::{List, bad_user_input};
use chrono::{DateTime, TimeDelta, Utc};
use rstest::rstest;

/// A filter by a range, and the column that it limits.
type Field = (&'static str, fn(&Row) -> DateTime<Utc>);

const FIELDS: [Field; 2] = [("startAt", |row| row.start_at), ("updatedAt", |row| row.updated_at)];

const MILLISECOND: TimeDelta = TimeDelta::milliseconds(1);

#[rstest]
#[tokio::test]
async fn range_includes_its_start_and_excludes_its_end(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    interview_rows::make_ties(&app.database).await;
    // Times a millisecond apart, with and without a fraction of a second.
    for start in ["2026-01-08T09:59:59.999Z", "2026-01-08T10:00:00.001Z", "2026-01-08T10:00:00.010Z"] {
        interview_rows::insert_at(&app.database, time(start)).await;
    }
    let staff = View::of_staff(&app).await;
    for (field, of) in FIELDS {
        for pivot in [&staff.rows[3], &staff.rows[100], &staff.rows[staff.rows.len() - 1]] {
            for edge in [of(pivot) - MILLISECOND, of(pivot), of(pivot) + MILLISECOND] {
                let (at, later) = (literal(edge), edge + TimeDelta::days(3));
                staff.selects(&format!("{field}: {{gte: {at}}}"), |row| of(row) >= edge).await;
                staff.selects(&format!("{field}: {{lt: {at}}}"), |row| of(row) < edge).await;
                let range = format!("{field}: {{gte: {at}, lt: {}}}", literal(later));
                staff.selects(&range, |row| of(row) >= edge && of(row) < later).await;
            }
            let (from, to) = (of(pivot), of(pivot) + MILLISECOND);
            let millisecond = format!("{field}: {{gte: {}, lt: {}}}", literal(from), literal(to));
            staff.selects_some(&millisecond, |row| of(row) == from).await;
        }
    }
}

#[rstest]
#[tokio::test]
async fn empty_range_selects_nothing_and_open_range_selects_all(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = View::of_staff(&app).await;
    for (field, of) in FIELDS {
        let (first, last) = (literal(of(&staff.rows[0])), literal(of(&staff.rows[200])));
        staff.selects(&format!("{field}: {{gte: {first}, lt: {first}}}"), |_| false).await;
        staff.selects(&format!("{field}: {{gte: {last}, lt: {first}}}"), |_| false).await;
        for open in ["{}", "null", "{gte: null, lt: null}"] {
            staff.selects(&format!("{field}: {open}"), |_| true).await;
        }
        let whole = "{gte: \"0001-01-01T00:00:00Z\", lt: \"9999-12-31T23:59:59.999Z\"}";
        staff.selects(&format!("{field}: {whole}"), |_| true).await;
    }
}

#[rstest]
#[tokio::test]
async fn time_may_have_any_offset_and_is_truncated_to_milliseconds(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = View::of_staff(&app).await;
    let noon = time("2026-01-06T12:00:00Z");
    for same in [
        "2026-01-06T12:00:00Z",
        "2026-01-06T12:00:00.000999Z",
        "2026-01-06T13:00:00+01:00",
        "2026-01-06T17:45:00+05:45",
        "2026-01-05T21:30:00.0-14:30",
    ] {
        staff.selects_some(&format!("startAt: {{gte: {same:?}}}"), |row| row.start_at >= noon).await;
    }
}

#[tokio::test]
async fn invalid_time_is_rejected() {
    let app = start!(Sqlite);
    let not_rfc_3339 = "The value has to be a `DateTime`. Enter a date and a time with an offset as in RFC 3339, such \
        as \"2025-03-20T10:32:08Z\" or \"2025-03-20T11:32:08.500+01:00\".";
    for (invalid, message) in [
        ("2026-01-06", not_rfc_3339),
        ("2026-01-06T12:00:00", not_rfc_3339),
        ("noon", not_rfc_3339),
        ("", "The value has to be a `DateTime`. Enter a date and a time."),
        ("1767700800", not_rfc_3339),
        ("2026-02-30T12:00:00Z", not_rfc_3339),
        ("0000-01-01T00:00:00Z", "The value has to be a `DateTime`. The year has to be between 1 and 9999 in UTC."),
    ] {
        for filter in [
            format!("startAt: {{gte: {invalid:?}}}"),
            format!("updatedAt: {{lt: {invalid:?}}}"),
            format!("overlaps: {{startAt: {invalid:?}, endAt: \"2026-01-06T12:00:00Z\"}}"),
        ] {
            let list = List::of("interviews").with(format!("filter: {{{filter}}}"));
            let error = list.error(&app.staff(), "").await;
            assert_eq!(error, ("GRAPHQL_VALIDATION_FAILED".to_owned(), message.to_owned()), "{filter}");
        }
    }
}

/// Stores interviews of several lengths around a day without others.
async fn insert_around(app: &TestApp, noon: DateTime<Utc>) {
    let hours = TimeDelta::hours;
    for (start, end) in [
        (noon - hours(24), noon),                             // a day that ends at noon
        (noon - hours(24) + MILLISECOND, noon + MILLISECOND), // a day that ends a millisecond later
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
async fn overlaps_selects_interviews_that_share_a_millisecond_with_the_slot(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let noon = time("2027-07-07T12:00:00Z");
    insert_around(&app, noon).await;
    let staff = View::of_staff(&app).await;
    let edges = [-25 * 3600, -24 * 3600, -3600, 0, 3600, 2 * 3600, 24 * 3600, 25 * 3600].map(TimeDelta::seconds);
    let edges = edges.into_iter().flat_map(|edge| [edge - MILLISECOND, edge, edge + MILLISECOND]);
    let edges: Vec<_> = edges.map(|edge| noon + edge).collect();
    for (index, start) in edges.iter().enumerate() {
        for end in &edges[index + 1..] {
            let slot = format!("overlaps: {{startAt: {}, endAt: {}}}", literal(*start), literal(*end));
            staff.selects(&slot, |row| row.start_at < *end && *start < row.end_at).await;
        }
    }
}

#[rstest]
#[tokio::test]
async fn overlaps_accepts_slots_of_any_length(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = View::of_staff(&app).await;
    let (first, last) = ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z");
    staff.selects(&format!("overlaps: {{startAt: {first:?}, endAt: {last:?}}}"), |_| true).await;
    let (monday, friday) = (time("2026-01-05T09:15:00Z"), time("2026-01-09T08:15:00Z"));
    let week = format!("overlaps: {{startAt: {}, endAt: {}}}", literal(monday), literal(friday));
    staff.selects_some(&week, |row| row.start_at < friday && monday < row.end_at).await;
    staff.selects(&format!("overlaps: {{startAt: {first:?}, endAt: \"0001-01-01T00:00:00.001Z\"}}"), |_| false).await;
}

#[rstest]
#[tokio::test]
async fn overlaps_includes_ended_and_cancelled_interviews(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = View::of_staff(&app).await;
    let (from, to) = (time("2026-01-05T08:30:00Z"), time("2026-01-06T08:30:00Z"));
    let slot = format!("overlaps: {{startAt: {}, endAt: {}}}", literal(from), literal(to));
    let touches = |row: &Row| row.start_at < to && from < row.end_at;
    staff.selects_some(&slot, touches).await;
    assert!(staff.rows.iter().any(|row| touches(row) && row.status == "cancelled"));
    let open = ["pending", "amended", "scheduled"];
    let filter = format!("{slot}, status: [PENDING, AMENDED, SCHEDULED]");
    staff.selects_some(&filter, |row| touches(row) && open.contains(&&*row.status)).await;
}

#[tokio::test]
async fn overlaps_with_an_end_that_is_not_after_its_start_is_rejected() {
    let app = start!(Sqlite);
    for (start, end) in [
        ("2026-01-05T08:00:00Z", "2026-01-05T08:00:00Z"),
        ("2026-01-05T08:00:00Z", "2026-01-05T07:59:59.999Z"),
        ("2026-01-05T08:00:00.0004Z", "2026-01-05T08:00:00.0009Z"),
        ("2026-01-05T08:00:00Z", "2026-01-05T09:00:00+01:00"),
    ] {
        let list = List::of("interviews").with(format!("filter: {{overlaps: {{startAt: {start:?}, endAt: {end:?}}}}}"));
        let error = list.error(&app.staff(), "").await;
        assert_eq!(error, bad_user_input("The end of `filter.overlaps` has to be after its start."));
    }
}
