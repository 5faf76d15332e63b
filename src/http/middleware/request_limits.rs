//! The limits of a request: the size of its body and the time for it, its memory, and the time for all of it.

use crate::graphql::{Charge, Code};
use crate::http::ServerState;
use crate::http::content_encoding;
use crate::http::deadline::run_within;
use crate::http::error_response::{HttpError, STARTING};
use crate::http::middleware::body;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use hyper::body::Body as _;
use std::pin::pin;
use tokio::time::timeout;

/// Reads the body, admits the request and runs its handler, which is dropped at the deadline.
pub(crate) async fn enforce_limits(
    State(server): State<ServerState>,
    request: Request,
    next: Next,
) -> Result<Response, HttpError> {
    if server.start.holds_requests() {
        return Err(STARTING);
    }
    let serve = async {
        // The charge is held until the handler is done with the body and with what it has parsed of it.
        let (request, _charge) = read_body(request, &server).await?;
        if content_encoding::is_encoded(request.headers()) && !request.body().is_end_stream() {
            return Ok(content_encoding::unsupported());
        }
        // Only now: a client that sends its body slowly must not hold a permit.
        let _permit = server.admission.admit()?;
        Ok(next.run(request).await)
    };
    run_within(server.limits.request_timeout, pin!(serve)).await?
}

/// The request with its whole body in memory.
async fn read_body(request: Request, server: &ServerState) -> Result<(Request, Charge), HttpError> {
    let (parts, body) = request.into_parts();
    let reading = body::read(body, server.limits.max_body, &server.memory);
    let (body, charge) = timeout(server.limits.body_timeout, reading).await.unwrap_or(Err(TOO_SLOW))?;
    Ok((Request::from_parts(parts, Body::from(body)), charge))
}

const TOO_SLOW: HttpError =
    HttpError::new(StatusCode::REQUEST_TIMEOUT, Code::Timeout, "The body took too long to arrive.");
