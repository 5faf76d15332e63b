//! A server that stops in the middle of a transaction, as a paused virtual machine does, holds a lock and delays the
//! events of all servers. PostgreSQL ends its session soon.

use crate::support::Database::Postgres;
use crate::support::database::TestDatabase;
use crate::support::listening_server::subscribe;
use crate::support::people::{ADA, JUDE_WITH_LUISA, JUDE_WITH_PIET, MONA, PIET};
use crate::support::polling;
use crate::support::process::ServerProcess;
use crate::support::websocket_client::WebSocketClient;
use sea_orm::{ConnectionTrait, TransactionTrait};
use serde_json::json;
use std::time::Duration;
use tokio::time::timeout;

/// The sessions of servers that wait for a lock as long as they may, and not just briefly.
const WAITING: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
    AND wait_event_type = 'Lock' AND clock_timestamp() - query_start > '300ms'";
/// The sessions whose open transactions delay events.
const DELAYING: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
    AND state = 'idle in transaction' AND backend_xid IS NOT NULL";

async fn until(database: &TestDatabase, sql: &str, count: i64) {
    polling::until(async || database.value::<i64>(sql).await == count).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frozen_server_does_not_stop_the_events_of_others() {
    let Some(database) = TestDatabase::new(Postgres).await else { return };
    let mut frozen = ServerProcess::start(&database).await;
    let healthy = ServerProcess::start(&database).await;
    let mut subscriber = WebSocketClient::sign_in(healthy.address(), &ServerProcess::token(ADA)).await;
    subscriber.send(subscribe("1", "subscription { interviewChanged { interview { id location } } }")).await;
    subscriber.expect_nothing().await;

    let other = database.raw().await;
    let lock = other.begin().await.unwrap();
    let lock_row = format!("SELECT 1 FROM interviews WHERE id = {JUDE_WITH_LUISA} FOR UPDATE");
    lock.execute_unprepared(&lock_row).await.unwrap();
    let waiting = frozen.user(MONA);
    let request = tokio::spawn(async move { waiting.patch(JUDE_WITH_LUISA, json!({"location": "x"}), None).await });
    until(&database, WAITING, 1).await;
    frozen.freeze().await;
    lock.rollback().await.unwrap();
    until(&database, DELAYING, 1).await;

    let piet = healthy.user(PIET);
    let made = piet.patch(JUDE_WITH_PIET, json!({"location": "Gate 2"}), None).await.unwrap();
    assert_eq!(made.status, 200);
    let event = timeout(Duration::from_secs(20), subscriber.receive()).await.expect("an event within 20 s");
    let interview = json!({"id": JUDE_WITH_PIET.to_string(), "location": "Gate 2"});
    assert_eq!(event["payload"]["data"]["interviewChanged"]["interview"], interview);
    // The lock of the frozen server is gone as well, and its change was not made.
    let made = healthy.user(MONA).patch(JUDE_WITH_LUISA, json!({"location": "y"}), None).await.unwrap();
    assert_eq!((made.status, made.etag), (200, format!(r#"W/"{JUDE_WITH_LUISA}-2""#)));
    frozen.kill();
    request.await.unwrap().unwrap_err();
}
