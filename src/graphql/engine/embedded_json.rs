//! JSON text inside the value of a response.

use async_graphql::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Permits resolvers to return objects as JSON text: in the data of a request whose response
/// [`crate::graphql::engine::response`] writes, and whose document never needs two values of one response key merged,
/// which is not possible with text.
///
/// The text travels as [`Value::Binary`]: no type of the schema is binary. async-graphql's feature `raw_value` offers
/// the same, but parses the text again to validate it and copies it into a `String` and a `RawValue`, which costs what
/// writing it directly saves.
#[derive(Clone, Debug, Default)]
pub struct EmbeddedJson {
    objects: Arc<AtomicU64>,
}

impl EmbeddedJson {
    /// A value that is this JSON text, which holds `objects` objects.
    #[must_use]
    pub fn embed(&self, json: Vec<u8>, objects: usize) -> Value {
        self.objects.fetch_add(objects as u64, Ordering::Relaxed);
        Value::Binary(json.into())
    }

    /// The number of objects embedded so far.
    #[must_use]
    pub fn objects(&self) -> u64 {
        self.objects.load(Ordering::Relaxed)
    }
}
