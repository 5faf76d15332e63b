//! `rotateWebhookSecret`.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::inspect::query;
use chrono::{DateTime, TimeDelta, Utc};
use rstest::rstest;
use serde_json::{Value, json};

/// The stored secrets, and until when the previous one is valid.
async fn secrets(app: &TestApp) -> (Value, Value, Option<DateTime<Utc>>) {
    let row = query(&app.database, "SELECT secret, previous_secret FROM webhooks").await.remove(0);
    let until = app.database.value("SELECT previous_until FROM webhooks").await;
    (row["secret"].clone(), row["previous_secret"].clone(), until)
}

#[rstest]
#[tokio::test]
async fn previous_secret_is_valid_for_the_overlap(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = app.webhook().await;
    let (first, ..) = secrets(&app).await;
    let second = app.manager().on_webhook(&format!("rotateWebhookSecret(id: {id})")).await;
    assert_eq!((&second["webhook"]["version"], &second["userErrors"]), (&json!(2), &json!([])));
    let day = app.now() + TimeDelta::minutes(1440);
    assert_eq!(secrets(&app).await, (second["secret"].clone(), first.clone(), Some(day)));
    let third = app.manager().on_webhook(&format!("rotateWebhookSecret(id: {id}, overlapMinutes: 5)")).await;
    let minutes = app.now() + TimeDelta::minutes(5);
    assert_eq!(secrets(&app).await, (third["secret"].clone(), second["secret"].clone(), Some(minutes)));
    let fourth = app.manager().on_webhook(&format!("rotateWebhookSecret(id: {id}, overlapMinutes: 0)")).await;
    assert_eq!(secrets(&app).await, (fourth["secret"].clone(), Value::Null, None));
    let all = [&first, &second["secret"], &third["secret"], &fourth["secret"]];
    assert!((0..4).all(|one| (0..one).all(|other| all[one] != all[other])), "{all:?}");
}

#[tokio::test]
async fn overlap_has_a_range() {
    let app = start!(Sqlite);
    let id = app.webhook().await;
    let before = secrets(&app).await;
    for minutes in [-1, 10_081, i32::MAX] {
        let query = format!("mutation {{ rotateWebhookSecret(id: {id}, overlapMinutes: {minutes}) {{ secret }} }}");
        let answer = app.manager().graphql(&query, json!({})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
        assert_eq!(answer["errors"][0]["message"], "The argument `overlapMinutes` has to be from 0 to 10080.");
    }
    assert_eq!(secrets(&app).await, before);
    let longest = app.manager().on_webhook(&format!("rotateWebhookSecret(id: {id}, overlapMinutes: 10080)")).await;
    assert_eq!(longest["userErrors"], json!([]));
}
