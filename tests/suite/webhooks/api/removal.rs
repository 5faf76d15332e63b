//! What is removed: deliveries that ended long ago, and deleted webhooks.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use chrono::TimeDelta;
use rstest::rstest;

async fn counts(app: &TestApp) -> [i64; 3] {
    let count = async |table: &str| app.database.value(&format!("SELECT count(*) FROM {table}")).await;
    [count("webhooks").await, count("webhook_deliveries").await, count("webhook_attempts").await]
}

/// Three tests, each with an attempt: one pending, one that has just ended, and one that ended a month ago.
async fn tests(app: &TestApp) -> String {
    let webhook = app.webhook().await;
    for _ in 0..3 {
        app.manager().on_webhook(&format!("testWebhook(id: {webhook})")).await;
    }
    let attempts = "INSERT INTO webhook_attempts (delivery_id, number, at, status, duration_ms) \
        SELECT id, 1, created_at, 200, 1 FROM webhook_deliveries";
    app.database.execute(attempts).await;
    for (id, time) in [(2, "2025-03-20T10:02:00+00:00"), (3, "2025-02-18T10:02:00+00:00")] {
        let ended = format!("state = 'delivered', next_attempt_at = NULL, finished_at = '{time}'");
        app.database.execute(&format!("UPDATE webhook_deliveries SET {ended} WHERE id = {id}")).await;
    }
    webhook
}

#[rstest]
#[tokio::test]
async fn deliveries_that_ended_thirty_days_ago_are_removed(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    tests(&app).await;
    assert!(!app.app.services().clean_up(app.now()).await.unwrap());
    assert_eq!(counts(&app).await, [1, 2, 2]);
    app.app.services().clean_up(app.now() + TimeDelta::days(30)).await.unwrap();
    assert_eq!(counts(&app).await, [1, 1, 1], "what is pending stays");
}

#[rstest]
#[tokio::test]
async fn deleted_webhook_is_removed_with_its_deliveries(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let webhook = tests(&app).await;
    app.webhook().await;
    app.manager().on_webhook(&format!("deleteWebhook(id: {webhook})")).await;
    assert_eq!(counts(&app).await, [2, 3, 3]);
    app.app.services().clean_up(app.now() - TimeDelta::days(300)).await.unwrap();
    assert_eq!(counts(&app).await, [1, 0, 0]);
}
