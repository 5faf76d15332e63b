//! Requests to change an interview, and the transitions that they lead to.

use crate::domain::{
    EventType, FieldChange, Interview, InterviewPatch, Interviewee, IntervieweeKind, Refusal, Side, Viewer,
};
use chrono::{DateTime, Utc};
use serde::Serialize;

/// A request to change an interview. `acting` is the side for which an admin acts; it is needed only where both sides
/// are possible.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Command {
    /// [`Action::Update`](crate::domain::Action::Update)
    Update(InterviewPatch),
    /// [`Action::Amend`](crate::domain::Action::Amend)
    Amend {
        /// The start of the proposed time.
        start_at: DateTime<Utc>,
        /// The end of the proposed time.
        end_at: DateTime<Utc>,
        /// See [`Command`].
        acting: Option<Side>,
    },
    /// [`Action::Accept`](crate::domain::Action::Accept)
    Accept {
        /// See [`Command`].
        acting: Option<Side>,
    },
    /// [`Action::DeclineAmendment`](crate::domain::Action::DeclineAmendment)
    DeclineAmendment {
        /// See [`Command`].
        acting: Option<Side>,
    },
    /// [`Action::WithdrawAmendment`](crate::domain::Action::WithdrawAmendment)
    WithdrawAmendment {
        /// See [`Command`].
        acting: Option<Side>,
    },
    /// [`Action::Reject`](crate::domain::Action::Reject)
    Reject {
        /// The driver's reason. The empty text is none.
        reason: Option<String>,
    },
    /// [`Action::Cancel`](crate::domain::Action::Cancel)
    Cancel {
        /// The reason that staff give. The empty text is none.
        reason: Option<String>,
    },
    /// [`Action::Complete`](crate::domain::Action::Complete)
    Complete,
    /// [`Action::MarkNoShow`](crate::domain::Action::MarkNoShow)
    MarkNoShow {
        /// The side that did not appear.
        absent: Side,
    },
}

/// What was found under the ids that a request names.
#[derive(Clone, Debug, Default)]
pub struct References {
    /// The interviewee; none if the viewer sees no such interviewee.
    pub interviewee: Option<Interviewee>,
    /// Whether the interviewer is active staff of the interview's company.
    pub interviewer_exists: bool,
}

/// The effect of a change on the interviewee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntervieweeEffect {
    /// The interviewee stays as it is.
    None,
    /// Its kind becomes this one.
    Becomes(IntervieweeKind),
    /// Its kind goes from `interview` back to `verified`, unless it has another open interview.
    Released,
}

/// A permitted change that is not stored yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The interview after the change.
    pub interview: Interview,
    /// The type of the event that records the change.
    pub event: EventType,
    /// The side for which the viewer acts.
    pub side: Side,
    /// The fields that change.
    pub changes: Vec<FieldChange>,
    /// The effect on the interviewee.
    pub effect: IntervieweeEffect,
}

impl Command {
    /// Whether a request for it can say that the interview may overlap with others.
    #[must_use]
    pub fn can_allow_overlap(&self) -> bool {
        match self {
            Self::Update(_) => true,
            Self::Amend { .. }
            | Self::Accept { .. }
            | Self::DeclineAmendment { .. }
            | Self::WithdrawAmendment { .. }
            | Self::Reject { .. }
            | Self::Cancel { .. }
            | Self::Complete
            | Self::MarkNoShow { .. } => false,
        }
    }
}

impl Interview {
    /// Decides a command. None if it would change nothing. Refuses for permission first, then for the state, then for
    /// all errors of the input at once. Schedule conflicts are found when the transition is stored.
    pub fn perform(
        &self,
        viewer: &Viewer,
        command: Command,
        references: References,
        now: DateTime<Utc>,
    ) -> Result<Option<Transition>, Refusal> {
        let transition = match command {
            Command::Update(patch) => return self.update(viewer, patch, references, now),
            Command::Amend { start_at, end_at, acting } => self.amend(viewer, acting, start_at, end_at, now),
            Command::Accept { acting } => self.accept(viewer, acting, now),
            Command::DeclineAmendment { acting } => self.decline_amendment(viewer, acting, now),
            Command::WithdrawAmendment { acting } => self.withdraw_amendment(viewer, acting, now),
            Command::Reject { reason } => self.reject(viewer, reason, now),
            Command::Cancel { reason } => self.cancel(viewer, reason, now),
            Command::Complete => self.complete(viewer, now),
            Command::MarkNoShow { absent } => self.mark_no_show(viewer, absent, now),
        };
        transition.map(Some)
    }

    /// The transition to what `edit` makes of the interview, without an effect on the interviewee.
    pub(super) fn transition_to(
        &self,
        event: EventType,
        side: Side,
        now: DateTime<Utc>,
        edit: impl FnOnce(&mut Self),
    ) -> Transition {
        self.transition_with_overlap(None, event, side, now, edit)
    }

    /// The same for a request that says whether the interview may overlap with others. If it does not say so, the
    /// permission to overlap ends with the time and the people for which it was given.
    pub(super) fn transition_with_overlap(
        &self,
        allow_overlap: Option<bool>,
        event: EventType,
        side: Side,
        now: DateTime<Utc>,
        edit: impl FnOnce(&mut Self),
    ) -> Transition {
        let mut interview = self.clone();
        edit(&mut interview);
        let is_kept = self.allow_overlap && interview.people_and_slot() == self.people_and_slot();
        interview.allow_overlap = allow_overlap.unwrap_or(is_kept);
        let changes = interview.changes_since(Some(self));
        interview.version += 1;
        interview.updated_at = now;
        Transition { interview, event, side, changes, effect: IntervieweeEffect::None }
    }
}
