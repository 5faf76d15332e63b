//! Group commit: while the server writes a change, the changes that arrive in the meantime wait, and are then written
//! together as one statement.
//!
//! A change of a group is written or not as if it had been alone. When the database refuses the statement of a group,
//! its changes are written one by one, so that the conflict of one does not fail the others.

use crate::domain::{Event, EventId, Interview, InterviewId, KeyedRequest, Timing, UserId};
use crate::storage::database::commit::commit;
use crate::storage::database::{ReservedConnection, UserConnection, concerns_statement_alone};
use crate::storage::grouping::{Admission, GroupConnection, GroupQueue, Job};
use crate::storage::interviews::group_statement::{self, ChangeRow};
use crate::storage::interviews::single_statement;
use crate::storage::{Db, Result};
use sea_orm::DbErr;
use std::collections::{HashMap, HashSet};

/// A change of one existing interview that writes the interview and its event alone.
pub struct SingleChange<'a> {
    pub interview: &'a Interview,
    pub timing: Timing,
    pub event: Event,
    /// The people whose time has to be locked.
    pub reserves_time_of: Option<[UserId; 2]>,
    /// The request, if it has an idempotency key.
    pub keyed: Option<KeyedRequest>,
}

/// Stores the change and commits it, alone or in a group. Returns the id of its event; `None` when nothing was written,
/// see [`single_statement::store`].
pub async fn store(connection: &mut UserConnection<'_>, change: SingleChange<'_>) -> Result<Option<EventId>> {
    let SingleChange { interview, timing, event, reserves_time_of, keyed } = change;
    let keyed = keyed.as_ref();
    let row = || ChangeRow::new(interview, timing, event.clone(), reserves_time_of, keyed);
    match ChangeRow::queue(connection.db()).admit(connection, row).await? {
        Admission::InGroup(place) => commit(place.outcome(), Option::is_some).await,
        Admission::Alone(turn) => {
            let reserved = connection.get().await?;
            let written = single_statement::store(reserved, interview, timing, event, reserves_time_of, keyed).await;
            if let Some(turn) = turn {
                turn.end(connection.take());
            }
            written
        }
    }
}

impl Job for ChangeRow {
    /// None if the change needs locks.
    type Outcome = Option<EventId>;

    const AT_ONCE: usize = 1;

    fn queue(db: &Db) -> &GroupQueue<Self> {
        db.waiting_changes()
    }

    async fn reserve(db: &Db) -> Result<ReservedConnection, DbErr> {
        db.reserve_for_statement().await
    }

    async fn serve(connection: &mut GroupConnection<'_, Self>, rows: &[Self]) -> Vec<Result<Option<EventId>, DbErr>> {
        let (mut interviews, mut keys) = (HashSet::new(), HashSet::new());
        // The second change of an interview is one of a version that the first replaces, and the second request with a
        // key may be the first one again. They need locks.
        let mut firsts: Vec<&Self> = Vec::with_capacity(rows.len());
        for row in rows {
            let is_first_with_key = row.key().is_none_or(|key| keys.insert(key));
            if interviews.insert(row.interview()) && is_first_with_key {
                firsts.push(row);
            }
        }
        let mut outcomes = HashMap::with_capacity(firsts.len());
        match write(connection, &firsts).await {
            Ok(events) => outcomes.extend(events.into_iter().map(|(interview, event)| (interview, Ok(Some(event))))),
            Err(error) if concerns_statement_alone(&error) && firsts.len() > 1 => {
                for row in firsts {
                    let written = write(connection, &[row]).await;
                    let event = written.map(|events| events.into_values().next());
                    outcomes.insert(row.interview(), event);
                }
            }
            Err(error) => outcomes.extend(firsts.iter().map(|row| (row.interview(), Err(error.clone())))),
        }
        rows.iter().map(|row| outcomes.remove(&row.interview()).unwrap_or(Ok(None))).collect()
    }
}

async fn write(
    connection: &mut GroupConnection<'_, ChangeRow>,
    rows: &[&ChangeRow],
) -> Result<HashMap<InterviewId, EventId>, DbErr> {
    group_statement::store(connection.get().await?, rows).await
}
