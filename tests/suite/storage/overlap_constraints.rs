//! The database itself refuses what overlaps: statements that no code of the server has looked at.

use crate::api::mutations::schedule_conflicts::booking::jude;
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::inspect::{all_rows, until_waiting};
use rstest::rstest;
use sea_orm::ConnectionTrait;

const COPIED: &str = "company_id, driver_id, interviewee_id, interviewer_id, kind, status, start_at, end_at, version, \
    allow_overlap, created_at, updated_at";

/// What the database says to this statement; nothing when it lets it pass.
async fn refusal(app: &TestApp, sql: &str) -> Option<String> {
    app.database.raw().await.execute_unprepared(sql).await.err().map(|error| error.to_string())
}

#[rstest]
#[tokio::test]
async fn an_overlapping_row_cannot_be_inserted(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = jude("10:00", "11:00").book(&app.staff()).await;
    let before = all_rows(&app.database).await;
    let copy =
        |columns: &str| format!("INSERT INTO interviews ({COPIED}) SELECT {columns} FROM interviews WHERE id = {id}");
    // The same driver with another interviewer; the same interviewer with another driver.
    let other_interviewer = COPIED.replace("interviewer_id", "2001");
    let other_driver = COPIED.replace("driver_id, interviewee_id", "1000003, 1003");
    for (columns, constraint) in [
        (COPIED, "_overlap"),
        (other_interviewer.as_str(), "interviews_driver_overlap"),
        (other_driver.as_str(), "interviews_interviewer_overlap"),
    ] {
        let refusal = refusal(&app, &copy(columns)).await.expect(columns);
        assert!(refusal.contains(constraint), "{refusal}");
    }
    // Two rows that clash with each other alone, in one statement.
    let twice = other_interviewer.replace("driver_id, interviewee_id", "1000004, 1004");
    let twice = format!(
        "INSERT INTO interviews ({COPIED}) SELECT {twice} FROM interviews WHERE id = {id} \
         UNION ALL SELECT {twice} FROM interviews WHERE id = {id}"
    );
    assert!(refusal(&app, &twice).await.is_some());
    assert_eq!(all_rows(&app.database).await, before);
    // What has another driver and another interviewer, what is over, and what was allowed to, goes in.
    for fine in [
        other_driver.replace("interviewer_id", "2001"),
        COPIED.replace("status", "'cancelled'"),
        COPIED.replace("allow_overlap", if database == Sqlite { "1" } else { "true" }),
    ] {
        assert_eq!(refusal(&app, &copy(&fine)).await, None, "{fine}");
    }
}

#[rstest]
#[tokio::test]
async fn no_row_can_be_updated_into_an_overlap(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    let held = jude("10:00", "11:00").book(&staff).await;
    let later = jude("12:00", "13:00").book(&staff).await;
    let beside = jude("10:00", "11:00").of(1003).with(2001).book(&staff).await;
    let over = jude("10:30", "11:30").over_a_clash().book(&staff).await;
    let cancelled = jude("14:00", "15:00").book(&staff).await;
    staff.mutate("cancelInterview", &format!("id: {cancelled}")).await;
    jude("14:00", "15:00").book(&staff).await;
    let before = all_rows(&app.database).await;
    let of = |column: &str| format!("(SELECT {column} FROM interviews WHERE id = {held})");
    let no = if database == Sqlite { "0" } else { "false" };
    for change in [
        format!("start_at = {} WHERE id = {later}", of("start_at")),
        format!("start_at = {}, end_at = {} WHERE id = {later}", of("start_at"), of("end_at")),
        format!("interviewer_id = 1001 WHERE id = {beside}"),
        format!("driver_id = 997, interviewee_id = 277 WHERE id = {beside}"),
        format!("allow_overlap = {no} WHERE id = {over}"),
        format!("status = 'pending' WHERE id = {cancelled}"),
        format!("status = 'scheduled' WHERE id = {cancelled}"),
        // Both to a time at which neither is now.
        format!(
            "start_at = '2025-04-07T10:00:00+00:00', end_at = '2025-04-07T11:00:00+00:00' WHERE id IN ({held}, {later})"
        ),
    ] {
        let refusal = refusal(&app, &format!("UPDATE interviews SET {change}")).await.expect(&change);
        assert!(refusal.contains("_overlap"), "{refusal}");
        assert_eq!(all_rows(&app.database).await, before, "{change}");
    }
}

#[rstest]
#[tokio::test]
async fn an_open_transaction_is_enough_to_keep_the_time(#[values(Postgres)] database: Database) {
    use sea_orm::TransactionTrait;
    let app = start!(database);
    let id = jude("10:00", "11:00").book(&app.staff()).await;
    let connection = app.database.raw().await;
    let theirs = connection.begin().await.unwrap();
    theirs.execute_unprepared(&format!("UPDATE interviews SET status = 'cancelled' WHERE id = {id}")).await.unwrap();
    // Whether the time is free is not known before the other transaction ends: the booking waits for it.
    let (staff, slot) = (app.staff(), jude("10:00", "11:00"));
    let booking = tokio::spawn(async move { slot.ask(&staff).await });
    until_waiting(&app.database, 1).await;
    theirs.commit().await.unwrap();
    assert_eq!(booking.await.unwrap()["interview"]["status"], "PENDING");
}

#[rstest]
#[tokio::test]
async fn a_row_of_another_companys_interviewee_or_driver_cannot_be_stored(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    // The copies of driver and company that the constraints look at cannot drift from the interviewee's.
    for change in ["driver_id = 1000003", "company_id = 2", "interviewee_id = 1003"] {
        let mind = if database == Sqlite { "PRAGMA foreign_keys = ON; " } else { "" };
        let refusal = refusal(&app, &format!("{mind}UPDATE interviews SET {change} WHERE id = 27")).await;
        assert!(refusal.expect(change).to_lowercase().contains("foreign key"));
    }
}
