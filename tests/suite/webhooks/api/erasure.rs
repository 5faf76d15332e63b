//! What `eraseUser` does to the messages about a driver's interviews.

use super::{URL, created};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::events::{latest_event, until_log_is_readable};
use crate::support::inspect::query;
use crate::support::people::{BRUNA, JUDE, JUDE_WITH_LUISA, LUISA};
use rstest::rstest;
use serde_json::{Value, json};

/// The bodies of deliveries, by event.
async fn bodies(app: &TestApp) -> Vec<Value> {
    let rows = query(&app.database, "SELECT body FROM webhook_deliveries ORDER BY webhook_id, event_id").await;
    rows.iter().map(|row| serde_json::from_str(row["body"].as_str().unwrap()).unwrap()).collect()
}

#[rstest]
#[tokio::test]
async fn reasons_and_responses_are_erased_from_all_messages_about_the_driver(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let of_company = app.webhook().await;
    let of_all = created(&app.admin().create_webhook(json!({"url": URL})).await);
    let other = app.book(BRUNA, LUISA).at("10:00").await;
    let before = latest_event(&app).await;
    app.driver().mutate("rejectInterview", &format!("id: {JUDE_WITH_LUISA}, reason: \"I am ill\"")).await;
    app.staff().mutate("cancelInterview", &format!("id: {other}, reason: \"No vans\"")).await;
    until_log_is_readable(&app).await;
    app.consume_log().await;
    for webhook in [&of_company, &of_all] {
        app.admin().on_webhook(&format!("replayWebhook(id: {webhook}, since: {before})")).await;
    }
    let attempts = "INSERT INTO webhook_attempts (delivery_id, number, at, status, duration_ms, response) \
        SELECT id, 1, created_at, 200, 1, 'I am ill' FROM webhook_deliveries";
    app.database.execute(attempts).await;
    let stored = bodies(&app).await;
    assert_eq!(stored.len(), 4);

    app.service().erase(JUDE, true).await;
    let erased = bodies(&app).await;
    for (before, after) in stored.iter().zip(&erased) {
        let mut expected = before.clone();
        if before["data"]["interview"]["id"] == JUDE_WITH_LUISA.to_string() {
            assert_eq!(before["data"]["interview"]["reason"], "I am ill");
            expected["data"]["interview"]["reason"] = Value::Null;
            for change in expected["data"]["event"]["changes"].as_array_mut().unwrap() {
                if change["field"] == "reason" {
                    change["to"] = json!("[erased]");
                }
            }
            assert_ne!(expected, *before);
        }
        assert_eq!(*after, expected);
    }
    let left = "SELECT DISTINCT CAST(json_extract(body, '$.data.interview.id') AS TEXT)";
    let left = if database == Postgres { "SELECT DISTINCT body::json #>> '{data,interview,id}'" } else { left };
    let from = "FROM webhook_deliveries JOIN webhook_attempts ON delivery_id = id WHERE response IS NOT NULL";
    assert_eq!(app.database.value::<String>(&format!("{left} {from}")).await, other.to_string());
    let count = "SELECT count(*) FROM webhook_attempts WHERE response IS NOT NULL";
    assert_eq!(app.database.value::<i64>(count).await, 2);
}

/// Without webhooks the erasure takes two locks and one look.
#[rstest]
#[tokio::test]
async fn erasure_without_deliveries_writes_nothing_more(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (_, _) = app.counting(app.service().erase(JUDE, true)).await;
    let statements = app.statements();
    let about_webhooks: Vec<_> = statements.iter().filter(|sql| sql.contains("webhook")).collect();
    assert!(about_webhooks.iter().all(|sql| sql.starts_with("SELECT")), "{about_webhooks:#?}");
    assert_eq!(about_webhooks.len(), 1, "{about_webhooks:#?}");
}
