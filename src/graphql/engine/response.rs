//! Answers as JSON, written in one go. [`Value::Binary`] is JSON already (see `direct.rs`); no type of the schema is binary.

use crate::graphql::engine::error::Code;
use async_graphql::{ServerError, Value};
use serde::Serialize;

/// What an answer has room for from the start.
const ROOM: usize = 1024;

/// What a request was answered.
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
    /// What failed.
    #[must_use]
    pub fn errors(&self) -> &[ServerError] {
        &self.errors
    }

    /// The same, and nothing else of it.
    #[must_use]
    pub fn into_errors(self) -> Vec<ServerError> {
        self.errors
    }

    /// Whether the server failed in it.
    #[must_use]
    pub fn failed(&self) -> bool {
        let code = |error: &ServerError| error.extensions.as_ref()?.get("code").cloned();
        self.errors.iter().any(|error| code(error) == Some(Code::Internal.as_str().into()))
    }

    /// Writes it.
    pub fn write(&self, out: &mut Vec<u8>) {
        write_answer(Some(&self.data), &self.errors, out);
    }

    /// It as a text.
    #[must_use]
    pub fn text(&self) -> String {
        text(|out| self.write(out))
    }
}

/// Writes the answer to a request of which nothing ran.
pub fn write_refused(errors: &[ServerError], out: &mut Vec<u8>) {
    write_answer(None, errors, out);
}

/// The same as a text.
#[must_use]
pub fn refused_text(errors: &[ServerError]) -> String {
    text(|out| write_refused(errors, out))
}

fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).unwrap_or_default() // JSON is UTF-8
}

/// Writes an answer: `data` unless nothing ran, `errors` if there are any.
fn write_answer(data: Option<&Value>, errors: &[ServerError], out: &mut Vec<u8>) {
    out.reserve(ROOM);
    out.push(b'{');
    if let Some(data) = data {
        out.extend_from_slice(b"\"data\":");
        write(data, out);
    }
    if !errors.is_empty() {
        if data.is_some() {
            out.push(b',');
        }
        out.extend_from_slice(b"\"errors\":");
        write_serde(errors, out);
    }
    out.push(b'}');
}

/// Writes a value.
fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Boolean(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
        Value::Number(number) => write_serde(number, out),
        Value::String(text) => write_string(text, out),
        Value::Enum(name) => write_string(name, out),
        Value::Binary(json) => out.extend_from_slice(json),
        Value::List(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write(item, out);
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
                write(value, out);
            }
            out.push(b'}');
        }
    }
}

/// Writes a text.
pub fn write_string(text: &str, out: &mut Vec<u8>) {
    write_serde(text, out);
}

fn write_serde(value: &(impl Serialize + ?Sized), out: &mut Vec<u8>) {
    // Strings, numbers and maps with string keys always are JSON, and writing to memory cannot fail.
    let _ = serde_json::to_writer(out, value);
}
