//! What each viewer sees. For a viewer, an interview that they do not see does not exist; a change of one that they see
//! can be forbidden.

mod former_drivers;
mod mutations;
mod queries;

use crate::support::actor::Actor;
use serde_json::{Value, json};

/// The code of the one error of an answer without data.
async fn error_code(actor: &Actor, query: &str) -> String {
    let answer = actor.graphql(query, json!({})).await;
    let errors = answer["errors"].as_array().unwrap_or_else(|| panic!("{answer:#}"));
    assert_eq!((errors.len(), &answer["data"]), (1, &Value::Null), "{answer:#}");
    errors[0]["extensions"]["code"].as_str().unwrap().to_owned()
}
