//! `testWebhook` and `redeliverWebhook`.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::refusals;
use crate::support::events::{latest_event, relocate, until_log_is_readable};
use crate::support::people::JUDE_WITH_LUISA;
use chrono::TimeDelta;
use rstest::rstest;
use serde_json::{Value, json};

#[rstest]
#[tokio::test]
async fn test_is_queued_at_once(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = app.webhook().await;
    assert_json!(app.manager().on_webhook(&format!("testWebhook(id: {id})")).await, @r#"
    {
      "delivery": {
        "attempts": [],
        "createdAt": "2025-03-20T10:02:08.958Z",
        "event": null,
        "id": "1",
        "messageId": "msg_1_t1",
        "nextAttemptAt": "2025-03-20T10:02:08.958Z",
        "state": "PENDING",
        "type": "TEST"
      },
      "userErrors": []
    }
    "#);
    let second = app.manager().on_webhook(&format!("testWebhook(id: {id})")).await;
    assert_eq!(second["delivery"]["messageId"], "msg_1_t2");
}

#[rstest]
#[case("delivered")]
#[case("failed")]
#[case("cancelled")]
#[tokio::test]
async fn delivery_that_has_ended_is_queued_again(#[case] state: &str, #[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (id, start) = (app.webhook().await, latest_event(&app).await);
    relocate(&app.staff(), JUDE_WITH_LUISA, "Gate 2").await;
    until_log_is_readable(&app).await;
    app.consume_log().await;
    app.manager().on_webhook(&format!("replayWebhook(id: {id}, since: {start})")).await;
    let row = "SELECT CAST(body AS TEXT) FROM webhook_deliveries";
    let body: String = app.database.value(row).await;
    app.finish(&id, latest_event(&app).await, state).await;
    relocate(&app.staff(), JUDE_WITH_LUISA, "Gate 3").await;
    app.clock.advance(TimeDelta::hours(1));

    let delivery = app.database.value::<i64>("SELECT id FROM webhook_deliveries").await;
    let payload = app.manager().on_webhook(&format!("redeliverWebhook(deliveryId: {delivery})")).await;
    let fields = |field: &str| payload["delivery"][field].clone();
    assert_eq!(
        [fields("state"), fields("nextAttemptAt"), fields("createdAt")],
        [json!("PENDING"), json!("2025-03-20T11:02:08.958Z"), json!("2025-03-20T10:02:08.958Z")]
    );
    assert_eq!(app.database.value::<String>(row).await, body, "the bytes stay");
    let schedule = "SELECT CAST(attempt * 100 + step AS BIGINT) FROM webhook_deliveries WHERE finished_at IS NULL";
    assert_eq!(app.database.value::<i64>(schedule).await, 1000, "attempts count on, the schedule begins anew");
}

/// A delivery that is being sent is not sent twice at a time.
#[rstest]
#[tokio::test]
async fn pending_delivery_is_due_at_once_and_stays_claimed(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = app.webhook().await;
    app.manager().on_webhook(&format!("testWebhook(id: {id})")).await;
    let later = "next_attempt_at = '2025-03-20T12:00:00+00:00', claimed_until = '2025-03-20T10:03:00+00:00', step = 3";
    app.database.execute(&format!("UPDATE webhook_deliveries SET {later}")).await;
    let payload = app.manager().on_webhook("redeliverWebhook(deliveryId: 1)").await;
    assert_eq!(payload["delivery"]["nextAttemptAt"], "2025-03-20T10:02:08.958Z");
    let claimed = "SELECT count(*) FROM webhook_deliveries WHERE claimed_until IS NOT NULL AND step = 0";
    assert_eq!(app.database.value::<i64>(claimed).await, 1);
}

#[rstest]
#[tokio::test]
async fn nothing_is_queued_for_a_webhook_that_is_not_enabled(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (id, manager) = (app.webhook().await, app.manager());
    manager.on_webhook(&format!("testWebhook(id: {id})")).await;
    app.database
        .execute("UPDATE webhook_deliveries SET state = 'failed', next_attempt_at = NULL, finished_at = created_at")
        .await;
    manager.update_webhook(&id, json!({"status": "PAUSED"}), None).await;
    assert_json!(manager.on_webhook(&format!("testWebhook(id: {id})")).await, @r#"
    {
      "delivery": null,
      "userErrors": [
        {
          "__typename": "WebhookStateError",
          "code": "INVALID_STATE",
          "message": "This is not possible, because the webhook is paused. Enable it first.",
          "path": ["id"],
          "status": "PAUSED"
        }
      ]
    }
    "#);
    let event = latest_event(&app).await;
    for (call, path) in [
        (format!("replayWebhook(id: {id}, since: {event})"), "INVALID_STATE id"),
        ("redeliverWebhook(deliveryId: 1)".to_owned(), "INVALID_STATE deliveryId"),
    ] {
        assert_eq!(refusals(&manager.on_webhook(&call).await), [path]);
    }
    manager.update_webhook(&id, json!({"status": "ENABLED"}), None).await;
    app.disable(&id).await;
    let payload = manager.on_webhook(&format!("testWebhook(id: {id})")).await;
    assert_eq!(payload["userErrors"][0]["status"], "DISABLED");
    let pending = "SELECT count(*) FROM webhook_deliveries WHERE state = 'pending'";
    assert_eq!(app.database.value::<i64>(pending).await, 0);
}

#[rstest]
#[tokio::test]
async fn delivery_of_another_company_does_not_exist(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let input = json!({"url": super::URL, "companyId": "2"});
    let other = super::created(&app.admin().create_webhook(input).await);
    app.admin().on_webhook(&format!("testWebhook(id: {other})")).await;
    app.database
        .execute("UPDATE webhook_deliveries SET state = 'failed', next_attempt_at = NULL, finished_at = created_at")
        .await;
    for delivery in ["1", "404", "\"x\""] {
        let payload = app.manager().on_webhook(&format!("redeliverWebhook(deliveryId: {delivery})")).await;
        assert_eq!((refusals(&payload), &payload["delivery"]), (vec!["NOT_FOUND deliveryId".to_owned()], &Value::Null));
    }
    assert_eq!(app.database.value::<String>("SELECT state FROM webhook_deliveries").await, "failed");
    assert_eq!(refusals(&app.admin().on_webhook("redeliverWebhook(deliveryId: 1)").await), Vec::<String>::new());
}
