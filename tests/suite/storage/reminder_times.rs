//! The columns from which reminders are derived: what the server writes with each change, what the trigger writes for a
//! server of the previous release, and how rows from before the columns are filled.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::booking::times;
use crate::support::inspect::query;
use crate::support::lifecycle::interview_of;
use crate::support::people::{BRUNA_APPLICATION, JUDE, KOFI, LUISA};
use chrono::{DateTime, TimeDelta, Utc};
use interviews::domain::InterviewId;
use rstest::rstest;
use serde_json::{Value, json};

/// The columns that servers of the previous release write, but those that a copy has of its own.
const COPIED: &str = "company_id, driver_id, interviewee_id, interviewer_id, kind, status, start_at, end_at, \
    amend_start_at, amend_end_at, amended_by, amended_from, location, reason, absent, version, created_at, updated_at";

/// An interview, and a copy of it that a server of the previous release writes: without the columns.
struct Mirrored<'a> {
    app: &'a TestApp,
    id: InterviewId,
}

const COPY: InterviewId = InterviewId(9_000);

impl<'a> Mirrored<'a> {
    async fn new(app: &'a TestApp, id: InterviewId) -> Self {
        app.database
            .execute(&format!(
                "INSERT INTO interviews (id, allow_overlap, {COPIED}) \
                 SELECT {COPY}, true, {COPIED} FROM interviews WHERE id = {id}"
            ))
            .await;
        Self { app, id }
    }

    /// Makes the same change to the copy, and compares the columns. They are the times in minutes since the booking,
    /// and the sequence.
    async fn check(&self, expected: (i64, Option<i64>, i64)) {
        let copied = format!("(SELECT {COPIED} FROM interviews WHERE id = {})", self.id);
        self.app.database.execute(&format!("UPDATE interviews SET ({COPIED}) = {copied} WHERE id = {COPY}")).await;
        assert_eq!(self.columns(self.id).await, expected, "written by the server");
        assert_eq!(self.columns(COPY).await, expected, "derived by the trigger");
    }

    async fn columns(&self, id: InterviewId) -> (i64, Option<i64>, i64) {
        let rows = format!("SELECT created_at, slot_set_at, waiting_since, sequence FROM interviews WHERE id = {id}");
        let [row] = &query(&self.app.database, &rows).await[..] else { panic!("no interview {id}") };
        let minutes = |column: &str| minutes_between(&row["created_at"], &row[column]);
        (minutes("slot_set_at").unwrap(), minutes("waiting_since"), row["sequence"].as_i64().unwrap())
    }

    /// Makes both rows as they were before the columns.
    async fn forget(&self) {
        let rows = format!("id IN ({}, {COPY})", self.id);
        let null = "slot_set_at = NULL, waiting_since = NULL, sequence = NULL";
        self.app.database.execute(&format!("UPDATE interviews SET {null} WHERE {rows}")).await;
    }
}

fn minutes_between(earlier: &Value, later: &Value) -> Option<i64> {
    let time = |value: &Value| value.as_str().map(|text| text.parse::<DateTime<Utc>>().unwrap());
    Some((time(later)? - time(earlier)?).num_minutes())
}

#[rstest]
#[tokio::test]
async fn every_change_and_the_trigger_write_the_same_times(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (staff, driver) = (app.staff(), app.driver());
    let id = app.book(JUDE, LUISA).at("10:00").await;
    let mirrored = Mirrored::new(&app, id).await;
    mirrored.check((0, Some(0), 0)).await;
    let later = || app.clock.advance(TimeDelta::minutes(1));

    later();
    interview_of(&staff.update(id, json!({"interviewerId": KOFI.to_string()})).await);
    mirrored.check((0, Some(0), 0)).await;
    later();
    interview_of(&staff.update(id, json!({"location": "Gate 2", "kind": "IN_PERSON"})).await);
    mirrored.check((0, Some(0), 1)).await;
    later(); // 3
    interview_of(&staff.propose(id, "12:00", "13:00").await);
    mirrored.check((0, Some(3), 1)).await;
    later();
    interview_of(&staff.propose(id, "12:30", "13:00").await);
    mirrored.check((0, Some(4), 1)).await;
    later();
    interview_of(&staff.update(id, json!({"location": "Gate 3"})).await);
    mirrored.check((0, Some(4), 2)).await;
    later(); // 6
    interview_of(&driver.decline(id).await);
    mirrored.check((0, Some(6), 2)).await;
    later();
    interview_of(&driver.accept(id).await);
    mirrored.check((7, None, 2)).await;
    later();
    interview_of(&driver.propose(id, "14:00", "15:00").await);
    mirrored.check((7, Some(8), 2)).await;
    later(); // 9
    interview_of(&driver.withdraw(id).await);
    mirrored.check((7, None, 2)).await;
    later();
    interview_of(&driver.propose(id, "14:00", "15:00").await);
    mirrored.check((7, Some(10), 2)).await;
    later();
    interview_of(&staff.accept(id).await);
    mirrored.check((11, None, 3)).await;
    later(); // 12
    interview_of(&staff.update(id, times("16:00", "17:00")).await);
    mirrored.check((12, Some(12), 4)).await;
    later();
    interview_of(&staff.update(id, json!({"intervieweeId": BRUNA_APPLICATION.to_string()})).await);
    mirrored.check((12, Some(13), 4)).await;
    later();
    interview_of(&staff.cancel(id).await);
    mirrored.check((12, None, 5)).await;
}

#[rstest]
#[tokio::test]
async fn rejecting_increments_the_sequence_and_completing_does_not(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let rejected = app.book(JUDE, LUISA).at("10:00").await;
    let completed = app.book(JUDE, LUISA).at("12:00").accepted().await;
    app.clock.advance(TimeDelta::minutes(1));
    let mirrored = Mirrored::new(&app, rejected).await;
    interview_of(&app.driver().reject(rejected).await);
    mirrored.check((0, None, 1)).await;
    app.clock.advance(TimeDelta::days(20));
    interview_of(&app.staff().complete(completed).await);
    assert_eq!(Mirrored { app: &app, id: completed }.columns(completed).await, (0, None, 0));
}

#[rstest]
#[tokio::test]
async fn change_of_a_row_that_is_not_filled_continues_it_as_if_it_were(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (staff, driver) = (app.staff(), app.driver());
    let id = app.book(JUDE, LUISA).at("10:00").await;
    let mirrored = Mirrored::new(&app, id).await;
    app.clock.advance(TimeDelta::minutes(1));
    interview_of(&staff.update(id, json!({"location": "Gate 2"})).await);
    mirrored.check((0, Some(0), 1)).await;

    mirrored.forget().await;
    app.clock.advance(TimeDelta::minutes(1));
    interview_of(&staff.update(id, json!({"interviewerId": KOFI.to_string()})).await);
    mirrored.check((1, Some(1), 1)).await;

    mirrored.forget().await;
    app.clock.advance(TimeDelta::minutes(1));
    interview_of(&driver.propose(id, "12:00", "13:00").await);
    mirrored.check((2, Some(3), 2)).await;

    mirrored.forget().await;
    app.clock.advance(TimeDelta::minutes(1));
    interview_of(&staff.cancel(id).await);
    mirrored.check((3, None, 4)).await;
}

/// Rows without the values that they have to have.
const UNFILLED: &str = "SELECT CAST(count(*) AS BIGINT) FROM interviews WHERE slot_set_at IS NULL OR sequence IS NULL \
    OR (waiting_since IS NULL) <> (status NOT IN ('pending', 'amended'))";

/// Rows with other values than those with which a row from before the columns is filled.
const DIFFERENT: &str = "SELECT CAST(count(*) AS BIGINT) FROM interviews WHERE slot_set_at <> updated_at \
    OR sequence <> version - 1 OR waiting_since <> updated_at";

#[rstest]
#[tokio::test]
async fn rows_from_before_the_columns_are_filled_by_migrate_up(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    interview_of(&app.driver().accept(app.book(JUDE, LUISA).at("10:00").await).await);
    assert_eq!(app.database.value::<i64>(UNFILLED).await, 0, "demo data and changes");
    let more = "WITH RECURSIVE ids (id) AS (SELECT 10000 UNION ALL SELECT id + 1 FROM ids WHERE id < 12500)";
    let columns = "INSERT INTO interviews (id, allow_overlap, company_id, driver_id, interviewee_id, interviewer_id, \
        kind, status, start_at, end_at, version, created_at, updated_at)";
    let rows = "SELECT ids.id, true, company_id, driver_id, interviewee_id, interviewer_id, kind, status, start_at, \
        end_at, version, created_at, updated_at FROM interviews, ids WHERE interviews.id = 27";
    let insert = match database {
        Sqlite => format!("{columns} {more} {rows}"),
        Postgres => format!("{more} {columns} {rows}"),
    };
    app.database.execute(&insert).await;

    let db = app.database.connect().await;
    let steps = db.migration_state().await.unwrap().steps;
    let first = steps.iter().position(|(name, _)| name.ends_with("reminder_times")).unwrap();
    db.migrate_down(u32::try_from(steps.len() - first).unwrap()).await.unwrap();
    db.migrate_up().await.unwrap();
    assert_eq!(app.database.value::<i64>(UNFILLED).await, 0);
    assert_eq!(app.database.value::<i64>(DIFFERENT).await, 0);

    // What was interrupted is continued, and rows that have their values keep them.
    app.database.execute("UPDATE interviews SET sequence = 99 WHERE id < 20").await;
    let null = "slot_set_at = NULL, waiting_since = NULL, sequence = NULL";
    app.database.execute(&format!("UPDATE interviews SET {null} WHERE id > 11000")).await;
    assert!(app.database.value::<i64>(UNFILLED).await > 1000);
    db.migrate_up().await.unwrap();
    assert_eq!(app.database.value::<i64>(UNFILLED).await, 0);
    assert_eq!(app.database.value::<i64>(DIFFERENT).await, 19);
}
