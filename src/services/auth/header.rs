//! The header of a token: which are refused although their signature is valid.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::Header;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};

/// The part of a header that the library does not keep: whether `crit` is there, be it null.
#[derive(Deserialize)]
struct CriticalHeader {
    #[serde(default, deserialize_with = "is_present")]
    crit: bool,
}

fn is_present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|IgnoredAny| true)
}

/// Whether the header of this token neither brings a key of its own nor demands an extension (RFC 7515, section 4.1).
/// This server knows no extension, so that a token with `crit` is refused, be the list empty (section 4.1.11).
pub(super) fn is_acceptable(token: &str, header: &Header) -> bool {
    header.jku.is_none() && header.jwk.is_none() && header.x5u.is_none() && !has_crit(token)
}

fn has_crit(token: &str) -> bool {
    let header = token.split('.').next().and_then(|header| URL_SAFE_NO_PAD.decode(header).ok());
    let header = header.and_then(|header| serde_json::from_slice::<CriticalHeader>(&header).ok());
    header.is_none_or(|header| header.crit)
}
