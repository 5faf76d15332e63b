//! Custom scalars.

use crate::domain::{self, time};
use crate::graphql::direct_json::JsonScalar;
use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::Utc;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateTime(pub chrono::DateTime<Utc>);

/// A date and time as specified by RFC 3339. Input may have any UTC offset and is truncated to milliseconds; a date
/// alone, or a time without an offset, is rejected. The second 60 is accepted at the end of a month in UTC only, and
/// becomes the next second. Output is in UTC with three decimals, such as `2025-03-20T10:32:08.000Z`.
#[Scalar(name = "DateTime", specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => time::parse(text).map(Self).map_err(InputValueError::custom),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(time::format(self.0))
    }
}

impl From<chrono::DateTime<Utc>> for DateTime {
    fn from(time: chrono::DateTime<Utc>) -> Self {
        Self(time)
    }
}

impl JsonScalar for DateTime {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(b'"');
        out.extend_from_slice(time::format(self.0).as_bytes());
        out.push(b'"');
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeZone(pub domain::TimeZone);

/// A time zone by its name in the IANA database, such as `Europe/Berlin` or `UTC`. Links such as `Europe/Kiev` are
/// accepted and kept.
#[Scalar(name = "TimeZone", specified_by_url = "https://www.iana.org/time-zones")]
impl ScalarType for TimeZone {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => domain::TimeZone::parse(text).map(Self).map_err(InputValueError::custom),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.name().to_owned())
    }
}

impl JsonScalar for TimeZone {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.name().write(out);
    }
}
