//! Close codes and reasons of `graphql-transport-ws`.

use crate::http::server::long_lived::PermitError;
use std::borrow::Cow;

/// Why the server closes a WebSocket, as its client reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Close {
    pub(super) code: u16,
    pub(super) reason: Cow<'static, str>,
}

/// The longest reason that fits into a control frame (RFC 6455, 5.5), in bytes.
const MAX_REASON: usize = 123;

impl Close {
    pub(super) const GOING_AWAY: Self = Self::new(1001, "Going away");
    pub(super) const BROKEN_FRAME: Self = Self::new(1002, "Not by the WebSocket protocol");
    pub(super) const NOT_TEXT: Self = Self::new(1007, "The text has to be UTF-8.");
    pub(super) const TOO_LARGE: Self = Self::new(1009, "The message is too large.");
    pub(super) const TRY_LATER: Self = Self::new(1013, "Try again later");
    pub(super) const TOO_MANY: Self = Self::new(1013, "Too many connections: close one first");
    pub(super) const RATE_LIMITED: Self = Self::new(1013, "You have asked for too much in too short a time");
    pub(super) const TOO_SLOW: Self = Self::new(1013, "Too slow: connect again, and go on with `since` the last event");
    pub(super) const UNAUTHORIZED: Self = Self::new(4401, "Unauthorized");
    pub(super) const SUBPROTOCOL: Self = Self::new(4406, "Subprotocol not acceptable");
    pub(super) const INIT_TIMEOUT: Self = Self::new(4408, "Connection initialisation timeout");
    pub(super) const TOO_MANY_INITS: Self = Self::new(4429, "Too many initialisation requests");

    const fn new(code: u16, reason: &'static str) -> Self {
        Self { code, reason: Cow::Borrowed(reason) }
    }

    /// Nobody is signed in, or no longer. The client can connect again with another token.
    pub(super) const fn no_viewer(reason: &'static str) -> Self {
        Self::new(4403, reason)
    }

    /// A limit on connections is reached.
    pub(super) fn no_permit(why: PermitError) -> Self {
        match why {
            PermitError::ServerFull => Self::TRY_LATER,
            PermitError::UserFull => Self::TOO_MANY,
        }
    }

    /// A message that is not one of the protocol.
    pub(super) fn invalid_message(reason: impl Into<Cow<'static, str>>) -> Self {
        let mut reason = reason.into();
        if reason.len() > MAX_REASON {
            reason = truncate(&reason, MAX_REASON).into();
        }
        Self { code: 4400, reason }
    }

    /// An operation with this id is running.
    pub(super) fn duplicate_id(id: &str) -> Self {
        let max = MAX_REASON - "Subscriber for  already exists".len();
        Self { code: 4409, reason: format!("Subscriber for {} already exists", truncate(id, max)).into() }
    }
}

fn truncate(text: &str, max: usize) -> String {
    const ELLIPSIS: &str = "…";
    if text.len() <= max {
        return text.to_owned();
    }
    format!("{}{ELLIPSIS}", &text[..text.floor_char_boundary(max - ELLIPSIS.len())])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::websocket::messages::MAX_ID;

    #[test]
    fn every_reason_fits_into_a_control_frame() {
        for id in ["a".repeat(MAX_ID), "ß".repeat(MAX_ID / 2), "𝄞".repeat(MAX_ID / 4)] {
            let close = Close::duplicate_id(&id);
            assert!(close.reason.len() <= MAX_REASON && close.reason.len() > MAX_REASON - 4, "{close:?}");
        }
        assert_eq!(Close::duplicate_id("1").reason, "Subscriber for 1 already exists");
        assert_eq!(Close::invalid_message("ß".repeat(100)).reason.len(), MAX_REASON);
    }
}
