//! Editing the fields of an interview: a partial update, judged on the merged record.

use crate::domain::interview::validate::{check_slot, interviewee_not_found, interviewer_not_found, optional_text};
use crate::domain::{
    Action, EventType, Field, Interview, InterviewKind, IntervieweeId, Patch, References, Refusal, State, Transition,
    UserId, Viewer,
};
use chrono::{DateTime, Utc};
use serde::Serialize;

/// The fields of an update.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct InterviewPatch {
    /// How the sides meet.
    pub kind: Patch<InterviewKind>,
    /// The start of the interview.
    pub start_at: Patch<DateTime<Utc>>,
    /// The end of the interview.
    pub end_at: Patch<DateTime<Utc>>,
    /// The driver's application.
    pub interviewee_id: Patch<IntervieweeId>,
    /// The member of staff.
    pub interviewer_id: Patch<UserId>,
    /// A link or a place; null and the empty text clear it.
    pub location: Patch<String>,
    /// Whether the interview may overlap with others. Absent: as before, or no if the time or a person changes.
    pub allow_overlap: Patch<bool>,
}

impl InterviewPatch {
    /// The interviewee to look up; none if the patch keeps the stored one.
    #[must_use]
    pub fn other_interviewee(&self, interview: &Interview) -> Option<IntervieweeId> {
        self.interviewee_id.value().filter(|id| *id != interview.interviewee_id)
    }

    /// The interviewer to look up; none if the patch keeps the stored one.
    #[must_use]
    pub fn other_interviewer(&self, interview: &Interview) -> Option<UserId> {
        self.interviewer_id.value().filter(|id| *id != interview.interviewer_id)
    }
}

impl Interview {
    /// Edits fields as staff. None if nothing would change.
    pub(super) fn update(
        &self,
        viewer: &Viewer,
        patch: InterviewPatch,
        references: References,
        now: DateTime<Utc>,
    ) -> Result<Option<Transition>, Refusal> {
        let side = self.authorize(Action::Update, viewer, None, now)?;
        let wants_interviewee = patch.other_interviewee(self).is_some();
        let wants_interviewer = patch.other_interviewer(self).is_some();
        let InterviewPatch { kind, start_at, end_at, interviewee_id, interviewer_id, location, allow_overlap } = patch;

        let mut errors = Vec::new();
        // An invalid slot is an error of the end, unless the patch sets only the start.
        let at_fault = if end_at == Patch::Absent && start_at != Patch::Absent { Field::StartAt } else { Field::EndAt };
        let kind = kind.over(self.kind, Field::Kind, &mut errors);
        let start = start_at.over(self.slot.start(), Field::StartAt, &mut errors);
        let end = end_at.over(self.slot.end(), Field::EndAt, &mut errors);
        let slot = check_slot(start, end, at_fault, &mut errors).unwrap_or(self.slot);
        interviewee_id.over(self.interviewee_id, Field::IntervieweeId, &mut errors);
        let interviewer_id = interviewer_id.over(self.interviewer_id, Field::InterviewerId, &mut errors);
        allow_overlap.over(self.allow_overlap, Field::AllowOverlap, &mut errors);
        let location = match location {
            Patch::Absent => self.location.clone(),
            Patch::Null => None,
            Patch::Value(location) => optional_text(Some(location), Field::Location, &mut errors),
        };
        let interviewee = references.interviewee.filter(|interviewee| interviewee.company_id == self.company_id);
        if wants_interviewee && interviewee.is_none() {
            errors.push(interviewee_not_found());
        }
        if wants_interviewer && !references.interviewer_exists {
            errors.push(interviewer_not_found());
        }
        if !errors.is_empty() {
            return Err(Refusal::Invalid(errors));
        }

        let transition = self.transition_with_overlap(allow_overlap.value(), EventType::Updated, side, now, |next| {
            next.kind = kind;
            next.slot = slot;
            next.interviewer_id = interviewer_id;
            next.location = location;
            if let Some(interviewee) = interviewee {
                next.interviewee_id = interviewee.id;
                next.driver_id = interviewee.driver_id;
            }
            // The driver agreed to another time, or another driver agreed.
            if next.slot != self.slot || next.interviewee_id != self.interviewee_id {
                next.state = State::Pending;
            }
        });
        Ok(Some(transition).filter(|transition| !transition.changes.is_empty()))
    }
}
