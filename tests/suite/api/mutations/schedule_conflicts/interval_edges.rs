//! Interviews are half-open intervals, exact to the millisecond, of up to a day.

use super::{both_sides, conflicts};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::booking::times;
use crate::support::lifecycle::interview_of;
use crate::support::people::{JUDE, LUISA};
use rstest::rstest;

/// Times with and without fractions of a second have to compare as times where they are stored as text.
#[rstest]
#[case::without_fractions("10:00", "11:00", &[
    ("before", "09:00", "10:00", true),
    ("after", "11:00", "12:00", true),
    ("into the start", "09:00", "10:00:00.001", false),
    ("into the end", "10:59:59.999", "12:00", false),
    ("inside", "10:20", "10:40", false),
    ("around", "09:00", "12:00", false),
    ("the same", "10:00", "11:00", false),
    ("the first millisecond", "10:00", "10:00:00.001", false),
    ("the last millisecond", "10:59:59.999", "11:00", false),
    ("inside, in another zone", "2025-04-01T12:59:00+02:00", "2025-04-01T14:00:00+02:00", false),
    ("after, in another zone", "2025-04-01T13:00:00+02:00", "2025-04-01T14:00:00+02:00", true),
    ("the same hour of another day", "2025-04-02T10:00:00Z", "2025-04-02T11:00:00Z", true),
])]
#[case::with_fractions("10:00:00.500", "11:00:00.500", &[
    ("after", "11:00:00.500", "12:00", true),
    ("the last millisecond", "11:00:00.499", "12:00", false),
    ("the last half second", "11:00:00", "12:00", false),
    ("before", "09:00", "10:00:00.500", true),
    ("the first millisecond", "09:00", "10:00:00.501", false),
    ("half a second before", "09:00", "10:00", true),
    ("half a second after", "11:00:01", "12:00", true),
])]
#[tokio::test]
async fn interview_may_begin_when_another_ends(
    #[values(Sqlite, Postgres)] database: Database,
    #[case] start: &str,
    #[case] end: &str,
    #[case] others: &[(&str, &str, &str, bool)],
) {
    let app = start!(database);
    let id = app.book(JUDE, LUISA).at(start).until(end).await;
    for (name, start, end, fits) in others {
        let booking = app.book(JUDE, LUISA).at(start).until(end);
        if *fits {
            interview_of(&app.staff().cancel(booking.await).await);
        } else {
            assert_eq!(conflicts(&booking.attempt().await), both_sides(id), "{name}");
        }
    }
    interview_of(&app.staff().update(id, times("10:30", "11:00")).await);
}

#[rstest]
#[tokio::test]
async fn interview_of_a_day_reserves_its_last_millisecond(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let book = |start: &str, end: &str| app.book(JUDE, LUISA).at(start).until(end);
    let (today, tomorrow) = ("2025-04-01T08:00:00.750Z", "2025-04-02T08:00:00.750Z");
    let id = book(today, tomorrow).await;
    for (start, end) in [
        ("2025-04-02T08:00:00.749Z", "2025-04-02T08:30:00Z"),
        ("2025-04-02T08:00:00.749Z", "2025-04-03T08:00:00.749Z"),
        ("2025-03-31T08:00:00.751Z", "2025-04-01T08:00:00.751Z"),
        ("2025-04-01T23:00:00Z", "2025-04-02T22:00:00Z"),
        (today, tomorrow),
    ] {
        assert_eq!(conflicts(&book(start, end).attempt().await), both_sides(id), "{start}–{end}");
    }
    // A day on either side fits without a gap.
    book(tomorrow, "2025-04-03T08:00:00.750Z").await;
    book("2025-03-31T08:00:00.750Z", today).await;
}

#[rstest]
#[tokio::test]
async fn first_and_last_day_of_time_conflict_too(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    for (start, end, last_moment) in [
        ("0001-01-01T00:00:00Z", "0001-01-01T23:00:00Z", "0001-01-01T23:00:00.000Z"),
        ("9999-12-31T01:00:00Z", "9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
    ] {
        let booking = app.book(JUDE, LUISA).at(start).until(end);
        let id = booking.clone().await;
        assert_eq!(conflicts(&booking.attempt().await), both_sides(id));
        assert_eq!(app.staff().interview(id).await["endAt"], last_moment);
    }
}
