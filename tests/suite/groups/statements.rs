//! Which statements groups are, at the storage: there, requests arrive together for certain.

use crate::groups::{begin, interviews, is_done, versions_and_events};
use crate::support::Database::Postgres;
use crate::support::TestApp;
use crate::support::booking::at;
use crate::support::people::{JUDE, LUISA, MONA};
use crate::support::polling::until;
use crate::support::unit_of_work::begin_change;
use futures_util::future::join_all;
use futures_util::poll;
use interviews::domain::{Scope, TimeSlot};
use interviews::storage::unit_of_work::{Change, Include, Locking, Stored, UnitOfWork};
use interviews::storage::{DatabaseOptions, Db};
use sea_orm::{ConnectionTrait, TransactionTrait};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// More connections than changes, so that each change has read its interview on a connection of its own.
async fn connect(app: &TestApp) -> (Db, Arc<Mutex<Vec<String>>>) {
    let options = DatabaseOptions { max_connections: 40, max_per_user: Some(30), ..app.database.options() };
    let (mut db, statements) = (Db::connect(&options).await.unwrap(), Arc::<Mutex<Vec<String>>>::default());
    let seen = statements.clone();
    db.observe(move |sql| seen.lock().unwrap().push(sql.to_owned()));
    (db, statements)
}

async fn store_all(changes: Vec<(UnitOfWork<'_>, Change)>) -> Vec<Stored> {
    let stored = join_all(changes.into_iter().map(|(unit, change)| unit.store(change))).await;
    stored.into_iter().map(Result::unwrap).collect()
}

#[tokio::test]
async fn changes_that_arrive_during_another_one_are_one_statement() {
    let app = start!(Postgres);
    let interviews = interviews(&app).await;
    let (db, statements) = connect(&app).await;
    let changes = begin(&db, &interviews).await;
    statements.lock().unwrap().clear();
    let stored = store_all(changes).await;
    assert!(stored.iter().all(is_done), "{stored:#?}");
    let statements = statements.lock().unwrap().clone();
    assert_eq!(statements.len(), 2, "{statements:#?}");
    assert!(!statements[0].contains("json_to_recordset") && statements[1].contains("json_to_recordset"));
    assert_eq!(versions_and_events(&app, &interviews).await, [(2, 1); 12]);
    // Each got its own event.
    let mut transactions = BTreeMap::<i64, usize>::new();
    for (id, stored) in interviews.iter().zip(stored) {
        let Stored::Done(interview, event) = stored else { panic!("{stored:?}") };
        assert_eq!(interview.id, *id);
        let of_event = |column| format!("SELECT {column} FROM interview_events WHERE id = {event}");
        assert_eq!(app.database.value::<i64>(&of_event("interview_id")).await, id.0);
        assert_eq!(app.database.value::<i64>(&of_event("actor_id")).await, MONA.0);
        *transactions.entry(app.database.value(&of_event("transaction_id")).await).or_default() += 1;
    }
    assert_eq!(transactions.into_values().collect::<Vec<_>>(), [1, 11]);
}

#[tokio::test]
async fn look_ups_that_arrive_during_others_are_one_statement() {
    let app = start!(Postgres);
    let interviews = interviews(&app).await;
    let (db, statements) = connect(&app).await;
    begin(&db, &interviews).await; // opens the connections
    statements.lock().unwrap().clear();
    // The first two wait for the table, so that the others arrive during them.
    let lock = app.database.raw().await.begin().await.unwrap();
    lock.execute_unprepared("LOCK TABLE interviews").await.unwrap();
    let look_ups = join_all(interviews.iter().map(|id| {
        let db = &db;
        async move {
            let mut unit = UnitOfWork::begin(db, MONA, Locking::Optimistic, Some(*id)).await.unwrap();
            unit.load(Scope::Everything, *id, Include::People).await.unwrap().unwrap()
        }
    }));
    let release = async {
        let waiting =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        until(async || app.database.value::<i64>(waiting).await == 2).await;
        lock.rollback().await.unwrap();
    };
    let (loaded, ()) = tokio::join!(look_ups, release);
    for (id, loaded) in interviews.iter().zip(loaded) {
        assert_eq!(loaded.interview.id, *id);
        assert!(loaded.people.unwrap().are_of(&loaded.interview));
    }
    let statements = statements.lock().unwrap().clone();
    assert_eq!(statements.len(), 3, "{statements:#?}");
    assert!(statements[2].contains("unnest") && !statements[..2].concat().contains("unnest"));
}

#[tokio::test]
async fn a_conflict_in_a_group_fails_no_other_change() {
    let app = start!(Postgres);
    let interviews = interviews(&app).await;
    let taken = app.book(JUDE, LUISA).at("18:00").await;
    let (db, _) = connect(&app).await;
    let mut changes = begin(&db, &interviews[1..]).await;
    let slot = TimeSlot::try_new(at("18:30").parse().unwrap(), at("19:30").parse().unwrap()).unwrap();
    let (unit, change, _) =
        begin_change(&db, Locking::Optimistic, interviews[0], |interview| interview.slot = slot).await;
    changes.insert(6, (unit, change));
    let stored = store_all(changes).await;
    let conflicts: Vec<_> = stored.iter().filter(|stored| !is_done(stored)).collect();
    assert!(matches!(&conflicts[..], [Stored::Overlap(interview)] if interview.id == interviews[0]), "{stored:#?}");
    assert_eq!(versions_and_events(&app, &[interviews[0], taken]).await, [(1, 0); 2]);
    assert_eq!(versions_and_events(&app, &interviews[1..]).await, [(2, 1); 11]);
}

#[tokio::test]
async fn the_second_change_of_an_interview_in_a_group_is_not_written() {
    let app = start!(Postgres);
    let interviews = interviews(&app).await;
    let (db, _) = connect(&app).await;
    let repeated = [interviews[0], interviews[1], interviews[2], interviews[1], interviews[0]];
    let stored = store_all(begin(&db, &repeated).await).await;
    assert_eq!(stored.iter().map(is_done).collect::<Vec<_>>(), [true, true, true, false, false]);
    assert!(matches!(stored[3..], [Stored::NeedsLocks, Stored::NeedsLocks]), "{stored:#?}");
    assert_eq!(versions_and_events(&app, &interviews[..3]).await, [(2, 1); 3]);
}

#[tokio::test]
async fn a_change_that_another_session_locks_is_left_out_of_its_group() {
    let app = start!(Postgres);
    let interviews = interviews(&app).await;
    let (db, _) = connect(&app).await;
    let changes = begin(&db, &interviews).await;
    let lock = app.database.lock(interviews[4]).await;
    let stored = store_all(changes).await;
    let done: Vec<_> = stored.iter().map(is_done).collect();
    assert_eq!(done, (0..12).map(|number| number != 4).collect::<Vec<_>>());
    assert!(matches!(stored[4], Stored::NeedsLocks));
    lock.rollback().await.unwrap();
}

#[tokio::test]
async fn a_group_does_not_wait_for_a_row_that_a_foreign_key_names() {
    let app = start!(Postgres);
    let interviews = interviews(&app).await;
    let (db, _) = connect(&app).await;
    let changes = begin(&db, &interviews).await;
    let other = app.database.raw().await;
    let lock = other.begin().await.unwrap();
    lock.execute_unprepared(&format!("SELECT 1 FROM users WHERE id = {MONA} FOR UPDATE")).await.unwrap();
    // The actor of the events is locked: no change fails, each needs locks.
    let stored = store_all(changes).await;
    assert!(stored.iter().all(|stored| matches!(stored, Stored::NeedsLocks)), "{stored:#?}");
    lock.rollback().await.unwrap();
    assert_eq!(versions_and_events(&app, &interviews).await, [(1, 0); 12]);
}

#[tokio::test]
async fn a_request_that_is_given_up_in_the_queue_writes_nothing() {
    let app = start!(Postgres);
    let interviews = interviews(&app).await;
    let (db, _) = connect(&app).await;
    let mut changes = begin(&db, &interviews).await.into_iter().map(|(unit, change)| Box::pin(unit.store(change)));
    let (mut first, mut given_up) = (changes.next().unwrap(), changes.next().unwrap());
    assert!(poll!(&mut first).is_pending() && poll!(&mut given_up).is_pending());
    drop(given_up);
    let (first, rest) = tokio::join!(first, join_all(changes));
    assert!(rest.into_iter().chain([first]).all(|stored| is_done(&stored.unwrap())));
    let mut expected = vec![(2, 1); 12];
    expected[1] = (1, 0);
    assert_eq!(versions_and_events(&app, &interviews).await, expected);
}

#[tokio::test]
async fn those_who_wait_are_served_when_the_first_is_given_up() {
    let app = start!(Postgres);
    let interviews = interviews(&app).await;
    let (db, _) = connect(&app).await;
    let mut changes = begin(&db, &interviews).await.into_iter().map(|(unit, change)| Box::pin(unit.store(change)));
    let mut first = changes.next().unwrap();
    assert!(poll!(&mut first).is_pending());
    let rest: Vec<_> = changes.collect();
    let rest = join_all(rest);
    tokio::pin!(rest);
    assert!(poll!(&mut rest).is_pending());
    drop(first);
    assert!(rest.await.into_iter().all(|stored| is_done(&stored.unwrap())));
    let found = versions_and_events(&app, &interviews).await;
    assert_eq!(found[1..], [(2, 1); 11]);
    // The statement of the first was on its way.
    assert!(found[0] == (2, 1) || found[0] == (1, 0), "{:?}", found[0]);
}
