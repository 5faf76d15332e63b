//! What a webhook receives that is enabled again.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::events::{insert_events, latest_event, relocate, until_log_is_readable};
use crate::support::people::{JUDE_WITH_LUISA, JUDE_WITH_PIET, MONA};
use rstest::rstest;
use serde_json::json;

async fn switch(app: &TestApp, webhook: &str, status: &str) {
    let payload = app.admin().update_webhook(webhook, json!({"status": status}), None).await;
    assert_eq!(payload["userErrors"], json!([]), "{payload}");
}

/// An event of the interview, which can be read. Its id.
async fn event(app: &TestApp, location: &str) -> i64 {
    relocate(&app.staff(), JUDE_WITH_LUISA, location).await;
    until_log_is_readable(app).await;
    latest_event(app).await
}

#[rstest]
#[tokio::test]
async fn events_of_the_time_in_which_it_was_not_enabled_are_queued(
    #[values(Sqlite, Postgres)] database: Database,
    #[values(true, false)] others_are_enabled: bool,
) {
    let app = start!(database);
    let webhook = app.webhook().await;
    if others_are_enabled {
        app.webhook().await;
    }
    event(&app, "before").await;
    app.consume_log().await;
    switch(&app, &webhook, "PAUSED").await;
    let missed = [event(&app, "one").await, event(&app, "two").await];
    relocate(&app.other_staff(), JUDE_WITH_PIET, "elsewhere").await;
    until_log_is_readable(&app).await;
    app.consume_log().await;
    assert_eq!(app.queued(&webhook).await, []);
    switch(&app, &webhook, "ENABLED").await;
    let queued = missed.map(|event| (event, "pending".to_owned()));
    assert_eq!(app.queued(&webhook).await, queued);

    // What comes later is queued when it is read, as for all webhooks.
    let later = event(&app, "after").await;
    switch(&app, &webhook, "ENABLED").await;
    assert_eq!(app.queued(&webhook).await, queued);
    switch(&app, &webhook, "PAUSED").await;
    switch(&app, &webhook, "ENABLED").await;
    // Without others nobody has read the log in between, and it is read from its end again.
    let skipped = (!others_are_enabled).then_some((later, "pending".to_owned()));
    assert_eq!(app.queued(&webhook).await, queued.into_iter().chain(skipped).collect::<Vec<_>>());
}

#[rstest]
#[tokio::test]
async fn only_types_that_it_wants_are_queued(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let webhook = app.webhook().await;
    switch(&app, &webhook, "PAUSED").await;
    event(&app, "one").await;
    app.driver().mutate("acceptInterview", &format!("id: {JUDE_WITH_LUISA}")).await;
    until_log_is_readable(&app).await;
    let accepted = latest_event(&app).await;
    let input = json!({"types": ["ACCEPTED"], "status": "ENABLED"});
    app.admin().update_webhook(&webhook, input, None).await;
    assert_eq!(app.queued(&webhook).await, [(accepted, "pending".to_owned())]);
}

#[rstest]
#[tokio::test]
async fn cancelled_deliveries_are_queued_and_failed_ones_are_not(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let webhook = app.webhook().await;
    let start = latest_event(&app).await;
    let [first, second, third] = [event(&app, "one").await, event(&app, "two").await, event(&app, "three").await];
    app.consume_log().await;
    app.manager().on_webhook(&format!("replayWebhook(id: {webhook}, since: {start})")).await;
    app.manager().on_webhook(&format!("testWebhook(id: {webhook})")).await;
    app.finish(&webhook, first, "delivered").await;
    app.finish(&webhook, second, "failed").await;
    app.disable(&webhook).await;
    let states = |third_state: &str| {
        [(first, "delivered"), (second, "failed"), (third, third_state)].map(|(id, state)| (id, state.to_owned()))
    };
    assert_eq!(app.queued(&webhook).await, states("cancelled"));
    switch(&app, &webhook, "ENABLED").await;
    assert_eq!(app.queued(&webhook).await, states("pending"));
    let tests = "SELECT state FROM webhook_deliveries WHERE event_id IS NULL";
    assert_eq!(app.database.value::<String>(tests).await, "cancelled", "a test is not worth a second try");
}

#[rstest]
#[tokio::test]
async fn last_ten_thousand_missed_events_are_queued(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let webhook = app.webhook().await;
    switch(&app, &webhook, "PAUSED").await;
    for _ in 0..11 {
        app.database.execute(&insert_events(JUDE_WITH_LUISA, MONA, "'2025-03-20T10:00:00+00:00'", 1000)).await;
    }
    let events = crate::support::events::ids_after(&app.database, latest_event(&app).await - 11_000).await;
    until_log_is_readable(&app).await;
    switch(&app, &webhook, "ENABLED").await;
    let queued: Vec<i64> = app.queued(&webhook).await.into_iter().map(|(event, _)| event).collect();
    assert_eq!(queued.len(), 10_000);
    assert_eq!(queued, events[1000..]);
}
