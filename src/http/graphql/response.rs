//! The HTTP response to GraphQL operations: status, media type and caching.

use crate::graphql::{Code, Json, Outcome, RequestError};
use crate::http::entity_tags::is_current;
use crate::http::error_response::{challenge, retry_after};
use crate::http::graphql::negotiation::Media;
use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use std::fmt::Write;

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const REVALIDATE: HeaderValue = HeaderValue::from_static("private, max-age=0, must-revalidate");
const VARY: HeaderValue = HeaderValue::from_static("accept, authorization, origin");
const ALLOW_POST: HeaderValue = HeaderValue::from_static("POST");

/// The response to an operation that was sent by POST.
pub(super) fn uncacheable(media: Media, outcome: Outcome) -> Response {
    with_caching(respond(media, outcome), NO_STORE)
}

/// The response to a query that was sent by GET. The client may cache it, and revalidates it by its `ETag`; errors
/// are not cached.
pub(super) fn cacheable(media: Media, outcome: Outcome, request: &HeaderMap) -> Response {
    if !outcome.is_success() {
        return uncacheable(media, outcome);
    }
    let body = outcome.into_json();
    let etag = weak_etag(body.as_ref());
    let response = if is_current(request, &etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        with_media(media, StatusCode::OK, body)
    };
    let mut response = with_caching(response, REVALIDATE);
    response.headers_mut().insert(header::VARY, VARY);
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}

/// The responses to a batch, in the order of its operations.
#[derive(Default)]
pub(super) struct Batch(Json);

impl Batch {
    pub(super) fn push(&mut self, outcome: Outcome) {
        self.0.push_str(if self.0.is_empty() { "[" } else { "," });
        self.0.append(outcome.into_json());
    }

    /// The response. It is always 200, because each outcome has its own errors.
    pub(super) fn into_response(mut self, media: Media) -> Response {
        self.0.push_str("]");
        with_caching(with_media(media, StatusCode::OK, self.0), NO_STORE)
    }
}

fn respond(media: Media, outcome: Outcome) -> Response {
    let rejection = outcome.rejection();
    let status = status(media, rejection.map(|error| error.code));
    let header = rejection.and_then(rejection_header);
    let mut response = with_media(media, status, outcome.into_json());
    if let Some((name, value)) = header {
        response.headers_mut().insert(name, value);
    }
    response
}

/// Without a rejection, and in the older media type, the status is 200 for every well-formed request. A server that
/// executes nothing because of an outage or because it is overloaded says so with both types.
fn status(media: Media, rejection: Option<Code>) -> StatusCode {
    match (rejection, media) {
        (Some(Code::MethodNotAllowed), _) => StatusCode::METHOD_NOT_ALLOWED,
        (Some(Code::BadRequest), _) => StatusCode::BAD_REQUEST,
        (Some(Code::Unavailable | Code::Timeout | Code::Overloaded), _) => StatusCode::SERVICE_UNAVAILABLE,
        (None, _) | (Some(_), Media::Json) => StatusCode::OK,
        (Some(Code::Unauthenticated), Media::GraphQl) => StatusCode::UNAUTHORIZED,
        (Some(Code::RateLimited), Media::GraphQl) => StatusCode::TOO_MANY_REQUESTS,
        (Some(Code::Internal), Media::GraphQl) => StatusCode::INTERNAL_SERVER_ERROR,
        (Some(_), Media::GraphQl) => StatusCode::BAD_REQUEST,
    }
}

/// The header by which a rejection tells the client what to do.
fn rejection_header(error: &RequestError) -> Option<(header::HeaderName, HeaderValue)> {
    if let Some(why) = error.no_viewer {
        return Some((header::WWW_AUTHENTICATE, challenge(why)));
    }
    match (error.code, error.retry_after) {
        (Code::MethodNotAllowed, _) => Some((header::ALLOW, ALLOW_POST)),
        (_, Some(wait)) => Some((header::RETRY_AFTER, retry_after(wait))),
        (_, None) => None,
    }
}

fn weak_etag(body: &[u8]) -> String {
    let hex = Sha256::digest(body).iter().take(16).fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    format!("W/\"{hex}\"")
}

fn with_media(media: Media, status: StatusCode, body: Json) -> Response {
    (status, [(header::CONTENT_TYPE, media.content_type())], Bytes::from(body)).into_response()
}

fn with_caching(mut response: Response, cache_control: HeaderValue) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, cache_control);
    response
}
