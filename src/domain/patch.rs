//! Creating an interview and editing its fields: what was asked for, judged on the merged record, with all mistakes at once.

use crate::domain::event::changes_between;
use crate::domain::{
    Action, EventType, Field, FieldError, FieldErrorCode, Interview, InterviewId, InterviewKind, Interviewee,
    IntervieweeEffect, IntervieweeId, IntervieweeKind, Refusal, Side, SlotError, State, TimeSlot, Transition, UserId,
    Viewer,
};
use chrono::{DateTime, Utc};

/// A field of a partial update. Absent, null and a value are three things.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// Leave it as it is.
    #[default]
    Absent,
    /// Clear it.
    Null,
    /// Set it.
    Value(T),
}

impl<T> Patch<T> {
    /// The same patch with another value in it.
    pub fn map<U>(self, convert: impl FnOnce(T) -> U) -> Patch<U> {
        match self {
            Self::Absent => Patch::Absent,
            Self::Null => Patch::Null,
            Self::Value(value) => Patch::Value(convert(value)),
        }
    }

    /// The value, if there is one.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// The value that a field which cannot be empty has afterwards; null is a mistake.
    fn over(self, stored: T, field: Field, errors: &mut Vec<FieldError>) -> T {
        match self {
            Self::Value(value) => value,
            Self::Absent => stored,
            Self::Null => {
                errors.push(FieldError::new(
                    FieldErrorCode::NullNotAllowed,
                    field,
                    "cannot be null; leave it out to keep what is stored",
                ));
                stored
            }
        }
    }

    /// The value of a field that has to be given; none is a mistake.
    fn required(self, field: Field, errors: &mut Vec<FieldError>) -> Option<T> {
        let value = self.value();
        if value.is_none() {
            errors.push(FieldError::new(FieldErrorCode::NullNotAllowed, field, "is required"));
        }
        value
    }
}

/// What an update asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InterviewPatch {
    /// How the sides meet.
    pub kind: Patch<InterviewKind>,
    /// When it begins.
    pub start_at: Patch<DateTime<Utc>>,
    /// When it ends.
    pub end_at: Patch<DateTime<Utc>>,
    /// The driver's application.
    pub interviewee_id: Patch<IntervieweeId>,
    /// The member of staff.
    pub interviewer_id: Patch<UserId>,
    /// A link or a place; null clears it.
    pub location: Patch<String>,
    /// Book over clashes on purpose.
    pub allow_overlap: Patch<bool>,
}

/// What a new interview is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booking {
    /// How the sides meet.
    pub kind: InterviewKind,
    /// When it begins.
    pub start_at: DateTime<Utc>,
    /// When it ends.
    pub end_at: DateTime<Utc>,
    /// The driver's application.
    pub interviewee_id: IntervieweeId,
    /// The member of staff.
    pub interviewer_id: UserId,
    /// A link or a place.
    pub location: Option<String>,
    /// Book over clashes on purpose.
    pub allow_overlap: bool,
}

/// What was found under the ids that a request names.
#[derive(Clone, Debug, Default)]
pub struct References {
    /// The interviewee, when the viewer sees it.
    pub interviewee: Option<Interviewee>,
    /// Whether the interviewer is active staff of the interview's company.
    pub interviewer_exists: bool,
}

impl InterviewPatch {
    /// The interviewee to look up, when it is another than the stored one.
    #[must_use]
    pub fn other_interviewee(&self, interview: &Interview) -> Option<IntervieweeId> {
        self.interviewee_id.value().filter(|id| *id != interview.interviewee_id)
    }

    /// The interviewer to look up, when it is another than the stored one.
    #[must_use]
    pub fn other_interviewer(&self, interview: &Interview) -> Option<UserId> {
        self.interviewer_id.value().filter(|id| *id != interview.interviewer_id)
    }

    /// Reads the patch as a request for a new interview, for transports whose fields can all be missing.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] with every required field that is absent or null.
    pub fn into_booking(self) -> Result<Booking, Refusal> {
        let Self { kind, start_at, end_at, interviewee_id, interviewer_id, location, allow_overlap } = self;
        let mut errors = Vec::new();
        let kind = kind.required(Field::Kind, &mut errors);
        let start_at = start_at.required(Field::StartAt, &mut errors);
        let end_at = end_at.required(Field::EndAt, &mut errors);
        let interviewee_id = interviewee_id.required(Field::IntervieweeId, &mut errors);
        let interviewer_id = interviewer_id.required(Field::InterviewerId, &mut errors);
        let (Some(kind), Some(start_at), Some(end_at), Some(interviewee_id), Some(interviewer_id)) =
            (kind, start_at, end_at, interviewee_id, interviewer_id)
        else {
            return Err(Refusal::Invalid(errors));
        };
        let (location, allow_overlap) = (location.value(), allow_overlap.value().unwrap_or(false));
        Ok(Booking { kind, start_at, end_at, interviewee_id, interviewer_id, location, allow_overlap })
    }
}

impl Booking {
    /// Whether the viewer may book at all.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] for drivers.
    pub fn permit(viewer: &Viewer) -> Result<(), Refusal> {
        if viewer.acts_for(Side::Interviewer) {
            Ok(())
        } else {
            Err(Refusal::Forbidden("only staff create interviews"))
        }
    }

    /// Makes the interview. Its id is 0 until it is stored.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] for drivers, [`Refusal::Invalid`] with all mistakes; a clash is found when the result is stored.
    pub fn create(self, viewer: &Viewer, found: References, now: DateTime<Utc>) -> Result<Transition, Refusal> {
        let Self { kind, start_at, end_at, interviewee_id: _, interviewer_id, location, allow_overlap } = self;
        Self::permit(viewer)?;
        let mut errors = Vec::new();
        let slot = check_slot(start_at, end_at, Field::EndAt, &mut errors);
        if let Some(location) = &location {
            check_text(location, Field::Location, &mut errors);
        }
        if found.interviewee.is_none() {
            errors.push(interviewee_not_found());
        }
        if !found.interviewer_exists {
            errors.push(interviewer_not_found());
        }
        let (Some(slot), Some(interviewee), true) = (slot, found.interviewee, errors.is_empty()) else {
            return Err(Refusal::Invalid(errors));
        };
        let interview = Interview {
            id: InterviewId(0),
            company_id: interviewee.company_id,
            driver_id: interviewee.driver_id,
            interviewee_id: interviewee.id,
            interviewer_id,
            kind,
            state: State::Pending,
            slot,
            location,
            allow_overlap,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        let (changes, effect) =
            (changes_between(None, &interview), IntervieweeEffect::Becomes(IntervieweeKind::Interview));
        Ok(Transition { interview, event: EventType::Created, side: Side::Interviewer, changes, effect })
    }
}

impl Interview {
    /// Edits fields as staff, judged on the merged record. None when nothing would change.
    pub(super) fn update(
        &self,
        viewer: &Viewer,
        patch: InterviewPatch,
        found: References,
        now: DateTime<Utc>,
    ) -> Result<Option<Transition>, Refusal> {
        let side = self.authorize(Action::Update, viewer, None, now)?;
        let wants_interviewee = patch.other_interviewee(self).is_some();
        let wants_interviewer = patch.other_interviewer(self).is_some();
        let InterviewPatch { kind, start_at, end_at, interviewee_id, interviewer_id, location, allow_overlap } = patch;

        let mut errors = Vec::new();
        // The end is at fault, unless only the start was moved.
        let at_fault = if end_at == Patch::Absent && start_at != Patch::Absent { Field::StartAt } else { Field::EndAt };
        let kind = kind.over(self.kind, Field::Kind, &mut errors);
        let start = start_at.over(self.slot.start(), Field::StartAt, &mut errors);
        let end = end_at.over(self.slot.end(), Field::EndAt, &mut errors);
        let slot = check_slot(start, end, at_fault, &mut errors).unwrap_or(self.slot);
        interviewee_id.over(self.interviewee_id, Field::IntervieweeId, &mut errors);
        let interviewer_id = interviewer_id.over(self.interviewer_id, Field::InterviewerId, &mut errors);
        let allow_overlap = allow_overlap.over(self.allow_overlap, Field::AllowOverlap, &mut errors);
        let location = match location {
            Patch::Absent => self.location.clone(),
            Patch::Null => None,
            Patch::Value(location) => {
                check_text(&location, Field::Location, &mut errors);
                Some(location)
            }
        };
        let interviewee = found.interviewee.filter(|interviewee| interviewee.company_id == self.company_id);
        if wants_interviewee && interviewee.is_none() {
            errors.push(interviewee_not_found());
        }
        if wants_interviewer && !found.interviewer_exists {
            errors.push(interviewer_not_found());
        }
        if !errors.is_empty() {
            return Err(Refusal::Invalid(errors));
        }

        let transition = self.transition_to(EventType::Updated, side, now, |next| {
            next.kind = kind;
            next.slot = slot;
            next.interviewer_id = interviewer_id;
            next.location = location;
            next.allow_overlap = allow_overlap;
            if let Some(interviewee) = interviewee {
                next.interviewee_id = interviewee.id;
                next.driver_id = interviewee.driver_id;
            }
            // Another time or another driver: what was agreed or proposed no longer holds.
            if next.slot != self.slot || next.interviewee_id != self.interviewee_id {
                next.state = State::Pending;
            }
        });
        Ok(Some(transition).filter(|transition| !transition.changes.is_empty()))
    }
}

impl From<SlotError> for FieldErrorCode {
    fn from(error: SlotError) -> Self {
        match error {
            SlotError::EndNotAfterStart => Self::EndNotAfterStart,
            SlotError::TooLong => Self::TooLong,
        }
    }
}

fn check_slot(
    start: DateTime<Utc>,
    end: DateTime<Utc>,
    field: Field,
    errors: &mut Vec<FieldError>,
) -> Option<TimeSlot> {
    TimeSlot::try_new(start, end)
        .map_err(|error| errors.push(FieldError::new(error.into(), field, error.to_string())))
        .ok()
}

/// The longest location or reason, in characters: room for the longest links that browsers carry.
const MAX_TEXT: usize = 2000;

/// Free text has to say something, on a screen and in any database (PostgreSQL stores no NUL). A location is one line; a reason may
/// have several.
pub(super) fn check_text(text: &str, field: Field, errors: &mut Vec<FieldError>) {
    let several_lines = field == Field::Reason;
    let code = if several_lines { FieldErrorCode::InvalidReason } else { FieldErrorCode::InvalidLocation };
    if text.chars().count() > MAX_TEXT {
        errors.push(FieldError::new(FieldErrorCode::TooLong, field, format!("has at most {MAX_TEXT} characters")));
    } else if text.trim().is_empty() {
        errors.push(FieldError::new(code, field, "cannot be blank; null means none"));
    } else if text.chars().any(|c| c.is_control() && !(several_lines && matches!(c, '\n' | '\r' | '\t'))) {
        errors.push(FieldError::new(code, field, "cannot have control characters"));
    }
}

fn interviewee_not_found() -> FieldError {
    FieldError::new(
        FieldErrorCode::IntervieweeNotFound,
        Field::IntervieweeId,
        "there is no such interviewee in the company",
    )
}

fn interviewer_not_found() -> FieldError {
    FieldError::new(
        FieldErrorCode::InterviewerNotFound,
        Field::InterviewerId,
        "there is no such active interviewer in the company",
    )
}
