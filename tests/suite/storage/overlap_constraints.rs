//! The database itself refuses overlapping interviews, independently of the server's code.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::inspect::{all_rows, until_waiting};
use crate::support::lifecycle::interview_of;
use crate::support::people::{
    CHIDI, CHIDI_APPLICATION, COASTAL_FREIGHT, DANA, DANA_APPLICATION, JUDE, JUDE_APPLICATION, JUDE_WITH_LUISA, KOFI,
    LUISA,
};
use interviews::domain::InterviewId;
use rstest::rstest;
use sea_orm::{ConnectionTrait, TransactionTrait};

const DRIVER: &str = "interviews_driver_overlap";
const INTERVIEWER: &str = "interviews_interviewer_overlap";

const COLUMNS: &str = "company_id, driver_id, interviewee_id, interviewer_id, kind, status, start_at, end_at, version, \
    allow_overlap, created_at, updated_at";

/// Inserts a copy of an interview, with other expressions for some of its columns.
fn copy_of(id: InterviewId, replacements: &[(&str, String)]) -> String {
    let columns =
        replacements.iter().fold(COLUMNS.to_owned(), |columns, (column, value)| columns.replace(column, value));
    format!("INSERT INTO interviews ({COLUMNS}) SELECT {columns} FROM interviews WHERE id = {id}")
}

/// The name of the constraint that refuses the statement, or none when the database executes it.
async fn violated_constraint(app: &TestApp, sql: &str) -> Option<&'static str> {
    let error = app.database.raw().await.execute_unprepared(sql).await.err()?.to_string();
    let named = [DRIVER, INTERVIEWER].into_iter().find(|name| error.contains(name));
    Some(named.unwrap_or_else(|| panic!("{sql}: {error}")))
}

#[rstest]
#[tokio::test]
async fn overlapping_row_cannot_be_inserted(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = app.book(JUDE, LUISA).at("10:00").await;
    let before = all_rows(&app.database).await;
    let other_interviewer = ("interviewer_id", KOFI.to_string());
    let other_driver = ("driver_id, interviewee_id", format!("{DANA}, {DANA_APPLICATION}"));
    let third_driver = ("driver_id, interviewee_id", format!("{CHIDI}, {CHIDI_APPLICATION}"));
    let violated = async |replacements: &[(&str, String)]| violated_constraint(&app, &copy_of(id, replacements)).await;
    assert_eq!(violated(&[]).await, Some(if database == Sqlite { INTERVIEWER } else { DRIVER }));
    assert_eq!(violated(std::slice::from_ref(&other_interviewer)).await, Some(DRIVER));
    assert_eq!(violated(std::slice::from_ref(&other_driver)).await, Some(INTERVIEWER));
    // Two rows that overlap each other alone, in one statement.
    let row = copy_of(id, &[other_interviewer.clone(), third_driver]);
    let twice = format!("{row} UNION ALL {}", row.split_once(") ").unwrap().1);
    assert_eq!(violated_constraint(&app, &twice).await, Some(if database == Sqlite { INTERVIEWER } else { DRIVER }));
    assert_eq!(all_rows(&app.database).await, before);
    // Rows of other people, of an ended interview, and of one that allows overlap.
    for replacements in [
        &[other_driver, other_interviewer][..],
        &[("status", "'cancelled'".to_owned())],
        &[("allow_overlap", if database == Sqlite { "1".to_owned() } else { "true".to_owned() })],
    ] {
        assert_eq!(violated(replacements).await, None, "{replacements:?}");
    }
}

#[rstest]
#[tokio::test]
async fn row_cannot_be_updated_into_an_overlap(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    let held = app.book(JUDE, LUISA).at("10:00").await;
    let later = app.book(JUDE, LUISA).at("12:00").await;
    let of_others = app.book(DANA, KOFI).at("10:00").await;
    let overlapping = app.book(JUDE, LUISA).at("10:30").allowing_overlap().await;
    let cancelled = app.book(JUDE, LUISA).at("14:00").await;
    interview_of(&staff.cancel(cancelled).await);
    app.book(JUDE, LUISA).at("14:00").await;
    let before = all_rows(&app.database).await;
    let of_held = |column: &str| format!("(SELECT {column} FROM interviews WHERE id = {held})");
    let no = if database == Sqlite { "0" } else { "false" };
    // The constraint that is checked first when both people are busy.
    let both = if database == Sqlite { INTERVIEWER } else { DRIVER };
    for (change, constraint) in [
        (format!("start_at = {} WHERE id = {later}", of_held("start_at")), both),
        (format!("start_at = {}, end_at = {} WHERE id = {later}", of_held("start_at"), of_held("end_at")), both),
        (format!("interviewer_id = {LUISA} WHERE id = {of_others}"), INTERVIEWER),
        (format!("driver_id = {JUDE}, interviewee_id = {JUDE_APPLICATION} WHERE id = {of_others}"), DRIVER),
        (format!("allow_overlap = {no} WHERE id = {overlapping}"), both),
        (format!("status = 'pending' WHERE id = {cancelled}"), both),
        (format!("status = 'scheduled' WHERE id = {cancelled}"), both),
        // Both to a time at which neither is now.
        (
            format!(
                "start_at = '2025-04-07T10:00:00+00:00', end_at = '2025-04-07T11:00:00+00:00' \
                 WHERE id IN ({held}, {later})"
            ),
            both,
        ),
    ] {
        let sql = format!("UPDATE interviews SET {change}");
        assert_eq!(violated_constraint(&app, &sql).await, Some(constraint), "{change}");
        assert_eq!(all_rows(&app.database).await, before, "{change}");
    }
}

/// Whether the time is free is not known before the other transaction ends: the server's booking waits for it.
#[tokio::test]
async fn booking_waits_for_an_open_transaction_that_frees_the_time() {
    let app = start!(Postgres);
    let id = app.book(JUDE, LUISA).at("10:00").await;
    let connection = app.database.raw().await;
    let other = connection.begin().await.unwrap();
    other.execute_unprepared(&format!("UPDATE interviews SET status = 'cancelled' WHERE id = {id}")).await.unwrap();
    let booking = app.book(JUDE, LUISA).at("10:00");
    let booking = tokio::spawn(async move { booking.attempt().await });
    until_waiting(&app.database, 1).await;
    other.commit().await.unwrap();
    assert_eq!(interview_of(&booking.await.unwrap())["status"], "PENDING");
}

/// So the copies of driver and company, which the constraints compare, cannot differ from the interviewee's.
#[rstest]
#[tokio::test]
async fn driver_and_company_of_a_row_are_those_of_its_interviewee(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let pragma = if database == Sqlite { "PRAGMA foreign_keys = ON; " } else { "" };
    for change in [
        format!("driver_id = {DANA}"),
        format!("company_id = {COASTAL_FREIGHT}"),
        format!("interviewee_id = {DANA_APPLICATION}"),
    ] {
        let sql = format!("{pragma}UPDATE interviews SET {change} WHERE id = {JUDE_WITH_LUISA}");
        let error = app.database.raw().await.execute_unprepared(&sql).await.unwrap_err().to_string().to_lowercase();
        assert!(error.contains("foreign key constraint"), "{change}: {error}");
    }
}
