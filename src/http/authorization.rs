//! From the `Authorization` header to the viewer.

use crate::domain::Viewer;
use crate::services::{AuthenticationError, Services};
use axum::http::{HeaderMap, header};
use std::sync::Arc;

/// The viewer whom the request's token names; none without a token.
///
/// # Errors
/// When there is a header and it signs nobody in.
pub async fn viewer(services: &Services, headers: &HeaderMap) -> Result<Option<Arc<Viewer>>, AuthenticationError> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let Some(header) = given.next() else { return Ok(None) };
    if given.next().is_some() {
        return Err(AuthenticationError::Refused("there is more than one `Authorization` header"));
    }
    // RFC 9110: the scheme's case does not matter.
    let token = header.to_str().ok().and_then(|value| value.split_once(' '));
    match token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) {
        Some((_, token)) => services.authenticate(token.trim()).await.map(Some),
        None => Err(AuthenticationError::Refused("the `Authorization` header has to be `Bearer <JWT>`")),
    }
}
