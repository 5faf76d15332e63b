//! Takes in interviews of another system, with the same number of statements for any number of them.

use super::batch::Rounds;
use super::refusal::RowKind;
use super::write::Outcomes;
use crate::domain::provisioning::{InterviewPeople, InterviewRow, RowError, SyncOutcome, clashing, schedule_conflict};
use crate::domain::{Interview, InterviewId, IntervieweeId, UserId};
use crate::storage::provisioning::interviews as stored;
use crate::storage::{StorageError, Transaction, interviewees, users};
use chrono::{DateTime, Utc};
use std::collections::{BTreeSet, HashMap, HashSet};

/// Inserts the interviews whose ids are free. Those that overlap with others are refused, or get the permission to
/// overlap.
///
/// With `lock`, other writers of interviews wait until the transaction ends, and new interviews get ids above those of
/// the rows. A dry run holds no locks that stop a server, and may so refuse what another transaction has just taken.
pub async fn write(
    transaction: &Transaction,
    rounds: &Rounds<InterviewRow>,
    allow_overlap: bool,
    now: DateTime<Utc>,
    lock: bool,
) -> Result<Outcomes, StorageError> {
    if rounds.is_empty() {
        return Ok(Vec::new());
    }
    if lock {
        stored::lock_out_writers(transaction).await?;
    }
    let mut outcomes = Vec::new();
    for round in rounds {
        outcomes.extend(write_round(transaction, round, allow_overlap, now, lock).await?);
    }
    Ok(outcomes.into_iter().map(|(line, outcome)| (RowKind::Interviews, line, outcome)).collect())
}

async fn write_round(
    transaction: &Transaction,
    rows: &[(u64, InterviewRow)],
    allow_overlap: bool,
    now: DateTime<Utc>,
    lock: bool,
) -> Result<Vec<(u64, SyncOutcome)>, StorageError> {
    let ids: Vec<Result<InterviewId, RowError>> = rows.iter().map(|(_, row)| row.parse_id()).collect();
    let wanted: Vec<InterviewId> = ids.iter().filter_map(|id| id.as_ref().ok().copied()).collect();
    let existing = stored::existing(transaction, &wanted).await?;
    let is_new = |id: &Result<InterviewId, RowError>| id.as_ref().is_ok_and(|id| !existing.contains(id));
    let new = rows.iter().zip(&ids).filter(|(_, id)| is_new(id)).map(|((_, row), _)| row);
    let people = find_people(transaction, new).await?;

    let mut outcomes = HashMap::new();
    let mut interviews = Vec::new();
    for ((line, row), id) in rows.iter().zip(ids) {
        match id {
            Err(error) => drop(outcomes.insert(*line, SyncOutcome::Refused(vec![error]))),
            Ok(id) if existing.contains(&id) => drop(outcomes.insert(*line, SyncOutcome::Unchanged)),
            Ok(id) => match row.judge(id, &people, now) {
                Ok(interview) => interviews.push((*line, interview)),
                Err(errors) => drop(outcomes.insert(*line, SyncOutcome::Refused(errors))),
            },
        }
    }
    let (lines, interviews): (Vec<u64>, Vec<Interview>) = interviews.into_iter().unzip();
    let ids: Vec<InterviewId> = interviews.iter().map(|interview| interview.id).collect();
    let inserted = insert(transaction, interviews, allow_overlap, lock).await?;
    for (line, id) in lines.into_iter().zip(ids) {
        let refused = || SyncOutcome::Refused(vec![schedule_conflict()]);
        outcomes.insert(line, if inserted.contains(&id) { SyncOutcome::Written } else { refused() });
    }
    Ok(outcomes.into_iter().collect())
}

async fn find_people(
    transaction: &Transaction,
    rows: impl Iterator<Item = &InterviewRow>,
) -> Result<InterviewPeople, StorageError> {
    let (mut applications, mut staff) = (BTreeSet::new(), BTreeSet::new());
    for (application, interviewer) in rows.map(InterviewRow::references) {
        applications.extend(application.map(|id| id.0));
        staff.extend(interviewer.map(|id| id.0));
    }
    let applications: Vec<_> = applications.into_iter().map(IntervieweeId).collect();
    let staff: Vec<_> = staff.into_iter().map(UserId).collect();
    let interviewees = interviewees::by_ids(transaction, &applications).await?;
    let interviewers = users::by_ids(transaction, &staff).await?;
    let drivers: BTreeSet<_> = interviewees.iter().map(|interviewee| interviewee.driver_id.0).collect();
    let erased = users::erased(transaction, drivers.into_iter().collect()).await?;
    Ok(InterviewPeople::new(interviewees, interviewers, erased))
}

/// Stores those whose time is free with their events, and returns their ids.
async fn insert(
    transaction: &Transaction,
    mut interviews: Vec<Interview>,
    allow_overlap: bool,
    lock: bool,
) -> Result<HashSet<InterviewId>, StorageError> {
    let taken = stored::overlapping(transaction, &interviews).await?;
    let clashing = clashing(&interviews, |id| taken.contains(&id));
    if allow_overlap {
        for interview in interviews.iter_mut().filter(|interview| clashing.contains(&interview.id)) {
            interview.allow_overlap = true;
        }
    } else {
        interviews.retain(|interview| !clashing.contains(&interview.id));
    }
    let Some(highest) = interviews.iter().map(|interview| interview.id).max_by_key(|id| id.0) else {
        return Ok(HashSet::new());
    };
    if lock {
        stored::continue_ids_after(transaction, highest).await?;
    }
    let inserted = stored::insert(transaction, &interviews).await?;
    let events = interviews.iter().filter(|interview| inserted.contains(&interview.id)).map(Interview::imported);
    stored::insert_events(transaction, events.collect()).await?;
    Ok(inserted)
}
