//! The times in a token's claims (`NumericDate`, RFC 7519, section 2): seconds since 1970, which may have a fraction.

use chrono::{DateTime, Utc};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use std::fmt;

/// The time of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NumericDate(pub(super) DateTime<Utc>);

/// From here on a number of 64 bits does not have every second, let alone a fraction.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;
const NANOSECONDS: f64 = 1e9;
const LAST_NANOSECOND: u32 = 999_999_999;

impl NumericDate {
    /// The time of a claim; none if it is not a number that names a second.
    pub(super) fn of(claim: &Value) -> Option<Self> {
        Self::deserialize(claim).ok()
    }

    /// A time that no calendar has is the first or the last time.
    fn whole(seconds: i64) -> Self {
        Self::new(seconds, 0)
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the ranges are checked")]
    fn fractional(seconds: f64) -> Option<Self> {
        let whole = seconds.floor();
        let nanoseconds = ((seconds - whole) * NANOSECONDS) as u32;
        (whole.abs() < MAX_EXACT).then(|| Self::new(whole as i64, nanoseconds.min(LAST_NANOSECOND)))
    }

    fn new(seconds: i64, nanoseconds: u32) -> Self {
        Self(match DateTime::from_timestamp(seconds, nanoseconds) {
            Some(time) => time,
            None if seconds < 0 => DateTime::<Utc>::MIN_UTC,
            None => DateTime::<Utc>::MAX_UTC,
        })
    }
}

/// As whole seconds: some clients read nothing else.
impl Serialize for NumericDate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0.timestamp())
    }
}

impl<'de> Deserialize<'de> for NumericDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberVisitor;
        impl Visitor<'_> for NumberVisitor {
            type Value = NumericDate;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a number of seconds")
            }

            fn visit_i64<E>(self, seconds: i64) -> Result<NumericDate, E> {
                Ok(NumericDate::whole(seconds))
            }

            fn visit_u64<E: Error>(self, seconds: u64) -> Result<NumericDate, E> {
                let seconds = i64::try_from(seconds).map_err(|_| E::custom("too large"))?;
                Ok(NumericDate::whole(seconds))
            }

            fn visit_f64<E: Error>(self, seconds: f64) -> Result<NumericDate, E> {
                NumericDate::fractional(seconds).ok_or_else(|| E::custom("too large"))
            }
        }
        deserializer.deserialize_any(NumberVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fraction_is_part_of_the_time() {
        for (claim, time) in [
            (json!(0), "1970-01-01T00:00:00Z"),
            (json!(1_742_464_000), "2025-03-20T09:46:40Z"),
            (json!(1_742_464_000.0), "2025-03-20T09:46:40Z"),
            (json!(1_742_464_000.25), "2025-03-20T09:46:40.250Z"),
            (json!(0.999_999_999_999), "1970-01-01T00:00:00.999999999Z"),
            (json!(-0.25), "1969-12-31T23:59:59.750Z"),
            (json!(-1), "1969-12-31T23:59:59Z"),
        ] {
            assert_eq!(NumericDate::of(&claim), Some(NumericDate(time.parse().unwrap())), "{claim}");
        }
    }

    #[test]
    fn time_that_no_calendar_has_is_the_first_or_the_last() {
        for claim in [json!(i64::MAX), json!(9_007_199_254_740_991.0), json!(1e15)] {
            assert_eq!(NumericDate::of(&claim), Some(NumericDate(DateTime::<Utc>::MAX_UTC)), "{claim}");
        }
        for claim in [json!(i64::MIN), json!(-9e15)] {
            assert_eq!(NumericDate::of(&claim), Some(NumericDate(DateTime::<Utc>::MIN_UTC)), "{claim}");
        }
    }

    #[test]
    fn other_values_are_no_time() {
        for claim in [
            json!(u64::MAX),
            json!(1e16),
            json!(-1e300),
            json!(null),
            json!(true),
            json!("1742464000"),
            json!("NaN"),
            json!([1_742_464_000]),
            json!({}),
        ] {
            assert_eq!(NumericDate::of(&claim), None, "{claim}");
        }
    }
}
