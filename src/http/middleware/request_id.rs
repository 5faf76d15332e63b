//! The id by which the client and the log name a request: the client's own or a new UUID.

use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderName, HeaderValue};
use std::convert::Infallible;

/// The header of the id, on requests and responses.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that is accepted from a client, in bytes.
const MAX_LENGTH: usize = 128;

/// The id of a request.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub(crate) String);

impl RequestId {
    /// The id that the middleware has given to the request.
    pub(crate) fn of(extensions: &Extensions) -> Self {
        let id = extensions.get::<tower_http::request_id::RequestId>();
        Self(id.and_then(|id| id.header_value().to_str().ok()).unwrap_or_default().to_owned())
    }
}

impl<S: Sync> FromRequestParts<S> for RequestId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.extensions))
    }
}

/// Removes a client's id that could forge or break a line of the log. The request then gets a new id.
pub(super) fn remove_malformed(mut request: Request) -> Request {
    if request.headers().get(X_REQUEST_ID).is_some_and(|id| !is_well_formed(id)) {
        request.headers_mut().remove(X_REQUEST_ID);
    }
    request
}

fn is_well_formed(id: &HeaderValue) -> bool {
    let bytes = id.as_bytes();
    (1..=MAX_LENGTH).contains(&bytes.len())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:+/=@".contains(byte))
}
