//! Transactions of PostgreSQL that commit after later ones: no event is lost or repeated, and `since` is exact. SQLite
//! runs one writing transaction at a time.

use super::Subscriber;
use crate::support::Database::{Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::events::{cursor, insert_events, latest_event, relocate, until_log_is_readable};
use crate::support::people::{BRUNA, JUDE_WITH_LUISA, KOFI, MONA};
use interviews::storage::event_log::{self, Renewal};
use sea_orm::{ConnectionTrait, DatabaseTransaction, TransactionTrait};
use serde_json::json;

/// A transaction of another server that has its number and has written nothing.
async fn open_transaction(app: &TestApp) -> DatabaseTransaction {
    let transaction = app.database.raw().await.begin().await.unwrap();
    transaction.execute_unprepared("SELECT pg_current_xact_id()").await.unwrap();
    transaction
}

async fn write_event(transaction: &DatabaseTransaction) {
    transaction.execute_unprepared(&insert_events(JUDE_WITH_LUISA, MONA, "now()", 1)).await.unwrap();
}

#[tokio::test]
async fn event_with_a_lower_id_that_commits_late_is_delivered() {
    let app = start!(Postgres);
    let other = app.book(BRUNA, KOFI).at("10:00").await;
    until_log_is_readable(&app).await;
    let mut subscriber = Subscriber::of(&app, &app.staff()).await;
    let late = open_transaction(&app).await;
    write_event(&late).await;
    relocate(&app.staff(), other, "committed first").await;
    let committed = latest_event(&app).await;
    late.commit().await.unwrap();
    assert_eq!(subscriber.events(2).await, [committed - 1, committed]);
}

#[tokio::test]
async fn events_are_ordered_by_transaction_before_id_and_since_follows_that_order() {
    let app = start!(Postgres);
    let other = app.book(BRUNA, KOFI).at("10:00").await;
    until_log_is_readable(&app).await;
    let staff = app.staff();
    let start = latest_event(&app).await;
    let mut subscriber = Subscriber::of(&app, &staff).await;
    let late = open_transaction(&app).await;
    relocate(&staff, other, "committed first").await;
    let committed = latest_event(&app).await;
    let mut since_start = Subscriber::since(&app, &staff, start).await;
    write_event(&late).await;
    late.commit().await.unwrap();
    let written_late = latest_event(&app).await;
    assert!(written_late > committed);
    let order = [written_late, committed];
    assert_eq!(subscriber.events(2).await, order);
    assert_eq!(since_start.events(2).await, order);
    assert_eq!(Subscriber::since(&app, &staff, order[0]).await.event().await.0, order[1]);
    let mut since_both = Subscriber::since(&app, &staff, order[1]).await;
    relocate(&staff, JUDE_WITH_LUISA, "next").await;
    assert_eq!(since_both.event().await.0, latest_event(&app).await);
}

#[tokio::test]
async fn open_transaction_delays_later_events_until_it_rolls_back() {
    let app = start!(Postgres);
    let other = app.book(BRUNA, KOFI).at("10:00").await;
    until_log_is_readable(&app).await;
    let mut subscriber = Subscriber::of(&app, &app.staff()).await;
    let late = open_transaction(&app).await;
    write_event(&late).await;
    relocate(&app.staff(), other, "committed").await;
    let committed = latest_event(&app).await;
    late.rollback().await.unwrap();
    assert_eq!(subscriber.event().await.0, committed);
}

#[tokio::test]
async fn events_without_a_transaction_are_ordered_by_id() {
    for database in [Postgres, Sqlite] {
        let app = start!(database);
        let staff = app.staff();
        app.database.execute("UPDATE interview_events SET transaction_id = 0").await;
        relocate(&staff, JUDE_WITH_LUISA, "the first with a transaction").await;
        let last = latest_event(&app).await;
        let mut subscriber = Subscriber::since(&app, &staff, last - 5).await;
        let mut ids = subscriber.events(1).await;
        while *ids.last().unwrap() < last {
            ids.extend(subscriber.events(1).await);
        }
        assert!(ids.is_sorted() && ids[0] > last - 5, "{ids:?}");
    }
}

#[tokio::test]
async fn restored_log_continues_in_the_order_of_its_ids() {
    let app = start!(Postgres);
    // Numbers of another cluster that are higher than those of this one.
    app.database.execute("UPDATE interview_events SET transaction_id = 4000000000 + id % 7").await;
    let db = app.database.connect().await;
    let before = cursor(&app.database, latest_event(&app).await).await;
    assert_eq!(event_log::verify_epoch(&db).await.unwrap(), Some(Renewal::OtherTransactionNumbers));
    assert_eq!(event_log::verify_epoch(&db).await.unwrap(), None, "the second call changes nothing");
    let since = latest_event(&app).await - 3;
    let mut subscriber = Subscriber::since(&app, &app.admin(), since).await;
    relocate(&app.staff(), JUDE_WITH_LUISA, "after the restore").await;
    assert_eq!(subscriber.events(4).await, (since + 1..=since + 4).collect::<Vec<_>>());
    assert_eq!(event_log::verify_epoch(&db).await.unwrap(), None, "numbers of this cluster are kept");
    let query = "query($since: ID) { interviewChanges(since: $since) { nodes { id } } }";
    let error = app.admin().graphql(query, json!({"since": before})).await["errors"][0].take();
    assert_eq!(error["extensions"]["code"], "CURSOR_EXPIRED");
}
