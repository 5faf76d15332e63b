//! Responses, and their JSON, which is written in one pass over the values.

use crate::graphql::engine::error::{Code, RequestError};
use async_graphql::{ServerError, Value};
use serde::Serialize;

/// The result of a request.
#[derive(Debug)]
pub enum Outcome {
    /// The operation ran. Fields can have failed.
    Executed(Response),
    /// Nothing ran.
    Rejected(RequestError),
}

impl Outcome {
    /// Appends the JSON of the response: without `data` when nothing ran.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Executed(response) => write_response(Some(&response.data), &response.errors, out),
            Self::Rejected(error) => write_response(None, &error.errors, out),
        }
    }

    /// The JSON of the response, which has no line breaks.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }

    /// The JSON as text.
    #[must_use]
    pub fn text(&self) -> String {
        text(self.bytes())
    }

    /// Why nothing ran; `None` when the operation ran.
    #[must_use]
    pub fn rejection(&self) -> Option<&RequestError> {
        match self {
            Self::Executed(_) => None,
            Self::Rejected(error) => Some(error),
        }
    }

    /// Whether the operation ran without any error.
    #[must_use]
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Executed(response) if response.errors.is_empty())
    }
}

/// The response to an operation that ran.
#[derive(Debug)]
pub struct Response {
    data: Value,
    errors: Vec<ServerError>,
}

impl From<async_graphql::Response> for Response {
    fn from(response: async_graphql::Response) -> Self {
        Self { data: response.data, errors: response.errors }
    }
}

impl Response {
    /// The code of a field for which the server failed.
    #[must_use]
    pub fn failure(&self) -> Option<Code> {
        let code = |error: &ServerError| error.extensions.as_ref()?.get("code").cloned();
        let has_failed_with =
            |failure: &Code| self.errors.iter().any(|error| code(error) == Some(failure.as_str().into()));
        [Code::Internal, Code::Unavailable, Code::Timeout].into_iter().find(has_failed_with)
    }

    /// The JSON of the response.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = Vec::new();
        write_response(Some(&self.data), &self.errors, &mut out);
        text(out)
    }
}

fn text(json: Vec<u8>) -> String {
    String::from_utf8(json).unwrap_or_default() // JSON is UTF-8
}

/// The capacity to reserve for a response, in bytes.
const INITIAL_CAPACITY: usize = 1024;

fn write_response(data: Option<&Value>, errors: &[ServerError], out: &mut Vec<u8>) {
    out.reserve(INITIAL_CAPACITY);
    out.push(b'{');
    if let Some(data) = data {
        out.extend_from_slice(b"\"data\":");
        write_value(data, out);
    }
    if !errors.is_empty() {
        if data.is_some() {
            out.push(b',');
        }
        out.extend_from_slice(b"\"errors\":");
        write_serialized(errors, out);
    }
    out.push(b'}');
}

/// Appends a value as JSON. [`Value::Binary`] is JSON text (see [`crate::graphql::engine::EmbeddedJson`]).
pub fn write_value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Boolean(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
        Value::Number(number) => write_serialized(number, out),
        Value::String(text) => write_string(text, out),
        Value::Enum(name) => write_string(name, out),
        Value::Binary(json) => out.extend_from_slice(json),
        Value::List(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_value(item, out);
            }
            out.push(b']');
        }
        Value::Object(fields) => {
            out.push(b'{');
            for (index, (key, value)) in fields.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_string(key, out);
                out.push(b':');
                write_value(value, out);
            }
            out.push(b'}');
        }
    }
}

/// Appends a string as JSON, escaped.
pub fn write_string(text: &str, out: &mut Vec<u8>) {
    write_serialized(text, out);
}

fn write_serialized(value: &(impl Serialize + ?Sized), out: &mut Vec<u8>) {
    // Strings, numbers and maps with string keys are always JSON, and writing to memory cannot fail.
    let _ = serde_json::to_writer(out, value);
}
