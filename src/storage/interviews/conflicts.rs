//! Finds interviews that overlap in time.

use crate::domain::{Interview, InterviewStatus, Scope, Side, TimeSlot};
use crate::storage::Result;
use crate::storage::database::fetch;
use crate::storage::entities::interview::COLUMN;
use crate::storage::interviews::{names, read, visible_to};
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{Condition, ConnectionTrait, QueryFilter};

/// The visible interviews that reserve the time of this interview's person on one side.
pub(crate) async fn conflicting(
    connection: &impl ConnectionTrait,
    scope: Scope,
    interview: &Interview,
    side: Side,
) -> Result<Vec<Interview>> {
    let person = match side {
        Side::Interviewer => COLUMN.interviewer_id.eq(interview.interviewer_id.0),
        Side::Interviewee => COLUMN.driver_id.eq(interview.driver_id.0),
    };
    let conflicting = visible_to(scope)
        .filter(person)
        .filter(overlaps_with(interview.slot.start(), interview.slot.end()))
        .filter(COLUMN.status.is_in(names(&InterviewStatus::OPEN)))
        .filter(COLUMN.allow_overlap.eq(false))
        .filter(COLUMN.id.ne(interview.id.0));
    read(fetch::all(connection, conflicting).await?)
}

/// The condition that an interview overlaps with this half-open interval. The lower bound of the start, which follows
/// from the maximum length of an interview, allows an index to be used.
pub(super) fn overlaps_with(start: DateTime<Utc>, end: DateTime<Utc>) -> Condition {
    Condition::all()
        .add(COLUMN.start_at.lt(end))
        .add(COLUMN.end_at.gt(start))
        .add(COLUMN.start_at.gt(start - TimeDelta::hours(TimeSlot::MAX_HOURS)))
}
