//! The log of requests: a span for everything that is logged during a request, and a line for its response.

use crate::http::middleware::request_id::RequestId;
use axum::body::Body;
use axum::http::{Request, Response};
use std::time::Duration;
use tracing::Span;

/// The length of a path above which it is not logged, in bytes. No route is as long; a token in a path is longer.
const MAX_PATH: usize = 80;

/// The span of a request. It has the path without the query string, which may contain personal data.
pub(super) fn span(request: &Request<Body>) -> Span {
    let RequestId(request_id) = RequestId::of(request.extensions());
    let path = request.uri().path();
    let path = if path.len() > MAX_PATH { "(too long)" } else { path };
    tracing::info_span!("request", request_id, method = %request.method(), path)
}

/// Logs the status of a response and the time until its headers were ready, in milliseconds.
pub(super) fn log_response<B>(response: &Response<B>, latency: Duration, _: &Span) {
    let (status, milliseconds) = (response.status().as_u16(), latency.as_secs_f64() * 1000.0);
    tracing::debug!(status, milliseconds, "answered");
}
