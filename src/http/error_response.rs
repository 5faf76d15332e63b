//! Errors that are answered before any operation runs, in the shape of the transport that was addressed.

use crate::graphql::{Code, RequestError};
use crate::http::graphql::negotiation::{Media, media};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// What a request is to be answered with when it cannot be served.
pub struct HttpError {
    pub status: StatusCode,
    pub code: Code,
    pub message: &'static str,
}

/// How errors look.
#[derive(Clone, Copy, Debug)]
pub enum ErrorFormat {
    Rest,
    GraphQl(Media),
}

impl ErrorFormat {
    /// REST's under `/api/`, GraphQL's elsewhere. The address has to be the whole one, not what a nested router sees.
    pub fn of(uri: &Uri, headers: &HeaderMap) -> Self {
        if uri.path().starts_with("/api/") { Self::Rest } else { Self::GraphQl(media(headers).unwrap_or(Media::Json)) }
    }
}

/// The server has as much to do as it takes on.
pub const OVERLOADED: HttpError =
    HttpError::new(StatusCode::SERVICE_UNAVAILABLE, Code::Overloaded, "the server is busy: try again");
/// A request's time is over.
pub const TIMED_OUT: HttpError =
    HttpError::new(StatusCode::SERVICE_UNAVAILABLE, Code::Timeout, "the request took too long");

impl HttpError {
    pub const fn new(status: StatusCode, code: Code, message: &'static str) -> Self {
        Self { status, code, message }
    }

    pub fn answer(&self, shape: ErrorFormat, request_id: &str) -> Response {
        let (code, message) = (self.code.as_str(), self.message);
        let error = match shape {
            ErrorFormat::Rest => json!({"code": code, "message": message, "path": []}),
            ErrorFormat::GraphQl(_) if self.code == Code::Internal => {
                json!({"message": message, "extensions": {"code": code, "requestId": request_id}})
            }
            ErrorFormat::GraphQl(_) => json!({"message": message, "extensions": {"code": code}}),
        };
        let mut response = json_answer(self.status, shape, &json!({"errors": [error]}));
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, BEARER);
        }
        if self.code == Code::Overloaded {
            response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
        }
        response
    }

    /// For transports that have no status.
    pub fn refusal(&self) -> RequestError {
        RequestError::new(self.code, self.message, None)
    }
}

/// How to sign in (RFC 6750).
pub const BEARER: header::HeaderValue = header::HeaderValue::from_static("Bearer");

fn json_answer(status: StatusCode, shape: ErrorFormat, body: &Value) -> Response {
    let content_type = match shape {
        ErrorFormat::Rest => Media::Json.content_type(),
        ErrorFormat::GraphQl(media) => media.content_type(),
    };
    let headers = [(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, "no-store")];
    (status, headers, body.to_string()).into_response()
}

pub fn no_route(shape: ErrorFormat) -> Response {
    HttpError::new(StatusCode::NOT_FOUND, Code::BadRequest, "there is nothing at this address").answer(shape, "")
}

pub fn no_method(shape: ErrorFormat) -> Response {
    HttpError::new(StatusCode::METHOD_NOT_ALLOWED, Code::BadRequest, "this method is not for this address")
        .answer(shape, "")
}
