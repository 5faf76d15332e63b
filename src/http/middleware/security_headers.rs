//! The security headers of the older REST API, on every response.

use axum::http::{HeaderName, HeaderValue, header};
use tower_http::set_header::SetResponseHeaderLayer;

type SetHeader = SetResponseHeaderLayer<HeaderValue>;

/// One layer for each header. The values are constants, so that setting them allocates nothing.
pub(super) fn layers() -> (SetHeader, SetHeader, SetHeader, SetHeader, SetHeader) {
    let set = |name, value| SetHeader::overriding(name, HeaderValue::from_static(value));
    (
        set(header::X_FRAME_OPTIONS, "SAMEORIGIN"),
        set(header::X_XSS_PROTECTION, "0"),
        set(header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        set(HeaderName::from_static("x-permitted-cross-domain-policies"), "none"),
        // Addresses with a secret have a stricter one.
        SetHeader::if_not_present(header::REFERRER_POLICY, HeaderValue::from_static("strict-origin-when-cross-origin")),
    )
}
