//! Cross-origin requests: which pages of other origins may call the server.

use crate::http::middleware::request_id::X_REQUEST_ID;
use crate::http::origins::AllowedOrigins;
use axum::http::request::Parts;
use axum::http::{Method, Response, header};
use std::sync::Arc;
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

/// Adds the headers by which browsers let pages of allowed origins call. None if no origin is allowed.
pub(super) fn layer(origins: &Arc<AllowedOrigins>) -> Option<CorsLayer> {
    if origins.allow_none() {
        return None;
    }
    let allowed = if origins.allow_any() {
        AllowOrigin::any()
    } else {
        let origins = origins.clone();
        AllowOrigin::predicate(move |origin, request: &Parts| {
            let is_allowed = origins.allow(origin);
            if !is_allowed {
                origins.log_refusal(&request.method, &request.headers);
            }
            is_allowed
        })
    };
    let layer = CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::POST, Method::PATCH])
        // Any header is safe: the server uses no cookies, therefore a page sends only credentials that it has itself.
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([header::ETAG, header::RETRY_AFTER, header::WWW_AUTHENTICATE, X_REQUEST_ID])
        .max_age(PREFLIGHT_MAX_AGE);
    Some(layer)
}
