//! `deleteWebhook`.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::refusals;
use crate::support::inspect::query;
use rstest::rstest;
use serde_json::{Value, json};

#[rstest]
#[tokio::test]
async fn deleted_webhook_does_not_exist_for_anything(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (id, manager) = (app.webhook().await, app.manager());
    let test = manager.on_webhook(&format!("testWebhook(id: {id})")).await;
    let delivery = test["delivery"]["id"].as_str().unwrap();
    let deleted = manager.on_webhook(&format!("deleteWebhook(id: {id})")).await;
    assert_eq!(deleted, json!({"deletedId": id, "userErrors": []}));
    assert_eq!(manager.webhook(&id).await, Value::Null);
    assert_eq!(manager.webhooks_of(1).await, Vec::<String>::new());
    let event = crate::support::events::latest_event(&app).await;
    for call in [
        format!("deleteWebhook(id: {id})"),
        format!("rotateWebhookSecret(id: {id})"),
        format!("testWebhook(id: {id})"),
        format!("replayWebhook(id: {id}, since: {event})"),
    ] {
        assert_eq!(refusals(&manager.on_webhook(&call).await), ["NOT_FOUND id"], "{call}");
    }
    assert_eq!(refusals(&manager.update_webhook(&id, json!({}), None).await), ["NOT_FOUND id"]);
    let again = manager.on_webhook(&format!("redeliverWebhook(deliveryId: {delivery})")).await;
    assert_eq!(refusals(&again), ["NOT_FOUND deliveryId"]);
    assert_eq!(app.consumer().await, None);
}

#[rstest]
#[tokio::test]
async fn secrets_of_a_deleted_webhook_are_gone(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = app.webhook().await;
    let rotated = app.manager().on_webhook(&format!("rotateWebhookSecret(id: {id})")).await;
    app.manager().on_webhook(&format!("deleteWebhook(id: {id})")).await;
    let row = query(&app.database, "SELECT secret, previous_secret, status FROM webhooks").await.remove(0);
    assert_ne!(row["secret"], rotated["secret"]);
    assert_eq!((&row["previous_secret"], &row["status"]), (&Value::Null, &json!("paused")));
}
