//! The log is read for webhooks exactly while one is enabled.

use super::{URL, created};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::events::{latest_event, relocate, until_log_is_readable};
use crate::support::people::JUDE_WITH_LUISA;
use interviews::storage::event_log::{Renewal, verify_epoch};
use rstest::rstest;
use serde_json::json;

#[rstest]
#[tokio::test]
async fn first_enabled_webhook_begins_at_the_end_of_the_log_and_the_last_one_ends_it(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let admin = app.admin();
    until_log_is_readable(&app).await;
    assert_eq!(app.consumer().await, None);
    let end = latest_event(&app).await;
    let first = app.webhook().await;
    assert_eq!(app.consumer().await, Some(end));

    relocate(&app.staff(), JUDE_WITH_LUISA, "Gate 2").await;
    until_log_is_readable(&app).await;
    let second = created(&admin.create_webhook(json!({"url": URL})).await);
    assert_eq!(app.consumer().await, Some(end), "the second one begins by its time");
    admin.update_webhook(&first, json!({"status": "PAUSED"}), None).await;
    assert_eq!(app.consumer().await, Some(end));
    app.disable(&second).await;
    assert_eq!(app.consumer().await, None);

    admin.update_webhook(&first, json!({"status": "ENABLED"}), None).await;
    assert_eq!(app.consumer().await, Some(latest_event(&app).await));
    admin.on_webhook(&format!("deleteWebhook(id: {second})")).await;
    assert!(app.consumer().await.is_some());
    admin.on_webhook(&format!("deleteWebhook(id: {first})")).await;
    assert_eq!(app.consumer().await, None);
}

#[rstest]
#[tokio::test]
async fn webhook_is_disabled_once(#[values(Sqlite, Postgres)] database: Database) {
    use interviews::domain::WebhookId;
    use interviews::domain::webhook::DisabledReason::{Failing, Gone};
    let app = start!(database);
    let id = app.webhook().await;
    app.disable(&id).await;
    let services = app.app.services();
    for unknown in [WebhookId::from_text(&id), WebhookId(404)] {
        assert!(!services.disable_webhook(unknown, Gone, |_| true).await.unwrap());
    }
    assert_eq!(app.manager().webhook(&id).await["disabledReason"], "FAILING");
    app.manager().update_webhook(&id, json!({"status": "ENABLED"}), None).await;
    assert!(services.disable_webhook(WebhookId::from_text(&id), Gone, |_| true).await.unwrap());
    assert_eq!(app.manager().webhook(&id).await["disabledReason"], "GONE");
    assert!(!services.disable_webhook(WebhookId::from_text(&id), Failing, |_| true).await.unwrap());
}

/// The numbers of transactions in the log are those of another cluster.
#[tokio::test]
async fn positions_follow_the_log_into_another_cluster() {
    let app = start!(Postgres);
    let ahead = "pg_current_xact_id()::text::bigint + 1000000";
    let (paused, _enabled) = (app.webhook().await, app.webhook().await);
    app.manager().update_webhook(&paused, json!({"status": "PAUSED"}), None).await;
    for sql in [
        format!("UPDATE interview_events SET transaction_id = {ahead}"),
        format!("UPDATE log_consumers SET transaction_id = {ahead}"),
        format!("UPDATE webhooks SET missed_after_transaction_id = {ahead} WHERE id = {paused}"),
    ] {
        app.database.execute(&sql).await;
    }
    let renewal = verify_epoch(app.app.services().db()).await.unwrap();
    assert_eq!(renewal, Some(Renewal::OtherTransactionNumbers));
    let number = async |sql: &str| app.database.value::<i64>(sql).await;
    assert_eq!(number("SELECT transaction_id FROM log_consumers").await, 0);
    assert_eq!(number("SELECT missed_after_transaction_id FROM webhooks WHERE status = 'paused'").await, 0);

    relocate(&app.staff(), JUDE_WITH_LUISA, "Gate 2").await;
    app.consume_log().await;
    app.manager().update_webhook(&paused, json!({"status": "ENABLED"}), None).await;
    assert_eq!(app.queued(&paused).await, [(latest_event(&app).await, "pending".to_owned())]);
}
