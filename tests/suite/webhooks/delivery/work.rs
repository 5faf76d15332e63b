//! What looking for work costs.

use super::{admin, dispatch, send, start, webhook};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::people::{JUDE, LUISA};
use crate::support::plans::{fill_event_log, plan_of};
use crate::support::webhook_receiver::WebhookReceiver;
use futures_util::FutureExt;
use interviews::domain::webhook::WebhookPatch;
use interviews::domain::{ExpectedVersion, Patch};
use rstest::rstest;

/// Senders would otherwise look for deliveries every second that nobody may send.
#[rstest]
#[tokio::test]
async fn deliveries_of_a_paused_webhook_are_no_work(#[values(Sqlite, Postgres)] database: Database) {
    let Some(app) = start(database, &[]).await else { return };
    let services = app.app.services();
    let paused = webhook(&app, "http://127.0.0.1:1/").await;
    webhook(&app, "http://127.0.0.1:1/").await;
    services.test_webhook(&admin(), paused.id).await.unwrap().unwrap();
    let is_announced = async || {
        services.look_after_webhooks(app.now()).await.unwrap();
        services.webhook_deliveries_announced().now_or_never().is_some()
    };
    assert!(is_announced().await);
    let patch = WebhookPatch { enabled: Patch::Value(false), ..WebhookPatch::default() };
    let any = ExpectedVersion::from(None);
    services.update_webhook(&admin(), paused.id, &patch, &any).await.unwrap().unwrap();
    assert!(is_announced().await, "by the change");
    assert!(!is_announced().await);
}

#[rstest]
#[tokio::test]
async fn one_statement_looks_for_work_and_scans_nothing(#[values(Sqlite, Postgres)] database: Database) {
    let Some(app) = start(database, &[]).await else { return };
    let services = app.app.services();
    let (more, statements) = app.counting(services.look_after_webhooks(app.now())).await;
    assert_eq!((more.unwrap(), statements), (false, 1), "without a webhook");
    let receiver = WebhookReceiver::start().await;
    for path in ["/ok", "/fail"] {
        webhook(&app, &receiver.url(path)).await;
    }
    app.book(JUDE, LUISA).at("10:00").await;
    dispatch(&app).await;
    send(&app).await;
    // So many that no plan is good that reads all of them.
    let numbers = "WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers \
        WHERE number < 5000)";
    let columns = "INSERT INTO webhook_deliveries (webhook_id, type, body, state, next_attempt_at, created_at)";
    let rows = "SELECT webhook_id, type, body, 'pending', next_attempt_at, created_at \
        FROM webhook_deliveries, numbers WHERE next_attempt_at IS NOT NULL";
    app.database.execute(&format!("{columns} {numbers} {rows}")).await;
    fill_event_log(&app.database, database).await;
    dispatch(&app).await;
    app.database.execute(if database == Postgres { "VACUUM ANALYZE" } else { "ANALYZE" }).await;
    let (more, statements) = app.counting(services.look_after_webhooks(app.now())).await;
    assert_eq!((more.unwrap(), statements), (false, 1), "without anything new");
    if database == Postgres {
        let plan = plan_of(&app.database, &app.statements()[0]).await;
        for table in ["interview_events", "webhook_deliveries"] {
            assert!(!plan.contains(&format!("Seq Scan on {table}")), "{plan}");
        }
    }
}
