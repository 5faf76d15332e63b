//! What an interview's history says: which fields changed, from what, to what.

use crate::domain::{
    EventId, Interview, InterviewId, Names, Side, State, StatusBeforeProposal, UserId, named_enum, time,
};
use chrono::{DateTime, TimeDelta, Utc};

named_enum! {
    /// What happened to an interview.
    pub enum EventType {
        /// It was created.
        Created = "created",
        /// Staff edited it.
        Updated = "updated",
        /// A side proposed another time.
        Amended = "amended",
        /// A side agreed.
        Accepted = "accepted",
        /// The proposal was turned down.
        AmendmentDeclined = "amendment_declined",
        /// The proposal was taken back.
        AmendmentWithdrawn = "amendment_withdrawn",
        /// The driver declined the interview.
        Rejected = "rejected",
        /// Staff called it off.
        Cancelled = "cancelled",
        /// It took place.
        Completed = "completed",
        /// A side did not appear.
        NoShow = "no_show",
    }
}

named_enum! {
    /// A field of an interview or of a request, under the name that the database and the REST API give it.
    pub enum Field {
        /// The interview itself.
        Id = "id",
        /// How the sides meet.
        Kind = "kind",
        /// Where it is in its life.
        Status = "status",
        /// When it begins.
        StartAt = "start_at",
        /// When it ends.
        EndAt = "end_at",
        /// When the proposed time begins.
        AmendStartAt = "amend_start_at",
        /// When the proposed time ends.
        AmendEndAt = "amend_end_at",
        /// Which side proposed.
        AmendedBy = "amended_by",
        /// A link or a place.
        Location = "location",
        /// The driver's application.
        IntervieweeId = "interviewee_id",
        /// The member of staff.
        InterviewerId = "interviewer_id",
        /// Booked over a clash on purpose.
        AllowOverlap = "allow_overlap",
        /// Of a rejection or cancellation.
        Reason = "reason",
        /// The side that did not appear.
        Absent = "absent",
        /// The side for which an admin acts.
        As = "as",
    }
}

/// One changed field. Values are written as the REST API writes them: enum values in lower case, times with three decimals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// Which field.
    pub field: Field,
    /// What it was; none for no value.
    pub from: Option<String>,
    /// What it is now; none for no value.
    pub to: Option<String>,
}

/// One line of an interview's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its place in the log.
    pub id: EventId,
    /// Whose history it belongs to.
    pub interview_id: InterviewId,
    /// What happened.
    pub event_type: EventType,
    /// When.
    pub at: DateTime<Utc>,
    /// Who did it; none when the user is gone.
    pub actor_id: Option<UserId>,
    /// For which side they acted.
    pub actor_side: Side,
    /// What changed.
    pub changes: Vec<FieldChange>,
}

/// A place in the order in which the log is followed: what once lay before it, lies before it for good. Of one interview, later events
/// are at later positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogPosition {
    /// The number of the database's transaction that wrote the event, or a higher one; 0 where the database writes one at a time.
    pub transaction: i64,
    /// The event.
    pub event: EventId,
}

impl LogPosition {
    /// Before all events.
    pub const START: Self = Self { transaction: -1, event: EventId(0) };
}

/// The fields that differ, in a fixed order. Without a `before`, every field that has a value.
pub(super) fn changes_between(before: Option<&Interview>, after: &Interview) -> Vec<FieldChange> {
    let old = before.map(values);
    (values(after).into_iter().enumerate())
        .filter_map(|(index, (field, to))| {
            let from = old.as_ref().and_then(|old| old[index].1.clone());
            (from != to).then_some(FieldChange { field, from, to })
        })
        .collect()
}

fn values(interview: &Interview) -> [(Field, Option<String>); 13] {
    // Destructured in full, so that a new field does not compile until somebody decides whether history tells of it.
    let Interview {
        id: _,
        company_id: _, // the interviewee's
        driver_id: _,  // the interviewee's
        interviewee_id,
        interviewer_id,
        kind,
        state: _, // by its parts below
        slot,
        location,
        allow_overlap,
        version: _,
        created_at: _,
        updated_at: _,
    } = interview;
    let proposal = interview.proposal();
    [
        (Field::Kind, Some(kind.name().to_owned())),
        (Field::Status, Some(interview.status().name().to_owned())),
        (Field::StartAt, Some(time::format(slot.start()))),
        (Field::EndAt, Some(time::format(slot.end()))),
        (Field::AmendStartAt, proposal.map(|proposal| time::format(proposal.slot.start()))),
        (Field::AmendEndAt, proposal.map(|proposal| time::format(proposal.slot.end()))),
        (Field::AmendedBy, proposal.map(|proposal| proposal.by.name().to_owned())),
        (Field::Location, location.clone()),
        (Field::IntervieweeId, Some(interviewee_id.to_string())),
        (Field::InterviewerId, Some(interviewer_id.to_string())),
        (Field::AllowOverlap, Some(allow_overlap.to_string())),
        (Field::Reason, interview.reason().map(str::to_owned)),
        (Field::Absent, interview.absent().map(|side| side.name().to_owned())),
    ]
}

impl Interview {
    /// The states it went through at least, to be what it is.
    fn path(&self) -> Vec<State> {
        let agreed = match &self.state {
            State::Amended(proposal) => proposal.before == StatusBeforeProposal::Scheduled,
            State::Completed | State::NoShow { .. } => true,
            State::Pending | State::Scheduled | State::Rejected { .. } | State::Cancelled { .. } => false,
        };
        let mut path = vec![State::Pending];
        path.extend(agreed.then_some(State::Scheduled));
        path.extend(Some(self.state.clone()).filter(|state| *state != State::Pending));
        path
    }

    /// For data that comes without a history: gives the interview the shortest that leads to it, an event a day, its version and
    /// the time of its last change. What staff did is put down to its interviewer.
    pub fn invent_history(&mut self) -> Vec<Event> {
        let mut before: Option<Interview> = None;
        let mut events = Vec::new();
        for (days, state) in (0..).zip(self.path()) {
            (self.version, self.state) = (days + 1, state);
            self.updated_at = self.created_at + TimeDelta::days(days.into());
            let (event_type, actor_side) = match &self.state {
                State::Pending => (EventType::Created, Side::Interviewer),
                State::Amended(proposal) => (EventType::Amended, proposal.by),
                State::Scheduled => (EventType::Accepted, Side::Interviewee),
                State::Rejected { .. } => (EventType::Rejected, Side::Interviewee),
                State::Cancelled { .. } => (EventType::Cancelled, Side::Interviewer),
                State::Completed => (EventType::Completed, Side::Interviewer),
                State::NoShow { .. } => (EventType::NoShow, Side::Interviewer),
            };
            let actor_id = Some(if actor_side == Side::Interviewer { self.interviewer_id } else { self.driver_id });
            let changes = changes_between(before.as_ref(), self);
            let (id, interview_id, at) = (EventId(0), self.id, self.updated_at);
            events.push(Event { id, interview_id, event_type, at, actor_id, actor_side, changes });
            before = Some(self.clone());
        }
        events
    }
}
