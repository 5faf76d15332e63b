//! The rules for single values of the input.

use crate::domain::{Field, FieldError, Refusal, RefusalCode, SlotError, TimeSlot};
use chrono::{DateTime, Utc};

impl From<SlotError> for RefusalCode {
    fn from(error: SlotError) -> Self {
        match error {
            SlotError::EndNotAfterStart => Self::EndNotAfterStart,
            SlotError::TooLong => Self::TooLong,
        }
    }
}

pub(super) fn check_slot(
    start: DateTime<Utc>,
    end: DateTime<Utc>,
    field: Field,
    errors: &mut Vec<FieldError>,
) -> Option<TimeSlot> {
    TimeSlot::try_new(start, end)
        .map_err(|error| errors.push(FieldError::new(error.into(), field, error.to_string())))
        .ok()
}

/// The maximum length of a location or reason in characters. The longest links that browsers support fit in.
const MAX_TEXT: usize = 2000;

/// Free text is not blank and has no control characters; PostgreSQL cannot store NUL. Only a reason may have several
/// lines.
pub(super) fn check_text(text: &str, field: Field, errors: &mut Vec<FieldError>) {
    let several_lines = field == Field::Reason;
    let code = if several_lines { RefusalCode::InvalidReason } else { RefusalCode::InvalidLocation };
    if text.chars().count() > MAX_TEXT {
        errors.push(FieldError::new(RefusalCode::TooLong, field, format!("has at most {MAX_TEXT} characters")));
    } else if text.trim().is_empty() {
        errors.push(FieldError::new(code, field, "cannot be blank; null means none"));
    } else if text.chars().any(|c| c.is_control() && !(several_lines && matches!(c, '\n' | '\r' | '\t'))) {
        errors.push(FieldError::new(code, field, "cannot have control characters"));
    }
}

/// Checks the reason of a rejection or cancellation.
pub(super) fn check_reason(reason: Option<String>) -> Result<Option<String>, Refusal> {
    let mut errors = Vec::new();
    if let Some(reason) = &reason {
        check_text(reason, Field::Reason, &mut errors);
    }
    if errors.is_empty() { Ok(reason) } else { Err(Refusal::Invalid(errors)) }
}

pub(super) fn interviewee_not_found() -> FieldError {
    FieldError::new(
        RefusalCode::IntervieweeNotFound,
        Field::IntervieweeId,
        "there is no such interviewee in the company",
    )
}

pub(super) fn interviewer_not_found() -> FieldError {
    FieldError::new(
        RefusalCode::InterviewerNotFound,
        Field::InterviewerId,
        "there is no such active interviewer in the company",
    )
}
