//! Creating an interview.

use crate::domain::interview::validate::{check_slot, interviewee_not_found, interviewer_not_found, optional_text};
use crate::domain::{
    EventType, Field, Interview, InterviewId, InterviewKind, InterviewPatch, IntervieweeEffect, IntervieweeId,
    IntervieweeKind, References, Refusal, Side, State, Transition, UserId, Viewer,
};
use chrono::{DateTime, Utc};
use serde::Serialize;

/// A request for a new interview.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Booking {
    /// How the sides meet.
    pub kind: InterviewKind,
    /// The start of the interview.
    pub start_at: DateTime<Utc>,
    /// The end of the interview.
    pub end_at: DateTime<Utc>,
    /// The driver's application.
    pub interviewee_id: IntervieweeId,
    /// The member of staff.
    pub interviewer_id: UserId,
    /// A link or a place. The empty text is none.
    pub location: Option<String>,
    /// Whether the interview may overlap with others.
    pub allow_overlap: bool,
}

impl InterviewPatch {
    /// Reads the patch as a request for a new interview, for transports whose fields can all be missing. Refuses with
    /// every required field that is absent or null.
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
    /// Checks whether the viewer may create interviews. Refuses drivers.
    pub fn permit(viewer: &Viewer) -> Result<(), Refusal> {
        if viewer.acts_for(Side::Interviewer) {
            Ok(())
        } else {
            Err(Refusal::Forbidden("Only staff can create interviews."))
        }
    }

    /// Decides the request. Refuses drivers first, then all errors of the input at once. Schedule conflicts are found
    /// when the transition is stored.
    pub fn create(self, viewer: &Viewer, references: References, now: DateTime<Utc>) -> Result<Transition, Refusal> {
        let Self { kind, start_at, end_at, interviewee_id: _, interviewer_id, location, allow_overlap } = self;
        Self::permit(viewer)?;
        let mut errors = Vec::new();
        let slot = check_slot(start_at, end_at, Field::EndAt, &mut errors);
        let location = optional_text(location, Field::Location, &mut errors);
        if references.interviewee.is_none() {
            errors.push(interviewee_not_found());
        }
        if !references.interviewer_exists {
            errors.push(interviewer_not_found());
        }
        let (Some(slot), Some(interviewee), true) = (slot, references.interviewee, errors.is_empty()) else {
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
        let changes = interview.changes_since(None);
        let effect = IntervieweeEffect::Becomes(IntervieweeKind::Interview);
        Ok(Transition { interview, event: EventType::Created, side: Side::Interviewer, changes, effect })
    }
}
