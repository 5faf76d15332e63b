//! Automatic persisted queries (<https://www.apollographql.com/docs/apollo-server/performance/apq>): the client names a
//! document by the SHA-256 of its text.

use crate::graphql::engine::document::Hash;
use crate::graphql::engine::error::{Code, RequestError};
use async_graphql::Value;

/// Parses the value of `extensions.persistedQuery`.
///
/// # Errors
/// `BAD_REQUEST` when it is not `{version: 1, sha256Hash}`.
pub fn persisted_query_hash(persisted: &Value) -> Result<Hash, RequestError> {
    let bad = |message| RequestError::new(Code::BadRequest, message, None);
    let Value::Object(fields) = persisted else {
        return Err(bad("The value of `extensions.persistedQuery` has to be an object."));
    };
    let is_first = |version: &Value| matches!(version, Value::Number(number) if number.as_f64() == Some(1.0));
    if !fields.get("version").is_some_and(is_first) {
        return Err(bad("The value of `extensions.persistedQuery.version` has to be 1."));
    }
    let hash = match fields.get("sha256Hash") {
        Some(Value::String(hex)) => parse_hex(hex),
        _ => None,
    };
    hash.ok_or_else(|| bad("The value of `extensions.persistedQuery.sha256Hash` has to be a SHA-256 in hexadecimal."))
}

fn parse_hex(hex: &str) -> Option<Hash> {
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    let byte = |index: usize| u8::from_str_radix(&hex[2 * index..2 * index + 2], 16).ok();
    (0..32).map(byte).collect::<Option<Vec<u8>>>()?.try_into().ok()
}
