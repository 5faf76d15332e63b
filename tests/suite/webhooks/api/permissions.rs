//! Who manages webhooks.

use super::{URL, created};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::refusals;
use crate::support::events::latest_event;
use rstest::rstest;
use serde_json::{Value, json};

#[rstest]
#[tokio::test]
async fn drivers_and_staff_manage_no_webhooks(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = app.webhook().await;
    app.manager().on_webhook(&format!("testWebhook(id: {id})")).await;
    let event = latest_event(&app).await;
    for actor in [app.driver(), app.staff(), app.other_staff()] {
        let refused = actor.create_webhook(json!({"url": URL, "companyId": "1"})).await;
        assert_eq!(refusals(&refused), ["FORBIDDEN "]);
        assert_eq!(refused["userErrors"][0]["message"], "Only managers, admins and services can manage webhooks.");
        assert_eq!(refusals(&actor.update_webhook(&id, json!({}), None).await), ["FORBIDDEN "]);
        for call in [
            format!("deleteWebhook(id: {id})"),
            format!("rotateWebhookSecret(id: {id})"),
            format!("testWebhook(id: {id})"),
            "redeliverWebhook(deliveryId: 1)".to_owned(),
            format!("replayWebhook(id: {id}, since: {event})"),
        ] {
            assert_eq!(refusals(&actor.on_webhook(&call).await), ["FORBIDDEN "], "{call}");
        }
        assert_eq!(actor.webhook(&id).await, Value::Null);
        let answer = actor.graphql("{ webhooks(companyId: 1) { nodes { id } } }", json!({})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN");
    }
    let anonymous = app.anonymous().graphql("{ webhook(id: 1) { id } }", json!({})).await;
    assert_eq!(anonymous["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    assert_eq!(app.manager().webhook(&id).await["version"], 1);
}

#[rstest]
#[tokio::test]
async fn webhook_of_another_company_does_not_exist_for_a_manager(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (admin, manager) = (app.admin(), app.manager());
    let other = created(&admin.create_webhook(json!({"url": URL, "companyId": "2"})).await);
    let all = created(&admin.create_webhook(json!({"url": URL})).await);
    let own = app.webhook().await;
    let event = latest_event(&app).await;
    for id in [&other, &all] {
        assert_eq!(manager.webhook(id).await, Value::Null);
        assert_eq!(refusals(&manager.update_webhook(id, json!({}), None).await), ["NOT_FOUND id"]);
        for call in [
            format!("deleteWebhook(id: {id})"),
            format!("rotateWebhookSecret(id: {id})"),
            format!("testWebhook(id: {id})"),
            format!("replayWebhook(id: {id}, since: {event})"),
        ] {
            assert_eq!(refusals(&manager.on_webhook(&call).await), ["NOT_FOUND id"], "{call}");
        }
        assert_eq!(admin.webhook(id).await["version"], 1);
    }
    let created = manager.create_webhook(json!({"url": URL, "companyId": "2"})).await;
    assert_eq!(refusals(&created), ["NOT_FOUND input.companyId"]);
    let created = manager.create_webhook(json!({"url": URL})).await;
    assert_eq!(created["userErrors"][0]["message"], "Only admins and services can manage webhooks without a company.");
    assert_eq!(manager.webhooks_of(2).await, Vec::<String>::new());
    assert_eq!(manager.webhooks_of(1).await, [own]);
}

#[rstest]
#[tokio::test]
async fn admins_and_services_manage_all_webhooks(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    for actor in [app.admin(), app.service()] {
        let of_company = created(&actor.create_webhook(json!({"url": URL, "companyId": "2"})).await);
        let of_all = created(&actor.create_webhook(json!({"url": URL})).await);
        assert_eq!(actor.webhooks_of(2).await, std::slice::from_ref(&of_company));
        let data = actor.ask("{ webhooks { nodes { id company { id } } totalCount } }", json!({})).await;
        assert_eq!(data["webhooks"], json!({"nodes": [{"id": of_all, "company": null}], "totalCount": 1}));
        for id in [of_company, of_all] {
            assert_eq!(actor.update_webhook(&id, json!({"status": "PAUSED"}), None).await["userErrors"], json!([]));
            assert_eq!(actor.on_webhook(&format!("deleteWebhook(id: {id})")).await["deletedId"], id);
        }
    }
    let answer = app.manager().graphql("{ webhooks { nodes { id } } }", json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN");
}

#[rstest]
#[tokio::test]
async fn webhooks_are_paged_by_id(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(app.webhook().await);
    }
    let (mut seen, mut after) = (Vec::new(), Value::Null);
    let query = "query($after: String) { webhooks(companyId: 1, first: 2, after: $after) { \
        nodes { id } pageInfo { hasNextPage endCursor } totalCount } }";
    loop {
        let data = app.manager().ask(query, json!({"after": after})).await;
        let page = &data["webhooks"];
        assert_eq!(page["totalCount"], 5);
        seen.extend(page["nodes"].as_array().unwrap().iter().map(|node| node["id"].as_str().unwrap().to_owned()));
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    assert_eq!(seen, ids);
}
