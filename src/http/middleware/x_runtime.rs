//! The header `x-runtime` of the older REST API.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use std::time::Instant;

const X_RUNTIME: HeaderName = HeaderName::from_static("x-runtime");

/// Adds the time that the response took, in seconds.
pub(crate) async fn add_x_runtime(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let mut response = next.run(request).await;
    if let Ok(seconds) = HeaderValue::from_str(&format!("{:.6}", started.elapsed().as_secs_f64())) {
        response.headers_mut().insert(X_RUNTIME, seconds);
    }
    response
}
