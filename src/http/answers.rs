//! Errors that are answered before any operation runs, in the shape of the transport that was addressed.

use crate::graphql::Code;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// What a request is to be answered with when it cannot be served.
pub struct Problem {
    pub status: StatusCode,
    pub code: Code,
    pub message: &'static str,
}

impl Problem {
    pub const fn new(status: StatusCode, code: Code, message: &'static str) -> Self {
        Self { status, code, message }
    }

    /// In REST's shape under `/api/`, in GraphQL's elsewhere.
    pub fn answer(&self, uri: &Uri, request_id: &str) -> Response {
        let (code, message) = (self.code.as_str(), self.message);
        let error = if uri.path().starts_with("/api/") {
            json!({"code": code, "message": message, "path": []})
        } else if self.code == Code::Internal {
            json!({"message": message, "extensions": {"code": code, "requestId": request_id}})
        } else {
            json!({"message": message, "extensions": {"code": code}})
        };
        let mut response = json_answer(self.status, &json!({"errors": [error]}));
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, BEARER);
        }
        response
    }
}

/// How to sign in (RFC 6750).
pub const BEARER: header::HeaderValue = header::HeaderValue::from_static("Bearer");

fn json_answer(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json; charset=utf-8")], body.to_string()).into_response()
}

pub async fn no_route(uri: Uri) -> Response {
    Problem::new(StatusCode::NOT_FOUND, Code::BadRequest, "there is nothing at this address").answer(&uri, "")
}

pub async fn no_method(uri: Uri) -> Response {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, Code::BadRequest, "this method is not for this address")
        .answer(&uri, "")
}
