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

/// How errors look.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    Rest,
    GraphQl,
}

impl Shape {
    /// REST's under `/api/`, GraphQL's elsewhere. The address has to be the whole one, not what a nested router sees.
    pub fn of(uri: &Uri) -> Self {
        if uri.path().starts_with("/api/") { Self::Rest } else { Self::GraphQl }
    }
}

impl Problem {
    pub const fn new(status: StatusCode, code: Code, message: &'static str) -> Self {
        Self { status, code, message }
    }

    pub fn answer(&self, shape: Shape, request_id: &str) -> Response {
        let (code, message) = (self.code.as_str(), self.message);
        let error = match shape {
            Shape::Rest => json!({"code": code, "message": message, "path": []}),
            Shape::GraphQl if self.code == Code::Internal => {
                json!({"message": message, "extensions": {"code": code, "requestId": request_id}})
            }
            Shape::GraphQl => json!({"message": message, "extensions": {"code": code}}),
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

pub fn no_route(shape: Shape) -> Response {
    Problem::new(StatusCode::NOT_FOUND, Code::BadRequest, "there is nothing at this address").answer(shape, "")
}

pub fn no_method(shape: Shape) -> Response {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, Code::BadRequest, "this method is not for this address")
        .answer(shape, "")
}
