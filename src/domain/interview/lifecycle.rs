//! The state machine of an interview: which side can do what in which state, and what each action makes of it. The same
//! table lists the available actions and refuses the others.

use crate::domain::interview::validate::{check_reason, check_slot};
use crate::domain::{
    EventType, Field, FieldError, Interview, IntervieweeEffect, IntervieweeKind, Proposal, Refusal, RefusalCode, Side,
    State, StatusBeforeProposal, Transition, Viewer,
};
use chrono::{DateTime, Utc};
use strum::{EnumString, IntoStaticStr, VariantArray};

/// What can be done to an interview that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Action {
    /// Edit its fields.
    Update,
    /// Propose another time.
    Amend,
    /// Agree to the interview, or to the proposed time.
    Accept,
    /// Decline the time that the other side proposed.
    DeclineAmendment,
    /// Withdraw the time that the own side proposed.
    WithdrawAmendment,
    /// Decline the interview, as its driver.
    Reject,
    /// Cancel the interview, as staff.
    Cancel,
    /// Record that it took place.
    Complete,
    /// Record that a side did not appear.
    MarkNoShow,
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
    /// The sides that can perform the action in some state.
    fn sides(self) -> &'static [Side] {
        match self {
            Self::Update | Self::Cancel | Self::Complete | Self::MarkNoShow => INTERVIEWER,
            Self::Reject => INTERVIEWEE,
            Self::Amend | Self::Accept | Self::DeclineAmendment | Self::WithdrawAmendment => BOTH,
        }
    }
}

impl Interview {
    /// The state table: the sides that can perform the action now.
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

    /// The actions that the viewer can perform now, in the order of [`Action`].
    #[must_use]
    pub fn available_actions(&self, viewer: &Viewer, now: DateTime<Utc>) -> Vec<Action> {
        let possible = |action: &Action| self.open_to(*action, now).iter().any(|side| viewer.acts_for(*side));
        Action::VARIANTS.iter().copied().filter(possible).collect()
    }

    /// The side for which the viewer performs the action: the one that is named, or else the only one that is possible.
    /// Refuses with [`RefusalCode::SideRequired`] if both are.
    pub(super) fn authorize(
        &self,
        action: Action,
        viewer: &Viewer,
        acting: Option<Side>,
        now: DateTime<Utc>,
    ) -> Result<Side, Refusal> {
        if acting.is_some_and(|side| !viewer.acts_for(side)) {
            return Err(Refusal::Forbidden("You cannot act for that side."));
        }
        if !action.sides().iter().any(|side| viewer.acts_for(*side)) {
            return Err(Refusal::Forbidden(if viewer.sides().is_empty() {
                "A service cannot act for a side of an interview."
            } else {
                "Only the other side can do this."
            }));
        }
        let open_to = self.open_to(action, now);
        if open_to.is_empty() {
            return Err(self.invalid_state(action, viewer, now));
        }
        let may = |side: &Side| viewer.acts_for(*side) && acting.is_none_or(|acting| acting == *side);
        let mut sides = open_to.iter().copied().filter(may);
        match (sides.next(), sides.next()) {
            (Some(side), None) => Ok(side),
            (Some(_), Some(_)) => {
                let message = "Choose the side for which you act.";
                Err(Refusal::Invalid(vec![FieldError::new(RefusalCode::SideRequired, Field::As, message)]))
            }
            (None, _) => Err(Refusal::Forbidden("Only the other side can do this now.")),
        }
    }

    fn invalid_state(&self, action: Action, viewer: &Viewer, now: DateTime<Utc>) -> Refusal {
        let available = self.available_actions(viewer, now);
        Refusal::InvalidState { action, current: Box::new(self.clone()), available }
    }

    pub(super) fn amend(
        &self,
        viewer: &Viewer,
        acting: Option<Side>,
        start_at: DateTime<Utc>,
        end_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Transition, Refusal> {
        let mut errors = Vec::new();
        let by = match self.authorize(Action::Amend, viewer, acting, now) {
            Ok(side) => Some(side),
            // A form shows this error beside those of the times.
            Err(Refusal::Invalid(side_required)) => {
                errors.extend(side_required);
                None
            }
            Err(refusal) => return Err(refusal),
        };
        let slot = check_slot(start_at, end_at, Field::AmendEndAt, &mut errors);
        let unchanged = if slot == Some(self.slot) {
            Some("The interview is already at this time.")
        } else if slot.is_some() && slot == self.proposal().map(|proposal| proposal.slot) {
            Some("This time is already proposed.")
        } else {
            None
        };
        errors.extend(
            unchanged.map(|message| FieldError::new(RefusalCode::AmendmentUnchanged, Field::AmendStartAt, message)),
        );
        let (Some(by), Some(slot), true) = (by, slot, errors.is_empty()) else {
            return Err(Refusal::Invalid(errors));
        };
        let before = match self.state {
            State::Amended(proposal) => proposal.before,
            State::Scheduled => StatusBeforeProposal::Scheduled,
            _ => StatusBeforeProposal::Pending,
        };
        Ok(self.transition_to(EventType::Amended, by, now, |next| {
            next.state = State::Amended(Proposal { slot, by, before });
        }))
    }

    pub(super) fn accept(
        &self,
        viewer: &Viewer,
        acting: Option<Side>,
        now: DateTime<Utc>,
    ) -> Result<Transition, Refusal> {
        let side = self.authorize(Action::Accept, viewer, acting, now)?;
        Ok(self.transition_to(EventType::Accepted, side, now, |next| {
            next.slot = self.proposal().map_or(self.slot, |proposal| proposal.slot);
            next.state = State::Scheduled;
        }))
    }

    pub(super) fn decline_amendment(
        &self,
        viewer: &Viewer,
        acting: Option<Side>,
        now: DateTime<Utc>,
    ) -> Result<Transition, Refusal> {
        self.end_amendment(Action::DeclineAmendment, EventType::AmendmentDeclined, viewer, acting, now)
    }

    pub(super) fn withdraw_amendment(
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
        let proposal = self.proposal().ok_or_else(|| self.invalid_state(action, viewer, now))?;
        Ok(self.transition_to(event, side, now, |next| next.state = proposal.before.into()))
    }

    pub(super) fn reject(
        &self,
        viewer: &Viewer,
        reason: Option<String>,
        now: DateTime<Utc>,
    ) -> Result<Transition, Refusal> {
        let side = self.authorize(Action::Reject, viewer, None, now)?;
        let reason = check_reason(reason)?;
        let transition =
            self.transition_to(EventType::Rejected, side, now, |next| next.state = State::Rejected { reason });
        Ok(Transition { effect: IntervieweeEffect::Becomes(IntervieweeKind::Rejected), ..transition })
    }

    pub(super) fn cancel(
        &self,
        viewer: &Viewer,
        reason: Option<String>,
        now: DateTime<Utc>,
    ) -> Result<Transition, Refusal> {
        let side = self.authorize(Action::Cancel, viewer, None, now)?;
        Ok(self.cancelled(side, check_reason(reason)?, now))
    }

    /// Cancels an open interview for the company, because one of its people is erased. Permission to erase people is
    /// enough for it: the viewer need not act for a side.
    #[must_use]
    pub fn cancel_for_erasure(&self, now: DateTime<Utc>) -> Transition {
        self.cancelled(Side::Interviewer, None, now)
    }

    fn cancelled(&self, side: Side, reason: Option<String>, now: DateTime<Utc>) -> Transition {
        let transition =
            self.transition_to(EventType::Cancelled, side, now, |next| next.state = State::Cancelled { reason });
        Transition { effect: IntervieweeEffect::Released, ..transition }
    }

    pub(super) fn complete(&self, viewer: &Viewer, now: DateTime<Utc>) -> Result<Transition, Refusal> {
        let side = self.authorize(Action::Complete, viewer, None, now)?;
        Ok(self.transition_to(EventType::Completed, side, now, |next| next.state = State::Completed))
    }

    pub(super) fn mark_no_show(
        &self,
        viewer: &Viewer,
        absent: Side,
        now: DateTime<Utc>,
    ) -> Result<Transition, Refusal> {
        let side = self.authorize(Action::MarkNoShow, viewer, None, now)?;
        Ok(self.transition_to(EventType::NoShow, side, now, |next| next.state = State::NoShow { absent }))
    }
}
