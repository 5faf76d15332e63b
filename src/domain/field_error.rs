//! An error in one field of the input, with its message for the person who filled it in.

use crate::domain::{Field, RefusalCode, SlotError, TimeSlot};
use chrono::TimeDelta;

/// An error in one field of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// For programs.
    pub code: RefusalCode,
    /// The field at fault.
    pub field: Field,
    /// For people: whole sentences.
    pub message: String,
    /// The limit that the value exceeds: characters of a text, minutes of a duration, or a number of interviews.
    pub limit: Option<u64>,
}

impl FieldError {
    pub(crate) fn new(code: RefusalCode, field: Field, message: impl Into<String>) -> Self {
        Self { code, field, message: message.into(), limit: None }
    }

    /// A required field is absent or null.
    #[must_use]
    pub fn missing(field: Field) -> Self {
        Self::new(RefusalCode::NullNotAllowed, field, format!("The {} is required.", field.label()))
    }

    /// An update clears a field that always has a value.
    pub(crate) fn cleared(field: Field) -> Self {
        Self::new(RefusalCode::NullNotAllowed, field, format!("The {} cannot be empty.", field.label()))
    }

    pub(crate) fn text_too_long(field: Field, limit: usize) -> Self {
        let message = format!("The {} can have at most {}.", field.label(), counted(limit as u64, "character"));
        Self { limit: Some(limit as u64), ..Self::new(RefusalCode::TextTooLong, field, message) }
    }

    pub(crate) fn duration_too_long(field: Field, limit: TimeDelta) -> Self {
        let (seconds, minutes) = (limit.num_seconds().unsigned_abs(), limit.num_minutes().unsigned_abs());
        let duration = match seconds {
            _ if seconds % 3600 == 0 => counted(seconds / 3600, "hour"),
            _ if seconds % 60 == 0 => counted(minutes, "minute"),
            _ => counted(seconds, "second"),
        };
        let message = format!("An interview can last at most {duration}.");
        Self { limit: Some(minutes), ..Self::new(RefusalCode::DurationTooLong, field, message) }
    }

    pub(crate) fn too_many_open_interviews(limit: u64) -> Self {
        let message = format!("This application already has {}, which is the limit.", counted(limit, "open interview"));
        Self { limit: Some(limit), ..Self::new(RefusalCode::TooManyOpenInterviews, Field::IntervieweeId, message) }
    }

    /// The two times are no slot.
    pub(crate) fn slot(error: SlotError, field: Field) -> Self {
        match error {
            SlotError::EndNotAfterStart => Self::new(RefusalCode::EndNotAfterStart, field, error.to_string()),
            SlotError::TooLong => Self::duration_too_long(field, TimeDelta::hours(TimeSlot::MAX_HOURS)),
        }
    }
}

fn counted(number: u64, unit: &str) -> String {
    if number == 1 { format!("1 {unit}") } else { format!("{number} {unit}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limit_of_a_duration_is_in_minutes_and_is_named_in_the_largest_whole_unit() {
        for (limit, named, minutes) in [
            (TimeDelta::hours(24), "24 hours", 1440),
            (TimeDelta::hours(1), "1 hour", 60),
            (TimeDelta::minutes(90), "90 minutes", 90),
            (TimeDelta::minutes(1), "1 minute", 1),
            (TimeDelta::seconds(90), "90 seconds", 1),
        ] {
            let error = FieldError::duration_too_long(Field::EndAt, limit);
            let message = format!("An interview can last at most {named}.");
            assert_eq!((error.message, error.limit), (message, Some(minutes)));
        }
    }
}
