//! Finds out whether the database is still the one that the cursors of the event log belong to.

use crate::domain::Epoch;
use crate::services::{ServiceError, Services};
use crate::storage::event_log::{self, Renewal};
use crate::storage::{Db, StorageError};
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Mutex;

/// Verifies the epoch of the event log before the log is read over new connections: another database takes no
/// connections over.
#[derive(Debug)]
pub(crate) struct EpochCheck {
    db: Db,
    /// The number of connections that had been opened before the last check.
    checked: AtomicU64,
    /// One check at a time.
    checking: Mutex<()>,
}

impl EpochCheck {
    pub(crate) fn new(db: Db) -> Self {
        Self { db, checked: AtomicU64::new(0), checking: Mutex::default() }
    }

    /// Compares the database with the one for which the epoch was drawn, unless no connection was opened since.
    pub(crate) async fn run(&self) -> Result<(), StorageError> {
        if self.is_current() {
            return Ok(());
        }
        Box::pin(self.verify()).await // rare, and larger than the futures that await it
    }

    /// Whether what was read with this epoch counts. A read that met a broken connection was repeated on a new one,
    /// which can lead to another database. So if a connection was opened since the last check, the database is compared
    /// again, and has to have the epoch still.
    pub(crate) async fn confirms(&self, epoch: Epoch) -> Result<bool, StorageError> {
        if self.is_current() {
            return Ok(true);
        }
        self.run().await?;
        Ok(event_log::current_epoch(self.db.reader()).await? == epoch)
    }

    fn is_current(&self) -> bool {
        self.is_checked(self.db.reader().opened_connections())
    }

    async fn verify(&self) -> Result<(), StorageError> {
        let _one_at_a_time = self.checking.lock().await;
        let opened = self.db.reader().opened_connections();
        if self.is_checked(opened) {
            return Ok(());
        }
        verify_event_log(&self.db).await?;
        self.checked.store(opened, Ordering::Relaxed);
        Ok(())
    }

    fn is_checked(&self, opened: u64) -> bool {
        self.checked.load(Ordering::Relaxed) == opened
    }
}

/// Finds out whether the database was restored, promoted or copied since the last server ran on it. Then the cursors
/// that clients have expire.
pub async fn verify_event_log(db: &Db) -> Result<(), StorageError> {
    match event_log::verify_epoch(db).await? {
        None | Some(Renewal::Requested) => {}
        Some(Renewal::First) => tracing::debug!("the event log has its first epoch"),
        Some(Renewal::OtherDatabase) => {
            tracing::warn!("the database was restored, promoted or copied: clients of the event log query anew");
        }
        Some(Renewal::OtherTransactionNumbers) => tracing::warn!(
            "the event log comes from another PostgreSQL cluster: its events are now ordered by their ids, and clients \
             of the event log query anew"
        ),
    }
    Ok(())
}

impl Services {
    /// The epoch of the event log.
    pub async fn event_log_epoch(&self) -> Result<Epoch, ServiceError> {
        Ok(event_log::current_epoch(self.db.reader()).await?)
    }
}
