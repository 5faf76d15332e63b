//! An interview of another system, which keeps its id. It is taken in as it is and only once: afterwards it changes by
//! the commands of its people alone.

use super::{RowError, RowField, ids};
use crate::domain::interview::validate::{check_slot, optional_text};
use crate::domain::{
    Audience, Event, EventId, EventType, Field, FieldError, Interview, InterviewId, InterviewKind, InterviewStatus,
    Interviewee, IntervieweeId, Proposal, RefusalCode, Side, State, StatusBeforeProposal, TimeSlot, User, UserId,
};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::{HashMap, HashSet};

/// An interview with all fields that are stored. A field that is absent and one that is null are the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InterviewRow {
    /// The id that it keeps, at most [`InterviewRow::MAX_ID`].
    pub id: String,
    /// The company of the application, if the row names it.
    pub company_id: Option<String>,
    /// The driver of the application, if the row names them.
    pub driver_id: Option<String>,
    /// The driver's application. Required.
    pub interviewee_id: Option<String>,
    /// Staff of the company, active or not. Required.
    pub interviewer_id: Option<String>,
    /// How the sides meet. Required.
    pub kind: Option<InterviewKind>,
    /// Required.
    pub status: Option<InterviewStatus>,
    /// Required.
    pub start_at: Option<DateTime<Utc>>,
    /// Required.
    pub end_at: Option<DateTime<Utc>>,
    /// Required of an amended interview, as are the next three. Other interviews have none of them.
    pub amend_start_at: Option<DateTime<Utc>>,
    /// The end of the proposed time.
    pub amend_end_at: Option<DateTime<Utc>>,
    /// The side that proposed it.
    pub amended_by: Option<Side>,
    /// The status before the proposal.
    pub amended_from: Option<StatusBeforeProposal>,
    /// A link or a place. The empty text is none.
    pub location: Option<String>,
    /// The reason of a rejected or cancelled interview. The empty text is none.
    pub reason: Option<String>,
    /// The side that did not appear: required of a no-show.
    pub absent: Option<Side>,
    /// Whether the interview may overlap with others.
    pub allow_overlap: bool,
    /// The number of changes, with the creation; 1 if the row does not say it.
    pub version: Option<i32>,
    /// Required.
    pub created_at: Option<DateTime<Utc>>,
    /// The time of the last change; that of the creation if the row does not say it.
    pub updated_at: Option<DateTime<Utc>>,
}

/// The people to whom rows refer, as far as they exist.
#[derive(Clone, Debug, Default)]
pub struct InterviewPeople {
    /// The applications.
    pub interviewees: HashMap<IntervieweeId, Interviewee>,
    /// The users who may be interviewers.
    pub interviewers: HashMap<UserId, User>,
    /// The drivers of these applications who were erased.
    pub erased: HashSet<UserId>,
}

impl InterviewRow {
    /// The greatest id: clients of the REST API read ids as numbers of JavaScript, and new interviews get ids above it.
    pub const MAX_ID: i64 = (1 << 53) - 1;
    /// How much the clock of the other system may be ahead.
    const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(5);
    /// The greatest version. The interview can still change as often again.
    const MAX_VERSION: i32 = 1_000_000_000;

    /// The id as a number.
    pub fn parse_id(&self) -> Result<InterviewId, RowError> {
        let id = ids::parse(&self.id, RowField::Id)?;
        if id > Self::MAX_ID {
            let message = format!("The id of an interview can be at most {}.", Self::MAX_ID);
            return Err(RowError::new(RefusalCode::InvalidId, RowField::Id, message));
        }
        Ok(InterviewId(id))
    }

    /// The application and the interviewer to look up.
    #[must_use]
    pub fn references(&self) -> (Option<IntervieweeId>, Option<UserId>) {
        let parse = |text: Option<&String>| ids::parse(text?, RowField::Id).ok();
        (parse(self.interviewee_id.as_ref()).map(IntervieweeId), parse(self.interviewer_id.as_ref()).map(UserId))
    }

    /// The interview, if the row is one that this server could have stored. Overlaps with others are found later, by
    /// [`clashing`](super::clashing).
    pub fn judge(
        &self,
        id: InterviewId,
        people: &InterviewPeople,
        now: DateTime<Utc>,
    ) -> Result<Interview, Vec<RowError>> {
        let mut errors = Vec::new();
        let interviewee = self.interviewee(people, &mut errors);
        let interviewer = self.interviewer(people, interviewee, &mut errors);
        let kind = required(self.kind, RowField::Kind, &mut errors);
        let slot = slot(self.start_at, self.end_at, [RowField::StartAt, RowField::EndAt], Field::EndAt, &mut errors);
        let state = self.state(slot, now, &mut errors);
        let location = text(self.location.as_ref(), Field::Location, &mut errors);
        let created_at = required(self.created_at, RowField::CreatedAt, &mut errors);
        for (field, time) in [(RowField::CreatedAt, self.created_at), (RowField::UpdatedAt, self.updated_at)] {
            if time.is_some_and(|time| time > now + Self::CLOCK_SKEW) {
                let message = format!("The {} cannot be in the future.", field.label());
                errors.push(RowError::new(RefusalCode::InvalidState, field, message));
            }
        }
        let updated_at = self.updated_at.or(created_at);
        if updated_at < created_at {
            let message = "An interview cannot change before it is created.";
            errors.push(RowError::new(RefusalCode::EndNotAfterStart, RowField::UpdatedAt, message));
        }
        let version = self.version.unwrap_or(1);
        if !(1..=Self::MAX_VERSION).contains(&version) {
            let message = format!("A version is a number from 1 to {}.", Self::MAX_VERSION);
            errors.push(RowError::new(RefusalCode::InvalidState, RowField::Version, message));
        }
        match (interviewee, interviewer, kind, slot, state, created_at, updated_at) {
            (
                Some(interviewee),
                Some(interviewer_id),
                Some(kind),
                Some(slot),
                Some(state),
                Some(created_at),
                Some(updated_at),
            ) if errors.is_empty() => Ok(Interview {
                id,
                company_id: interviewee.company_id,
                driver_id: interviewee.driver_id,
                interviewee_id: interviewee.id,
                interviewer_id,
                kind,
                state,
                slot,
                location,
                allow_overlap: self.allow_overlap,
                version,
                created_at,
                updated_at,
            }),
            _ => Err(errors),
        }
    }

    /// The application, which has to be the one of the driver and the company that the row names.
    fn interviewee<'a>(&self, people: &'a InterviewPeople, errors: &mut Vec<RowError>) -> Option<&'a Interviewee> {
        let id = reference(self.interviewee_id.as_ref(), RowField::IntervieweeId, errors)?;
        let not_found = |field, message| RowError::new(RefusalCode::IntervieweeNotFound, field, message);
        let Some(interviewee) = people.interviewees.get(&IntervieweeId(id)) else {
            let message = "There is no application with this id: send the application first.";
            errors.push(not_found(RowField::IntervieweeId, message));
            return None;
        };
        if people.erased.contains(&interviewee.driver_id) {
            // The texts of the row would bring back what was erased.
            let message = "The driver of this application was erased.";
            errors.push(RowError::new(RefusalCode::Erased, RowField::IntervieweeId, message));
        }
        for (given, field, id) in [
            (self.company_id.as_ref(), RowField::CompanyId, interviewee.company_id.0),
            (self.driver_id.as_ref(), RowField::DriverId, interviewee.driver_id.0),
        ] {
            let Some(given) = given else { continue };
            match ids::parse(given, field) {
                Ok(given) if given == id => {}
                Ok(_) => errors.push(not_found(field, "The application is not of this driver at this company.")),
                Err(error) => errors.push(error),
            }
        }
        Some(interviewee)
    }

    /// The interviewer: staff of the company. They may have left it since.
    fn interviewer(
        &self,
        people: &InterviewPeople,
        interviewee: Option<&Interviewee>,
        errors: &mut Vec<RowError>,
    ) -> Option<UserId> {
        let id = UserId(reference(self.interviewer_id.as_ref(), RowField::InterviewerId, errors)?);
        let company = people.interviewers.get(&id).and_then(|user| user.authority.company());
        if company.is_none() || interviewee.is_some_and(|interviewee| company != Some(interviewee.company_id)) {
            let message = "This person is not staff of the company.";
            errors.push(RowError::new(RefusalCode::InterviewerNotFound, RowField::InterviewerId, message));
        }
        Some(id)
    }

    /// The status with its data. What belongs to another status is refused.
    fn state(&self, slot: Option<TimeSlot>, now: DateTime<Utc>, errors: &mut Vec<RowError>) -> Option<State> {
        let status = required(self.status, RowField::Status, errors)?;
        let is_given = [
            (RowField::AmendStartAt, self.amend_start_at.is_some(), status == InterviewStatus::Amended),
            (RowField::AmendEndAt, self.amend_end_at.is_some(), status == InterviewStatus::Amended),
            (RowField::AmendedBy, self.amended_by.is_some(), status == InterviewStatus::Amended),
            (RowField::AmendedFrom, self.amended_from.is_some(), status == InterviewStatus::Amended),
            (
                RowField::Reason,
                self.reason.is_some(),
                matches!(status, InterviewStatus::Rejected | InterviewStatus::Cancelled),
            ),
            (RowField::Absent, self.absent.is_some(), status == InterviewStatus::NoShow),
        ];
        for (field, _, _) in is_given.into_iter().filter(|(_, is_given, may_be_given)| *is_given && !may_be_given) {
            let message = format!("An interview with this status has no {}.", field.label());
            errors.push(RowError::new(RefusalCode::InvalidState, field, message));
        }
        let reason = text(self.reason.as_ref(), Field::Reason, errors);
        let has_begun = slot.is_none_or(|slot| slot.start() <= now);
        Some(match status {
            InterviewStatus::Pending => State::Pending,
            InterviewStatus::Amended => State::Amended(self.proposal(errors)?),
            InterviewStatus::Scheduled => State::Scheduled,
            InterviewStatus::Rejected => State::Rejected { reason },
            InterviewStatus::Cancelled => State::Cancelled { reason },
            InterviewStatus::Completed | InterviewStatus::NoShow if !has_begun => {
                let message = "This is not possible, because the interview has not started yet.";
                errors.push(RowError::new(RefusalCode::InvalidState, RowField::Status, message));
                return None;
            }
            InterviewStatus::Completed => State::Completed,
            InterviewStatus::NoShow => State::NoShow { absent: required(self.absent, RowField::Absent, errors)? },
        })
    }

    fn proposal(&self, errors: &mut Vec<RowError>) -> Option<Proposal> {
        let fields = [RowField::AmendStartAt, RowField::AmendEndAt];
        let slot = slot(self.amend_start_at, self.amend_end_at, fields, Field::AmendEndAt, errors);
        let by = required(self.amended_by, RowField::AmendedBy, errors);
        let before = required(self.amended_from, RowField::AmendedFrom, errors);
        Some(Proposal { slot: slot?, by: by?, before: before? })
    }
}

impl Interview {
    /// The only event of an interview that was taken in: its creation, without an actor, with the values that it has.
    #[must_use]
    pub fn imported(&self) -> Event {
        Event {
            id: EventId(0),
            interview_id: self.id,
            event_type: EventType::Created,
            at: self.created_at,
            actor_id: None,
            actor_side: Some(Side::Interviewer),
            changes: self.changes_since(None),
            audience: Audience::of(self, None),
        }
    }
}

fn required<T>(value: Option<T>, field: RowField, errors: &mut Vec<RowError>) -> Option<T> {
    if value.is_none() {
        errors.push(RowError::required(field));
    }
    value
}

fn reference(text: Option<&String>, field: RowField, errors: &mut Vec<RowError>) -> Option<i64> {
    let text = required(text, field, errors)?;
    ids::parse(text, field).map_err(|error| errors.push(error)).ok()
}

fn slot(
    start: Option<DateTime<Utc>>,
    end: Option<DateTime<Utc>>,
    [start_field, end_field]: [RowField; 2],
    at_fault: Field,
    errors: &mut Vec<RowError>,
) -> Option<TimeSlot> {
    let (start, end) = (required(start, start_field, errors), required(end, end_field, errors));
    let mut found = Vec::new();
    let slot = check_slot(start?, end?, at_fault, &mut found);
    errors.extend(found.into_iter().map(|error| row_error(error, end_field)));
    slot
}

fn text(value: Option<&String>, field: Field, errors: &mut Vec<RowError>) -> Option<String> {
    let mut found = Vec::new();
    let text = optional_text(value.cloned(), field, &mut found);
    let row_field = if field == Field::Reason { RowField::Reason } else { RowField::Location };
    errors.extend(found.into_iter().map(|error| row_error(error, row_field)));
    text
}

fn row_error(error: FieldError, field: RowField) -> RowError {
    RowError { limit: error.limit, ..RowError::new(error.code, field, error.message) }
}

impl InterviewPeople {
    /// The people of these rows.
    #[must_use]
    pub fn new(interviewees: Vec<Interviewee>, interviewers: Vec<User>, erased: HashSet<UserId>) -> Self {
        Self {
            interviewees: interviewees.into_iter().map(|interviewee| (interviewee.id, interviewee)).collect(),
            interviewers: interviewers.into_iter().map(|user| (user.id, user)).collect(),
            erased,
        }
    }
}
