//! Writing an answer: its status, its media type, its headers.

use crate::graphql::{Code, Outcome, RequestError};
use crate::http::error_response::BEARER;
use crate::http::graphql::negotiation::Media;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// An outcome and the media type in which it is sent.
pub struct Answer {
    pub media: Media,
    pub outcome: Outcome,
}

/// With the status of a refusal, as far as the media type shows it.
fn status(media: Media, refused: Option<Code>) -> StatusCode {
    match (refused, media) {
        (Some(Code::MethodNotAllowed), _) => StatusCode::METHOD_NOT_ALLOWED,
        (Some(Code::BadRequest), _) => StatusCode::BAD_REQUEST,
        (None, _) | (Some(_), Media::Json) => StatusCode::OK,
        (Some(Code::Unauthenticated), Media::GraphQl) => StatusCode::UNAUTHORIZED,
        (Some(Code::RateLimited), Media::GraphQl) => StatusCode::TOO_MANY_REQUESTS,
        (Some(Code::Internal), Media::GraphQl) => StatusCode::INTERNAL_SERVER_ERROR,
        (Some(_), Media::GraphQl) => StatusCode::BAD_REQUEST,
    }
}

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const PRIVATE: HeaderValue = HeaderValue::from_static("private, max-age=0, must-revalidate");
const VARY: HeaderValue = HeaderValue::from_static("accept, authorization, origin");
const METHODS: HeaderValue = HeaderValue::from_static("GET,HEAD,POST");

impl Answer {
    /// For this request alone.
    pub fn fresh(self) -> Response {
        let text = self.outcome.bytes();
        let mut response = self.write(text);
        response.headers_mut().insert(header::CACHE_CONTROL, NO_STORE);
        response
    }

    /// For the client to keep and ask about again, unless it is a refusal.
    pub fn cacheable(self, request: &HeaderMap) -> Response {
        if !self.outcome.is_success() {
            return self.fresh();
        }
        let text = self.outcome.bytes();
        let etag = etag(&text);
        let mut response = self.write(text);
        let known = request.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        if known.flat_map(|value| value.split(',')).any(|known| matches!(known.trim(), "*") || known.trim() == etag) {
            response = StatusCode::NOT_MODIFIED.into_response();
        }
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, PRIVATE);
        headers.insert(header::VARY, VARY);
        if let Ok(etag) = HeaderValue::from_str(&etag) {
            headers.insert(header::ETAG, etag);
        }
        response
    }

    fn write(self, text: Vec<u8>) -> Response {
        let Self { media, outcome } = self;
        let refused = outcome.rejection().map(|error| (error.code, error.retry_after));
        let mut response = labelled(media, status(media, refused.map(|(code, _)| code)), text);
        let headers = response.headers_mut();
        match refused {
            Some((Code::Unauthenticated, _)) => {
                headers.insert(header::WWW_AUTHENTICATE, BEARER);
            }
            Some((Code::MethodNotAllowed, _)) => {
                headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
            }
            Some((_, Some(wait))) => {
                headers.insert(header::RETRY_AFTER, wait.as_secs().max(1).into());
            }
            _ => {}
        }
        response
    }
}

/// A weak tag of what is answered.
fn etag(text: &[u8]) -> String {
    let hex = Sha256::digest(text).iter().take(16).fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    format!("W/\"{hex}\"")
}

/// The answers of a batch, in its order.
pub fn batch(media: Media, outcomes: &[Outcome]) -> Response {
    let mut text = Vec::new();
    for (index, outcome) in outcomes.iter().enumerate() {
        text.push(if index == 0 { b'[' } else { b',' });
        outcome.write(&mut text);
    }
    text.push(b']');
    let mut response = labelled(media, StatusCode::OK, text);
    response.headers_mut().insert(header::CACHE_CONTROL, NO_STORE);
    response
}

/// The request is no GraphQL request: 400, whatever the media type.
pub fn malformed(media: Media, message: impl Into<String>) -> Response {
    refusal(media, StatusCode::BAD_REQUEST, message)
}

pub fn unsupported(media: Media) -> Response {
    let message = "the body has to be JSON in UTF-8, with `content-type: application/json`";
    refusal(media, StatusCode::UNSUPPORTED_MEDIA_TYPE, message)
}

pub fn not_acceptable() -> Response {
    let message = "answers are `application/graphql-response+json`, `application/json` or `text/event-stream`";
    refusal(Media::Json, StatusCode::NOT_ACCEPTABLE, message)
}

pub fn method_not_allowed(media: Media) -> Response {
    let mut response = refusal(media, StatusCode::METHOD_NOT_ALLOWED, "operations come by POST, or queries by GET");
    response.headers_mut().insert(header::ALLOW, METHODS);
    response
}

fn refusal(media: Media, status: StatusCode, message: impl Into<String>) -> Response {
    let body = Outcome::Rejected(RequestError::new(Code::BadRequest, message, None));
    let mut response = labelled(media, status, body.bytes());
    response.headers_mut().insert(header::CACHE_CONTROL, NO_STORE);
    response
}

fn labelled(media: Media, status: StatusCode, body: Vec<u8>) -> Response {
    (status, [(header::CONTENT_TYPE, media.content_type())], body).into_response()
}
