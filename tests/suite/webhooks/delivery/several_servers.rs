//! Claims: a delivery is sent by one server at a time, and by another one if that is gone.

use super::dispatching::another_server;
use super::{dispatch, of_delivery, send, send_by, start, webhook};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::people::{JUDE, LUISA};
use crate::support::polling::until;
use crate::support::webhook_receiver::WebhookReceiver;
use chrono::TimeDelta;
use futures_util::future::join_all;
use rstest::rstest;
use std::collections::BTreeMap;

async fn book_many(app: &TestApp) {
    for time in ["00:00", "02:00", "04:00", "06:00", "08:00", "10:00", "12:00", "14:00", "16:00", "18:00", "20:00"] {
        app.book(JUDE, LUISA).at(time).await;
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_delivery_is_sent_once(#[values(Sqlite, Postgres)] database: Database) {
    let Some(app) = start(database, &[]).await else { return };
    let receiver = WebhookReceiver::start().await;
    for _ in 0..3 {
        webhook(&app, &receiver.url("/ok")).await;
    }
    book_many(&app).await;
    dispatch(&app).await;
    let servers = [another_server(&app).await, another_server(&app).await];
    until(async || {
        join_all(servers.iter().map(|server| send_by(server, &app))).await;
        app.database.value::<i64>("SELECT count(*) FROM webhook_deliveries WHERE state = 'pending'").await == 0
    })
    .await;
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for delivery in receiver.received() {
        *times.entry(delivery.id).or_default() += 1;
    }
    assert_eq!(times.len(), 33);
    assert!(times.values().all(|times| *times == 1), "{times:?}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_deliveries_of_a_webhook_are_in_flight_and_one_while_it_fails(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let Some(app) = start(database, &[]).await else { return };
    let receiver = WebhookReceiver::start().await;
    webhook(&app, &receiver.url("/slow")).await;
    book_many(&app).await;
    dispatch(&app).await;
    let servers = [another_server(&app).await, another_server(&app).await];
    for server in servers.iter().chain(&servers) {
        server.send_webhooks(app.now()).await.unwrap();
    }
    let claimed = "SELECT count(*) FROM webhook_deliveries WHERE claimed_until IS NOT NULL";
    assert_eq!(app.database.value::<i64>(claimed).await, 4);
    until(async || receiver.received().len() == 4).await;
    drop(servers);
    // The servers are gone. Their leases end, and the webhook has begun to fail meanwhile.
    app.database.execute("UPDATE webhooks SET failing_since = created_at").await;
    app.clock.advance(TimeDelta::seconds(60));
    let server = another_server(&app).await;
    for _ in 0..2 {
        server.send_webhooks(app.now()).await.unwrap();
    }
    until(async || receiver.received().len() == 5).await;
    let attempts = "SELECT CAST(sum(attempt) AS bigint) FROM webhook_deliveries";
    assert_eq!(app.database.value::<i64>(attempts).await, 5);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webhook_that_does_not_answer_holds_up_no_other(#[values(Sqlite, Postgres)] database: Database) {
    let Some(app) = start(database, &[]).await else { return };
    let receiver = WebhookReceiver::start().await;
    webhook(&app, &receiver.url("/slow")).await;
    webhook(&app, &receiver.url("/ok")).await;
    book_many(&app).await;
    dispatch(&app).await;
    until(async || {
        app.app.services().send_webhooks(app.now()).await.unwrap();
        receiver.received().iter().filter(|delivery| delivery.path == "/ok").count() == 11
    })
    .await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_that_finishes_after_its_lease_changes_nothing(#[values(Sqlite, Postgres)] database: Database) {
    let Some(app) = start(database, &["--webhook-timeout", "500ms"]).await else { return };
    let receiver = WebhookReceiver::start().await;
    webhook(&app, &receiver.url("/slow")).await;
    app.book(JUDE, LUISA).at("10:00").await;
    dispatch(&app).await;
    // The lease of the first server ends while it waits for the receiver.
    app.app.services().send_webhooks(app.now()).await.unwrap();
    app.clock.advance(TimeDelta::seconds(60));
    app.database.execute(&format!("UPDATE webhooks SET url = '{}'", receiver.url("/ok"))).await;
    let other = another_server(&app).await;
    send_by(&other, &app).await;
    assert_eq!(of_delivery::<String>(&app, "state").await, "delivered");
    send(&app).await;
    assert_eq!(of_delivery::<String>(&app, "state").await, "delivered");
    assert_eq!(app.database.value::<i64>("SELECT count(*) FROM webhook_attempts").await, 1);
    assert_eq!(of_delivery::<i32>(&app, "attempt").await, 2);
}
