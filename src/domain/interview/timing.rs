//! What a change means for what is derived from an interview: its reminders, and its entries in calendars.

use crate::domain::{Interview, InterviewStatus, State, StatusBeforeProposal};

/// What a change makes new. It is found in the interview before and after it, so that nothing else has to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// The interview is at another time, or both sides have agreed on its time now. A proposal that is declined or
    /// withdrawn leaves both as they were.
    pub sets_slot: bool,
    /// The interview waits for an answer to something else than before, or of another driver.
    pub asks_anew: bool,
    /// Calendars have to replace their entry.
    pub changes_entry: bool,
}

impl Timing {
    /// The change from `before`; none for a new interview.
    #[must_use]
    pub fn of(interview: &Interview, before: Option<&Interview>) -> Self {
        let waits = InterviewStatus::WAITING.contains(&interview.status());
        let Some(before) = before else {
            return Self { sets_slot: true, asks_anew: waits, changes_entry: false };
        };
        let moves = interview.slot != before.slot;
        let agrees = interview.state == State::Scheduled && !before.is_agreed();
        let question = |interview: &Interview| (interview.state.clone(), interview.slot, interview.interviewee_id);
        let ends = |interview: &Interview| matches!(interview.state, State::Rejected { .. } | State::Cancelled { .. });
        Self {
            sets_slot: moves || agrees,
            asks_anew: waits && question(interview) != question(before),
            changes_entry: moves
                || interview.kind != before.kind
                || interview.location != before.location
                || ends(interview) && !ends(before),
        }
    }
}

impl Interview {
    /// Whether both sides have agreed on the time that it reserves, even if one of them proposes another time.
    fn is_agreed(&self) -> bool {
        match &self.state {
            State::Scheduled => true,
            State::Amended(proposal) => proposal.before == StatusBeforeProposal::Scheduled,
            _ => false,
        }
    }
}
