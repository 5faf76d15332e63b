//! What looking for work costs.

use super::{dispatch, send, start, webhook};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::people::{JUDE, LUISA};
use crate::support::plans::{fill_event_log, plan_of};
use crate::support::webhook_receiver::WebhookReceiver;
use rstest::rstest;

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
