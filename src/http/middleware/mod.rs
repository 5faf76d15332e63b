//! What wraps every request: its id, the security headers, the limits.

use crate::graphql::Code;
use crate::http::Server;
use crate::http::error_response::{ErrorFormat, HttpError, OVERLOADED, TIMED_OUT};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::FutureExt;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};
use tracing::Instrument;

/// By which the client and the log name a request.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The seed's, on every answer.
const SECURITY: [(HeaderName, HeaderValue); 5] = [
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN")),
    (header::X_XSS_PROTECTION, HeaderValue::from_static("0")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (HeaderName::from_static("x-permitted-cross-domain-policies"), HeaderValue::from_static("none")),
    (header::REFERRER_POLICY, HeaderValue::from_static("strict-origin-when-cross-origin")),
];

/// Gives the request an id, the answer its headers, and the log a line. A panic ends here as a coded error.
pub async fn every_answer(mut request: Request, next: Next) -> Response {
    let id = request_id(&request);
    request.extensions_mut().insert(RequestId(id.clone()));
    let (method, uri, started) = (request.method().clone(), request.uri().clone(), Instant::now());
    let shape = ErrorFormat::of(&uri, request.headers());
    let span = tracing::info_span!("request", request_id = %id);
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind().instrument(span.clone()).await;
    let mut response = answer.unwrap_or_else(|_| {
        tracing::error!(request_id = %id, "panic");
        HttpError::new(StatusCode::INTERNAL_SERVER_ERROR, Code::Internal, "internal error").answer(shape, &id)
    });
    span.in_scope(|| {
        let (status, milliseconds) = (response.status().as_u16(), started.elapsed().as_secs_f64() * 1000.0);
        tracing::debug!(%method, path = uri.path(), status, milliseconds, "answered");
    });
    let headers = response.headers_mut();
    for (name, value) in SECURITY {
        headers.insert(name, value);
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, id);
    }
    response
}

/// The client's own id, if it is one that a log can hold.
fn request_id(request: &Request) -> String {
    let well_formed = |id: &&str| {
        (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:+/=@".contains(&b))
    };
    let given = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()).filter(well_formed);
    given.map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned)
}

/// Reads a request's body up to the limit, takes it on if there is room, and ends it when its time is over. What it had begun is rolled
/// back.
pub async fn limit(State(server): State<Server>, request: Request, next: Next) -> Response {
    let shape = ErrorFormat::of(request.uri(), request.headers());
    let id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let answer = async {
        let (parts, body) = request.into_parts();
        let read = Limited::new(body, server.limits.body).collect();
        let problem = match tokio::time::timeout(server.limits.body_time, read).await {
            Ok(Ok(body)) => {
                // Not before: else whoever sends a body slowly would take the room of those who do not.
                let Ok(_room) = server.in_flight.try_acquire() else { return OVERLOADED.answer(shape, &id) };
                let request = Request::from_parts(parts, Body::from(body.to_bytes()));
                return next.run(request).await;
            }
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                HttpError::new(StatusCode::PAYLOAD_TOO_LARGE, Code::BadRequest, "the body is too large")
            }
            Ok(Err(_)) => HttpError::new(StatusCode::BAD_REQUEST, Code::BadRequest, "the body could not be read"),
            Err(_) => HttpError::new(StatusCode::REQUEST_TIMEOUT, Code::Timeout, "the body took too long to arrive"),
        };
        problem.answer(shape, &id)
    };
    tokio::time::timeout(server.limits.time, answer).await.unwrap_or_else(|_| TIMED_OUT.answer(shape, &id))
}

/// Which pages of other origins may call the server.
pub fn cors(origins: &[String]) -> CorsLayer {
    let origins = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(origins.iter().filter_map(|origin| origin.parse().ok()))
    };
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::POST, Method::PATCH])
        .allow_headers(AllowHeaders::mirror_request()) // no cookies: what a page sends is its own
        .expose_headers([header::ETAG, header::RETRY_AFTER, REQUEST_ID])
        .max_age(Duration::from_hours(1))
}

/// How long it took, in seconds, as the REST API always said.
pub async fn runtime(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let mut response = next.run(request).await;
    if let Ok(seconds) = HeaderValue::from_str(&format!("{:.6}", started.elapsed().as_secs_f64())) {
        response.headers_mut().insert("x-runtime", seconds);
    }
    response
}
