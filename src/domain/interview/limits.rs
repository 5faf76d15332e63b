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
    /// Checks the length of the time and of the proposal that a permitted change from `before` gives an interview;
    /// `before` is none for a new interview. A time that was there before, or was proposed, is not refused.
    pub fn check_times(&self, interview: &Interview, before: Option<&Interview>) -> Result<(), Refusal> {
        let proposed = |interview: &Interview| interview.proposal().map(|proposal| proposal.slot);
        let was_there = |slot| before.is_some_and(|before| before.slot == slot || proposed(before) == Some(slot));
        let times = [(Some(interview.slot), Field::EndAt), (proposed(interview), Field::AmendEndAt)];
        let errors: Vec<_> = times
            .into_iter()
            .filter_map(|(slot, field)| Some((slot.filter(|slot| !was_there(*slot))?, field)))
            .filter(|(slot, _)| slot.end() - slot.start() > self.length)
            .map(|(_, field)| FieldError::duration_too_long(field, self.length))
            .collect();
        if errors.is_empty() { Ok(()) } else { Err(Refusal::Invalid(errors)) }
    }

    /// The refusal of one more open interview of an application that has as many as are allowed.
    #[must_use]
    pub fn too_many_open_interviews(&self) -> Refusal {
        Refusal::Invalid(vec![FieldError::too_many_open_interviews(self.open_interviews)])
    }
}
