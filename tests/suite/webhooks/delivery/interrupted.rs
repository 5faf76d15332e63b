//! What happens to deliveries while they are being sent: they are queued again, or the process stops.

use super::{admin, dispatch, of_delivery, send, start, webhook};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::people::{JUDE, LUISA};
use crate::support::polling::until;
use crate::support::webhook_receiver::WebhookReceiver;
use chrono::TimeDelta;
use interviews::domain::DeliveryId;
use rstest::rstest;

const CLAIMED: &str = "SELECT count(*) FROM webhook_deliveries WHERE claimed_until IS NOT NULL";

/// The attempt that is under way when a user asks for a new schedule is the last one of the former schedule.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn delivery_that_is_queued_again_during_an_attempt_has_a_new_schedule(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let Some(app) = start(database, &["--webhook-timeout", "500ms"]).await else { return };
    let (receiver, services) = (WebhookReceiver::start().await, app.app.services());
    webhook(&app, &receiver.url("/slow")).await;
    app.book(JUDE, LUISA).at("10:00").await;
    dispatch(&app).await;
    app.database.execute("UPDATE webhook_deliveries SET step = 9").await;
    services.send_webhooks(app.now()).await.unwrap();
    until(async || receiver.received().len() == 1).await;
    app.clock.advance(TimeDelta::milliseconds(1));
    let id = DeliveryId(of_delivery(&app, "id").await);
    services.redeliver_webhook(&admin(), id).await.unwrap().unwrap();
    app.database.execute(&format!("UPDATE webhooks SET url = '{}'", receiver.url("/fail"))).await;
    send(&app).await;
    let paths: Vec<String> = receiver.received().into_iter().map(|delivery| delivery.path).collect();
    assert_eq!(paths, ["/slow", "/fail"]);
    let errors = "SELECT count(*) FROM webhook_attempts WHERE number = 1 AND error = 'timeout' \
        OR number = 2 AND error = 'status'";
    assert_eq!(app.database.value::<i64>(errors).await, 2);
    let state = (of_delivery::<String>(&app, "state").await, of_delivery::<i32>(&app, "step").await);
    assert_eq!(state, ("pending".to_owned(), 1));
    assert_eq!(app.database.value::<i64>(CLAIMED).await, 0);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn process_that_stops_begins_no_further_attempt(#[values(Sqlite, Postgres)] database: Database) {
    let flags = ["--webhook-timeout", "500ms", "--webhook-concurrency", "1"];
    let Some(app) = start(database, &flags).await else { return };
    let (receiver, services) = (WebhookReceiver::start().await, app.app.services());
    webhook(&app, &receiver.url("/slow")).await;
    for time in ["08:00", "10:00", "12:00"] {
        app.book(JUDE, LUISA).at(time).await;
    }
    dispatch(&app).await;
    services.send_webhooks(app.now()).await.unwrap();
    assert_eq!(app.database.value::<i64>(CLAIMED).await, 2, "one is sent, and one waits for it");
    services.finish_sending_webhooks().await.unwrap();
    assert_eq!(receiver.received().len(), 1);
    assert_eq!(app.database.value::<i64>(CLAIMED).await, 0, "others can send it at once");
    let attempts = "SELECT CAST(sum(attempt) AS bigint) FROM webhook_deliveries";
    assert_eq!(app.database.value::<i64>(attempts).await, 1);
    assert_eq!(app.database.value::<i64>("SELECT count(*) FROM webhook_attempts").await, 1);
}
