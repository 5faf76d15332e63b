//! From the `Authorization` header, or what stands for it, to the viewer.

use crate::domain::Viewer;
use crate::services::{AuthenticationError, LiveSession, Services};
use axum::http::{HeaderMap, header};
use std::sync::Arc;

/// The viewer whom the request's token names; none without a token.
///
/// # Errors
/// When there is a header and it signs nobody in.
pub async fn viewer(services: &Services, headers: &HeaderMap) -> Result<Option<Arc<Viewer>>, AuthenticationError> {
    match of_headers(headers)? {
        Some(token) => services.authenticate(token).await.map(Some),
        None => Ok(None),
    }
}

/// The bearer of the request's token, for a connection that stays open; none without a token.
///
/// # Errors
/// When there is a header and it signs nobody in.
pub async fn bearer(services: &Services, headers: &HeaderMap) -> Result<Option<LiveSession>, AuthenticationError> {
    match of_headers(headers)? {
        Some(token) => services.sign_in(token).await.map(Some),
        None => Ok(None),
    }
}

/// The token in the request's header; none without one.
///
/// # Errors
/// When there is a header without a token, or more than one header.
pub fn of_headers(headers: &HeaderMap) -> Result<Option<&str>, AuthenticationError> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let Some(header) = given.next() else { return Ok(None) };
    if given.next().is_some() {
        return Err(AuthenticationError::Refused("there is more than one `Authorization` header"));
    }
    of_value(header.to_str().unwrap_or_default()).map(Some)
}

/// The token in the header's value.
///
/// # Errors
/// When it is of another scheme.
pub fn of_value(value: &str) -> Result<&str, AuthenticationError> {
    // RFC 9110: the scheme's case does not matter.
    match value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) {
        Some((_, token)) => Ok(token.trim()),
        None => Err(AuthenticationError::Refused("the `Authorization` header has to be `Bearer <JWT>`")),
    }
}
