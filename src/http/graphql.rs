//! GraphQL over HTTP.

use super::answers::BEARER;
use super::content_type::is_json;
use super::middleware::RequestId;
use super::{Server, authorization};
use crate::graphql::{self, Code, Session, error_with_code};
use crate::services::AuthenticationError;
use async_graphql::{Error, ParseRequestError, Pos, Response as GraphQlResponse, ServerError, Value};
use async_graphql_axum::GraphQLRequest;
use axum::body::Body;
use axum::extract::{Extension, FromRequest, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use http_body_util::BodyExt;
use serde::Serialize;

const MEDIA_TYPE: &str = "application/graphql-response+json";

/// An answer as it goes out.
#[derive(Serialize)]
struct Answer<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [ServerError],
}

/// To the explorer, for whoever types the address alone.
pub async fn redirect() -> Redirect {
    Redirect::temporary("/graphql")
}

/// The explorer, for browsers.
pub async fn page(State(server): State<Server>, headers: HeaderMap) -> Response {
    let accepts = |value: &header::HeaderValue| value.to_str().is_ok_and(|value| value.contains("text/html"));
    if headers.get_all(header::ACCEPT).iter().any(accepts) {
        return server.explorer.page();
    }
    let message = "send operations by POST; browsers get the explorer here";
    let mut response = refuse(&headers, StatusCode::METHOD_NOT_ALLOWED, Code::BadRequest, message);
    response.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static("POST"));
    response
}

/// One operation.
pub async fn post(
    State(server): State<Server>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    request: Request,
) -> Response {
    let headers = request.headers().clone();
    if !is_json(&headers) {
        let message = "the body has to be JSON, with `content-type: application/json`";
        return refuse(&headers, StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::BadRequest, message);
    }
    let Ok(request) = read(request, &server).await else {
        let message = "the body has to be a JSON object with a `query`";
        return refuse(&headers, StatusCode::BAD_REQUEST, Code::BadRequest, message);
    };
    let viewer = match authorization::viewer(&server.services, &headers).await {
        Ok(viewer) => viewer,
        Err(AuthenticationError::Refused(why)) => {
            return refuse(&headers, StatusCode::UNAUTHORIZED, Code::Unauthenticated, why);
        }
        Err(AuthenticationError::Failed(cause)) => {
            let error = graphql::internal(&request_id, &cause);
            return before_execution(&headers, StatusCode::INTERNAL_SERVER_ERROR, error);
        }
    };
    let session = Session { viewer, request_id };
    answer(&headers, &graphql::execute(&server.schema, server.services.clone(), session, request).await)
}

/// Reads the body, which has to be an object: the library takes a list for the fields of one in their order, or for a batch.
async fn read(request: Request, server: &Server) -> Result<async_graphql::Request, Unreadable> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Unreadable)?.to_bytes();
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(Unreadable);
    }
    let request = Request::from_parts(parts, Body::from(body));
    Ok(GraphQLRequest::<Unreadable>::from_request(request, server).await?.into_inner())
}

/// A body that is no GraphQL request. What the parser says of it is about its insides, and stays here.
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

/// Clients that ask for GraphQL's own media type get its status codes; to others a well-formed request is answered with 200.
fn wants_media_type(headers: &HeaderMap) -> bool {
    let names = |value: &header::HeaderValue| value.to_str().is_ok_and(|value| value.contains(MEDIA_TYPE));
    headers.get_all(header::ACCEPT).iter().any(names)
}

fn refuse(headers: &HeaderMap, status: StatusCode, code: Code, message: &str) -> Response {
    before_execution(headers, status, error_with_code(code, message))
}

/// An error of the request as a whole, which is at no place of the document.
fn before_execution(headers: &HeaderMap, status: StatusCode, error: Error) -> Response {
    let mut error = error.into_server_error(Pos::default());
    error.locations.clear();
    let mut response = answer(headers, &GraphQlResponse::from_errors(vec![error]));
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, BEARER);
    }
    let well_formed = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::INTERNAL_SERVER_ERROR);
    if !well_formed || wants_media_type(headers) {
        *response.status_mut() = status;
    }
    response
}

fn answer(headers: &HeaderMap, response: &GraphQlResponse) -> Response {
    // What failed before anything ran has no path, and no data.
    let ran = response.data != Value::Null || response.errors.iter().any(|error| !error.path.is_empty());
    let body = Answer { data: ran.then_some(&response.data), errors: &response.errors };
    let (media_type, status) = match (wants_media_type(headers), ran) {
        (true, true) => ("application/graphql-response+json; charset=utf-8", StatusCode::OK),
        (true, false) => ("application/graphql-response+json; charset=utf-8", StatusCode::BAD_REQUEST),
        (false, _) => ("application/json; charset=utf-8", StatusCode::OK),
    };
    match serde_json::to_vec(&body) {
        Ok(body) => {
            let headers = [(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, "no-store")];
            (status, headers, body).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "an answer could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
