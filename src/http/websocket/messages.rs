//! The messages of `graphql-transport-ws`
//! (<https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md>).

use crate::http::graphql::request;
use crate::http::websocket::close::Close;
use async_graphql::{Request as Operation, ServerError};
use serde::Serialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::HashMap;

/// A message of the client. Its parser is not async-graphql's, whose errors do not say which field is wrong.
#[derive(Debug)]
pub(super) enum ClientMessage {
    ConnectionInit(Map<String, Value>),
    Ping(Option<Value>),
    Pong,
    Subscribe { id: String, operation: Box<Operation> },
    Complete { id: String },
}

/// A message of the server.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ServerMessage<'a> {
    ConnectionAck,
    Pong {
        #[serde(skip_serializing_if = "Option::is_none")]
        payload: Option<Value>,
    },
    /// The payload is JSON text.
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

/// The longest id of an operation, in bytes.
pub(super) const MAX_ID: usize = 128;

impl ServerMessage<'_> {
    pub(super) fn text(&self) -> String {
        match self {
            Self::Next { id, payload } => format!(r#"{{"id":{},"type":"next","payload":{payload}}}"#, json(id)),
            message => json(message),
        }
    }
}

fn json(value: &(impl Serialize + ?Sized)) -> String {
    #[expect(clippy::expect_used, reason = "strings, numbers and maps with string keys can always be serialized")]
    serde_json::to_string(value).expect("JSON")
}

/// Parses a message of the client. The fields are parsed by themselves, so that an operation is not in memory twice.
pub(super) fn parse(text: &str) -> Result<ClientMessage, Close> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text); // one byte order mark, as in a body
    let message: Fields<'_> = serde_json::from_str(text).map_err(|_| {
        let is_json = serde_json::from_str::<IgnoredAny>(text).is_ok();
        Close::invalid_message(if is_json { "The message has to be an object." } else { NOT_JSON })
    })?;
    let payload = message.get("payload").map(|payload| payload.get()).filter(|payload| *payload != "null");
    if payload.is_some_and(|payload| !payload.starts_with('{')) {
        return Err(Close::invalid_message("The field `payload` has to be an object."));
    }
    match string(&message, "type").as_deref() {
        Some("connection_init") => Ok(ClientMessage::ConnectionInit(object(payload)?.unwrap_or_default())),
        Some("ping") => Ok(ClientMessage::Ping(object(payload)?.map(Value::Object))),
        Some("pong") => Ok(ClientMessage::Pong),
        Some("subscribe") => {
            let id = id(&message)?;
            let Some(request) = payload else { return Err(Close::invalid_message("The field `payload` is missing.")) };
            let operation = Box::new(request::from_payload(request).map_err(Close::invalid_message)?);
            Ok(ClientMessage::Subscribe { id, operation })
        }
        Some("complete") => Ok(ClientMessage::Complete { id: id(&message)? }),
        _ => {
            let reason = "The field `type` has to be connection_init, ping, pong, subscribe or complete.";
            Err(Close::invalid_message(reason))
        }
    }
}

const NOT_JSON: &str = "The message is not JSON.";

type Fields<'a> = HashMap<Cow<'a, str>, &'a RawValue>;

fn object(payload: Option<&str>) -> Result<Option<Map<String, Value>>, Close> {
    payload.map(serde_json::from_str).transpose().map_err(|_| Close::invalid_message(NOT_JSON))
}

fn string(message: &Fields<'_>, field: &str) -> Option<String> {
    serde_json::from_str(message.get(field)?.get()).ok()
}

fn id(message: &Fields<'_>) -> Result<String, Close> {
    match string(message, "id") {
        Some(id) if (1..=MAX_ID).contains(&id.len()) => Ok(id),
        _ => Err(Close::invalid_message(format!("The field `id` has to be a string of 1 to {MAX_ID} bytes."))),
    }
}
