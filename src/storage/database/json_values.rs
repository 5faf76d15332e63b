//! The values of columns as JSON, which is the one parameter of a statement that writes many rows, and the types with
//! which PostgreSQL reads them.

use chrono::{DateTime, SecondsFormat, Utc};
use sea_orm::{ColumnTrait, ColumnType, Value};
use serde_json::Value as Json;

/// The value of a column. One that is not set is null.
pub(crate) fn value(value: Option<Value>) -> Json {
    match value {
        Some(Value::BigInt(number)) => number.into(),
        Some(Value::Int(number)) => number.into(),
        Some(Value::String(text)) => text.into(),
        Some(Value::Bool(truth)) => truth.into(),
        Some(Value::ChronoDateTimeUtc(at)) => at.map(time).into(),
        Some(Value::Bytes(bytes)) => bytes.map(|bytes| hex(&bytes)).into(),
        Some(Value::Json(json)) => json.map_or(Json::Null, |json| *json),
        _ => Json::Null,
    }
}

/// A time in the format in which the driver of SQLite stores it.
pub(crate) fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, false)
}

/// Bytes in the format of PostgreSQL.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold("\\x".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}

/// The type of a column.
pub(crate) fn type_name(column: impl ColumnTrait) -> &'static str {
    match column.def().get_column_type() {
        ColumnType::BigInteger => "bigint",
        ColumnType::Integer => "integer",
        ColumnType::Boolean => "boolean",
        ColumnType::TimestampWithTimeZone => "timestamptz",
        ColumnType::Json => "json",
        ColumnType::VarBinary(_) => "bytea",
        _ => "text",
    }
}
