//! The delivery log: `Webhook.deliveries`, `WebhookDelivery` and `WebhookAttempt`.

use super::{URL, created};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::events::{ids_after, latest_event, relocate, until_log_is_readable};
use crate::support::people::JUDE_WITH_LUISA;
use rstest::rstest;
use serde_json::{Value, json};

/// A webhook with deliveries of so many events. Their ids.
async fn delivered(app: &TestApp, count: usize) -> (String, Vec<i64>) {
    let (webhook, before) = (app.webhook().await, latest_event(app).await);
    for number in 0..count {
        relocate(&app.staff(), JUDE_WITH_LUISA, &format!("Gate {number}")).await;
    }
    until_log_is_readable(app).await;
    app.consume_log().await;
    app.manager().on_webhook(&format!("replayWebhook(id: {webhook}, since: {before})")).await;
    (webhook, ids_after(&app.database, before).await)
}

/// The events of a page of deliveries, its end, and whether there are more.
async fn page(app: &TestApp, webhook: &str, arguments: &str) -> (Vec<String>, Value, bool) {
    let query = format!(
        "{{ webhook(id: {webhook}) {{ deliveries({arguments}) {{ \
         nodes {{ event {{ id }} }} pageInfo {{ hasNextPage endCursor }} }} }} }}"
    );
    let data = app.manager().ask(&query, json!({})).await;
    let page = &data["webhook"]["deliveries"];
    let events = page["nodes"].as_array().unwrap().iter();
    let events = events.map(|node| node["event"]["id"].as_str().unwrap().to_owned()).collect();
    let info = &page["pageInfo"];
    (events, info["endCursor"].clone(), info["hasNextPage"].as_bool().unwrap())
}

#[rstest]
#[tokio::test]
async fn deliveries_are_paged_from_the_newest(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (webhook, events) = delivered(&app, 5).await;
    let mut newest: Vec<String> = events.iter().rev().map(i64::to_string).collect();
    let (first, end, more) = page(&app, &webhook, "first: 2").await;
    assert_eq!((&first[..], more), (&newest[..2], true));
    let (second, end, more) = page(&app, &webhook, &format!("first: 2, after: {end}")).await;
    assert_eq!((&second[..], more), (&newest[2..4], true));
    let (third, _, more) = page(&app, &webhook, &format!("first: 2, after: {end}")).await;
    assert_eq!((&third[..], more), (&newest[4..], false));
    assert!(!page(&app, &webhook, "first: 5").await.2);

    app.finish(&webhook, events[1], "delivered").await;
    app.finish(&webhook, events[3], "failed").await;
    assert_eq!(page(&app, &webhook, "state: [DELIVERED]").await.0, [events[1].to_string()]);
    let ended = page(&app, &webhook, "state: [FAILED, DELIVERED]").await.0;
    assert_eq!(ended, [events[3].to_string(), events[1].to_string()]);
    assert_eq!(page(&app, &webhook, "state: [CANCELLED]").await.0, Vec::<String>::new());
    newest.retain(|event| ![events[1], events[3]].map(|it| it.to_string()).contains(event));
    assert_eq!(page(&app, &webhook, "state: [PENDING]").await.0, newest);
    let counts = format!(
        "{{ webhook(id: {webhook}) {{ all: deliveries(state: []) {{ totalCount }} \
         pending: deliveries(state: [PENDING]) {{ totalCount }} }} }}"
    );
    let counts = app.manager().ask(&counts, json!({})).await;
    assert_eq!(counts["webhook"], json!({"all": {"totalCount": 5}, "pending": {"totalCount": 3}}));
}

#[rstest]
#[tokio::test]
async fn delivery_shows_its_message_its_event_and_its_last_attempts(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (webhook, events) = delivered(&app, 1).await;
    app.database.execute("UPDATE webhook_deliveries SET attempt = 22").await;
    for number in 1..=22 {
        let attempt = format!(
            "INSERT INTO webhook_attempts (delivery_id, number, at, status, duration_ms, error, response) \
             VALUES (1, {number}, '2025-03-20T10:{number}:00+00:00', 500, {number}, 'status', 'Try later')"
        );
        app.database.execute(&attempt.replace("10:1:", "10:01:").replace("10:2:", "10:02:")).await;
    }
    let query = format!(
        "{{ webhook(id: {webhook}) {{ deliveries {{ nodes {{ id messageId type state body createdAt \
         event {{ id type matches interview {{ id }} actor {{ title }} }} \
         attempts {{ number at status durationMs error response }} }} }} }} }}"
    );
    let mut data = app.manager().ask(&query, json!({})).await;
    let delivery = data["webhook"]["deliveries"]["nodes"][0].as_object_mut().unwrap();
    let body: Value = serde_json::from_str(delivery["body"].as_str().unwrap()).unwrap();
    assert_eq!(body["type"], "interview.updated");
    assert_eq!(delivery["messageId"], format!("msg_{webhook}_{}", events[0]));
    let event = json!({"id": events[0].to_string(), "type": "UPDATED", "matches": true,
        "interview": {"id": JUDE_WITH_LUISA.to_string()}, "actor": {"title": "Mona Berg"}});
    assert_eq!((&delivery["type"], &delivery["event"]), (&json!("UPDATED"), &event));
    let attempts = delivery["attempts"].as_array().unwrap();
    let numbers: Vec<_> = attempts.iter().map(|attempt| attempt["number"].as_i64().unwrap()).collect();
    assert_eq!(numbers, (3..=22).collect::<Vec<_>>());
    let last = json!({"number": 22, "at": "2025-03-20T10:22:00.000Z", "status": 500, "durationMs": 22,
        "error": "STATUS", "response": "Try later"});
    assert_eq!(attempts[19], last);
}

#[rstest]
#[tokio::test]
async fn event_that_is_not_stored_any_more_is_null(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (webhook, _) = delivered(&app, 1).await;
    app.database.execute("UPDATE webhook_deliveries SET event_id = 404000").await;
    let query = format!("{{ webhook(id: {webhook}) {{ deliveries {{ nodes {{ id event {{ id }} }} }} }} }}");
    let data = app.manager().ask(&query, json!({})).await;
    assert_eq!(data["webhook"]["deliveries"]["nodes"], json!([{"id": "1", "event": null}]));
}

#[rstest]
#[tokio::test]
async fn number_of_statements_does_not_depend_on_the_number_of_webhooks(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    delivered(&app, 3).await;
    let admin = app.admin();
    let query = "{ webhooks(companyId: 1) { nodes { id company { name } deliveries { totalCount \
        nodes { id event { id } attempts { number } } } } } }";
    admin.ask(query, json!({})).await;
    let (_, of_one) = app.counting(admin.ask(query, json!({}))).await;
    for _ in 0..4 {
        let other = created(&admin.create_webhook(json!({"url": URL, "companyId": "1"})).await);
        admin.on_webhook(&format!("replayWebhook(id: {other}, since: 1)")).await;
    }
    let (data, of_five) = app.counting(admin.ask(query, json!({}))).await;
    assert_eq!(data["webhooks"]["nodes"].as_array().unwrap().len(), 5);
    assert_eq!(of_one, of_five, "{:#?}", app.statements());
}
