//! The rules for single values of the input.

use crate::domain::text::{self, Breaks};
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

/// Free text is not blank, and only a reason may have several lines.
fn check_text(text: &str, field: Field, errors: &mut Vec<FieldError>) {
    let is_reason = field == Field::Reason;
    let (code, breaks, what) = if is_reason {
        (RefusalCode::InvalidReason, Breaks::All, "a reason")
    } else {
        (RefusalCode::InvalidLocation, Breaks::None, "a place or a link")
    };
    if text.chars().count() > MAX_TEXT {
        errors.push(FieldError::text_too_long(field, MAX_TEXT));
    } else if text::is_blank(text) {
        errors.push(FieldError::new(code, field, format!("Enter {what}, or leave the field empty.")));
    } else if let Err(problem) = text::check(text, breaks) {
        errors.push(FieldError::new(code, field, format!("The {} {problem}.", field.label())));
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
