//! The time that an interview reserves.

use chrono::{DateTime, TimeDelta, Utc};

/// A half-open interval: the next one may start when this one ends. Every value is valid: it ends after it starts and
/// is at most [`TimeSlot::MAX_HOURS`] long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimeSlot {
    start: DateTime<Utc>,
    end: DateTime<Utc>,
}

/// Why two times are not a [`TimeSlot`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlotError {
    /// The end equals the start or is before it.
    #[error("The end has to be after the start.")]
    EndNotAfterStart,
    /// It is longer than [`TimeSlot::MAX_HOURS`].
    #[error("An interview can last at most {} hours.", TimeSlot::MAX_HOURS)]
    TooLong,
}

impl TimeSlot {
    /// The maximum length in hours.
    pub const MAX_HOURS: i64 = 24;

    /// Validates the two times.
    pub fn try_new(start: DateTime<Utc>, end: DateTime<Utc>) -> Result<Self, SlotError> {
        if end <= start {
            Err(SlotError::EndNotAfterStart)
        } else if end - start > TimeDelta::hours(Self::MAX_HOURS) {
            Err(SlotError::TooLong)
        } else {
            Ok(Self { start, end })
        }
    }

    /// Inclusive.
    #[must_use]
    pub fn start(self) -> DateTime<Utc> {
        self.start
    }

    /// Exclusive.
    #[must_use]
    pub fn end(self) -> DateTime<Utc> {
        self.end
    }

    /// Whether the two have a moment in common.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::parse;

    #[test]
    fn slot_ends_after_its_start_and_lasts_at_most_a_day() {
        let slot = |start, end| TimeSlot::try_new(parse(start).unwrap(), parse(end).unwrap());
        assert!(slot("2025-03-20T10:00:00Z", "2025-03-20T10:00:00.001Z").is_ok());
        assert!(slot("2025-03-20T10:00:00Z", "2025-03-21T10:00:00Z").is_ok());
        assert_eq!(slot("2025-03-20T10:00:00Z", "2025-03-20T10:00:00Z"), Err(SlotError::EndNotAfterStart));
        assert_eq!(slot("2025-03-20T10:00:00Z", "2025-03-20T09:00:00Z"), Err(SlotError::EndNotAfterStart));
        assert_eq!(slot("2025-03-20T10:00:00Z", "2025-03-21T10:00:00.001Z"), Err(SlotError::TooLong));
    }
}
