//! Times as the API reads and writes them: RFC 3339 (<https://www.rfc-editor.org/rfc/rfc3339>), whole milliseconds,
//! UTC.

use chrono::{DateTime, Datelike, SecondsFormat, SubsecRound, Utc};

/// Why a text is not a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// There is no text, as in a form that is not filled in.
    #[error("Enter a date and a time.")]
    Empty,
    /// It is not RFC 3339 with date, time and offset.
    #[error(
        "Enter a date and a time with an offset as in RFC 3339, such as \"2025-03-20T10:32:08Z\" \
         or \"2025-03-20T11:32:08.500+01:00\"."
    )]
    Malformed,
    /// RFC 3339 has four digits for the year.
    #[error("The year has to be between 1 and 9999 in UTC.")]
    OutOfRange,
}

/// Parses RFC 3339 with any offset, and truncates to milliseconds.
pub fn parse(text: &str) -> Result<DateTime<Utc>, TimeError> {
    let wrong = if text.is_empty() { TimeError::Empty } else { TimeError::Malformed };
    let time = DateTime::parse_from_rfc3339(text).map_err(|_| wrong)?;
    // Databases have no 23:59:60: a leap second becomes the first second of the next minute, as in POSIX time.
    from_millis(time.timestamp_millis()).ok_or(TimeError::OutOfRange)
}

/// Converts milliseconds since 1970; none outside of the years 1 to 9999.
#[must_use]
pub fn from_millis(millis: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(millis).filter(|time| (1..=9999).contains(&time.year()))
}

/// Formats as UTC with exactly three decimals: `2025-03-20T10:32:08.000Z`.
#[must_use]
pub fn format(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Truncates to whole milliseconds, the precision of all stored times.
#[must_use]
pub fn cut(time: DateTime<Utc>) -> DateTime<Utc> {
    time.trunc_subsecs(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_offset_is_parsed_and_utc_with_three_decimals_is_formatted() {
        for (text, printed) in [
            ("2025-03-20T10:32:08Z", "2025-03-20T10:32:08.000Z"),
            ("2025-03-20T10:32:08.9586Z", "2025-03-20T10:32:08.958Z"),
            ("2025-03-20T12:32:08.5+02:00", "2025-03-20T10:32:08.500Z"),
            ("2025-03-20T00:15:00-09:45", "2025-03-20T10:00:00.000Z"),
            ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"),
            ("9999-12-31T23:59:59.9999Z", "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(parse(text).map(format).as_deref(), Ok(printed), "{text}");
        }
    }

    #[test]
    fn text_that_is_not_rfc_3339_is_rejected() {
        for text in
            ["2025-03-20", "2025-03-20T10:32:08", "2025-03-20T10:32Z", "1742466728", "2025-02-30T10:00:00Z", "now"]
        {
            assert_eq!(parse(text), Err(TimeError::Malformed), "{text}");
        }
        assert_eq!(parse(""), Err(TimeError::Empty));
        for text in ["9999-12-31T23:59:59-01:00", "0000-06-01T00:00:00Z", "0001-01-01T00:00:00+01:00"] {
            assert_eq!(parse(text), Err(TimeError::OutOfRange), "{text}");
        }
    }
}
