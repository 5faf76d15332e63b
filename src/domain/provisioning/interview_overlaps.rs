//! Overlaps among interviews that are taken in together.

use super::{RowError, RowField};
use crate::domain::{Interview, InterviewId, RefusalCode, TimeSlot, UserId};
use std::collections::{HashMap, HashSet};

/// Those of these new interviews whose time is not free: `is_taken` says that they overlap with a stored one, or they
/// overlap with one that comes before them and has a free time.
#[must_use]
pub fn clashing(interviews: &[Interview], is_taken: impl Fn(InterviewId) -> bool) -> HashSet<InterviewId> {
    let mut clashing = HashSet::new();
    let mut reserved: HashMap<UserId, Vec<TimeSlot>> = HashMap::new();
    for interview in interviews {
        let Some((people, slot)) = interview.reservation() else { continue };
        let overlaps = |other: &TimeSlot| other.start() < slot.end() && slot.start() < other.end();
        let is_busy = people.iter().any(|person| reserved.get(person).is_some_and(|it| it.iter().any(overlaps)));
        if is_taken(interview.id) || is_busy {
            clashing.insert(interview.id);
        } else {
            for person in people {
                reserved.entry(person).or_default().push(slot);
            }
        }
    }
    clashing
}

/// The refusal of an interview whose time is not free.
#[must_use]
pub fn schedule_conflict() -> RowError {
    let message = "The driver or the interviewer has another interview at that time.";
    RowError::new(RefusalCode::ScheduleConflict, RowField::StartAt, message)
}
