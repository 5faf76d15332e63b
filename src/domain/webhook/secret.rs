//! The secret that a webhook's messages are signed with.

use base64::prelude::{BASE64_STANDARD, Engine};
use std::fmt;

/// The secret of a webhook. Its text is `whsec_` and base64.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret([u8; Self::LENGTH]);

/// The text is no secret of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a webhook's secret is whsec_ and 32 bytes as base64")]
pub struct InvalidSecret;

impl WebhookSecret {
    /// Its length in bytes.
    pub const LENGTH: usize = 32;
    const PREFIX: &'static str = "whsec_";

    /// The secret with these bytes, which have to be random.
    #[must_use]
    pub fn from_bytes(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    /// Parses what [`Self::expose`] has formatted.
    ///
    /// # Errors
    /// [`InvalidSecret`]
    pub fn parse(text: &str) -> Result<Self, InvalidSecret> {
        let encoded = text.strip_prefix(Self::PREFIX).ok_or(InvalidSecret)?;
        let bytes = BASE64_STANDARD.decode(encoded).map_err(|_| InvalidSecret)?;
        bytes.try_into().map(Self).map_err(|_| InvalidSecret)
    }

    /// The key of the signature.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text, for the receiver and for the database only.
    #[must_use]
    pub fn expose(&self) -> String {
        format!("{}{}", Self::PREFIX, BASE64_STANDARD.encode(self.0))
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_is_base64_behind_a_prefix() {
        let secret = WebhookSecret::from_bytes([1; 32]);
        assert_eq!(secret.expose(), "whsec_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=");
        assert_eq!(WebhookSecret::parse(&secret.expose()), Ok(secret));
        for text in ["", "whsec_", "whsec_AQE=", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=", "whsec_?"] {
            assert_eq!(WebhookSecret::parse(text), Err(InvalidSecret), "{text:?}");
        }
    }

    #[test]
    fn debug_output_has_no_secret() {
        assert_eq!(format!("{:?}", WebhookSecret::from_bytes([1; 32])), "WebhookSecret(…)");
    }
}
