//! The input types of interviews, and their conversion to the domain.

use crate::domain;
use crate::domain::filter::{self, InterviewFilter};
use crate::domain::page::{self, InterviewOrder, SortKey};
use crate::domain::{Booking, Command, InterviewPatch, IntervieweeId, UserId};
use crate::graphql::engine::error::{Code, error_with_code};
use crate::graphql::schema::enums::{InterviewKind, InterviewStatus, Side};
use crate::graphql::schema::patch::patch;
use crate::graphql::schema::scalars::DateTime;
use async_graphql::{Enum, ID, InputObject, MaybeUndefined, Result};
use strum::VariantArray;

/// Conditions on interviews. An interview has to meet all that are given. An empty list matches nothing.
#[derive(InputObject, Default)]
#[graphql(name = "InterviewFilter")]
pub struct InterviewFilterInput {
    /// The status is one of these.
    status: Option<Vec<InterviewStatus>>,
    /// The kind is one of these.
    kind: Option<Vec<InterviewKind>>,
    /// The interviewee has this id.
    interviewee_id: Option<ID>,
    /// The interviewer has this id.
    interviewer_id: Option<ID>,
    /// The driver has this id, in all of their applications.
    driver_id: Option<ID>,
    /// The start is in this range.
    start_at: Option<DateTimeRange>,
    /// The last change is in this range.
    updated_at: Option<DateTimeRange>,
    /// The interview overlaps with this time slot. An interview that ends when the slot starts does not.
    overlaps: Option<TimeSlotInput>,
    /// The interview awaits an answer of this side.
    awaiting: Option<Side>,
    /// With `true`, the interview awaits an answer of a side for which the viewer can act; with `false`, it does not.
    awaiting_me: Option<bool>,
}

/// A half-open range of time. A bound that is left out is unlimited.
#[derive(InputObject, Clone, Copy, Default)]
pub struct DateTimeRange {
    /// The lower bound, inclusive.
    gte: Option<DateTime>,
    /// The upper bound, exclusive.
    lt: Option<DateTime>,
}

/// A half-open time slot.
#[derive(InputObject, Clone, Copy)]
pub struct TimeSlotInput {
    /// The start, inclusive.
    start_at: DateTime,
    /// The end, exclusive. Has to be after the start.
    end_at: DateTime,
}

/// The order of a list of interviews. Interviews with equal values are ordered by id.
#[derive(InputObject, Clone, Copy)]
#[graphql(name = "InterviewOrder")]
pub struct InterviewOrderInput {
    /// The field to order by.
    field: InterviewOrderField,
    /// The direction.
    direction: OrderDirection,
}

/// A field by which lists of interviews can be ordered.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "page::SortKey")]
pub enum InterviewOrderField {
    /// `startAt`
    StartAt,
    /// `updatedAt`
    UpdatedAt,
    /// `id`
    Id,
}

/// The direction of an order.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum OrderDirection {
    /// Ascending: the smallest or earliest value first.
    Asc,
    /// Descending: the largest or latest value first.
    Desc,
}

/// The fields of a new interview.
#[derive(InputObject)]
pub struct CreateInterviewInput {
    /// How the two sides meet.
    kind: InterviewKind,
    /// The start.
    start_at: DateTime,
    /// The end: after the start (`END_NOT_AFTER_START`), and at most 24 hours later (`DURATION_TOO_LONG`).
    end_at: DateTime,
    /// The driver's application (`INTERVIEWEE_NOT_FOUND`).
    interviewee_id: ID,
    /// An active member of staff of the company to which the driver has applied (`INTERVIEWER_NOT_FOUND`).
    interviewer_id: ID,
    /// A link or a place, as one line of at most 2000 characters (`INVALID_LOCATION`, `TEXT_TOO_LONG`). An empty
    /// text is null.
    location: Option<String>,
    /// Allows the interview to overlap with others at this time; it does not reserve the time then. The default is
    /// false.
    allow_overlap: Option<bool>,
}

/// The fields to change. A field that is left out keeps its value. Null removes `location`, and is `NULL_NOT_ALLOWED`
/// elsewhere.
#[derive(InputObject)]
pub struct UpdateInterviewInput {
    /// How the two sides meet.
    kind: MaybeUndefined<InterviewKind>,
    /// The start. A new time resets the status to `PENDING` and drops an open proposal.
    start_at: MaybeUndefined<DateTime>,
    /// The end: after the start (`END_NOT_AFTER_START`), and at most 24 hours later (`DURATION_TOO_LONG`). Affects the
    /// status like the start.
    end_at: MaybeUndefined<DateTime>,
    /// Another application to the same company (`INTERVIEWEE_NOT_FOUND`). Resets the status to `PENDING` and drops an
    /// open proposal.
    interviewee_id: MaybeUndefined<ID>,
    /// Another active member of staff of the same company (`INTERVIEWER_NOT_FOUND`).
    interviewer_id: MaybeUndefined<ID>,
    /// A link or a place, as one line of at most 2000 characters (`INVALID_LOCATION`, `TEXT_TOO_LONG`). An empty
    /// text is null.
    location: MaybeUndefined<String>,
    /// Allows the interview to overlap with others at its time; it does not reserve the time then. If it is left out,
    /// the permission stays, but ends with a new time, interviewer or driver: the interview reserves its time again,
    /// which can be a `SCHEDULE_CONFLICT`. Send `true` only if the user has confirmed the conflict at this time.
    allow_overlap: MaybeUndefined<bool>,
}

/// A proposal of another time.
#[derive(InputObject)]
pub struct AmendInterviewInput {
    /// The start. `AMENDMENT_UNCHANGED` if the time is the current or the proposed one.
    start_at: DateTime,
    /// The end: after the start (`END_NOT_AFTER_START`), and at most 24 hours later (`DURATION_TOO_LONG`).
    end_at: DateTime,
    /// The side for which an admin acts. The default is the side that can do this now; `SIDE_REQUIRED` if both can.
    #[graphql(name = "as")]
    acting: Option<Side>,
}

impl InterviewFilterInput {
    /// # Errors
    /// `BAD_USER_INPUT` when the end of `overlaps` is not after its start.
    pub fn into_domain(self) -> Result<InterviewFilter> {
        let overlaps = self.overlaps.map(|slot| (slot.start_at.0, slot.end_at.0));
        if overlaps.is_some_and(|(start, end)| end <= start) {
            return Err(error_with_code(Code::BadUserInput, "The end of `filter.overlaps` has to be after its start."));
        }
        Ok(InterviewFilter {
            status: self.status.map(without_duplicates),
            kind: self.kind.map(without_duplicates),
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

/// Removes duplicates: a list of thousands of values must not stay in memory as long as a subscription.
fn without_duplicates<T, D: VariantArray + Copy + PartialEq + From<T>>(list: Vec<T>) -> Vec<D> {
    let given: Vec<D> = list.into_iter().map(D::from).collect();
    D::VARIANTS.iter().copied().filter(|value| given.contains(value)).collect()
}
