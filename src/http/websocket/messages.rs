//! The messages of `graphql-transport-ws`
//! (<https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md>).

use crate::http::graphql::request;
use crate::http::websocket::close::Close;
use async_graphql::{Request as Operation, ServerError};
use serde::Serialize;
use serde_json::{Map, Value};

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

/// Parses a message of the client.
pub(super) fn parse(text: &str) -> Result<ClientMessage, Close> {
    let Ok(message) = serde_json::from_str(text) else {
        return Err(Close::invalid_message("The message is not JSON"));
    };
    let Value::Object(mut message) = message else {
        return Err(Close::invalid_message("The message has to be an object"));
    };
    let payload = message.remove("payload").filter(|payload| !payload.is_null());
    if payload.as_ref().is_some_and(|payload| !payload.is_object()) {
        return Err(Close::invalid_message("`payload` has to be an object"));
    }
    match message.get("type").and_then(Value::as_str) {
        Some("connection_init") => Ok(ClientMessage::ConnectionInit(object(payload).unwrap_or_default())),
        Some("ping") => Ok(ClientMessage::Ping(payload)),
        Some("pong") => Ok(ClientMessage::Pong),
        Some("subscribe") => {
            let id = id(&message)?;
            let Some(request) = object(payload) else { return Err(Close::invalid_message("`payload` is missing")) };
            let operation = Box::new(request::from_object(request).map_err(Close::invalid_message)?);
            Ok(ClientMessage::Subscribe { id, operation })
        }
        Some("complete") => Ok(ClientMessage::Complete { id: id(&message)? }),
        _ => {
            let reason = "`type` has to be connection_init, ping, pong, subscribe or complete";
            Err(Close::invalid_message(reason))
        }
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
        Some(id) if (1..=MAX_ID).contains(&id.len()) => Ok(id.to_owned()),
        _ => Err(Close::invalid_message(format!("`id` has to be a string of 1 to {MAX_ID} bytes"))),
    }
}
