//! Removes what nobody needs any more.

use crate::services::{ServiceError, Services};
use crate::storage::LockWait;
use crate::storage::webhooks::removal;
use chrono::{DateTime, Utc};

/// How many deliveries of each kind are removed at once.
const BATCH: u32 = 1000;

impl Services {
    /// Removes some deliveries that ended before this time, and some of deleted webhooks. Returns whether there may be
    /// more.
    pub async fn remove_deliveries(&self, ended_before: DateTime<Utc>) -> Result<bool, ServiceError> {
        let transaction = self.db.begin_change(LockWait::Brief).await?;
        let ended = removal::remove_ended(&transaction, ended_before, BATCH).await?;
        let of_deleted = removal::remove_deleted(&transaction, BATCH).await?;
        transaction.commit().await?;
        Ok(ended.max(of_deleted) >= BATCH.into())
    }
}
