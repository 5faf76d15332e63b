//! Times as the API reads and writes them: RFC 3339 (<https://www.rfc-editor.org/rfc/rfc3339>), whole milliseconds,
//! UTC.

use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, SubsecRound, Timelike, Utc};

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
    /// It has a second 60 at a time that cannot have one.
    #[error("A second 60 is a leap second: it exists only as 23:59:60 in UTC, at the end of a month.")]
    NoLeapSecond,
    /// RFC 3339 has four digits for the year.
    #[error("The year has to be between 1 and 9999 in UTC.")]
    OutOfRange,
}

/// Parses RFC 3339 with any offset, and truncates to milliseconds. Databases have no leap seconds: one becomes the
/// first second of the next day, as in POSIX time.
pub fn parse(text: &str) -> Result<DateTime<Utc>, TimeError> {
    let wrong = if text.is_empty() { TimeError::Empty } else { TimeError::Malformed };
    // The library takes a minus sign (U+2212) for a hyphen. The grammar of RFC 3339 is ASCII.
    let time = Some(text).filter(|text| text.is_ascii()).and_then(|text| DateTime::parse_from_rfc3339(text).ok());
    let time = time.ok_or(wrong)?.to_utc();
    if is_leap_second(time) && !may_have_leap_second(time) {
        return Err(TimeError::NoLeapSecond);
    }
    from_millis(time.timestamp_millis()).ok_or(TimeError::OutOfRange)
}

/// Whether the text had a second 60, which the library keeps as a second of up to two thousand milliseconds.
fn is_leap_second(time: DateTime<Utc>) -> bool {
    time.timestamp_subsec_nanos() >= 1_000_000_000
}

/// Whether this is the last second of a month (ITU-R TF.460-6, section 2.1). Which months had a leap second is known
/// for the past only.
fn may_have_leap_second(time: DateTime<Utc>) -> bool {
    let is_last_second = (time.hour(), time.minute(), time.second()) == (23, 59, 59);
    is_last_second && time.date_naive().succ_opt().is_none_or(|next_day| next_day.day() == 1)
}

/// Parses a date as in RFC 3339: `2025-03-20`.
#[must_use]
pub fn parse_date(text: &str) -> Option<NaiveDate> {
    // The library also takes dates with signs, with spaces, and with fewer digits.
    let is_date = text.bytes().enumerate().all(|(index, byte)| match index {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    let text = Some(text).filter(|text| is_date && text.len() == "2025-03-20".len())?;
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()
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
            ("2025-03-20t10:32:08z", "2025-03-20T10:32:08.000Z"),
            ("2025-03-20T10:32:08.9586Z", "2025-03-20T10:32:08.958Z"),
            ("2025-03-20T10:32:08.9999999999999999Z", "2025-03-20T10:32:08.999Z"),
            ("2025-03-20T12:32:08.5+02:00", "2025-03-20T10:32:08.500Z"),
            ("2025-03-20T00:15:00-09:45", "2025-03-20T10:00:00.000Z"),
            ("2025-03-20T10:32:08-00:00", "2025-03-20T10:32:08.000Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"),
            ("9999-12-31T23:59:59.9999Z", "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(parse(text).map(format).as_deref(), Ok(printed), "{text}");
        }
    }

    #[test]
    fn leap_second_becomes_the_first_second_of_the_next_month() {
        for (text, printed) in [
            ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"),
            ("2016-12-31T23:59:60.999Z", "2017-01-01T00:00:00.999Z"),
            ("2030-06-30T23:59:60Z", "2030-07-01T00:00:00.000Z"),
            ("2028-02-29T23:59:60Z", "2028-03-01T00:00:00.000Z"),
            ("2016-12-31T15:59:60-08:00", "2017-01-01T00:00:00.000Z"),
            ("2017-01-01T05:44:60+05:45", "2017-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(parse(text).map(format).as_deref(), Ok(printed), "{text}");
        }
        assert_eq!(parse("9999-12-31T23:59:60Z"), Err(TimeError::OutOfRange));
        for text in [
            "2025-03-20T10:32:60Z",
            "2025-03-20T23:59:60Z",
            "2016-12-31T23:58:60Z",
            "2016-12-31T22:59:60Z",
            "2016-12-31T23:59:60+01:00",
            "2017-01-01T00:59:60+02:00",
            "2028-02-28T23:59:60Z",
        ] {
            assert_eq!(parse(text), Err(TimeError::NoLeapSecond), "{text}");
        }
    }

    #[test]
    fn text_that_is_not_rfc_3339_is_rejected() {
        for text in [
            "2025-03-20",
            "2025-03-20T10:32:08",
            "2025-03-20T10:32Z",
            "1742466728",
            "2025-02-30T10:00:00Z",
            "now",
            "2025-03-20T10:32:61Z",
            "2025-03-20T24:00:00Z",
            "2025-03-20T10:32:08,5Z",
            "2025-03-20T10:32:08.Z",
            " 2025-03-20T10:32:08Z",
            "2025-03-20T10:32:08Z\n",
            "2025-03-20T10:32:08+01",
            "2025-03-20T10:32:08+0100",
            "2025-03-20T10:32:08+24:00",
            "2025-03-20T10:32:08+01:60",
            "+2025-03-20T10:32:08Z",
            // Characters that look like those of the grammar, and digits of other scripts.
            "2025-03-20T10:32:08\u{2212}01:00",
            "2025-03-20T10:32:08\u{ff0b}01:00",
            "2025\u{2010}03-20T10:32:08Z",
            "2025-03-20T10\u{ff1a}32:08Z",
            "2025-03-20T10:32:08.\u{661}Z",
            "\u{ff12}025-03-20T10:32:08Z",
            "2025-03-20T10:32:08\u{ff3a}",
        ] {
            assert_eq!(parse(text), Err(TimeError::Malformed), "{text}");
        }
        assert_eq!(parse(""), Err(TimeError::Empty));
        for text in ["9999-12-31T23:59:59-01:00", "0000-06-01T00:00:00Z", "0001-01-01T00:00:00+01:00"] {
            assert_eq!(parse(text), Err(TimeError::OutOfRange), "{text}");
        }
    }

    #[test]
    fn date_has_ten_characters() {
        assert_eq!(parse_date("2028-02-29").map(|date| date.to_string()).as_deref(), Some("2028-02-29"));
        for text in [
            "",
            "2025-02-29",
            "2025-3-20",
            "+2025-03-20",
            " 2025-03-20",
            "2025-03-20 ",
            "25-03-20",
            "20250320",
            "2025-03- 2",
            "\u{2212}025-03-20",
            "\u{ff12}25-03-20",
            "2025-03-20T10:00:00Z",
        ] {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }
}
