//! The content encoding of a request body (RFC 9110, 8.4). The server decodes none.

use crate::graphql::Code;
use crate::http::error_response::HttpError;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// The encodings that a request body may have, in the response to another one (RFC 9110, 15.5.16).
const DECODED: HeaderValue = HeaderValue::from_static("identity");

const UNSUPPORTED: HttpError = HttpError::new(
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    Code::BadRequest,
    "The server does not decode this `content-encoding`. Send the body as it is.",
);

/// Whether the body is encoded. The value `identity` stands for no encoding.
pub(crate) fn is_encoded(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(header::CONTENT_ENCODING).iter();
    // A value that is not ASCII names no encoding that exists.
    let is_identity = |coding: &[u8]| coding.is_empty() || coding.eq_ignore_ascii_case(b"identity");
    !values.all(|value| value.as_bytes().split(|byte| *byte == b',').all(|coding| is_identity(coding.trim_ascii())))
}

/// The response to a request whose body is encoded.
pub(crate) fn unsupported() -> Response {
    ([(header::ACCEPT_ENCODING, DECODED)], UNSUPPORTED).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_coding_but_identity_is_an_encoding() {
        assert!(!is_encoded(&HeaderMap::new()));
        for (values, expected) in [
            (&["identity"][..], false),
            (&["Identity"], false),
            (&[""], false),
            (&[" , identity ,"], false),
            (&["gzip"], true),
            (&["x-gzip"], true),
            (&["identity, br"], true),
            (&["identity", "zstd"], true),
            (&["utf-8"], true),
            (&["identity;q=1"], true),
        ] {
            let values = values.iter().map(|value| (header::CONTENT_ENCODING, value.parse().unwrap()));
            assert_eq!(is_encoded(&values.collect()), expected, "{expected}");
        }
        let not_ascii = HeaderValue::from_bytes(b"\xff").unwrap();
        assert!(is_encoded(&HeaderMap::from_iter([(header::CONTENT_ENCODING, not_ascii)])));
    }
}
