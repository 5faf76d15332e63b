//! The limits of a request: the size of its body, the time for its body, and the time for all of it.

use crate::graphql::Code;
use crate::http::deadline::run_within;
use crate::http::error_response::{HttpError, STARTING};
use crate::http::middleware::admission::admit;
use crate::http::{Limits, ServerState};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use http_body_util::{BodyExt, LengthLimitError, Limited};
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
        let request = read_body(request, &server.limits).await?;
        // Only now: a client that sends its body slowly must not hold a permit.
        let _permit = admit(&server.in_flight)?;
        Ok(next.run(request).await)
    };
    run_within(server.limits.request_timeout, pin!(serve)).await?
}

/// The request with its whole body in memory.
async fn read_body(request: Request, limits: &Limits) -> Result<Request, HttpError> {
    let (parts, body) = request.into_parts();
    match timeout(limits.body_timeout, Limited::new(body, limits.max_body).collect()).await {
        Ok(Ok(body)) => Ok(Request::from_parts(parts, Body::from(body.to_bytes()))),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(TOO_LARGE),
        Ok(Err(_)) => Err(UNREADABLE),
        Err(_) => Err(TOO_SLOW),
    }
}

const TOO_LARGE: HttpError = HttpError::new(StatusCode::PAYLOAD_TOO_LARGE, Code::BadRequest, "the body is too large");
const UNREADABLE: HttpError = HttpError::new(StatusCode::BAD_REQUEST, Code::BadRequest, "the body could not be read");
const TOO_SLOW: HttpError =
    HttpError::new(StatusCode::REQUEST_TIMEOUT, Code::Timeout, "the body took too long to arrive");
