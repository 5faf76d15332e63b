//! How much of a driver's time interviews may take. An open interview reserves the driver's time at all companies,
//! before the driver has agreed to it.

use crate::domain::{Field, FieldError, Interview, InterviewStatus, IntervieweeId, Refusal, TimeSlot};
use chrono::TimeDelta;

/// Limits on what staff and drivers book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookingLimits {
    /// The most open interviews of one application.
    pub open_interviews: u64,
    /// The longest interview, and the longest time that can be proposed; at most [`TimeSlot::MAX_HOURS`].
    pub length: TimeDelta,
}

impl Default for BookingLimits {
    fn default() -> Self {
        Self { open_interviews: 50, length: TimeDelta::hours(TimeSlot::MAX_HOURS) }
    }
}

impl Interview {
    /// The interviewee who gets one more open interview by the change from `before`, which is none for a new interview.
    #[must_use]
    pub fn newly_open_for(&self, before: Option<&Self>) -> Option<IntervieweeId> {
        let is_open = InterviewStatus::OPEN.contains(&self.status());
        let is_other = before.is_none_or(|before| before.interviewee_id != self.interviewee_id);
        (is_open && is_other).then_some(self.interviewee_id)
    }
}

impl BookingLimits {
    /// Checks a permitted change from `before`, which is none for a new interview. `others` is the number of other open
    /// interviews of its interviewee, up to the limit. What was there before is not refused.
    pub fn check(&self, interview: &Interview, before: Option<&Interview>, others: u64) -> Result<(), Refusal> {
        let mut errors = Vec::new();
        if before.is_none_or(|before| before.slot != interview.slot) {
            errors.extend(self.check_length(interview.slot, Field::EndAt));
        }
        let proposal = interview.proposal().filter(|_| before.and_then(Interview::proposal) != interview.proposal());
        if let Some(proposal) = proposal {
            errors.extend(self.check_length(proposal.slot, Field::AmendEndAt));
        }
        if interview.newly_open_for(before).is_some() && others >= self.open_interviews {
            errors.push(FieldError::too_many_open_interviews(self.open_interviews));
        }
        if errors.is_empty() { Ok(()) } else { Err(Refusal::Invalid(errors)) }
    }

    fn check_length(&self, slot: TimeSlot, field: Field) -> Option<FieldError> {
        (slot.end() - slot.start() > self.length).then(|| FieldError::duration_too_long(field, self.length))
    }
}
