//! Cross-origin requests: which pages of other origins may call the server.

use crate::http::middleware::request_id::X_REQUEST_ID;
use crate::http::origins::{AllowedOrigins, is_preflight};
use crate::http::rest::IDEMPOTENCY_REPLAYED;
use axum::http::request::Parts;
use axum::http::{Method, Request, Response, header};
use futures_util::future::Either;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tower::{Layer, Service};
use tower_http::cors::{AllowHeaders, AllowOrigin, Cors, CorsLayer};

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
pub(super) fn layer(origins: &Arc<AllowedOrigins>) -> Option<PageLayer> {
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
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::PUT])
        // Any header is safe: the server uses no cookies, therefore a page sends only credentials that it has itself.
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([
            header::ETAG,
            header::RETRY_AFTER,
            header::WWW_AUTHENTICATE,
            IDEMPOTENCY_REPLAYED,
            X_REQUEST_ID,
        ])
        .max_age(PREFLIGHT_MAX_AGE);
    Some(PageLayer(layer))
}

/// Serves requests of pages by [`CorsLayer`], which would answer all requests by OPTIONS as if they were preflights.
/// The others are for the routes, which know their methods.
#[derive(Clone, Debug)]
pub(super) struct PageLayer(CorsLayer);

/// The service of [`PageLayer`].
#[derive(Clone, Debug)]
pub(super) struct Pages<S>(Cors<S>);

impl<S> Layer<S> for PageLayer {
    type Service = Pages<S>;

    fn layer(&self, inner: S) -> Pages<S> {
        Pages(self.0.layer(inner))
    }
}

impl<S, T, U> Service<Request<T>> for Pages<S>
where
    S: Service<Request<T>, Response = Response<U>>,
    U: Default,
{
    type Response = Response<U>;
    type Error = S::Error;
    type Future = Either<S::Future, <Cors<S> as Service<Request<T>>>::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<T>) -> Self::Future {
        if request.method() == Method::OPTIONS && !is_preflight(request.method(), request.headers()) {
            Either::Left(self.0.get_mut().call(request))
        } else {
            Either::Right(self.0.call(request))
        }
    }
}
