//! Requests with idempotency keys: the change is made once, however often and wherever the request is sent.

mod bad_input;
mod bulk;
mod cleanup;
mod concurrency;
mod crash;
mod expiry;
mod replays;
mod rest;
mod statements;
mod together;
mod webhooks;

use crate::support::TestApp;
use crate::support::actor::{Actor, ERRORS, FIELDS};
use crate::support::booking::time_arguments;
use crate::support::people::{BRUNA_APPLICATION, LUISA};
use serde_json::{Value, json};

/// The payload of a mutation of an interview with a key.
async fn keyed(actor: &Actor, mutation: &str, arguments: &str, key: &str) -> Value {
    let query = format!(
        "mutation($key: String) {{ {mutation}({arguments}, idempotencyKey: $key) {{ \
         interview {{ {FIELDS} }} eventId replayed {ERRORS} }} }}"
    );
    actor.ask(&query, json!({"key": key})).await[mutation].take()
}

/// The arguments of `createInterview` for Bruna, on the free day.
fn booking(start: &str, end: &str) -> String {
    format!(
        "input: {{kind: PHONE_CALL, {}, intervieweeId: {BRUNA_APPLICATION}, interviewerId: {LUISA}}}",
        time_arguments(start, end)
    )
}

/// The number of keys that are stored.
async fn keys(app: &TestApp) -> i64 {
    app.database.value("SELECT count(*) FROM idempotency_keys").await
}
