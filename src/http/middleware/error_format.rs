//! Writes errors in the format of the transport that the client addressed.
//!
//! Handlers and other middleware answer with an [`HttpError`], which has no body. Here it gets one.

use crate::http::access_log::{self, ErrorCode};
use crate::http::error_response::{ErrorFormat, HttpError};
use crate::http::middleware::request_id::RequestId;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;

pub(super) async fn format_errors(RequestId(request_id): RequestId, request: Request, next: Next) -> Response {
    let format = ErrorFormat::of(request.uri(), request.headers());
    let mut response = next.run(request).await;
    let Some(error) = response.extensions_mut().remove::<HttpError>() else { return response };
    let code = error.code();
    let mut formatted = error.format(format, &request_id);
    if access_log::is_on() {
        formatted.extensions_mut().insert(ErrorCode(code.as_str()));
    }
    // Headers such as `Allow` and `Sec-WebSocket-Version` belong to the error.
    formatted.headers_mut().extend(std::mem::take(response.headers_mut()));
    formatted
}
