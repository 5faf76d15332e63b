//! Webhooks that are created, and secrets that are replaced, by requests with keys.

use super::keys;
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::{Actor, ERRORS, refusals};
use rstest::rstest;
use serde_json::{Value, json};

const URL: &str = "https://example.com/hook";

/// The payload of a mutation with a key.
async fn keyed(actor: &Actor, call: &str, key: &str) -> Value {
    let (name, arguments) = call.trim_end_matches(')').split_once('(').unwrap();
    let query = format!(
        "mutation($key: String) {{ {name}({arguments}, idempotencyKey: $key) {{ \
         webhook {{ id url version }} secret replayed {ERRORS} }} }}"
    );
    actor.ask(&query, json!({"key": key})).await[name].take()
}

fn create(url: &str) -> String {
    format!("createWebhook(input: {{url: \"{url}\", companyId: 1}})")
}

async fn count(app: &crate::support::TestApp) -> i64 {
    app.database.value("SELECT count(*) FROM webhooks").await
}

#[rstest]
#[tokio::test]
async fn webhook_is_created_once_and_its_secret_is_shown_again(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let manager = app.manager();
    let first = keyed(&manager, &create(URL), "k").await;
    assert_eq!((refusals(&first), &first["replayed"]), (vec![], &json!(false)));
    assert!(first["secret"].as_str().unwrap().starts_with("whsec_"));
    let second = keyed(&manager, &create(URL), "k").await;
    let expected = json!({"webhook": first["webhook"], "secret": first["secret"], "replayed": true, "userErrors": []});
    assert_eq!(second, expected);
    assert_eq!((count(&app).await, keys(&app).await), (1, 1));
    let other = keyed(&manager, &create("https://example.org"), "k").await;
    assert_eq!(refusals(&other), ["IDEMPOTENCY_KEY_REUSED idempotencyKey"]);
    assert_eq!(refusals(&keyed(&manager, &create(URL), "").await), ["INVALID_IDEMPOTENCY_KEY idempotencyKey"]);
    assert_eq!(count(&app).await, 1);
}

#[rstest]
#[tokio::test]
async fn secret_is_replaced_once(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let manager = app.manager();
    let created = keyed(&manager, &create(URL), "create").await;
    let rotate = format!("rotateWebhookSecret(id: {})", created["webhook"]["id"].as_str().unwrap());
    let first = keyed(&manager, &rotate, "k").await;
    assert_ne!(first["secret"], created["secret"]);
    for _ in 0..2 {
        let again = keyed(&manager, &rotate, "k").await;
        assert_eq!(
            (&again["secret"], &again["webhook"], &again["replayed"]),
            (&first["secret"], &first["webhook"], &json!(true))
        );
    }
    // What is given is the secret of now, also by the creation.
    let second = keyed(&manager, &rotate, "l").await;
    assert_eq!(second["replayed"], json!(false));
    assert_eq!(keyed(&manager, &rotate, "k").await["secret"], second["secret"]);
    assert_eq!(keyed(&manager, &create(URL), "create").await["secret"], second["secret"]);
    assert_eq!(keys(&app).await, 3);
}

#[rstest]
#[tokio::test]
async fn replay_about_a_webhook_that_is_gone_is_not_found(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let manager = app.manager();
    let created = keyed(&manager, &create(URL), "create").await;
    let id = created["webhook"]["id"].as_str().unwrap();
    let rotate = format!("rotateWebhookSecret(id: {id})");
    keyed(&manager, &rotate, "rotate").await;
    manager.ask(&format!("mutation {{ deleteWebhook(id: {id}) {{ deletedId }} }}"), json!({})).await;
    for (call, key, path) in [(create(URL), "create", "input"), (rotate, "rotate", "id")] {
        let gone = keyed(&manager, &call, key).await;
        assert_eq!((refusals(&gone), &gone["secret"]), (vec![format!("NOT_FOUND {path}")], &Value::Null));
    }
}
