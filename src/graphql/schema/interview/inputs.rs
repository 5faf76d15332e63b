//! Inputs, and what they ask for in the domain's terms.

use crate::domain;
use crate::domain::filter;
use crate::domain::filter::InterviewFilter;
use crate::domain::page;
use crate::domain::page::{InterviewOrder, SortKey};
use crate::domain::{Booking, Command, InterviewPatch, IntervieweeId, Patch, UserId};
use crate::graphql::engine::error::{Code, error_with_code};
use crate::graphql::schema::enums::{InterviewKind, InterviewStatus, Side};
use crate::graphql::schema::scalars::DateTime;
use async_graphql::{Enum, ID, InputObject, MaybeUndefined, Result};

/// What a list of interviews is narrowed down to. Every condition that is given has to hold; an empty list admits nothing.
#[derive(InputObject, Default)]
#[graphql(name = "InterviewFilter")]
pub struct InterviewFilterInput {
    /// Has one of these statuses.
    status: Option<Vec<InterviewStatus>>,
    /// Is of one of these kinds.
    kind: Option<Vec<InterviewKind>>,
    /// Is with this interviewee.
    interviewee_id: Option<ID>,
    /// Is with this interviewer.
    interviewer_id: Option<ID>,
    /// Is with this driver, whichever company they applied to.
    driver_id: Option<ID>,
    /// Begins in this range.
    start_at: Option<DateTimeRange>,
    /// Last changed in this range.
    updated_at: Option<DateTimeRange>,
    /// Shares a moment with this half-open slot. What ends when the slot begins does not.
    overlaps: Option<TimeSlotInput>,
    /// Waits for an answer of this side.
    awaiting: Option<Side>,
    /// Waits for an answer of a side for which the viewer can act; with `false`, does not.
    awaiting_me: Option<bool>,
}

/// A half-open range of time. An end that is left out is open.
#[derive(InputObject, Clone, Copy, Default)]
pub struct DateTimeRange {
    /// This moment or later.
    gte: Option<DateTime>,
    /// Earlier than this moment.
    lt: Option<DateTime>,
}

/// A half-open slot of time.
#[derive(InputObject, Clone, Copy)]
pub struct TimeSlotInput {
    /// The first moment.
    start_at: DateTime,
    /// The first moment after it.
    end_at: DateTime,
}

/// The order of a list of interviews. Equal ones are ordered by id.
#[derive(InputObject, Clone, Copy)]
#[graphql(name = "InterviewOrder")]
pub struct InterviewOrderInput {
    /// What it is ordered by.
    field: InterviewOrderField,
    /// Which end comes first.
    direction: OrderDirection,
}

/// What a list of interviews can be ordered by.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "page::SortKey")]
pub enum InterviewOrderField {
    /// When it begins.
    StartAt,
    /// When it last changed.
    UpdatedAt,
    /// Its id.
    Id,
}

/// Which end of an order comes first.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum OrderDirection {
    /// The smallest, or the earliest.
    Asc,
    /// The largest, or the latest.
    Desc,
}

/// A new interview.
#[derive(InputObject)]
pub struct CreateInterviewInput {
    /// How the two sides meet.
    kind: InterviewKind,
    /// When it begins.
    start_at: DateTime,
    /// When it ends: after it begins, and at most 24 hours later.
    end_at: DateTime,
    /// The driver's application.
    interviewee_id: ID,
    /// Staff of the company to which the driver applied.
    interviewer_id: ID,
    /// Free text: a link or a place.
    location: Option<String>,
    /// Book over clashes on purpose. Such an interview reserves no time.
    allow_overlap: Option<bool>,
}

/// What to change. A field that is left out stays as it is; null clears `location` and is refused elsewhere.
#[derive(InputObject)]
pub struct UpdateInterviewInput {
    /// How the two sides meet.
    kind: MaybeUndefined<InterviewKind>,
    /// When it begins. Another time makes it pending again, and drops an open proposal.
    start_at: MaybeUndefined<DateTime>,
    /// When it ends: after it begins, and at most 24 hours later.
    end_at: MaybeUndefined<DateTime>,
    /// Another application to the same company. Makes the interview pending again, and drops an open proposal.
    interviewee_id: MaybeUndefined<ID>,
    /// Other staff of the same company.
    interviewer_id: MaybeUndefined<ID>,
    /// Free text: a link or a place.
    location: MaybeUndefined<String>,
    /// Book over clashes on purpose. Such an interview reserves no time.
    allow_overlap: MaybeUndefined<bool>,
}

/// Another time to propose.
#[derive(InputObject)]
pub struct AmendInterviewInput {
    /// When it would begin.
    start_at: DateTime,
    /// When it would end: after it begins, and at most 24 hours later.
    end_at: DateTime,
    /// The side for which to propose: required of admins.
    #[graphql(name = "as")]
    acting: Option<Side>,
}

impl InterviewFilterInput {
    /// # Errors
    /// `BAD_USER_INPUT` when `overlaps` is no slot.
    pub fn into_domain(self) -> Result<InterviewFilter> {
        let overlaps = self.overlaps.map(|slot| (slot.start_at.0, slot.end_at.0));
        if overlaps.is_some_and(|(start, end)| end <= start) {
            return Err(error_with_code(Code::BadUserInput, "`filter.overlaps`: the end has to be after the start"));
        }
        Ok(InterviewFilter {
            status: self.status.map(each_once),
            kind: self.kind.map(each_once),
            interviewee_id: self.interviewee_id.map(|id| IntervieweeId::from_text(&id)),
            interviewer_id: self.interviewer_id.map(|id| UserId::from_text(&id)),
            driver_id: self.driver_id.map(|id| UserId::from_text(&id)),
            start_at: self.start_at.unwrap_or_default().into(),
            updated_at: self.updated_at.unwrap_or_default().into(),
            overlaps,
            awaiting: self.awaiting.map(Into::into),
            awaiting_me: self.awaiting_me,
        })
    }
}

/// The longest text to search for, in characters: no name is longer.
const LONGEST_SEARCH: usize = 200;

/// # Errors
/// `BAD_USER_INPUT` when it is too long.
pub fn check_search(text: Option<&str>) -> Result<()> {
    if text.is_some_and(|text| text.chars().count() > LONGEST_SEARCH) {
        let message = format!("`search` has at most {LONGEST_SEARCH} characters");
        return Err(error_with_code(Code::BadUserInput, message));
    }
    Ok(())
}

impl From<DateTimeRange> for filter::TimeRange {
    fn from(range: DateTimeRange) -> Self {
        Self { gte: range.gte.map(|time| time.0), lt: range.lt.map(|time| time.0) }
    }
}

impl From<InterviewOrderInput> for InterviewOrder {
    fn from(order: InterviewOrderInput) -> Self {
        Self { key: SortKey::from(order.field), descending: order.direction == OrderDirection::Desc }
    }
}

impl From<CreateInterviewInput> for Booking {
    fn from(input: CreateInterviewInput) -> Self {
        Self {
            kind: input.kind.into(),
            start_at: input.start_at.0,
            end_at: input.end_at.0,
            interviewee_id: IntervieweeId::from_text(&input.interviewee_id),
            interviewer_id: UserId::from_text(&input.interviewer_id),
            location: input.location,
            allow_overlap: input.allow_overlap.unwrap_or(false),
        }
    }
}

impl From<UpdateInterviewInput> for Command {
    fn from(input: UpdateInterviewInput) -> Self {
        Self::Update(InterviewPatch {
            kind: patch(input.kind).map(domain::InterviewKind::from),
            start_at: patch(input.start_at).map(|time| time.0),
            end_at: patch(input.end_at).map(|time| time.0),
            interviewee_id: patch(input.interviewee_id).map(|id| IntervieweeId::from_text(&id)),
            interviewer_id: patch(input.interviewer_id).map(|id| UserId::from_text(&id)),
            location: patch(input.location),
            allow_overlap: patch(input.allow_overlap),
        })
    }
}

impl From<AmendInterviewInput> for Command {
    fn from(input: AmendInterviewInput) -> Self {
        let (start_at, end_at, acting) = (input.start_at.0, input.end_at.0, input.acting.map(Into::into));
        Self::Amend { start_at, end_at, acting }
    }
}

fn patch<T>(value: MaybeUndefined<T>) -> Patch<T> {
    match value {
        MaybeUndefined::Undefined => Patch::Absent,
        MaybeUndefined::Null => Patch::Null,
        MaybeUndefined::Value(value) => Patch::Value(value),
    }
}

/// A list may name a value a thousand times, and a subscription keeps it for days.
fn each_once<T, D: domain::Names + PartialEq + From<T>>(list: Vec<T>) -> Vec<D> {
    let given: Vec<D> = list.into_iter().map(D::from).collect();
    D::ALL.iter().copied().filter(|value| given.contains(value)).collect()
}
