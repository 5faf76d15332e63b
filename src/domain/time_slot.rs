//! The time that an interview takes.

use chrono::{DateTime, TimeDelta, Utc};

/// A half-open interval: another may begin when this one ends. One that exists is valid: it ends after it starts and is at most
/// [`TimeSlot::MAX_HOURS`] long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeSlot {
    start: DateTime<Utc>,
    end: DateTime<Utc>,
}

/// Why two points in time are no [`TimeSlot`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlotError {
    /// The end is not later than the start.
    #[error("the end has to be after the start")]
    EndNotAfterStart,
    /// Longer than [`TimeSlot::MAX_HOURS`].
    #[error("an interview lasts at most {} hours", TimeSlot::MAX_HOURS)]
    TooLong,
}

impl TimeSlot {
    /// The longest interview, in hours.
    pub const MAX_HOURS: i64 = 24;

    /// # Errors
    /// [`SlotError`] when the two points in time are no valid slot.
    pub fn try_new(start: DateTime<Utc>, end: DateTime<Utc>) -> Result<Self, SlotError> {
        if end <= start {
            Err(SlotError::EndNotAfterStart)
        } else if end - start > TimeDelta::hours(Self::MAX_HOURS) {
            Err(SlotError::TooLong)
        } else {
            Ok(Self { start, end })
        }
    }

    /// The first moment.
    #[must_use]
    pub fn start(self) -> DateTime<Utc> {
        self.start
    }

    /// The first moment after it.
    #[must_use]
    pub fn end(self) -> DateTime<Utc> {
        self.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::parse;

    #[test]
    fn a_slot_ends_after_it_starts_and_lasts_a_day_at_most() {
        let slot = |start, end| TimeSlot::try_new(parse(start).unwrap(), parse(end).unwrap());
        assert!(slot("2025-03-20T10:00:00Z", "2025-03-20T10:00:00.001Z").is_ok());
        assert!(slot("2025-03-20T10:00:00Z", "2025-03-21T10:00:00Z").is_ok());
        assert_eq!(slot("2025-03-20T10:00:00Z", "2025-03-20T10:00:00Z"), Err(SlotError::EndNotAfterStart));
        assert_eq!(slot("2025-03-20T10:00:00Z", "2025-03-20T09:00:00Z"), Err(SlotError::EndNotAfterStart));
        assert_eq!(slot("2025-03-20T10:00:00Z", "2025-03-21T10:00:00.001Z"), Err(SlotError::TooLong));
    }
}
