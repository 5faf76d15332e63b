//! The filter of lists and subscriptions. `storage` has the same conditions in SQL; a test compares the two.

use crate::domain::{
    Event, Interview, InterviewKind, InterviewStatus, IntervieweeId, Side, UserId, ValuesAtEvent, Viewer,
};
use chrono::{DateTime, Utc};

/// The filter of a list of interviews. An interview has to fulfil every condition that is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct InterviewFilter {
    /// The status is one of these.
    pub status: Option<Vec<InterviewStatus>>,
    /// The kind is one of these.
    pub kind: Option<Vec<InterviewKind>>,
    /// The interviewee is this one.
    pub interviewee_id: Option<IntervieweeId>,
    /// The interviewer is this one.
    pub interviewer_id: Option<UserId>,
    /// The driver is this one.
    pub driver_id: Option<UserId>,
    /// The start is in this range.
    pub start_at: TimeRange,
    /// The last change is in this range.
    pub updated_at: TimeRange,
    /// The slot overlaps with the half-open interval from the first to the second time.
    pub overlaps: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// It waits for the answer of this side.
    pub awaiting: Option<Side>,
    /// Whether it waits for the answer of a side for which the viewer can act.
    pub awaiting_me: Option<bool>,
}

/// What a filter compares of an interview, at some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilteredValues {
    /// The status.
    pub status: InterviewStatus,
    /// The side that proposed another time, if the status is `Amended`.
    pub proposed_by: Option<Side>,
    /// How the two sides meet.
    pub kind: InterviewKind,
    /// The driver's application.
    pub interviewee_id: IntervieweeId,
    /// The member of staff.
    pub interviewer_id: UserId,
    /// The driver.
    pub driver_id: UserId,
    /// The start of the slot.
    pub start_at: DateTime<Utc>,
    /// The end of the slot.
    pub end_at: DateTime<Utc>,
    /// The time of the last change.
    pub updated_at: DateTime<Utc>,
}

impl FilteredValues {
    /// The values that the interview has.
    #[must_use]
    pub fn of(interview: &Interview) -> Self {
        Self {
            status: interview.status(),
            proposed_by: interview.proposal().map(|proposal| proposal.by),
            kind: interview.kind,
            interviewee_id: interview.interviewee_id,
            interviewer_id: interview.interviewer_id,
            driver_id: interview.driver_id,
            start_at: interview.slot.start(),
            end_at: interview.slot.end(),
            updated_at: interview.updated_at,
        }
    }
}

/// A half-open range of time. A bound that is none is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TimeRange {
    /// Inclusive.
    pub gte: Option<DateTime<Utc>>,
    /// Exclusive.
    pub lt: Option<DateTime<Utc>>,
}

impl TimeRange {
    fn contains(self, time: DateTime<Utc>) -> bool {
        self.gte.is_none_or(|from| from <= time) && self.lt.is_none_or(|to| time < to)
    }
}

impl InterviewFilter {
    /// Whether there are no conditions.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether an event that the viewer sees passes, because the interview matched before or after it, and whether it
    /// matches after it. Each side counts only if the viewer saw the interview then.
    ///
    /// Without `values` it passes in any case: nobody may miss that an interview has left the filter. Then it is the
    /// interview of `now`, if the viewer sees it, that matches or not.
    #[must_use]
    pub fn admits(
        &self,
        event: &Event,
        values: Option<&ValuesAtEvent>,
        now: Option<&Interview>,
        viewer: &Viewer,
    ) -> Option<bool> {
        if self.is_empty() {
            return Some(true);
        }
        let Some(ValuesAtEvent { before, after }) = values else {
            return Some(now.is_some_and(|interview| self.matches(interview, viewer)));
        };
        let (audience, scope) = (event.audience, viewer.scope());
        let matched = audience.saw_interview_before(scope)
            && before.as_ref().is_some_and(|before| self.matches_values(before, viewer));
        let matches = audience.sees_interview_after(scope) && self.matches_values(after, viewer);
        (matched || matches).then_some(matches)
    }

    /// Whether an interview that the viewer sees fulfils the conditions.
    #[must_use]
    pub fn matches(&self, interview: &Interview, viewer: &Viewer) -> bool {
        self.matches_values(&FilteredValues::of(interview), viewer)
    }

    /// The same for an interview with these values.
    #[must_use]
    pub fn matches_values(&self, values: &FilteredValues, viewer: &Viewer) -> bool {
        // Destructured in full, so that a new condition does not compile until it is handled.
        let Self {
            status,
            kind,
            interviewee_id,
            interviewer_id,
            driver_id,
            start_at,
            updated_at,
            overlaps,
            awaiting,
            awaiting_me,
        } = self;
        let (start, end) = (values.start_at, values.end_at);
        let awaited = values.status.awaiting(values.proposed_by);
        status.as_ref().is_none_or(|statuses| statuses.contains(&values.status))
            && kind.as_ref().is_none_or(|kinds| kinds.contains(&values.kind))
            && interviewee_id.is_none_or(|id| id == values.interviewee_id)
            && interviewer_id.is_none_or(|id| id == values.interviewer_id)
            && driver_id.is_none_or(|id| id == values.driver_id)
            && start_at.contains(start)
            && updated_at.contains(values.updated_at)
            && overlaps.is_none_or(|(from, to)| start < to && from < end)
            && awaiting.is_none_or(|side| awaited == Some(side))
            && awaiting_me.is_none_or(|wanted| wanted == awaited.is_some_and(|side| viewer.acts_for(side)))
    }
}
