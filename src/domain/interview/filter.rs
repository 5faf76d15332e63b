//! The filter of lists and subscriptions. `storage` has the same conditions in SQL; a test compares the two.

use crate::domain::{Interview, InterviewKind, InterviewStatus, IntervieweeId, Side, UserId, Viewer};
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

    /// Whether an event passes whose interview is this one, or one that the viewer does not see any more. Conditions
    /// on such an interview would tell what became of it.
    #[must_use]
    pub fn admits(&self, interview: Option<&Interview>, viewer: &Viewer) -> bool {
        interview.map_or_else(|| self.is_empty(), |interview| self.matches(interview, viewer))
    }

    /// Whether an interview that the viewer sees fulfils the conditions.
    #[must_use]
    pub fn matches(&self, interview: &Interview, viewer: &Viewer) -> bool {
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
        let (start, end) = (interview.slot.start(), interview.slot.end());
        let awaited = interview.awaiting();
        status.as_ref().is_none_or(|statuses| statuses.contains(&interview.status()))
            && kind.as_ref().is_none_or(|kinds| kinds.contains(&interview.kind))
            && interviewee_id.is_none_or(|id| id == interview.interviewee_id)
            && interviewer_id.is_none_or(|id| id == interview.interviewer_id)
            && driver_id.is_none_or(|id| id == interview.driver_id)
            && start_at.contains(start)
            && updated_at.contains(interview.updated_at)
            && overlaps.is_none_or(|(from, to)| start < to && from < end)
            && awaiting.is_none_or(|side| awaited == Some(side))
            && awaiting_me.is_none_or(|wanted| wanted == awaited.is_some_and(|side| viewer.acts_for(side)))
    }
}
