//! Ending the access of people: revoked tokens, and erased users.

mod erased_strings;
mod erasure;
mod permissions;
mod revocation;

use crate::support::actor::Actor;
use serde_json::{Value, json};
use std::fmt::Display;

impl Actor {
    /// The payload of `revokeTokens`.
    pub async fn revoke(&self, input: Value) -> Value {
        let query = "mutation($input: RevokeTokensInput!) { revokeTokens(input: $input) { \
                     revokedAt userErrors { __typename code message path } } }";
        self.ask(query, json!({"input": input})).await["revokeTokens"].take()
    }

    /// The payload of `eraseUser`.
    pub async fn erase(&self, id: impl Display, cancel_open: bool) -> Value {
        let query = "mutation($id: ID!, $cancelOpen: Boolean!) { eraseUser(id: $id, cancelOpen: $cancelOpen) { \
                     user { id role title image phoneNumber contactPhoneNumber email timeZone manager deactivatedAt \
                     erasedAt } userErrors { __typename code message path \
                     ... on OpenInterviewsError { interviews { id status } } } } }";
        self.ask(query, json!({"id": id.to_string(), "cancelOpen": cancel_open})).await["eraseUser"].take()
    }
}
