//! The part of the API that manages webhooks.

mod consumer;
mod cost;
mod create;
mod delete;
mod deliveries;
mod erasure;
mod missed;
mod permissions;
mod redeliver;
mod removal;
mod replay;
mod rotate;
mod update;

use crate::support::TestApp;
use crate::support::actor::Actor;
use crate::support::inspect::query;
use interviews::domain::WebhookId;
use interviews::domain::webhook::DisabledReason;
use serde_json::{Value, json};
use std::fmt::Display;

const URL: &str = "https://example.com/hook";

const FIELDS: &str = "id url company { id } types description status disabledReason failingSince version createdAt";
const ERRORS: &str = "userErrors { __typename code message path ... on VersionError { version } \
    ... on WebhookStateError { status } ... on ValidationError { limit } }";
const DELIVERY: &str = "id messageId type state nextAttemptAt createdAt event { id type interview { id } } \
    attempts { number at status durationMs error response }";

impl Actor {
    /// The payload of `createWebhook`.
    async fn create_webhook(&self, input: Value) -> Value {
        let mutation = format!(
            "mutation($input: CreateWebhookInput!) {{ \
             createWebhook(input: $input) {{ webhook {{ {FIELDS} }} secret {ERRORS} }} }}"
        );
        self.ask(&mutation, json!({"input": input})).await["createWebhook"].take()
    }

    /// The payload of `updateWebhook`.
    async fn update_webhook(&self, id: impl Display, input: Value, expected: Option<i32>) -> Value {
        let mutation = format!(
            "mutation($id: ID!, $input: UpdateWebhookInput!, $version: Int) {{ \
             updateWebhook(id: $id, input: $input, expectedVersion: $version) {{ \
             webhook {{ {FIELDS} }} secret {ERRORS} }} }}"
        );
        let variables = json!({"id": id.to_string(), "input": input, "version": expected});
        self.ask(&mutation, variables).await["updateWebhook"].take()
    }

    /// The payload of another mutation with these arguments as literals: `testWebhook(id: 1)`.
    async fn on_webhook(&self, call: &str) -> Value {
        let (name, _) = call.split_once('(').unwrap();
        let result = match name {
            "rotateWebhookSecret" => format!("webhook {{ {FIELDS} }} secret"),
            "deleteWebhook" => "deletedId".to_owned(),
            "replayWebhook" => "count complete last".to_owned(),
            _ => format!("delivery {{ {DELIVERY} }}"),
        };
        self.ask(&format!("mutation {{ {call} {{ {result} {ERRORS} }} }}"), json!({})).await[name].take()
    }

    /// The webhook, or null.
    async fn webhook(&self, id: impl Display) -> Value {
        self.ask(&format!("{{ webhook(id: {id}) {{ {FIELDS} }} }}"), json!({})).await["webhook"].take()
    }

    /// The ids of the webhooks of a company.
    async fn webhooks_of(&self, company: impl Display) -> Vec<String> {
        let data = self.ask(&format!("{{ webhooks(companyId: {company}) {{ nodes {{ id }} }} }}"), json!({})).await;
        let nodes = data["webhooks"]["nodes"].as_array().unwrap();
        nodes.iter().map(|node| node["id"].as_str().unwrap().to_owned()).collect()
    }
}

impl TestApp {
    /// The id of a new webhook of the manager's company.
    async fn webhook(&self) -> String {
        created(&self.manager().create_webhook(json!({"url": URL, "companyId": "1"})).await)
    }

    /// Moves the position of the consumer to the end of the log, as if all events were read for webhooks.
    async fn consume_log(&self) {
        let last = "SELECT transaction_id, id FROM interview_events ORDER BY transaction_id DESC, id DESC LIMIT 1";
        let sql = format!("UPDATE log_consumers SET (transaction_id, event_id) = ({last})");
        self.database.execute(&sql).await;
    }

    /// Where the log is read for webhooks; none if it is not read.
    async fn consumer(&self) -> Option<i64> {
        let rows = query(&self.database, "SELECT event_id FROM log_consumers WHERE name = 'webhooks'").await;
        rows.first().map(|row| row["event_id"].as_i64().unwrap())
    }

    /// Switches a webhook off, as the server does when its receiver has failed for too long.
    async fn disable(&self, webhook: &str) {
        let id = WebhookId::from_text(webhook);
        assert!(self.app.services().disable_webhook(id, DisabledReason::Failing, |_| true).await.unwrap());
    }

    /// The deliveries of a webhook as `event state`, by event.
    async fn queued(&self, webhook: &str) -> Vec<(i64, String)> {
        let sql = format!(
            "SELECT event_id, state FROM webhook_deliveries WHERE webhook_id = {webhook} AND event_id IS NOT NULL \
             ORDER BY event_id"
        );
        let rows = query(&self.database, &sql).await;
        rows.iter().map(|row| (row["event_id"].as_i64().unwrap(), row["state"].as_str().unwrap().to_owned())).collect()
    }

    /// Gives a delivery a state, as the sender does.
    async fn finish(&self, webhook: &str, event: i64, state: &str) {
        let sql = format!(
            "UPDATE webhook_deliveries SET state = '{state}', attempt = 10, step = 10, next_attempt_at = NULL, \
             finished_at = created_at WHERE webhook_id = {webhook} AND event_id = {event}"
        );
        self.database.execute(&sql).await;
    }
}

/// The id of the webhook in a payload without errors.
fn created(payload: &Value) -> String {
    assert_eq!(payload["userErrors"], json!([]), "{payload:#}");
    payload["webhook"]["id"].as_str().unwrap().to_owned()
}
