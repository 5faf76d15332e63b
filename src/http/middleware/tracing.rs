//! The span of a request, for everything that is logged during it.

use crate::http::access_log::shown_path;
use crate::http::middleware::request_id::RequestId;
use axum::body::Body;
use axum::http::Request;
use tracing::Span;

/// The span of a request. Its level is the highest, so that the lines of every level have the id of the request.
pub(super) fn span(request: &Request<Body>) -> Span {
    let RequestId(request_id) = RequestId::of(request.extensions());
    tracing::error_span!("request", request_id, method = %request.method(), path = shown_path(request))
}
