//! Reading a request: what is wrong with it is said in its own words, never in a parser's.

use async_graphql::{BatchRequest, ParseRequestError, Request as Operation, Variables};
use async_graphql_axum::GraphQLRequest;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use serde_json::{Map, Value};

/// Reads the query string: `query`, `operationName`, and `variables` and `extensions` as JSON.
pub fn from_query(query: &str) -> Result<Operation, String> {
    let mut request = Operation::new("");
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let json = |name: &str| match serde_json::from_str(&value) {
            Ok(json @ (Value::Object(_) | Value::Null)) => Ok(json),
            _ => Err(format!("`{name}` has to be a JSON object")),
        };
        match name.as_ref() {
            "query" => request.query = value.into_owned(),
            "operationName" => request.operation_name = Some(value.into_owned()).filter(|name| !name.is_empty()),
            "variables" => request.variables = Variables::from_json(json("variables")?),
            "extensions" => {
                request.extensions = serde_json::from_value(json("extensions")?)
                    .map_err(|_| "`extensions` has to be a JSON object".to_owned())?;
            }
            _ => {}
        }
    }
    bounded(request, false)
}

/// Reads the body, which the middleware has measured.
pub async fn from_body(request: Request) -> Result<BatchRequest, String> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| "the body could not be read".to_owned())?.to_bytes();
    // The library takes a list for a batch, but also for the fields of a request in their order: so lists are told apart here.
    if body.trim_ascii_start().first() == Some(&b'[') {
        let wrong = || what_is_wrong(&body);
        let objects: Vec<Map<String, Value>> = serde_json::from_slice(&body).map_err(|_| wrong())?;
        let requests: Vec<Operation> = serde_json::from_slice(&body).map_err(|_| wrong())?;
        let requests = requests.into_iter().zip(&objects);
        let requests = requests.map(|(request, object)| bounded(request, object.contains_key("query")));
        return requests.collect::<Result<_, _>>().map(BatchRequest::Batch);
    }
    let request = Request::from_parts(parts, Body::from(body.clone()));
    match GraphQLRequest::<Unreadable>::from_request(request, &()).await {
        Ok(request) => {
            let request = request.into_inner();
            let has_query =
                || serde_json::from_slice::<Map<String, Value>>(&body).is_ok_and(|it| it.contains_key("query"));
            let has_query = !request.query.is_empty() || has_query();
            bounded(request, has_query).map(BatchRequest::Single)
        }
        Err(Unreadable) => Err(what_is_wrong(&body)),
    }
}

/// Reads a request that is an object within something else, such as a message.
pub fn from_object(object: Map<String, Value>) -> Result<Operation, String> {
    if let Some(wrong) = mistyped(&object) {
        return Err(wrong.to_owned());
    }
    let has_query = object.contains_key("query");
    let request =
        serde_json::from_value(Value::Object(object)).map_err(|_| "it is not a GraphQL request".to_owned())?;
    bounded(request, has_query)
}

/// A body that is no request. What the parser says of it is about its insides, and stays here.
struct Unreadable;

impl From<ParseRequestError> for Unreadable {
    fn from(_: ParseRequestError) -> Self {
        Self
    }
}

impl IntoResponse for Unreadable {
    fn into_response(self) -> Response {
        StatusCode::BAD_REQUEST.into_response()
    }
}

/// The longest name of an operation, in bytes.
const LONGEST_NAME: usize = 256;

/// An empty query is one that cannot be parsed; one that is not there, nor named by its hash, is no request.
fn bounded(request: Operation, has_query: bool) -> Result<Operation, String> {
    if request.query.is_empty() && !has_query && !request.extensions.contains_key("persistedQuery") {
        return Err("`query` is missing".to_owned());
    }
    match &request.operation_name {
        Some(name) if name.len() > LONGEST_NAME => Err(format!("`operationName` has at most {LONGEST_NAME} bytes")),
        _ => Ok(request),
    }
}

fn what_is_wrong(body: &Bytes) -> String {
    let request = match serde_json::from_slice(body) {
        Ok(Value::Object(request)) => request,
        Ok(Value::Array(requests)) => {
            let wrong = requests.iter().find_map(|it| it.as_object().map_or(Some(NOT_AN_OBJECT), mistyped));
            return wrong.unwrap_or(NOT_AN_OBJECT).to_owned();
        }
        Ok(_) => return NOT_AN_OBJECT.to_owned(),
        Err(_) => return "the body is not JSON".to_owned(),
    };
    mistyped(&request).unwrap_or(NOT_AN_OBJECT).to_owned()
}

const NOT_AN_OBJECT: &str = "the body has to be a JSON object with a `query`, or an array of them";

fn mistyped(request: &Map<String, Value>) -> Option<&'static str> {
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
