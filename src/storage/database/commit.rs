//! Statements that commit a change: what became of the change when they fail, and when their request is given up while
//! they run.

use crate::storage::database::fault::is_certainly_not_committed;
use crate::storage::{Result, StorageError};
use sea_orm::DbErr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

tokio::task_local! {
    /// The changes of the request that the current task serves.
    static CHANGES: RequestChanges;
}

/// How much a request has changed. Its transport asks when it gives the request up.
#[derive(Clone, Debug, Default)]
pub struct RequestChanges(Arc<AtomicU32>);

impl RequestChanges {
    /// Runs the request.
    pub async fn observe<F: Future>(&self, request: F) -> F::Output {
        CHANGES.scope(self.clone(), request).await
    }

    /// Whether the request has committed a change, or was committing one when it was dropped.
    #[must_use]
    pub fn may_be_written(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }

    /// The changes that the current request has committed so far.
    #[must_use]
    pub fn count() -> u32 {
        CHANGES.try_with(|changes| changes.0.load(Ordering::Relaxed)).unwrap_or(0)
    }
}

/// Runs a statement that commits a change, and says whether it has written anything.
///
/// Fails with [`StorageError::OutcomeUnknown`] when the statement may have been committed, though it failed.
pub(crate) async fn commit<T>(
    statement: impl Future<Output = Result<T, DbErr>>,
    has_written: impl FnOnce(&T) -> bool,
) -> Result<T> {
    let changes = CHANGES.try_with(Clone::clone).unwrap_or_default();
    changes.0.fetch_add(1, Ordering::Relaxed);
    let outcome = statement.await;
    let may_be_written = match &outcome {
        Ok(done) => has_written(done),
        Err(error) => !is_certainly_not_committed(error),
    };
    if !may_be_written {
        changes.0.fetch_sub(1, Ordering::Relaxed);
    }
    outcome.map_err(|error| if may_be_written { StorageError::OutcomeUnknown(error) } else { error.into() })
}
