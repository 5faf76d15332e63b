//! `createWebhook`: its values and limits.

use super::{URL, created};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::actor::refusals;
use crate::support::database::TestDatabase;
use futures_util::future::join;
use interviews::domain::webhook::WebhookSecret;
use rstest::rstest;
use serde_json::{Value, json};

#[rstest]
#[tokio::test]
async fn new_webhook_is_enabled_and_shows_its_secret_once(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let input = json!({"url": "HTTPS://Example.com/hook", "companyId": "1", "types": ["NO_SHOW", "CREATED", "NO_SHOW"],
        "description": "  Payroll "});
    let mut payload = app.manager().create_webhook(input).await;
    let secret = payload["secret"].take();
    assert!(WebhookSecret::parse(secret.as_str().unwrap()).is_ok(), "{secret}");
    assert_json!(payload, @r#"
    {
      "secret": null,
      "userErrors": [],
      "webhook": {
        "company": {"id": "1"},
        "createdAt": "2025-03-20T10:02:08.958Z",
        "description": "Payroll",
        "disabledReason": null,
        "failingSince": null,
        "id": "1",
        "status": "ENABLED",
        "types": ["CREATED", "NO_SHOW"],
        "url": "https://example.com/hook",
        "version": 1
      }
    }
    "#);
    assert_eq!(app.manager().webhook(1).await, payload["webhook"]);
    let other = app.service().create_webhook(json!({"url": URL, "types": null})).await;
    let webhook = &other["webhook"];
    assert_eq!(
        (&webhook["company"], &webhook["types"], &webhook["description"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    assert_ne!(other["secret"], secret);
}

#[rstest]
#[case(json!({"url": "http://example.com"}), &["INVALID_URL input.url"])]
#[case(json!({"url": ""}), &["INVALID_URL input.url"])]
#[case(json!({"url": "example.com"}), &["INVALID_URL input.url"])]
#[case(json!({"url": "ftp://example.com"}), &["INVALID_URL input.url"])]
#[case(json!({"url": "https://user@example.com"}), &["INVALID_URL input.url"])]
#[case(json!({"url": "https://:secret@example.com"}), &["INVALID_URL input.url"])]
#[case(json!({"url": "https://example.com/#part"}), &["INVALID_URL input.url"])]
#[case(json!({"url": "https://localhost"}), &["INVALID_URL input.url"])]
#[case(json!({"url": "https://127.0.0.1"}), &["INVALID_URL input.url"])]
#[case(json!({"url": "https://0x7f000001"}), &["INVALID_URL input.url"])]
#[case(json!({"url": "https://2130706433"}), &["INVALID_URL input.url"])]
#[case(json!({"url": "https://0177.1"}), &["INVALID_URL input.url"])]
#[case(json!({"url": "https://[::ffff:10.0.0.1]"}), &["INVALID_URL input.url"])]
#[case(json!({"url": "https://169.254.169.254/latest/meta-data"}), &["INVALID_URL input.url"])]
#[case(json!({"url": URL, "types": []}), &["REQUIRED input.types"])]
#[case(json!({"url": URL, "description": "a\u{7}"}), &["INVALID_TEXT input.description"])]
#[case(json!({"url": "x", "types": [], "description": "x".repeat(501)}), &[
    "INVALID_URL input.url", "REQUIRED input.types", "TEXT_TOO_LONG input.description",
])]
#[case(json!({"url": URL, "companyId": "404"}), &["NOT_FOUND input.companyId"])]
#[tokio::test]
async fn invalid_webhook_is_refused_with_its_paths(#[case] input: Value, #[case] expected: &[&str]) {
    let app = start!(Sqlite);
    let payload = app.admin().create_webhook(input).await;
    assert_eq!(
        (refusals(&payload), &payload["secret"]),
        (expected.iter().map(|it| (*it).to_owned()).collect(), &Value::Null)
    );
    assert_eq!(app.database.value::<i64>("SELECT count(*) FROM webhooks").await, 0);
    assert_eq!(app.consumer().await, None);
}

#[tokio::test]
async fn url_that_is_too_long_and_unknown_type_are_refused() {
    let app = start!(Sqlite);
    let url = format!("https://example.com/{}", "x".repeat(2048));
    assert_eq!(refusals(&app.admin().create_webhook(json!({"url": url})).await), ["INVALID_URL input.url"]);
    let query = "mutation($input: CreateWebhookInput!) { createWebhook(input: $input) { secret } }";
    let answer = app.admin().graphql(query, json!({"input": {"url": URL, "types": ["MOVED"]}})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
}

#[tokio::test]
async fn settings_allow_urls_of_a_development_machine() {
    let flags = ["--webhook-allow-http=on", "--webhook-allow-private=on"];
    let app = TestApp::start_with(Sqlite, &flags).await.unwrap();
    created(&app.manager().create_webhook(json!({"url": "http://127.0.0.1:9000/hook", "companyId": "1"})).await);
}

#[rstest]
#[tokio::test]
async fn company_has_at_most_twenty_webhooks(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (manager, admin) = (app.manager(), app.admin());
    for _ in 0..20 {
        app.webhook().await;
        created(&admin.create_webhook(json!({"url": URL})).await);
    }
    let limit = |payload: &Value| (refusals(payload), payload["userErrors"][0]["limit"].clone());
    for input in [json!({"url": URL, "companyId": "1"}), json!({"url": URL})] {
        let payload = admin.create_webhook(input).await;
        assert_eq!(limit(&payload), (vec!["TOO_MANY_WEBHOOKS input".to_owned()], json!(20)));
    }
    created(&admin.create_webhook(json!({"url": URL, "companyId": "2"})).await);
    let first = manager.webhooks_of(1).await[0].clone();
    assert_eq!(manager.on_webhook(&format!("deleteWebhook(id: {first})")).await["deletedId"], first);
    app.webhook().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_create_the_last_webhook_once(#[values(Sqlite, Postgres)] database: Database) {
    let Some(database) = TestDatabase::new(database).await else { return };
    let second = TestDatabase::at(database.url.clone(), None);
    let (first, second) = (TestApp::on(database, &[]).await, TestApp::on(second, &[]).await);
    for _ in 0..19 {
        first.webhook().await;
    }
    let input = json!({"url": URL, "companyId": "1"});
    let (one, other) = (first.manager(), second.manager());
    let (one, other) = join(one.create_webhook(input.clone()), other.create_webhook(input)).await;
    let mut refused = [refusals(&one), refusals(&other)].concat();
    assert_eq!(refused.pop().as_deref(), Some("TOO_MANY_WEBHOOKS input"), "{one} {other}");
    assert_eq!(refused, Vec::<String>::new());
    assert_eq!(first.database.value::<i64>("SELECT count(*) FROM webhooks").await, 20);
}
