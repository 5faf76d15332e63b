//! Deserializes values as SQLite writes them in JSON.

use chrono::{DateTime, Utc};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// SQLite stores booleans as numbers.
pub fn truth<'de, D: Deserializer<'de>>(value: D) -> Result<bool, D::Error> {
    u8::deserialize(value).map(|number| number != 0)
}

/// Tries the format that this server writes first. Parsing any other format takes three times as long.
pub fn time<'de, D: Deserializer<'de>>(value: D) -> Result<DateTime<Utc>, D::Error> {
    let text = <&str>::deserialize(value)?;
    DateTime::parse_from_rfc3339(text).map(Into::into).or_else(|_| text.parse()).map_err(D::Error::custom)
}
