//! Points in time as the API reads and writes them: RFC 3339 (<https://www.rfc-editor.org/rfc/rfc3339>), whole milliseconds, UTC.

use chrono::{DateTime, Datelike, SecondsFormat, SubsecRound, Timelike, Utc};

/// Why a text is not a point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Not RFC 3339 with date, time and offset.
    #[error(
        "not an RFC 3339 date and time with an offset, such as \"2025-03-20T10:32:08Z\" or \"2025-03-20T11:32:08.500+01:00\""
    )]
    Malformed,
    /// RFC 3339 has years of four digits.
    #[error("the year has to be between 1 and 9999 in UTC")]
    OutOfRange,
}

/// Reads RFC 3339 with any offset, and cuts what is finer than a millisecond.
///
/// # Errors
/// [`TimeError`]: the offset is missing, it is a date alone, or the year has not four digits in UTC.
pub fn parse(text: &str) -> Result<DateTime<Utc>, TimeError> {
    let time = DateTime::parse_from_rfc3339(text).map_err(|_| TimeError::Malformed)?;
    // A leap second is the first moment of the next minute, as on every POSIX clock: databases know no 23:59:60.
    from_millis(time.timestamp_millis()).ok_or(TimeError::OutOfRange)
}

/// Reads milliseconds since 1970; none outside the years 1 to 9999, which databases need not know either.
#[must_use]
pub fn from_millis(millis: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(millis).filter(|time| (1..=9999).contains(&time.year()))
}

/// Writes UTC with exactly three decimals: `2025-03-20T10:32:08.000Z`.
#[must_use]
pub fn format(time: DateTime<Utc>) -> String {
    let four_digits = |year: &u32| (0..=9999).contains(year);
    let Some(year) = u32::try_from(time.year()).ok().filter(four_digits) else {
        return time.to_rfc3339_opts(SecondsFormat::Millis, true);
    };
    // By hand: a general formatter takes ten times as long, and a page of a list has hundreds of times.
    let mut text = *b"0000-00-00T00:00:00.000Z";
    let mut put = |at: usize, digits: usize, mut number: u32| {
        for place in text[at..at + digits].iter_mut().rev() {
            *place = b"0123456789"[(number % 10) as usize];
            number /= 10;
        }
    };
    put(0, 4, year);
    put(5, 2, time.month());
    put(8, 2, time.day());
    put(11, 2, time.hour());
    put(14, 2, time.minute());
    put(17, 2, time.second());
    put(20, 3, time.timestamp_subsec_millis());
    String::from_utf8_lossy(&text).into_owned()
}

/// Cuts to whole milliseconds, the precision of everything that is stored.
#[must_use]
pub fn cut(time: DateTime<Utc>) -> DateTime<Utc> {
    time.trunc_subsecs(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_offset_comes_in_and_utc_with_three_decimals_goes_out() {
        for (text, printed) in [
            ("2025-03-20T10:32:08Z", "2025-03-20T10:32:08.000Z"),
            ("2025-03-20T10:32:08.9586Z", "2025-03-20T10:32:08.958Z"),
            ("2025-03-20T12:32:08.5+02:00", "2025-03-20T10:32:08.500Z"),
            ("2025-03-20T00:15:00-09:45", "2025-03-20T10:00:00.000Z"),
            ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(parse(text).map(format).as_deref(), Ok(printed), "{text}");
        }
    }

    #[test]
    fn every_time_is_written_as_the_library_writes_it() {
        let mut millis = -62_135_596_800_000; // the year 1
        while let Some(time) = from_millis(millis) {
            assert_eq!(format(time), time.to_rfc3339_opts(SecondsFormat::Millis, true));
            millis += 7_654_321_987;
        }
    }

    #[test]
    fn a_time_without_offset_a_date_and_other_texts_are_refused() {
        for text in
            ["", "2025-03-20", "2025-03-20T10:32:08", "2025-03-20T10:32Z", "1742466728", "2025-02-30T10:00:00Z", "now"]
        {
            assert_eq!(parse(text), Err(TimeError::Malformed), "{text}");
        }
        for text in ["9999-12-31T23:59:59-01:00", "0000-06-01T00:00:00Z", "0001-01-01T00:00:00+01:00"] {
            assert_eq!(parse(text), Err(TimeError::OutOfRange), "{text}");
        }
    }
}
