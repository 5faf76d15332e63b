//! Requests with a method that their route does not have. A preflight gets here if no origin is allowed to call.

use crate::graphql::Code;
use crate::http::ServerState;
use crate::http::error_response::HttpError;
use crate::http::origins::{AllowedOrigins, is_preflight};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};

const NO_METHOD: HttpError =
    HttpError::new(StatusCode::METHOD_NOT_ALLOWED, Code::BadRequest, "This method is not for this address.");
const REFUSED_PREFLIGHT: HttpError = HttpError::new(
    StatusCode::METHOD_NOT_ALLOWED,
    Code::BadRequest,
    "Pages of this origin may not call this server: it is not in CORS_ORIGINS.",
);

/// The response of routes without a response of their own.
pub(crate) async fn method_not_allowed(
    State(server): State<ServerState>,
    method: Method,
    headers: HeaderMap,
) -> HttpError {
    refused_preflight(&server.origins, &method, &headers).unwrap_or(NO_METHOD)
}

/// Logs the origin of a preflight; the error that names the setting. None for other requests.
pub(crate) fn refused_preflight(origins: &AllowedOrigins, method: &Method, headers: &HeaderMap) -> Option<HttpError> {
    origins.log_refusal(method, headers);
    is_preflight(method, headers).then_some(REFUSED_PREFLIGHT)
}
