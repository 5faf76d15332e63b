//! Takes in companies, users and applications of the platform: at most three statements for any number of rows.

use crate::domain::provisioning::{
    self, CompanyRow, IntervieweeRow, Judgement, PlatformRow, RowError, SyncOutcome, UserRow, Wanted,
};
use crate::domain::{UserId, Viewer};
use crate::services::retry::{ATTEMPTS, pause_before_retry};
use crate::services::{ServiceError, Services};
use crate::storage::provisioning::{PlatformStore, PlatformTable, Replacement};
use crate::storage::{StorageError, Transaction};
use chrono::{DateTime, Utc};
use std::collections::HashMap;

type Result<T, E = ServiceError> = std::result::Result<T, E>;

impl Services {
    /// Takes in companies, with one outcome for each row, in their order. Refused to all but admins and services.
    pub async fn sync_companies(&self, viewer: &Viewer, rows: &[CompanyRow]) -> Result<Vec<SyncOutcome>> {
        self.sync(viewer, rows).await
    }

    /// The same for users. This server forgets them as viewers, so that their next request is judged by the new row.
    pub async fn sync_users(&self, viewer: &Viewer, rows: &[UserRow]) -> Result<Vec<SyncOutcome>> {
        let outcomes = self.sync(viewer, rows).await;
        self.viewers.forget(rows.iter().map(|row| UserId::from_text(&row.id)));
        outcomes
    }

    /// The same for applications.
    pub async fn sync_interviewees(&self, viewer: &Viewer, rows: &[IntervieweeRow]) -> Result<Vec<SyncOutcome>> {
        self.sync(viewer, rows).await
    }

    async fn sync<R>(&self, viewer: &Viewer, rows: &[R]) -> Result<Vec<SyncOutcome>>
    where
        R: PlatformRow<Stored: PlatformTable>,
    {
        provisioning::permit(viewer)?;
        let store = PlatformStore::reserve(&self.db, viewer.id).await?;
        Ok(take_in(&store, rows, self.clock.now()).await?)
    }
}

/// Takes in rows as a part of a transaction, in which nobody has to be permitted, as for a command of an administrator:
/// one outcome for each row, in their order. At most [`provisioning::MAX_ROWS`] rows at a time keep the statements
/// small. Rows with one id belong into different calls.
pub async fn sync_within<R>(
    transaction: &Transaction,
    rows: &[R],
    now: DateTime<Utc>,
) -> Result<Vec<SyncOutcome>, StorageError>
where
    R: PlatformRow<Stored: PlatformTable>,
{
    take_in(&PlatformStore::Transaction(transaction), rows, now).await
}

/// Rows that another server writes at the same time are judged anew, by what is stored then.
async fn take_in<R>(store: &PlatformStore<'_>, rows: &[R], now: DateTime<Utc>) -> Result<Vec<SyncOutcome>, StorageError>
where
    R: PlatformRow<Stored: PlatformTable>,
{
    let ids = provisioning::admit(rows.iter().map(PlatformRow::id));
    let refused = |error: &RowError| SyncOutcome::Refused(vec![error.clone()]);
    let mut outcomes: Vec<_> = ids.iter().map(|id| id.as_ref().err().map(refused)).collect();
    for attempt in 1..=ATTEMPTS {
        let is_open = |index: &usize| outcomes[*index].is_none();
        let ids = ids.iter().enumerate().filter_map(|(index, id)| Some((index, *id.as_ref().ok()?)));
        let open: Vec<_> = ids.filter(|(index, _)| is_open(index)).collect();
        if open.is_empty() {
            break;
        }
        match judge_and_store(store, rows, &open, now).await {
            Ok(decided) => {
                for (index, outcome) in decided {
                    outcomes[index] = Some(outcome);
                }
            }
            Err(StorageError::Transient(_) | StorageError::ConnectionLost(_))
                if attempt < ATTEMPTS && !store.is_transaction() => {}
            Err(error) => return Err(error),
        }
        if outcomes.contains(&None) {
            pause_before_retry(attempt).await;
        }
    }
    outcomes.into_iter().collect::<Option<_>>().ok_or_else(StorageError::contended)
}

/// The outcomes of those rows that were not changed by others in the meantime. `open` has the index and the id of each
/// row.
async fn judge_and_store<R>(
    store: &PlatformStore<'_>,
    rows: &[R],
    open: &[(usize, i64)],
    now: DateTime<Utc>,
) -> Result<Vec<(usize, SyncOutcome)>, StorageError>
where
    R: PlatformRow<Stored: PlatformTable>,
{
    let stored: Vec<R::Stored> = store.stored(open.iter().map(|(_, id)| *id).collect()).await?;
    let mut stored: HashMap<i64, R::Stored> = stored.into_iter().map(|row| (row.id(), row)).collect();
    let mut wanted = Wanted::default();
    for (index, id) in open {
        rows[*index].want(stored.get(id), &mut wanted);
    }
    let references = store.references(&wanted).await?;
    let (mut decided, mut writing, mut replacements) = (Vec::new(), HashMap::new(), Vec::new());
    for (index, id) in open {
        let (row, outcome) = match rows[*index].judge(*id, stored.get(id), &references, now) {
            Judgement::Write(row) => (Some(row), SyncOutcome::Written),
            Judgement::Stamp(row) => (Some(row), SyncOutcome::Unchanged),
            Judgement::Outdated => (None, SyncOutcome::Outdated),
            Judgement::Refused(errors) => (None, SyncOutcome::Refused(errors)),
        };
        match row {
            Some(row) => {
                writing.insert(*id, (*index, outcome));
                replacements.push(Replacement { stored: stored.remove(id), row });
            }
            None => decided.push((*index, outcome)),
        }
    }
    if !replacements.is_empty() {
        let written = store.upsert(replacements).await?;
        decided.extend(written.into_iter().filter_map(|id| writing.remove(&id)));
    }
    Ok(decided)
}
