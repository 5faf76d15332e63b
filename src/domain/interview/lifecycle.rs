//! The life of an interview as one state machine: which side may do what in which state, and what comes of it. The same function
//! lists what is possible and refuses what is not.

use crate::domain::event::changes_between;
use crate::domain::patch::check_text;
use crate::domain::{
    EventType, ExpectedVersion, Field, FieldChange, FieldError, FieldErrorCode, Interview, InterviewPatch,
    IntervieweeKind, Names, Proposal, References, Refusal, Side, State, StatusBeforeProposal, TimeSlot, Viewer,
    named_enum,
};
use chrono::{DateTime, Utc};

named_enum! {
    /// What can be done to an interview that exists.
    pub enum Action {
        /// Edit its fields.
        Update = "update",
        /// Propose another time.
        Amend = "amend",
        /// Agree to the interview, or to the proposed time.
        Accept = "accept",
        /// Turn the proposed time down.
        DeclineAmendment = "decline_amendment",
        /// Take one's own proposal back.
        WithdrawAmendment = "withdraw_amendment",
        /// Decline the interview.
        Reject = "reject",
        /// Call it off.
        Cancel = "cancel",
        /// Record that it took place.
        Complete = "complete",
        /// Record that a side did not appear.
        MarkNoShow = "mark_no_show",
    }
}

/// What a change does to the interviewee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntervieweeEffect {
    /// Nothing.
    None,
    /// Its kind becomes this.
    Becomes(IntervieweeKind),
    /// Its kind goes from `interview` back to `verified`, unless it has another open interview.
    Released,
}

/// A permitted change, ready to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The interview as it is afterwards.
    pub interview: Interview,
    /// What history calls it.
    pub event: EventType,
    /// For which side the viewer acted.
    pub side: Side,
    /// What changed.
    pub changes: Vec<FieldChange>,
    /// What it does to the interviewee.
    pub effect: IntervieweeEffect,
}

/// A request to change an interview.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// [`Action::Update`]
    Update(InterviewPatch),
    /// [`Action::Amend`]
    Amend {
        /// When the proposed time begins.
        start_at: DateTime<Utc>,
        /// When it ends.
        end_at: DateTime<Utc>,
        /// The side for which an admin acts.
        acting: Option<Side>,
    },
    /// [`Action::Accept`]
    Accept {
        /// The side for which an admin acts.
        acting: Option<Side>,
    },
    /// [`Action::DeclineAmendment`]
    DeclineAmendment {
        /// The side for which an admin acts.
        acting: Option<Side>,
    },
    /// [`Action::WithdrawAmendment`]
    WithdrawAmendment {
        /// The side for which an admin acts.
        acting: Option<Side>,
    },
    /// [`Action::Reject`]
    Reject {
        /// What the driver says.
        reason: Option<String>,
    },
    /// [`Action::Cancel`]
    Cancel {
        /// What staff say.
        reason: Option<String>,
    },
    /// [`Action::Complete`]
    Complete,
    /// [`Action::MarkNoShow`]
    MarkNoShow {
        /// The side that did not appear.
        absent: Side,
    },
}

const BOTH: &[Side] = &[Side::Interviewer, Side::Interviewee];
const INTERVIEWER: &[Side] = &[Side::Interviewer];
const INTERVIEWEE: &[Side] = &[Side::Interviewee];

fn only(side: Side) -> &'static [Side] {
    match side {
        Side::Interviewer => INTERVIEWER,
        Side::Interviewee => INTERVIEWEE,
    }
}

impl Action {
    /// The sides to which the action ever belongs, whatever the state.
    fn sides(self) -> &'static [Side] {
        match self {
            Self::Update | Self::Cancel | Self::Complete | Self::MarkNoShow => INTERVIEWER,
            Self::Reject => INTERVIEWEE,
            Self::Amend | Self::Accept | Self::DeclineAmendment | Self::WithdrawAmendment => BOTH,
        }
    }
}

impl Interview {
    /// The state table: the sides that can do this now.
    fn open_to(&self, action: Action, now: DateTime<Utc>) -> &'static [Side] {
        match (&self.state, action) {
            (
                State::Pending | State::Amended(_) | State::Scheduled,
                Action::Update | Action::Amend | Action::Reject | Action::Cancel,
            ) => action.sides(),
            (State::Pending, Action::Accept) => INTERVIEWEE,
            (State::Amended(proposal), Action::Accept | Action::DeclineAmendment) => only(proposal.by.other()),
            (State::Amended(proposal), Action::WithdrawAmendment) => only(proposal.by),
            (State::Scheduled, Action::Complete | Action::MarkNoShow) if now >= self.slot.start() => action.sides(),
            _ => &[],
        }
    }

    /// What the viewer can do to it now.
    #[must_use]
    pub fn available_actions(&self, viewer: &Viewer, now: DateTime<Utc>) -> Vec<Action> {
        let possible = |action: &Action| self.open_to(*action, now).iter().any(|side| viewer.acts_for(*side));
        Action::ALL.iter().copied().filter(possible).collect()
    }

    /// The side for which the viewer does this, or why they cannot. An admin names the side where the action could be either's.
    pub(crate) fn authorize(
        &self,
        action: Action,
        viewer: &Viewer,
        acting: Option<Side>,
        now: DateTime<Utc>,
    ) -> Result<Side, Refusal> {
        if acting.is_some_and(|side| !viewer.acts_for(side)) {
            return Err(Refusal::Forbidden("you cannot act for that side"));
        }
        if !action.sides().iter().any(|side| viewer.acts_for(*side)) {
            return Err(Refusal::Forbidden("this belongs to the other side"));
        }
        let open_to = self.open_to(action, now);
        if open_to.is_empty() {
            return Err(self.invalid_state(viewer, now));
        }
        let may = |side: &Side| viewer.acts_for(*side) && acting.is_none_or(|acting| acting == *side);
        let named = acting.is_some() || viewer.sides().len() == 1 || !matches!(action, Action::Amend | Action::Accept);
        if !named {
            let message = "an admin has to say for which side they act";
            return Err(Refusal::Invalid(vec![FieldError::new(FieldErrorCode::SideRequired, Field::As, message)]));
        }
        open_to.iter().copied().find(may).ok_or(Refusal::Forbidden("it is for the other side to do this now"))
    }

    fn invalid_state(&self, viewer: &Viewer, now: DateTime<Utc>) -> Refusal {
        Refusal::InvalidState { status: self.status(), available: self.available_actions(viewer, now) }
    }

    /// Checks the version that a request was made for.
    ///
    /// # Errors
    /// [`Refusal::Stale`] when the interview has changed since.
    pub fn expect_version(&self, expected: &ExpectedVersion) -> Result<(), Refusal> {
        if expected.matches(self.version) { Ok(()) } else { Err(Refusal::Stale(Box::new(self.clone()))) }
    }

    /// Does what is asked for. None when that would change nothing.
    ///
    /// # Errors
    /// A [`Refusal`]: permission first, then the state, then all mistakes of the input at once. A clash is found when the result is
    /// stored.
    pub fn perform(
        &self,
        viewer: &Viewer,
        command: Command,
        found: References,
        now: DateTime<Utc>,
    ) -> Result<Option<Transition>, Refusal> {
        let transition = match command {
            Command::Update(patch) => return self.update(viewer, patch, found, now),
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

    pub(crate) fn transition_to(
        &self,
        event: EventType,
        side: Side,
        now: DateTime<Utc>,
        edit: impl FnOnce(&mut Self),
    ) -> Transition {
        let mut interview = self.clone();
        edit(&mut interview);
        let changes = changes_between(Some(self), &interview);
        interview.version += 1;
        interview.updated_at = now;
        Transition { interview, event, side, changes, effect: IntervieweeEffect::None }
    }

    /// Proposes another time.
    fn amend(
        &self,
        viewer: &Viewer,
        acting: Option<Side>,
        start_at: DateTime<Utc>,
        end_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Transition, Refusal> {
        let by = self.authorize(Action::Amend, viewer, acting, now)?;
        let invalid = |code, field, message: String| Refusal::Invalid(vec![FieldError::new(code, field, message)]);
        let slot = TimeSlot::try_new(start_at, end_at)
            .map_err(|error| invalid(error.into(), Field::AmendEndAt, error.to_string()))?;
        let before = match self.state {
            State::Amended(proposal) => proposal.before,
            State::Scheduled => StatusBeforeProposal::Scheduled,
            _ => StatusBeforeProposal::Pending,
        };
        if slot == self.slot {
            let message = "this is the time at which the interview is already";
            return Err(invalid(FieldErrorCode::AmendmentUnchanged, Field::AmendStartAt, message.to_owned()));
        }
        if self.proposal().is_some_and(|proposal| proposal.slot == slot) {
            let message = "this time is already proposed";
            return Err(invalid(FieldErrorCode::AmendmentUnchanged, Field::AmendStartAt, message.to_owned()));
        }
        Ok(self.transition_to(EventType::Amended, by, now, |next| {
            next.state = State::Amended(Proposal { slot, by, before });
        }))
    }

    /// Agrees to the interview or to the proposed time.
    fn accept(&self, viewer: &Viewer, acting: Option<Side>, now: DateTime<Utc>) -> Result<Transition, Refusal> {
        let side = self.authorize(Action::Accept, viewer, acting, now)?;
        Ok(self.transition_to(EventType::Accepted, side, now, |next| {
            next.slot = self.proposal().map_or(self.slot, |proposal| proposal.slot);
            next.state = State::Scheduled;
        }))
    }

    /// Turns the other side's proposal down.
    fn decline_amendment(
        &self,
        viewer: &Viewer,
        acting: Option<Side>,
        now: DateTime<Utc>,
    ) -> Result<Transition, Refusal> {
        self.end_amendment(Action::DeclineAmendment, EventType::AmendmentDeclined, viewer, acting, now)
    }

    /// Takes one's own proposal back.
    fn withdraw_amendment(
        &self,
        viewer: &Viewer,
        acting: Option<Side>,
        now: DateTime<Utc>,
    ) -> Result<Transition, Refusal> {
        self.end_amendment(Action::WithdrawAmendment, EventType::AmendmentWithdrawn, viewer, acting, now)
    }

    fn end_amendment(
        &self,
        action: Action,
        event: EventType,
        viewer: &Viewer,
        acting: Option<Side>,
        now: DateTime<Utc>,
    ) -> Result<Transition, Refusal> {
        let side = self.authorize(action, viewer, acting, now)?;
        let proposal = self.proposal().ok_or_else(|| self.invalid_state(viewer, now))?;
        Ok(self.transition_to(event, side, now, |next| next.state = proposal.before.into()))
    }

    /// Declines the interview as its driver.
    fn reject(&self, viewer: &Viewer, reason: Option<String>, now: DateTime<Utc>) -> Result<Transition, Refusal> {
        let side = self.authorize(Action::Reject, viewer, None, now)?;
        let reason = checked_reason(reason)?;
        let transition =
            self.transition_to(EventType::Rejected, side, now, |next| next.state = State::Rejected { reason });
        Ok(Transition { effect: IntervieweeEffect::Becomes(IntervieweeKind::Rejected), ..transition })
    }

    /// Calls it off as staff.
    fn cancel(&self, viewer: &Viewer, reason: Option<String>, now: DateTime<Utc>) -> Result<Transition, Refusal> {
        let side = self.authorize(Action::Cancel, viewer, None, now)?;
        let reason = checked_reason(reason)?;
        let transition =
            self.transition_to(EventType::Cancelled, side, now, |next| next.state = State::Cancelled { reason });
        Ok(Transition { effect: IntervieweeEffect::Released, ..transition })
    }

    /// Records that it took place.
    fn complete(&self, viewer: &Viewer, now: DateTime<Utc>) -> Result<Transition, Refusal> {
        let side = self.authorize(Action::Complete, viewer, None, now)?;
        Ok(self.transition_to(EventType::Completed, side, now, |next| next.state = State::Completed))
    }

    /// Records that a side did not appear.
    fn mark_no_show(&self, viewer: &Viewer, absent: Side, now: DateTime<Utc>) -> Result<Transition, Refusal> {
        let side = self.authorize(Action::MarkNoShow, viewer, None, now)?;
        Ok(self.transition_to(EventType::NoShow, side, now, |next| next.state = State::NoShow { absent }))
    }
}

fn checked_reason(reason: Option<String>) -> Result<Option<String>, Refusal> {
    let mut errors = Vec::new();
    if let Some(reason) = &reason {
        check_text(reason, Field::Reason, &mut errors);
    }
    if errors.is_empty() { Ok(reason) } else { Err(Refusal::Invalid(errors)) }
}
