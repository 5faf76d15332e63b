//! The messages of `graphql-transport-ws`, and the codes with which a socket is closed
//! (<https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md>).

use crate::http::graphql::request;
use async_graphql::{Request as Operation, ServerError};
use serde::Serialize;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// What a client says.
#[derive(Debug)]
pub enum Received {
    /// `connection_init`
    Init(Map<String, Value>),
    /// `ping`
    Ping(Option<Value>),
    /// `pong`
    Pong,
    /// `subscribe`
    Subscribe { id: String, operation: Box<Operation> },
    /// `complete`
    Complete { id: String },
}

/// What is said to a client.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Sent<'a> {
    ConnectionAck,
    Pong {
        #[serde(skip_serializing_if = "Option::is_none")]
        payload: Option<Value>,
    },
    /// Its payload is JSON already.
    #[serde(skip)]
    Next {
        id: &'a str,
        payload: &'a str,
    },
    Error {
        id: &'a str,
        payload: &'a [ServerError],
    },
    Complete {
        id: &'a str,
    },
}

impl Sent<'_> {
    /// As it goes out.
    pub fn text(&self) -> String {
        match self {
            Self::Next { id, payload } => format!(r#"{{"id":{},"type":"next","payload":{payload}}}"#, json(id)),
            message => json(message),
        }
    }
}

fn json(value: &(impl Serialize + ?Sized)) -> String {
    #[expect(clippy::expect_used, reason = "strings, numbers and maps with string keys always are JSON")]
    serde_json::to_string(value).expect("JSON")
}

/// Why a socket is closed, for its client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    pub code: u16,
    pub reason: Cow<'static, str>,
}

/// The longest reason that fits into a control frame (RFC 6455, section 5.5).
const LONGEST_REASON: usize = 123;
/// The longest id of an operation, in bytes.
const LONGEST_ID: usize = 128;

impl Close {
    pub const GOING_AWAY: Self = Self::new(1001, "Going away");
    pub const BROKEN_FRAME: Self = Self::new(1002, "Not by the WebSocket protocol");
    pub const NOT_TEXT: Self = Self::new(1007, "Text has to be UTF-8");
    pub const TOO_LARGE: Self = Self::new(1009, "The message is too large");
    pub const TRY_LATER: Self = Self::new(1013, "Try again later");
    pub const TOO_SLOW: Self = Self::new(1013, "Too slow: connect again, and go on with `since` the last event");
    pub const UNAUTHORIZED: Self = Self::new(4401, "Unauthorized");
    pub const FORBIDDEN: Self = Self::new(4403, "Forbidden");
    pub const SUBPROTOCOL: Self = Self::new(4406, "Subprotocol not acceptable");
    pub const INIT_TIMEOUT: Self = Self::new(4408, "Connection initialisation timeout");
    pub const TOO_MANY_INITS: Self = Self::new(4429, "Too many initialisation requests");

    const fn new(code: u16, reason: &'static str) -> Self {
        Self { code, reason: Cow::Borrowed(reason) }
    }

    /// A message is not one of this protocol.
    pub fn invalid(why: impl Into<Cow<'static, str>>) -> Self {
        let mut reason = why.into();
        if reason.len() > LONGEST_REASON {
            reason = shortened(&reason, LONGEST_REASON).into();
        }
        Self { code: 4400, reason }
    }

    /// The id belongs to an operation that goes on.
    pub fn taken(id: &str) -> Self {
        let room = LONGEST_REASON - "Subscriber for  already exists".len();
        Self { code: 4409, reason: format!("Subscriber for {} already exists", shortened(id, room)).into() }
    }
}

fn shortened(text: &str, most: usize) -> String {
    const CUT: &str = "…";
    if text.len() <= most {
        return text.to_owned();
    }
    format!("{}{CUT}", &text[..text.floor_char_boundary(most - CUT.len())])
}

/// Reads a message.
///
/// # Errors
/// What to close with when it is none of the protocol's.
pub fn read(text: &str) -> Result<Received, Close> {
    let Ok(message) = serde_json::from_str(text) else { return Err(Close::invalid("The message is not JSON")) };
    let Value::Object(mut message) = message else { return Err(Close::invalid("The message has to be an object")) };
    let payload = message.remove("payload").filter(|payload| !payload.is_null());
    if payload.as_ref().is_some_and(|payload| !payload.is_object()) {
        return Err(Close::invalid("`payload` has to be an object"));
    }
    match message.get("type").and_then(Value::as_str) {
        Some("connection_init") => Ok(Received::Init(object(payload).unwrap_or_default())),
        Some("ping") => Ok(Received::Ping(payload)),
        Some("pong") => Ok(Received::Pong),
        Some("subscribe") => {
            let id = id(&message)?;
            let Some(request) = object(payload) else { return Err(Close::invalid("`payload` is missing")) };
            let operation = Box::new(request::from_object(request).map_err(Close::invalid)?);
            Ok(Received::Subscribe { id, operation })
        }
        Some("complete") => Ok(Received::Complete { id: id(&message)? }),
        _ => Err(Close::invalid("`type` has to be connection_init, ping, pong, subscribe or complete")),
    }
}

fn object(value: Option<Value>) -> Option<Map<String, Value>> {
    match value {
        Some(Value::Object(object)) => Some(object),
        _ => None,
    }
}

fn id(message: &Map<String, Value>) -> Result<String, Close> {
    match message.get("id").and_then(Value::as_str) {
        Some(id) if (1..=LONGEST_ID).contains(&id.len()) => Ok(id.to_owned()),
        _ => Err(Close::invalid(format!("`id` has to be a string of 1 to {LONGEST_ID} bytes"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_fits_into_its_frame() {
        for id in ["a".repeat(LONGEST_ID), "ß".repeat(LONGEST_ID / 2), "𝄞".repeat(LONGEST_ID / 4)] {
            let close = Close::taken(&id);
            assert!(close.reason.len() <= LONGEST_REASON && close.reason.len() > LONGEST_REASON - 4, "{close:?}");
        }
        assert_eq!(Close::taken("1").reason, "Subscriber for 1 already exists");
        assert_eq!(Close::invalid("ß".repeat(100)).reason.len(), LONGEST_REASON);
    }
}
