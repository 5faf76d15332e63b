//! `updateWebhook`: what it changes, and for which version.

use super::URL;
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::refusals;
use chrono::TimeDelta;
use rstest::rstest;
use serde_json::{Value, json};

#[rstest]
#[tokio::test]
async fn absent_fields_stay_and_null_clears(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let manager = app.manager();
    let input = json!({"url": URL, "companyId": "1", "types": ["CREATED"], "description": "Payroll"});
    let before = manager.create_webhook(input).await["webhook"].take();
    let update = async |input| manager.update_webhook(1, input, None).await["webhook"].take();
    let mut expected = before.clone();
    for (version, input, field, value) in [
        (2, json!({"url": "https://example.org"}), "url", json!("https://example.org/")),
        (3, json!({"types": ["UPDATED", "TEST"]}), "types", json!(["UPDATED", "TEST"])),
        (4, json!({"types": null}), "types", Value::Null),
        (5, json!({"description": "Dispatch"}), "description", json!("Dispatch")),
        (6, json!({"description": null}), "description", Value::Null),
        (7, json!({"status": "PAUSED"}), "status", json!("PAUSED")),
        (8, json!({"status": "ENABLED"}), "status", json!("ENABLED")),
    ] {
        (expected["version"], expected[field]) = (json!(version), value);
        assert_eq!(update(input).await, expected);
    }
    assert_eq!(manager.webhook(1).await, expected);
}

#[rstest]
#[tokio::test]
async fn change_that_changes_nothing_writes_nothing(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = app.webhook().await;
    let row = "SELECT updated_at FROM webhooks";
    let before: chrono::DateTime<chrono::Utc> = app.database.value(row).await;
    app.clock.advance(TimeDelta::hours(1));
    for input in [json!({}), json!({"url": URL, "types": null, "status": "ENABLED"}), json!({"description": " "})] {
        let payload = app.manager().update_webhook(&id, input, Some(1)).await;
        assert_eq!((&payload["webhook"]["version"], &payload["secret"]), (&json!(1), &Value::Null), "{payload}");
    }
    assert_eq!(app.database.value::<chrono::DateTime<chrono::Utc>>(row).await, before);
}

#[rstest]
#[tokio::test]
async fn change_for_another_version_is_refused(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = app.webhook().await;
    let describe = async |text: &str, version| {
        app.manager().update_webhook(&id, json!({"description": text}), Some(version)).await
    };
    assert_eq!(describe("one", 1).await["webhook"]["version"], 2);
    assert_json!(describe("two", 1).await, @r#"
    {
      "secret": null,
      "userErrors": [
        {
          "__typename": "VersionError",
          "code": "STALE_VERSION",
          "message": "This webhook has changed in the meantime. Look at it again before you decide.",
          "path": ["expectedVersion"],
          "version": 2
        }
      ],
      "webhook": null
    }
    "#);
    assert_eq!(app.manager().webhook(&id).await["description"], "one");
}

#[rstest]
#[case(json!({"url": null}), "NULL_NOT_ALLOWED input.url")]
#[case(json!({"status": null}), "NULL_NOT_ALLOWED input.status")]
#[case(json!({"url": "https://10.0.0.1"}), "INVALID_URL input.url")]
#[case(json!({"types": []}), "REQUIRED input.types")]
#[tokio::test]
async fn invalid_change_is_refused(#[case] input: Value, #[case] expected: &str) {
    let app = start!(Sqlite);
    let id = app.webhook().await;
    let before = app.manager().webhook(&id).await;
    assert_eq!(refusals(&app.manager().update_webhook(&id, input, None).await), [expected]);
    assert_eq!(app.manager().webhook(&id).await, before);
}

#[tokio::test]
async fn user_cannot_disable_a_webhook() {
    let app = start!(Sqlite);
    let id = app.webhook().await;
    let query = "mutation($input: UpdateWebhookInput!) { updateWebhook(id: 1, input: $input) { secret } }";
    let answer = app.manager().graphql(query, json!({"input": {"status": "DISABLED"}})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
    assert_eq!(app.manager().webhook(&id).await["status"], "ENABLED");
}

#[rstest]
#[tokio::test]
async fn webhook_that_the_server_has_disabled_can_be_paused_and_enabled(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let (id, manager) = (app.webhook().await, app.manager());
    app.database.execute("UPDATE webhooks SET failing_since = '2025-03-19T10:00:00+00:00'").await;
    app.disable(&id).await;
    let state = |webhook: &Value| ["status", "disabledReason", "failingSince", "version"].map(|it| webhook[it].clone());
    let since = json!("2025-03-19T10:00:00.000Z");
    assert_eq!(state(&manager.webhook(&id).await), [json!("DISABLED"), json!("FAILING"), since.clone(), json!(2)]);
    let paused = manager.update_webhook(&id, json!({"status": "PAUSED"}), None).await;
    assert_eq!(state(&paused["webhook"]), [json!("PAUSED"), Value::Null, since, json!(3)]);
    let enabled = manager.update_webhook(&id, json!({"status": "ENABLED"}), None).await;
    assert_eq!(state(&enabled["webhook"]), [json!("ENABLED"), Value::Null, Value::Null, json!(4)]);
}
