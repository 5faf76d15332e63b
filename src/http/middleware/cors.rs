//! Cross-origin requests: which pages of other origins may call the server.

use crate::http::middleware::request_id::X_REQUEST_ID;
use axum::http::{Method, Response, header};
use std::time::Duration;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

/// How long a browser may cache the response to a preflight request.
const PREFLIGHT_MAX_AGE: Duration = Duration::from_hours(1);

/// Marks a response that is for pages of the server's own origin only.
#[derive(Clone, Copy)]
pub(crate) struct OwnOriginOnly;

/// Removes what [`layer`] added to a response for the own origin. The layer itself cannot tell: the explorer's page has
/// the URL of the API.
pub(super) fn remove_from_own_pages<B>(mut response: Response<B>) -> Response<B> {
    if response.extensions_mut().remove::<OwnOriginOnly>().is_some() {
        for name in [header::ACCESS_CONTROL_ALLOW_ORIGIN, header::ACCESS_CONTROL_EXPOSE_HEADERS] {
            response.headers_mut().remove(name);
        }
    }
    response
}

/// Allows these origins, or any when one of them is `*`. None without origins.
pub(super) fn layer(origins: &[String]) -> Option<CorsLayer> {
    if origins.is_empty() {
        return None;
    }
    let origins = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(origins.iter().filter_map(|origin| origin.parse().ok()))
    };
    let layer = CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::POST, Method::PATCH])
        // Any header is safe: the server uses no cookies, therefore a page sends only credentials that it has itself.
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([header::ETAG, header::RETRY_AFTER, X_REQUEST_ID])
        .max_age(PREFLIGHT_MAX_AGE);
    Some(layer)
}
