//! `replayWebhook`.

use super::{URL, created};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::actor::refusals;
use crate::support::events::{ids_after, insert_events, latest_event, relocate, until_log_is_readable};
use crate::support::people::{JUDE_WITH_LUISA, JUDE_WITH_PIET, MONA};
use rstest::rstest;
use serde_json::{Value, json};

async fn replay(app: &TestApp, webhook: &str, arguments: &str) -> Value {
    app.admin().on_webhook(&format!("replayWebhook(id: {webhook}, {arguments})")).await
}

fn replayed(count: i32, last: i64) -> Value {
    json!({"count": count, "complete": true, "last": last.to_string(), "userErrors": []})
}

/// Three events of one interview, and one of another company, that were read for webhooks. Their ids after this one.
async fn events(app: &TestApp) -> (i64, Vec<i64>) {
    let before = latest_event(app).await;
    for location in ["one", "two", "three"] {
        relocate(&app.staff(), JUDE_WITH_LUISA, location).await;
    }
    relocate(&app.other_staff(), JUDE_WITH_PIET, "elsewhere").await;
    until_log_is_readable(app).await;
    app.consume_log().await;
    (before, ids_after(&app.database, before).await)
}

#[rstest]
#[tokio::test]
async fn events_after_one_are_queued_each_once(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let webhook = app.webhook().await;
    let (before, ids) = events(&app).await;
    let pending = |ids: &[i64]| ids.iter().map(|id| (*id, "pending".to_owned())).collect::<Vec<_>>();
    assert_eq!(replay(&app, &webhook, &format!("since: {}", ids[1])).await, replayed(1, ids[2]));
    assert_eq!(app.queued(&webhook).await, pending(&ids[2..3]));
    assert_eq!(replay(&app, &webhook, &format!("since: {before}")).await, replayed(2, ids[2]));
    assert_eq!(app.queued(&webhook).await, pending(&ids[..3]), "not those of another company");
    assert_eq!(replay(&app, &webhook, &format!("since: {before}")).await, replayed(0, ids[2]));

    let all = created(&app.admin().create_webhook(json!({"url": URL})).await);
    assert_eq!(replay(&app, &all, &format!("since: {before}")).await, replayed(4, ids[3]));
    assert_json!(replay(&app, &all, &format!("since: {}", ids[3])).await, @r#"
    {
      "complete": true,
      "count": 0,
      "last": null,
      "userErrors": []
    }
    "#);
}

#[rstest]
#[tokio::test]
async fn what_was_delivered_is_queued_on_request_only(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let webhook = app.webhook().await;
    let (before, ids) = events(&app).await;
    replay(&app, &webhook, &format!("since: {before}")).await;
    let body = format!("SELECT body FROM webhook_deliveries WHERE event_id = {}", ids[0]);
    let first: String = app.database.value(&body).await;
    relocate(&app.staff(), JUDE_WITH_LUISA, "four").await;
    for (event, state) in ids.iter().zip(["delivered", "failed", "cancelled"]) {
        app.finish(&webhook, *event, state).await;
    }
    assert_eq!(replay(&app, &webhook, &format!("since: {before}")).await, replayed(2, ids[2]));
    let states = |states: [&str; 3]| ids.iter().copied().zip(states.map(str::to_owned)).collect::<Vec<_>>();
    assert_eq!(app.queued(&webhook).await, states(["delivered", "pending", "pending"]));
    let everything = format!("since: {before}, includeDelivered: true");
    assert_eq!(replay(&app, &webhook, &everything).await, replayed(1, ids[2]));
    assert_eq!(app.queued(&webhook).await, states(["pending"; 3]));
    assert_eq!(app.database.value::<String>(&body).await, first, "the bytes stay");
}

#[rstest]
#[tokio::test]
async fn types_and_messages_are_those_of_the_webhook(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let input = json!({"url": URL, "companyId": "1", "types": ["CANCELLED"]});
    let webhook = created(&app.manager().create_webhook(input).await);
    let (before, _) = events(&app).await;
    app.staff().mutate("cancelInterview", &format!("id: {JUDE_WITH_LUISA}, reason: \"Ill\"")).await;
    until_log_is_readable(&app).await;
    app.consume_log().await;
    let last = latest_event(&app).await;
    assert_eq!(replay(&app, &webhook, &format!("since: {before}")).await, replayed(1, last));
    let body: String = app.database.value("SELECT body FROM webhook_deliveries").await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (&body["type"], &body["data"]["event"]["id"]),
        (&json!("interview.cancelled"), &json!(last.to_string()))
    );
    assert_eq!(body["data"]["interview"]["reason"], "Ill");
}

/// What is still to be read for all webhooks is not queued before.
#[rstest]
#[tokio::test]
async fn events_that_were_not_read_yet_are_left_to_the_reader_of_the_log(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let webhook = app.webhook().await;
    let (_, ids) = events(&app).await;
    relocate(&app.staff(), JUDE_WITH_LUISA, "four").await;
    until_log_is_readable(&app).await;
    assert_eq!(replay(&app, &webhook, &format!("since: {}", ids[1])).await, replayed(1, ids[2]));
}

#[rstest]
#[tokio::test]
async fn one_call_looks_at_ten_thousand_events(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (webhook, before) = (app.webhook().await, latest_event(&app).await);
    for _ in 0..11 {
        app.database.execute(&insert_events(JUDE_WITH_LUISA, MONA, "'2025-03-20T10:00:00+00:00'", 1000)).await;
    }
    until_log_is_readable(&app).await;
    app.consume_log().await;
    let events = ids_after(&app.database, before).await;
    let last = events[9999];
    let expected = json!({"count": 10_000, "complete": false, "last": last.to_string(), "userErrors": []});
    assert_eq!(replay(&app, &webhook, &format!("since: {before}")).await, expected);
    assert_eq!(replay(&app, &webhook, &format!("since: {last}")).await, replayed(1000, events[10_999]));
    let all: Vec<i64> = app.queued(&webhook).await.into_iter().map(|(event, _)| event).collect();
    assert_eq!(all, events);
}

#[rstest]
#[tokio::test]
async fn unknown_event_is_not_found(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let webhook = app.webhook().await;
    let (_, ids) = events(&app).await;
    for since in ["404000", "\"x\"", "0", &ids[3].to_string()] {
        let payload = app.manager().on_webhook(&format!("replayWebhook(id: {webhook}, since: {since})")).await;
        assert_eq!(refusals(&payload), ["NOT_FOUND since"], "{since}");
        assert_eq!(
            (&payload["count"], &payload["complete"], &payload["last"]),
            (&Value::Null, &Value::Null, &Value::Null)
        );
    }
    assert_eq!(app.queued(&webhook).await, []);
}
