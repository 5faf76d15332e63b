//! Several servers that look for reminders at the same time.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::lifecycle::interview_of;
use crate::support::people::{JUDE, LUISA};
use futures_util::future::join_all;
use interviews::services::{CacheLifetimes, Clock, Services, Tokens};
use rstest::rstest;

/// Scheduled interviews on the free day, which may overlap: so many, and their ids begin here.
const MANY: i64 = 450;
const FIRST: i64 = 20_000;

async fn insert_many(app: &TestApp, database: Database) {
    let type_of_times = if database == Postgres { "timestamptz" } else { "text" };
    let columns = "INSERT INTO interviews (id, allow_overlap, company_id, driver_id, interviewee_id, interviewer_id, \
        kind, status, start_at, end_at, version, created_at, updated_at)";
    let numbers = format!(
        "WITH RECURSIVE ids (id) AS (SELECT {FIRST} UNION ALL SELECT id + 1 FROM ids WHERE id < {})",
        FIRST + MANY - 1
    );
    let [start, end] = ["10:00", "11:00"].map(|time| format!("CAST('2025-04-01T{time}:00+00:00' AS {type_of_times})"));
    let rows = format!(
        "SELECT ids.id, true, company_id, driver_id, interviewee_id, interviewer_id, kind, 'scheduled', \
         {start}, {end}, 1, created_at, updated_at FROM interviews, ids WHERE interviews.id = 27"
    );
    let insert = match database {
        Sqlite => format!("{columns} {numbers} {rows}"),
        Postgres => format!("{numbers} {columns} {rows}"),
    };
    app.database.execute(&insert).await;
}

async fn another_server(app: &TestApp) -> Services {
    let tokens = Tokens::try_new(crate::support::SECRET, None).unwrap();
    let db = app.database.connect_and_verify().await;
    Services::new(db, Clock::Frozen(app.clock.clone()), tokens, CacheLifetimes::default())
}

/// Sends until nothing is due for a while: what another server has locked is left to it.
async fn send_all(server: &Services, app: &TestApp) {
    for _ in 0..20 {
        while server.send_due_reminders(app.now()).await.unwrap() {}
        tokio::task::yield_now().await;
    }
}

async fn count(app: &TestApp, rows: &str) -> i64 {
    app.database.value(&format!("SELECT CAST(count(*) AS BIGINT) FROM {rows}")).await
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_reminder_is_sent_once(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    insert_many(&app, database).await;
    let servers = [another_server(&app).await, another_server(&app).await];
    app.wait_until("2025-04-01T09:00:00Z");
    let both = servers.iter().chain(&servers);
    join_all(both.map(|server| send_all(server, &app))).await;
    let kinds = "interview_events WHERE type = 'reminder_due'";
    assert_eq!(count(&app, kinds).await, 2 * MANY);
    assert_eq!(count(&app, "sent_reminders").await, 2 * MANY);
    let twice = format!(
        "(SELECT interview_id FROM {kinds} GROUP BY interview_id, CAST(changes AS TEXT) HAVING count(*) > 1) AS twice"
    );
    assert_eq!(count(&app, &twice).await, 0);
}

#[tokio::test]
async fn interview_that_is_locked_is_reminded_of_later() {
    let app = start!(Postgres);
    let free = app.book(JUDE, LUISA).at("10:00").accepted().await;
    let locked = app.book(JUDE, LUISA).at("10:30").until("11:00").attempt().await;
    assert_eq!(locked["interview"], serde_json::Value::Null, "the time is taken");
    let locked = app.book(JUDE, LUISA).at("11:00").accepted().await;
    app.wait_until("2025-03-31T12:00:00Z");
    let other = app.database.lock(locked).await;
    assert_eq!(app.remind(locked).await, Vec::<String>::new());
    assert_eq!(super::reminders(&app, Some(free)).await, ["reminder_due 1440"]);
    other.rollback().await.unwrap();
    assert_eq!(app.remind(locked).await, ["reminder_due 1440"]);
}

/// Changes go on while reminders are written, and each event is in the order of its interview.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn interviews_change_while_they_are_reminded_of(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    insert_many(&app, database).await;
    let server = another_server(&app).await;
    app.wait_until("2025-04-01T09:00:00Z");
    let staff = app.staff();
    let changing = async {
        for id in (FIRST..FIRST + MANY).step_by(9) {
            interview_of(&staff.cancel(id).await);
        }
    };
    tokio::join!(changing, send_all(&server, &app));
    let changed = i64::try_from((FIRST..FIRST + MANY).step_by(9).count()).unwrap();
    assert_eq!(count(&app, &format!("interviews WHERE id >= {FIRST} AND status = 'cancelled'")).await, changed);
    // None was reminded of after it was cancelled.
    let late = "interview_events AS reminder JOIN interview_events AS cancelled \
        ON cancelled.interview_id = reminder.interview_id AND cancelled.type = 'cancelled' \
        WHERE reminder.type = 'reminder_due' AND reminder.id > cancelled.id";
    assert_eq!(count(&app, late).await, 0);
    let untouched = format!(
        "interviews WHERE id >= {FIRST} AND status = 'scheduled' AND 2 <> (SELECT count(*) FROM interview_events \
         WHERE interview_id = interviews.id AND type = 'reminder_due')"
    );
    assert_eq!(count(&app, &untouched).await, 0);
    let disorder = "interview_events AS one JOIN interview_events AS two ON one.interview_id = two.interview_id \
        WHERE one.id < two.id AND one.transaction_id > two.transaction_id";
    assert_eq!(count(&app, disorder).await, 0);
}
