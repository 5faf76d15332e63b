//! Warnings: what a request asks for and its sender may not have meant. They prevent nothing.

use crate::domain::{Command, Interview, InterviewPatch, Patch, Side, TimeSlot};
use chrono::{DateTime, Utc};
use strum::{IntoStaticStr, VariantArray};

/// A warning about a change that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Warning {
    /// For programs.
    pub code: WarningCode,
    /// The side that it concerns; none if it concerns both alike.
    pub side: Option<Side>,
}

/// The codes of warnings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE", const_into_str)]
pub enum WarningCode {
    /// The time that was asked for has begun already.
    InThePast,
}

impl Warning {
    /// The warnings about a time that was asked for.
    #[must_use]
    pub fn about(slot: TimeSlot, now: DateTime<Utc>) -> Vec<Self> {
        let in_the_past = Self { code: WarningCode::InThePast, side: None };
        if slot.start() < now { vec![in_the_past] } else { Vec::new() }
    }

    /// The message for the person who made the request.
    #[must_use]
    pub fn message(&self) -> &'static str {
        match self.code {
            WarningCode::InThePast => "This time is in the past.",
        }
    }
}

impl Command {
    /// The time that the command asked for of this interview, which was changed by it; none if it asked for no time.
    /// To give a stored time to other people is to ask for it.
    #[must_use]
    pub fn requested_slot(&self, changed: &Interview) -> Option<TimeSlot> {
        match self {
            Self::Update(patch) => {
                let InterviewPatch { start_at, end_at, interviewee_id, interviewer_id, .. } = patch;
                let is_kept = *start_at == Patch::Absent
                    && *end_at == Patch::Absent
                    && *interviewee_id == Patch::Absent
                    && *interviewer_id == Patch::Absent;
                (!is_kept).then_some(changed.slot)
            }
            Self::Amend { .. } => changed.proposal().map(|proposal| proposal.slot),
            Self::Accept { .. } => Some(changed.slot),
            Self::DeclineAmendment { .. }
            | Self::WithdrawAmendment { .. }
            | Self::Reject { .. }
            | Self::Cancel { .. }
            | Self::Complete
            | Self::MarkNoShow { .. } => None,
        }
    }
}
