//! Deletes rows that nothing needs any more.

use crate::domain::Retention;
use crate::services::{ServiceError, Services};
use crate::storage::{LockWait, cleanup};
use chrono::{DateTime, Utc};

impl Services {
    /// Deletes at most 1000 old rows of each kind, and returns whether there are more. Does nothing while another
    /// server does it.
    pub async fn clean_up(&self, now: DateTime<Utc>) -> Result<bool, ServiceError> {
        let transaction = self.db.begin_change(LockWait::Brief).await?;
        Ok(cleanup::delete(transaction, &Retention::at(now, self.webhooks.options.retention)).await?)
    }
}
