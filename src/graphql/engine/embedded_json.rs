//! JSON text inside the value of a response.

use crate::graphql::engine::json::Json;
use crate::graphql::engine::memory::Charge;
use crate::graphql::engine::response_limits::{ResponseError, ResponseLimits};
use async_graphql::Value;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Permits resolvers to return objects as JSON text: in the data of a request whose response
/// [`crate::graphql::engine::json`] writes, and whose document never needs two values of one response key merged,
/// which is not possible with text. It limits the texts of one operation while they are written, and what the operation
/// holds besides until it ends.
///
/// The text travels as [`Value::Binary`]: no type of the schema is binary. async-graphql's feature `raw_value` offers
/// the same, but parses the text again to validate it and copies it into a `String` and a `RawValue`, which costs what
/// writing it directly saves.
#[derive(Debug)]
pub struct EmbeddedJson {
    objects: Arc<AtomicU64>,
    is_permitted: bool,
    limits: ResponseLimits,
    /// What is held until the operation ends.
    held: Mutex<Charge>,
    /// What the texts up to now contribute to the response, in bytes.
    length: AtomicUsize,
    /// The bytes of all texts, those that are copied into another one included.
    memory: AtomicUsize,
}

/// A text that is being written.
pub struct EmbeddedText<'a> {
    operation: &'a EmbeddedJson,
    /// The length of the texts that are copied into this one.
    nested: usize,
    charge: Charge,
}

/// The number of bytes after which the memory of a text that is being written is counted again.
const STEP: usize = 64 * 1024;

impl EmbeddedJson {
    /// For one operation. `objects` counts those of all operations.
    pub(super) fn new(objects: Arc<AtomicU64>, is_permitted: bool, limits: ResponseLimits) -> Self {
        let (length, memory) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self { objects, is_permitted, limits, held: Mutex::default(), length, memory }
    }

    /// Whether objects may be text. Otherwise the executor makes values of them.
    #[must_use]
    pub fn is_permitted(&self) -> bool {
        self.is_permitted
    }

    /// Counts memory that the operation holds until it ends.
    ///
    /// # Errors
    /// [`ResponseError::NoMemory`]
    pub fn hold(&self, bytes: usize) -> Result<(), ResponseError> {
        let whole = self.memory.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let more = held.bytes() + bytes;
        self.limits.grow(&mut held, more, whole)
    }

    /// Begins a text. `nested` values are copied into it.
    #[must_use]
    pub fn begin<'v>(&self, nested: impl Iterator<Item = &'v Value>) -> EmbeddedText<'_> {
        EmbeddedText { operation: self, nested: nested.map(embedded_length).sum(), charge: Charge::default() }
    }
}

impl EmbeddedText<'_> {
    /// Checks the limits while the text is being written.
    ///
    /// # Errors
    /// [`ResponseError`]
    pub fn check(&mut self, written: &[u8]) -> Result<(), ResponseError> {
        let EmbeddedJson { limits, length, .. } = self.operation;
        limits.check_length(length.load(Ordering::Relaxed) + self.own_length(written))?;
        if written.len() < self.charge.bytes() + STEP {
            return Ok(());
        }
        limits.grow(&mut self.charge, written.len(), written.len())
    }

    /// The value that is this text, which has `objects` objects.
    ///
    /// # Errors
    /// [`ResponseError`]
    pub fn finish(mut self, text: Vec<u8>, objects: usize) -> Result<Value, ResponseError> {
        let EmbeddedJson { objects: count, limits, length, memory, .. } = self.operation;
        length.fetch_add(self.own_length(&text), Ordering::Relaxed);
        let whole = memory.fetch_add(text.len(), Ordering::Relaxed) + text.len();
        limits.grow(&mut self.charge, text.len(), whole)?;
        count.fetch_add(objects as u64, Ordering::Relaxed);
        Ok(Value::Binary(Json::new(text, self.charge).into()))
    }

    /// What the text adds to the response.
    fn own_length(&self, written: &[u8]) -> usize {
        written.len().saturating_sub(self.nested)
    }
}

/// The length of the texts in a value.
fn embedded_length(value: &Value) -> usize {
    match value {
        Value::Binary(json) => json.len(),
        Value::List(items) => items.iter().map(embedded_length).sum(),
        Value::Object(fields) => fields.values().map(embedded_length).sum(),
        _ => 0,
    }
}
