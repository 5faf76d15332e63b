//! Reads GraphQL requests. What is wrong with a request is described here and in `request_body`, because the parser's
//! own messages name types and positions of its implementation.

use crate::graphql::{Charge, Code, MemoryBudget, NoMemory};
use crate::http::ServerState;
use crate::http::content_type::is_json;
use crate::http::error_response::{HttpError, NO_MEMORY};
use crate::http::graphql::request_body;
use crate::http::json_memory::charge_json;
use crate::http::json_text::without_byte_order_mark;
use async_graphql::{BatchRequest, Request as Operation, Variables};
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use http_body_util::BodyExt;
use serde_json::Value;

/// The longest name of an operation, in bytes. Longer names would be echoed in error messages and in the log.
const MAX_OPERATION_NAME: usize = 256;

const UNSUPPORTED_MEDIA_TYPE: HttpError = HttpError::new(
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    Code::BadRequest,
    "The body has to be JSON in UTF-8, with `content-type: application/json`.",
);

/// The operations of a POST request.
pub(crate) struct Operations(pub(crate) BatchRequest);

impl FromRequest<ServerState> for Operations {
    type Rejection = HttpError;

    async fn from_request(request: Request, server: &ServerState) -> Result<Self, HttpError> {
        if !is_json(request.headers()) {
            return Err(UNSUPPORTED_MEDIA_TYPE);
        }
        // The middleware has read the body into memory; this takes it without a copy.
        let body = request.into_body().collect().await;
        let body = body.map_err(|_| HttpError::bad_request("The body could not be read."))?.to_bytes();
        let body = without_byte_order_mark(&body);
        let operations = if body.trim_ascii_start().first() == Some(&b'[') {
            request_body::batch(body, server.limits.max_batch).map(BatchRequest::Batch)
        } else {
            request_body::single(body).map(BatchRequest::Single)
        };
        operations.map(Self).map_err(HttpError::bad_request)
    }
}

/// Reads the query string: `query`, `operationName`, and `variables` and `extensions` as JSON. An empty parameter is as
/// an absent one, except `query`. The charge is for the memory of the JSON.
pub(crate) fn from_query(query: &str, memory: &MemoryBudget) -> Result<(Operation, Charge), HttpError> {
    let (mut operation, mut charges) = (Operation::new(""), Charge::default());
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let mut json = |name: &str| {
            let mut charge = Charge::default();
            charge_json(memory, &mut charge, value.as_bytes()).map_err(|NoMemory| NO_MEMORY)?;
            charges.merge(charge);
            let text = without_byte_order_mark(value.as_bytes());
            if text.is_empty() {
                return Ok(Value::Null);
            }
            match serde_json::from_slice(text) {
                Ok(json @ (Value::Object(_) | Value::Null)) => Ok(json),
                _ => Err(HttpError::bad_request(format!("The field `{name}` has to be a JSON object."))),
            }
        };
        match name.as_ref() {
            "query" => operation.query = value.into_owned(),
            "operationName" => operation.operation_name = Some(value.into_owned()),
            "variables" => operation.variables = Variables::from_json(json("variables")?),
            "extensions" => {
                operation.extensions = serde_json::from_value(json("extensions")?)
                    .map_err(|_| HttpError::bad_request("The field `extensions` has to be a JSON object."))?;
            }
            _ => {}
        }
    }
    Ok((check(operation, false).map_err(HttpError::bad_request)?, charges))
}

/// Reads the payload of a WebSocket message.
pub(crate) fn from_payload(payload: &str) -> Result<Operation, String> {
    request_body::payload(payload.as_bytes())
}

/// An empty query is a syntax error, which the engine reports. A request that has no query and no hash of a persisted
/// one is not a GraphQL request. An empty name is no name, and a null among the extensions is no extension.
pub(super) fn check(mut operation: Operation, has_query: bool) -> Result<Operation, String> {
    operation.extensions.retain(|_, value| *value != async_graphql::Value::Null);
    if operation.query.is_empty() && !has_query && !operation.extensions.contains_key("persistedQuery") {
        return Err("The field `query` is missing.".to_owned());
    }
    operation.operation_name = operation.operation_name.filter(|name| !name.is_empty());
    match &operation.operation_name {
        Some(name) if name.len() > MAX_OPERATION_NAME => {
            Err(format!("The field `operationName` has at most {MAX_OPERATION_NAME} bytes."))
        }
        _ => Ok(operation),
    }
}
