//! The content type of a request body.

use axum::http::{HeaderMap, header};

/// Whether the body is JSON in UTF-8. A form of another site cannot send this content type without a CORS preflight.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next().and_then(|value| value.to_str().ok()), values.next()) else {
        return false;
    };
    let mut parts = value.split(';').map(|part| part.trim().to_ascii_lowercase());
    let json = parts.next().is_some_and(|name| name == "application/json");
    let charset = |part: String| part.strip_prefix("charset=").map(|charset| charset.trim_matches('"').to_owned());
    json && parts.filter_map(charset).all(|charset| charset == "utf-8" || charset == "utf8")
}
