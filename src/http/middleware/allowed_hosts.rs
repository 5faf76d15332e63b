//! Refuses requests for other hosts, where the settings name the server's own.

use crate::graphql::Code;
use crate::http::error_response::HttpError;
use crate::http::host::{Host, hosts};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use std::sync::Arc;

const MISDIRECTED: HttpError = HttpError::new(
    StatusCode::MISDIRECTED_REQUEST,
    Code::BadRequest,
    "This server does not answer for this host. See ALLOWED_HOSTS.",
);

/// Refuses a request that names another host. One that names none is not from a browser.
pub(super) async fn check(
    State(allowed): State<Arc<[String]>>,
    request: Request,
    next: Next,
) -> Result<Response, HttpError> {
    let is_allowed = |host: Option<Host>| host.is_some_and(|host| host.is_allowed(&allowed));
    if hosts(request.uri(), request.headers()).all(is_allowed) { Ok(next.run(request).await) } else { Err(MISDIRECTED) }
}
