//! What a key costs, and how changes with keys are written on PostgreSQL, at the storage: there, requests arrive
//! together for certain.

use super::{booking, keyed, keys};
use crate::groups::{begin, interviews, is_done, versions_and_events};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::inspect::until_waiting;
use crate::support::people::{JUDE_WITH_LUISA, MONA};
use chrono::TimeDelta;
use futures_util::future::join_all;
use interviews::domain::{InterviewId, KeyedRequest};
use interviews::storage::unit_of_work::{Change, Locking, Stored, UnitOfWork};
use interviews::storage::{DatabaseOptions, Db};
use rstest::rstest;
use sea_orm::{ConnectionTrait, TransactionTrait};
use std::sync::{Arc, Mutex};

#[rstest]
#[tokio::test]
async fn key_costs_one_statement_before_the_change(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    staff.interview(JUDE_WITH_LUISA).await; // reads the viewer
    let update = |location: &str| format!("id: {JUDE_WITH_LUISA}, input: {{location: \"{location}\"}}");
    let (_, plain) = app.counting(staff.mutate("updateInterview", &update("a"))).await;
    assert!(!app.statements().iter().any(|sql| sql.contains("idempotency_keys")));
    let (_, with_key) = app.counting(keyed(&staff, "updateInterview", &update("b"), "k")).await;
    // On SQLite the key is inserted by a statement of its own.
    let more = if database == Postgres { 1 } else { 2 };
    assert_eq!(with_key, plain + more, "{:#?}", app.statements());
    let (_, replay) = app.counting(keyed(&staff, "updateInterview", &update("b"), "k")).await;
    assert!(replay <= 4, "{:#?}", app.statements());
    let created = app.counting(staff.mutate("createInterview", &booking("10:00", "11:00"))).await.1;
    let with_key = app.counting(keyed(&staff, "createInterview", &booking("12:00", "13:00"), "l")).await.1;
    // The lock, the look-up and the row.
    assert_eq!(with_key, created + if database == Postgres { 3 } else { 2 }, "{:#?}", app.statements());
}

/// More connections than changes, so that each change has read its interview on a connection of its own.
async fn connect(app: &TestApp) -> (Db, Arc<Mutex<Vec<String>>>) {
    let options = DatabaseOptions { max_connections: 40, max_per_user: Some(30), ..app.database.options() };
    let (mut db, statements) = (Db::connect(&options).await.unwrap(), Arc::<Mutex<Vec<String>>>::default());
    let seen = statements.clone();
    db.observe(move |sql| seen.lock().unwrap().push(sql.to_owned()));
    (db, statements)
}

fn request(app: &TestApp, key: &str) -> KeyedRequest {
    let (key, fingerprint) = (key.to_owned(), vec![1; 32]);
    KeyedRequest { user: MONA, key, fingerprint, at: app.now(), lifetime: TimeDelta::hours(24) }
}

/// Stores changes of these interviews: the first is a statement alone, during which the others arrive, so that they
/// are a group. Each has the key with its number, if it has one.
async fn store(
    app: &TestApp,
    db: &Db,
    interviews: &[InterviewId],
    key: impl Fn(usize) -> Option<String>,
) -> Vec<Stored> {
    let changes: Vec<(UnitOfWork<'_>, Change)> = begin(db, interviews).await;
    let changes = changes
        .into_iter()
        .enumerate()
        .map(|(number, (unit, change))| unit.store(change.of_request(key(number).map(|key| request(app, &key)))));
    let lock = app.database.raw().await.begin().await.unwrap();
    lock.execute_unprepared("LOCK TABLE interviews").await.unwrap();
    let release = async {
        until_waiting(&app.database, 1).await;
        lock.rollback().await.unwrap();
    };
    let (stored, ()) = tokio::join!(join_all(changes), release);
    stored.into_iter().map(Result::unwrap).collect()
}

/// Remembers a key as another server does.
async fn remember(app: &TestApp, key: &str, created_at: &str) {
    let row = format!("({MONA}, '{key}', '\\x00', 1, '{created_at}')");
    app.database.execute(&format!("INSERT INTO idempotency_keys VALUES {row}")).await;
}

#[tokio::test]
async fn changes_with_and_without_keys_share_a_statement() {
    let app = start!(Postgres);
    let interviews = interviews(&app).await;
    let (db, statements) = connect(&app).await;
    let stored = store(&app, &db, &interviews, |number| (number % 3 != 2).then(|| number.to_string())).await;
    assert!(stored.iter().all(is_done), "{stored:#?}");
    let written: Vec<String> =
        statements.lock().unwrap().iter().filter(|sql| sql.contains("INSERT INTO interview_events")).cloned().collect();
    assert_eq!(written.len(), 2, "{written:#?}");
    assert!(written.iter().all(|sql| sql.contains("idempotency_keys")));
    assert!(written[1].contains("json_to_recordset"));
    assert_eq!(versions_and_events(&app, &interviews).await, [(2, 1); 12]);
    assert_eq!(keys(&app).await, 8);
    for (number, id) in interviews.iter().enumerate().filter(|(number, _)| number % 3 != 2) {
        let row =
            |column: &str| format!("SELECT {column} FROM idempotency_keys WHERE user_id = {MONA} AND key = '{number}'");
        assert_eq!(app.database.value::<i64>(&row("subject_id")).await, id.0);
        assert_eq!(app.database.value::<Vec<u8>>(&row("fingerprint")).await, request(&app, "any").fingerprint);
        assert_eq!(app.database.value::<chrono::DateTime<chrono::Utc>>(&row("created_at")).await, app.now());
    }
}

#[tokio::test]
async fn group_without_keys_has_the_statement_of_before() {
    let app = start!(Postgres);
    let interviews = interviews(&app).await;
    let (db, statements) = connect(&app).await;
    assert!(store(&app, &db, &interviews, |_| None).await.iter().all(is_done));
    assert!(!statements.lock().unwrap().concat().contains("idempotency_keys"));
}

/// The first change is made by the statement for one, the other two in a group.
#[rstest]
#[case::alone(0)]
#[case::in_a_group(1)]
#[tokio::test]
async fn change_is_not_made_if_its_key_is_remembered_since_it_was_looked_up(#[case] taken: usize) {
    let app = start!(Postgres);
    let interviews = &interviews(&app).await[..3];
    let (db, _) = connect(&app).await;
    remember(&app, &taken.to_string(), "2025-03-20T10:00:00Z").await;
    let stored = store(&app, &db, interviews, |number| Some(number.to_string())).await;
    for (number, stored) in stored.iter().enumerate() {
        assert_eq!(is_done(stored), number != taken, "{number} {stored:?}");
    }
    assert!(matches!(stored[taken], Stored::NeedsLocks));
    let mut expected = [(2, 1); 3];
    expected[taken] = (1, 0);
    assert_eq!(versions_and_events(&app, interviews).await, expected);
    assert_eq!(keys(&app).await, 3);
}

#[rstest]
#[case::alone(0)]
#[case::in_a_group(1)]
#[tokio::test]
async fn old_key_is_replaced_by_the_statement(#[case] old: usize) {
    let app = start!(Postgres);
    let interviews = &interviews(&app).await[..3];
    let (db, _) = connect(&app).await;
    remember(&app, &old.to_string(), "2025-03-19T10:00:00Z").await;
    assert!(store(&app, &db, interviews, |number| Some(number.to_string())).await.iter().all(is_done));
    let subject = format!("SELECT subject_id FROM idempotency_keys WHERE key = '{old}'");
    assert_eq!(app.database.value::<i64>(&subject).await, interviews[old].0);
    assert_eq!(keys(&app).await, 3);
}

#[rstest]
#[case::alone(0)]
#[case::in_a_group(1)]
#[tokio::test]
async fn change_does_not_wait_for_another_request_with_its_key(#[case] locked: usize) {
    let app = start!(Postgres);
    let interviews = &interviews(&app).await[..3];
    let (db, _) = connect(&app).await;
    // Another server makes the request in a transaction.
    let mut other =
        UnitOfWork::begin(&db, MONA, Locking::Pessimistic(interviews::storage::LockWait::Brief), None).await.unwrap();
    assert_eq!(other.remembered(&request(&app, &locked.to_string())).await.unwrap(), None);
    let stored = store(&app, &db, interviews, |number| Some(number.to_string())).await;
    assert!(matches!(stored[locked], Stored::NeedsLocks), "{stored:#?}");
    assert_eq!(stored.iter().filter(|stored| is_done(stored)).count(), 2);
    assert_eq!(keys(&app).await, 2);
}

#[tokio::test]
async fn second_request_with_a_key_in_a_group_is_not_made() {
    let app = start!(Postgres);
    let interviews = &interviews(&app).await[..4];
    let (db, _) = connect(&app).await;
    let stored = store(&app, &db, interviews, |number| Some(if number == 0 { "a" } else { "b" }.to_owned())).await;
    assert_eq!(stored.iter().map(is_done).collect::<Vec<_>>(), [true, true, false, false]);
    assert_eq!(versions_and_events(&app, interviews).await, [(2, 1), (2, 1), (1, 0), (1, 0)]);
    assert_eq!(keys(&app).await, 2);
}

#[tokio::test]
async fn key_is_not_stored_with_a_change_that_needs_locks() {
    let app = start!(Postgres);
    let interviews = interviews(&app).await;
    let (db, _) = connect(&app).await;
    // The actor of the events is locked, so that no change can be made.
    let other = app.database.raw().await;
    let changes = begin(&db, &interviews).await;
    let lock = other.begin().await.unwrap();
    lock.execute_unprepared(&format!("SELECT 1 FROM users WHERE id = {MONA} FOR UPDATE")).await.unwrap();
    let keyed = changes
        .into_iter()
        .enumerate()
        .map(|(number, (unit, change))| unit.store(change.of_request(Some(request(&app, &number.to_string())))));
    for stored in join_all(keyed).await {
        assert!(matches!(stored.unwrap(), Stored::NeedsLocks));
    }
    lock.rollback().await.unwrap();
    assert_eq!(versions_and_events(&app, &interviews).await, [(1, 0); 12]);
    assert_eq!(keys(&app).await, 0);
}
