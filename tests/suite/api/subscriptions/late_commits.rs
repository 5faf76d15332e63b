//! Transactions that commit after later ones, on PostgreSQL: nothing is lost, nothing comes twice, and `since` is exact. SQLite runs one
//! transaction at a time.

use super::{Listener, latest, open_interviews, touch};
use crate::support::Database::{Postgres, Sqlite};
use crate::support::TestApp;
use interviews::storage::event_log;
use sea_orm::{ConnectionTrait, DatabaseTransaction, TransactionTrait};

const INSERT: &str = "INSERT INTO interview_events (interview_id, type, at, actor_id, actor_side, changes) \
    VALUES (27, 'updated', now(), 1000, 'interviewer', '[]')";

/// Another server's transaction, which has its number and has written nothing yet.
async fn open_transaction(app: &TestApp) -> DatabaseTransaction {
    let transaction = app.database.raw().await.begin().await.unwrap();
    transaction.execute_unprepared("SELECT pg_current_xact_id()").await.unwrap();
    transaction
}

#[tokio::test]
async fn an_event_with_a_lower_id_that_commits_late_is_not_lost() {
    let app = start!(Postgres);
    let other = open_interviews(&app, 2).await.into_iter().find(|id| *id != 27).unwrap();
    let mut listener = Listener::of(&app, &app.staff()).await;
    let late = open_transaction(&app).await;
    late.execute_unprepared(INSERT).await.unwrap();
    touch(&app.staff(), other, "committed first").await;
    let committed = latest(&app).await;
    late.commit().await.unwrap();
    assert_eq!(listener.events(2).await, [committed - 1, committed]);
}

#[tokio::test]
async fn an_event_with_a_higher_id_of_an_older_transaction_comes_first_and_since_is_exact() {
    let app = start!(Postgres);
    let other = open_interviews(&app, 2).await.into_iter().find(|id| *id != 27).unwrap();
    let staff = app.staff();
    let start = latest(&app).await;
    let mut listener = Listener::of(&app, &staff).await;
    let late = open_transaction(&app).await;
    touch(&staff, other, "committed first").await;
    let committed = latest(&app).await;
    let mut since_start = Listener::since(&app, &staff, start).await;
    late.execute_unprepared(INSERT).await.unwrap();
    late.commit().await.unwrap();
    let written_late = latest(&app).await;
    assert!(written_late > committed);
    let order = [written_late, committed];
    assert_eq!(listener.events(2).await, order);
    assert_eq!(since_start.events(2).await, order);
    // Whoever has the first of them gets the second, and whoever has the second gets neither.
    assert_eq!(Listener::since(&app, &staff, order[0]).await.event().await.0, order[1]);
    let mut has_both = Listener::since(&app, &staff, order[1]).await;
    touch(&staff, 27, "next").await;
    assert_eq!(has_both.event().await.0, latest(&app).await);
}

#[tokio::test]
async fn a_transaction_that_rolls_back_holds_others_back_only_until_then() {
    let app = start!(Postgres);
    let mut listener = Listener::of(&app, &app.staff()).await;
    let late = open_transaction(&app).await;
    late.execute_unprepared(INSERT).await.unwrap();
    let other = open_interviews(&app, 2).await.into_iter().find(|id| *id != 27).unwrap();
    touch(&app.staff(), other, "committed").await;
    let committed = latest(&app).await;
    late.rollback().await.unwrap();
    assert_eq!(listener.event().await.0, committed);
}

#[tokio::test]
async fn events_from_before_the_log_had_an_order_come_by_their_ids() {
    for database in [Postgres, Sqlite] {
        let app = start!(database);
        let staff = app.staff();
        app.database.execute("UPDATE interview_events SET transaction_id = 0").await;
        touch(&staff, 27, "the first that has a transaction").await;
        let last = latest(&app).await;
        let mut listener = Listener::since(&app, &staff, last - 5).await;
        let mut ids = listener.events(1).await;
        while *ids.last().unwrap() < last {
            ids.extend(listener.events(1).await);
        }
        assert!(ids.is_sorted() && ids[0] > last - 5, "{ids:?}");
    }
}

#[tokio::test]
async fn a_log_that_was_restored_from_elsewhere_goes_on_in_the_order_of_its_ids() {
    let app = start!(Postgres);
    // As another cluster numbered them, which had come further.
    app.database.execute("UPDATE interview_events SET transaction_id = 4000000000 + id % 7").await;
    let db = app.database.connect().await;
    assert!(event_log::rebase_after_restore(db.reader()).await.unwrap());
    assert!(!event_log::rebase_after_restore(db.reader()).await.unwrap(), "once is enough");
    let since = latest(&app).await - 3;
    let mut listener = Listener::since(&app, &app.admin(), since).await;
    touch(&app.staff(), 27, "here").await;
    assert_eq!(listener.events(4).await, (since + 1..=since + 4).collect::<Vec<_>>());
    assert!(!event_log::rebase_after_restore(db.reader()).await.unwrap(), "its own numbers stay");
}
