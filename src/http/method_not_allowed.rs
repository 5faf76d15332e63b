//! Requests with a method that their route does not have. A preflight gets here if no origin is allowed to call.

use crate::graphql::Code;
use crate::http::ServerState;
use crate::http::error_response::HttpError;
use crate::http::origins::{AllowedOrigins, is_preflight};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};

const NO_METHOD: HttpError =
    HttpError::new(StatusCode::METHOD_NOT_ALLOWED, Code::BadRequest, "This method is not for this address.");
const REFUSED_PREFLIGHT: HttpError = HttpError::new(
    StatusCode::METHOD_NOT_ALLOWED,
    Code::BadRequest,
    "Pages of this origin may not call this server: it is not in CORS_ORIGINS.",
);

/// The response of routes without a response of their own. Their router adds `Allow`.
pub(crate) async fn method_not_allowed(
    State(server): State<ServerState>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    without_method(&server.origins, &method, &headers, NO_METHOD)
}

/// The response to a request whose method its route does not have: to OPTIONS without a body (RFC 9110, 9.3.7), to
/// others the error. A refused preflight is logged, and the error names the setting.
pub(crate) fn without_method(
    origins: &AllowedOrigins,
    method: &Method,
    headers: &HeaderMap,
    error: HttpError,
) -> Response {
    origins.log_refusal(method, headers);
    if is_preflight(method, headers) {
        REFUSED_PREFLIGHT.into_response()
    } else if method == Method::OPTIONS {
        StatusCode::NO_CONTENT.into_response()
    } else {
        error.into_response()
    }
}
