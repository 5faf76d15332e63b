//! Reads GraphQL requests. What is wrong with a request is described here, because the parser's own messages name
//! types and positions of its implementation.

use crate::graphql::Code;
use crate::http::content_type::is_json;
use crate::http::error_response::HttpError;
use async_graphql::{BatchRequest, ParseRequestError, Request as Operation, Variables};
use async_graphql_axum::GraphQLRequest;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use serde_json::{Map, Value};

/// The longest name of an operation, in bytes. Longer names would be echoed in error messages and in the log.
const MAX_OPERATION_NAME: usize = 256;

const NOT_AN_OBJECT: &str = "the body has to be a JSON object with a `query`, or an array of them";

const UNSUPPORTED_MEDIA_TYPE: HttpError = HttpError::new(
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    Code::BadRequest,
    "the body has to be JSON in UTF-8, with `content-type: application/json`",
);

/// The operations of a POST request.
pub(crate) struct Operations(pub(crate) BatchRequest);

impl<S: Send + Sync> FromRequest<S> for Operations {
    type Rejection = HttpError;

    async fn from_request(request: Request, _: &S) -> Result<Self, HttpError> {
        if !is_json(request.headers()) {
            return Err(UNSUPPORTED_MEDIA_TYPE);
        }
        let (parts, body) = request.into_parts();
        // The middleware has read the body into memory; this takes it without a copy.
        let body = body.collect().await.map_err(|_| HttpError::bad_request("the body could not be read"))?.to_bytes();
        // The library parses an array as a batch, or else as the fields of one request in their order.
        let operations = if body.trim_ascii_start().first() == Some(&b'[') {
            batch(&body).map(BatchRequest::Batch)
        } else {
            single(parts, &body).await.map(BatchRequest::Single)
        };
        operations.map(Self).map_err(HttpError::bad_request)
    }
}

/// Parses the body with the extractor of `async-graphql-axum`. The extractor consumes the body, therefore the server
/// keeps a reference to its bytes, to describe what is wrong with them.
async fn single(parts: Parts, body: &Bytes) -> Result<Operation, String> {
    let request = Request::from_parts(parts, Body::from(body.clone()));
    let operation = GraphQLRequest::<Malformed>::from_request(request, &()).await;
    let operation = operation.map_err(|Malformed| describe_error(body))?.into_inner();
    let has_query = || serde_json::from_slice::<Map<String, Value>>(body).is_ok_and(|it| it.contains_key("query"));
    let has_query = !operation.query.is_empty() || has_query();
    check(operation, has_query)
}

fn batch(body: &Bytes) -> Result<Vec<Operation>, String> {
    let describe = |_| describe_error(body);
    let objects: Vec<Map<String, Value>> = serde_json::from_slice(body).map_err(describe)?;
    let operations: Vec<Operation> = serde_json::from_slice(body).map_err(describe)?;
    let operations = operations.into_iter().zip(&objects);
    operations.map(|(operation, object)| check(operation, object.contains_key("query"))).collect()
}

/// Reads the query string: `query`, `operationName`, and `variables` and `extensions` as JSON.
pub(crate) fn from_query(query: &str) -> Result<Operation, String> {
    let mut operation = Operation::new("");
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let json = |name: &str| match serde_json::from_str(&value) {
            Ok(json @ (Value::Object(_) | Value::Null)) => Ok(json),
            _ => Err(format!("`{name}` has to be a JSON object")),
        };
        match name.as_ref() {
            "query" => operation.query = value.into_owned(),
            "operationName" => operation.operation_name = Some(value.into_owned()).filter(|name| !name.is_empty()),
            "variables" => operation.variables = Variables::from_json(json("variables")?),
            "extensions" => {
                operation.extensions = serde_json::from_value(json("extensions")?)
                    .map_err(|_| "`extensions` has to be a JSON object".to_owned())?;
            }
            _ => {}
        }
    }
    check(operation, false)
}

/// Reads the payload of a WebSocket message.
pub(crate) fn from_object(object: Map<String, Value>) -> Result<Operation, String> {
    if let Some(error) = find_wrong_type(&object) {
        return Err(error.to_owned());
    }
    let has_query = object.contains_key("query");
    let operation =
        serde_json::from_value(Value::Object(object)).map_err(|_| "it is not a GraphQL request".to_owned())?;
    check(operation, has_query)
}

/// An empty query is a syntax error, which the engine reports. A request that has no query and no hash of a persisted
/// one is not a GraphQL request.
fn check(operation: Operation, has_query: bool) -> Result<Operation, String> {
    if operation.query.is_empty() && !has_query && !operation.extensions.contains_key("persistedQuery") {
        return Err("`query` is missing".to_owned());
    }
    match &operation.operation_name {
        Some(name) if name.len() > MAX_OPERATION_NAME => {
            Err(format!("`operationName` has at most {MAX_OPERATION_NAME} bytes"))
        }
        _ => Ok(operation),
    }
}

/// A body that the library cannot parse. Its own description is dropped.
struct Malformed;

impl From<ParseRequestError> for Malformed {
    fn from(_: ParseRequestError) -> Self {
        Self
    }
}

impl IntoResponse for Malformed {
    fn into_response(self) -> Response {
        HttpError::bad_request(NOT_AN_OBJECT).into_response()
    }
}

/// Why a body cannot be parsed.
fn describe_error(body: &[u8]) -> String {
    let error = match serde_json::from_slice(body) {
        Ok(Value::Object(request)) => find_wrong_type(&request),
        Ok(Value::Array(requests)) => requests.iter().find_map(|request| match request {
            Value::Object(request) => find_wrong_type(request),
            _ => Some(NOT_AN_OBJECT),
        }),
        Ok(_) => None,
        Err(_) => Some("the body is not JSON"),
    };
    error.unwrap_or(NOT_AN_OBJECT).to_owned()
}

fn find_wrong_type(request: &Map<String, Value>) -> Option<&'static str> {
    let is =
        |name: &str, fits: fn(&Value) -> bool| request.get(name).is_none_or(|value| value.is_null() || fits(value));
    if !request.get("query").is_none_or(Value::is_string) {
        Some("`query` has to be a string")
    } else if !is("operationName", Value::is_string) {
        Some("`operationName` has to be a string")
    } else if !is("variables", Value::is_object) {
        Some("`variables` has to be an object")
    } else if !is("extensions", Value::is_object) {
        Some("`extensions` has to be an object")
    } else {
        None
    }
}
