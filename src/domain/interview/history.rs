//! The field changes that an interview's history records.

use crate::domain::{Field, FieldChange, Interview, time};

impl Interview {
    /// The fields that differ from the interview `before` the change, in a fixed order; every field with a value for a
    /// new interview.
    #[must_use]
    pub fn changes_since(&self, before: Option<&Self>) -> Vec<FieldChange> {
        let old = before.map(values);
        (values(self).into_iter().enumerate())
            .filter_map(|(index, (field, to))| {
                let from = old.as_ref().and_then(|old| old[index].1.clone());
                (from != to).then_some(FieldChange { field, from, to })
            })
            .collect()
    }
}

fn values(interview: &Interview) -> [(Field, Option<String>); 13] {
    // Destructured in full, so that a new field does not compile until its part in the history is decided.
    let Interview {
        id: _,
        company_id: _, // follows from interviewee_id
        driver_id: _,  // follows from interviewee_id
        interviewee_id,
        interviewer_id,
        kind,
        state: _, // its parts are below
        slot,
        location,
        allow_overlap,
        version: _,
        created_at: _,
        updated_at: _,
    } = interview;
    let proposal = interview.proposal();
    [
        (Field::Kind, Some(kind.into_str().to_owned())),
        (Field::Status, Some(interview.status().into_str().to_owned())),
        (Field::StartAt, Some(time::format(slot.start()))),
        (Field::EndAt, Some(time::format(slot.end()))),
        (Field::AmendStartAt, proposal.map(|proposal| time::format(proposal.slot.start()))),
        (Field::AmendEndAt, proposal.map(|proposal| time::format(proposal.slot.end()))),
        (Field::AmendedBy, proposal.map(|proposal| proposal.by.into_str().to_owned())),
        (Field::Location, location.clone()),
        (Field::IntervieweeId, Some(interviewee_id.to_string())),
        (Field::InterviewerId, Some(interviewer_id.to_string())),
        (Field::AllowOverlap, Some(allow_overlap.to_string())),
        (Field::Reason, interview.reason().map(str::to_owned)),
        (Field::Absent, interview.absent().map(|side| side.into_str().to_owned())),
    ]
}
