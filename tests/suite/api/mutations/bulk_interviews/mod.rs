//! `bulkInterviews`: several operations in one call.

mod all_or_none;
mod by_itself;
mod limits;

use crate::support::actor::{Actor, ERRORS, FIELDS, refusals};
use crate::support::booking::times;
use crate::support::people::{LUISA, application_of, company_of};
use interviews::domain::UserId;
use serde_json::{Value, json};

impl Actor {
    /// The payload of `bulkInterviews`.
    async fn bulk(&self, operations: &Value, atomic: bool) -> Value {
        let query = format!(
            "mutation($operations: [InterviewOperation!]!, $atomic: Boolean) {{ \
             bulkInterviews(operations: $operations, atomic: $atomic) {{ \
             results {{ interview {{ {FIELDS} }} eventId replayed {ERRORS} }} applied }} }}"
        );
        self.ask(&query, json!({"operations": operations, "atomic": atomic})).await["bulkInterviews"].take()
    }
}

/// An operation that books an interview with Luisa on the free day.
fn create(driver: UserId, start: &str, end: &str) -> Value {
    let mut input = times(start, end);
    input["kind"] = json!("PHONE_CALL");
    input["intervieweeId"] = json!(application_of(driver, company_of(LUISA)).to_string());
    input["interviewerId"] = json!(LUISA.to_string());
    json!({"create": input})
}

/// The user errors of each result.
fn errors(payload: &Value) -> Vec<Vec<String>> {
    payload["results"].as_array().unwrap().iter().map(refusals).collect()
}
