//! A history for interviews that are inserted in their final state.

use crate::domain::{Audience, Event, EventId, EventType, Interview, Side, State, StatusBeforeProposal};
use chrono::TimeDelta;

/// Gives the interview the shortest history that leads to its state, one event a day, and the version and time of
/// change that follow from it. The interviewer is the actor of what staff did.
pub(super) fn invent_history(interview: &mut Interview) -> Vec<Event> {
    let mut before: Option<Interview> = None;
    let mut events = Vec::new();
    for (days, state) in (0..).zip(path(&interview.state)) {
        (interview.version, interview.state) = (days + 1, state);
        interview.updated_at = interview.created_at + TimeDelta::days(days.into());
        let (event_type, actor_side) = match &interview.state {
            State::Pending => (EventType::Created, Side::Interviewer),
            State::Amended(proposal) => (EventType::Amended, proposal.by),
            State::Scheduled => (EventType::Accepted, Side::Interviewee),
            State::Rejected { .. } => (EventType::Rejected, Side::Interviewee),
            State::Cancelled { .. } => (EventType::Cancelled, Side::Interviewer),
            State::Completed => (EventType::Completed, Side::Interviewer),
            State::NoShow { .. } => (EventType::NoShow, Side::Interviewer),
        };
        let interviewer_acts = actor_side == Side::Interviewer;
        events.push(Event {
            id: EventId(0),
            interview_id: interview.id,
            event_type,
            at: interview.updated_at,
            actor_id: Some(if interviewer_acts { interview.interviewer_id } else { interview.driver_id }),
            actor_side: Some(actor_side),
            changes: interview.changes_since(before.as_ref()),
            audience: Audience::of(interview, before.as_ref()),
        });
        before = Some(interview.clone());
    }
    events
}

/// The shortest sequence of states that ends in this one.
fn path(state: &State) -> Vec<State> {
    let agreed = match state {
        State::Amended(proposal) => proposal.before == StatusBeforeProposal::Scheduled,
        State::Completed | State::NoShow { .. } => true,
        State::Pending | State::Scheduled | State::Rejected { .. } | State::Cancelled { .. } => false,
    };
    let mut path = vec![State::Pending];
    path.extend(agreed.then_some(State::Scheduled));
    path.extend(Some(state.clone()).filter(|state| *state != State::Pending));
    path
}
