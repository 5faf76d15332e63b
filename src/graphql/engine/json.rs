//! JSON of responses: written in one pass over the values, and counted as long as it is in memory.

use crate::graphql::engine::memory::Charge;
use async_graphql::{ServerError, Value};
use bytes::Bytes;
use serde::Serialize;
use std::ops::Deref;

/// JSON, and the memory that is counted for it until it is dropped.
#[derive(Debug, Default)]
pub struct Json {
    text: Vec<u8>,
    charge: Charge,
}

impl Json {
    /// JSON with what is counted for it.
    #[must_use]
    pub fn new(text: Vec<u8>, charge: Charge) -> Self {
        Self { text, charge }
    }

    /// The number of bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether there is no text.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Appends text that is not counted.
    pub fn push_str(&mut self, text: &str) {
        self.text.extend_from_slice(text.as_bytes());
    }

    /// Appends other JSON, and what is counted for it.
    pub fn append(&mut self, other: Self) {
        self.text.extend_from_slice(&other.text);
        self.charge.merge(other.charge);
    }

    /// The JSON as text.
    #[must_use]
    pub fn into_text(self) -> JsonText {
        // JSON is UTF-8.
        JsonText { text: String::from_utf8(self.text).unwrap_or_default(), _charge: self.charge }
    }
}

impl AsRef<[u8]> for Json {
    fn as_ref(&self) -> &[u8] {
        &self.text
    }
}

impl From<Json> for Bytes {
    fn from(json: Json) -> Self {
        if json.charge.bytes() == 0 {
            return json.text.into();
        }
        // The bytes own the charge, so that it is returned when they are written to the socket, and not before.
        Self::from_owner(json)
    }
}

/// JSON as text, whose memory is counted until it is dropped.
#[derive(Debug)]
pub struct JsonText {
    text: String,
    _charge: Charge,
}

impl Deref for JsonText {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

/// The capacity to reserve for a response, in bytes.
const INITIAL_CAPACITY: usize = 1024;

/// JSON is longer than it may be.
pub struct TooLong;

/// Appends a response, and stops soon after the limit.
pub fn write_response(
    data: Option<&Value>,
    errors: &[ServerError],
    max_length: usize,
    out: &mut Vec<u8>,
) -> Result<(), TooLong> {
    out.reserve(INITIAL_CAPACITY);
    out.push(b'{');
    if let Some(data) = data {
        out.extend_from_slice(b"\"data\":");
        write_within(data, max_length, out)?;
    }
    if !errors.is_empty() {
        if data.is_some() {
            out.push(b',');
        }
        out.extend_from_slice(b"\"errors\":");
        write_serialized(errors, out);
    }
    out.push(b'}');
    if out.len() > max_length { Err(TooLong) } else { Ok(()) }
}

/// Appends a value as JSON. [`Value::Binary`] is JSON text (see [`crate::graphql::engine::EmbeddedJson`]).
pub fn write_value(value: &Value, out: &mut Vec<u8>) {
    let _ = write_within(value, usize::MAX, out);
}

/// Appends a value as JSON, and stops soon after the limit.
fn write_within(value: &Value, max_length: usize, out: &mut Vec<u8>) -> Result<(), TooLong> {
    if out.len() > max_length {
        return Err(TooLong);
    }
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
                write_within(item, max_length, out)?;
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
                write_within(value, max_length, out)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}

/// Appends a string as JSON, escaped.
pub fn write_string(text: &str, out: &mut Vec<u8>) {
    write_serialized(text, out);
}

fn write_serialized(value: &(impl Serialize + ?Sized), out: &mut Vec<u8>) {
    // Strings, numbers and maps with string keys are always JSON, and writing to memory cannot fail.
    let _ = serde_json::to_writer(out, value);
}
