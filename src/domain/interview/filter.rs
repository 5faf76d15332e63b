//! What lists and subscriptions are narrowed down to. `storage` says the same in SQL; a test compares the two.

use crate::domain::{Interview, InterviewKind, InterviewStatus, IntervieweeId, Side, UserId, Viewer};
use chrono::{DateTime, Utc};

/// What a list of interviews is narrowed down to. Every condition that is given has to hold.
#[derive(Clone, Debug, Default)]
pub struct InterviewFilter {
    /// One of these statuses.
    pub status: Option<Vec<InterviewStatus>>,
    /// One of these kinds.
    pub kind: Option<Vec<InterviewKind>>,
    /// Of this interviewee.
    pub interviewee_id: Option<IntervieweeId>,
    /// With this interviewer.
    pub interviewer_id: Option<UserId>,
    /// Of this driver.
    pub driver_id: Option<UserId>,
    /// Beginning in this range.
    pub start_at: TimeRange,
    /// Last changed in this range.
    pub updated_at: TimeRange,
    /// Sharing a moment with the half-open slot from the first to the second.
    pub overlaps: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// Waiting for an answer of this side.
    pub awaiting: Option<Side>,
    /// Waiting, or not waiting, for an answer of a side for which the viewer can act.
    pub awaiting_me: Option<bool>,
}

/// A half-open range of time; an end that is not given is open.
#[derive(Clone, Copy, Debug, Default)]
pub struct TimeRange {
    /// From here on.
    pub gte: Option<DateTime<Utc>>,
    /// To before here.
    pub lt: Option<DateTime<Utc>>,
}

impl TimeRange {
    fn contains(self, time: DateTime<Utc>) -> bool {
        self.gte.is_none_or(|from| from <= time) && self.lt.is_none_or(|to| time < to)
    }
}

impl InterviewFilter {
    /// Whether an interview that the viewer sees is one of those that are wanted.
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
