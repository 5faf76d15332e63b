//! The rules for single values of the input.

use crate::domain::{Field, FieldError, Refusal, RefusalCode, TimeSlot};
use chrono::{DateTime, Utc};

pub(in crate::domain) fn check_slot(
    start: DateTime<Utc>,
    end: DateTime<Utc>,
    field: Field,
    errors: &mut Vec<FieldError>,
) -> Option<TimeSlot> {
    TimeSlot::try_new(start, end).map_err(|error| errors.push(FieldError::slot(error, field))).ok()
}

/// The maximum length of a location or reason in characters. The longest links that browsers support fit in.
const MAX_TEXT: usize = 2000;

/// Free text is not blank and has no control characters; PostgreSQL cannot store NUL. Only a reason may have several
/// lines.
fn check_text(text: &str, field: Field, errors: &mut Vec<FieldError>) {
    let several_lines = field == Field::Reason;
    let code = if several_lines { RefusalCode::InvalidReason } else { RefusalCode::InvalidLocation };
    if text.chars().count() > MAX_TEXT {
        errors.push(FieldError::text_too_long(field, MAX_TEXT));
    } else if text.trim().is_empty() {
        let what = if several_lines { "a reason" } else { "a place or a link" };
        errors.push(FieldError::new(code, field, format!("Enter {what}, or leave the field empty.")));
    } else if text.chars().any(|c| c.is_control() && !(several_lines && matches!(c, '\n' | '\r' | '\t'))) {
        let what = if several_lines { "control characters" } else { "line breaks or other control characters" };
        errors.push(FieldError::new(code, field, format!("The {} cannot contain {what}.", field.label())));
    }
}

/// An optional text. The empty text is none: forms send it for a field that is left empty.
pub(in crate::domain) fn optional_text(
    text: Option<String>,
    field: Field,
    errors: &mut Vec<FieldError>,
) -> Option<String> {
    let text = text.filter(|text| !text.is_empty())?;
    check_text(&text, field, errors);
    Some(text)
}

/// Checks the reason of a rejection or cancellation.
pub(super) fn check_reason(reason: Option<String>) -> Result<Option<String>, Refusal> {
    let mut errors = Vec::new();
    let reason = optional_text(reason, Field::Reason, &mut errors);
    if errors.is_empty() { Ok(reason) } else { Err(Refusal::Invalid(errors)) }
}

pub(super) fn interviewee_not_found() -> FieldError {
    FieldError::new(
        RefusalCode::IntervieweeNotFound,
        Field::IntervieweeId,
        "This application does not exist at the company.",
    )
}

pub(super) fn interviewer_not_found() -> FieldError {
    FieldError::new(
        RefusalCode::InterviewerNotFound,
        Field::InterviewerId,
        "This person is not an active interviewer of the company.",
    )
}
