//! Deletes rows that nothing needs any more.

use crate::domain::Retention;
use crate::services::{ServiceError, Services};
use crate::storage::{LockWait, cleanup};
use chrono::{DateTime, Utc};

impl Services {
    /// Deletes at most 1000 old rows of each kind, cancels as many deliveries of disabled webhooks, and returns whether
    /// there are more. One statement that only reads where there are none. Does nothing while another server does it.
    pub async fn clean_up(&self, now: DateTime<Utc>) -> Result<bool, ServiceError> {
        let retention = Retention::at(now, self.webhooks.options.retention, self.limits.key_lifetime);
        if !cleanup::is_due(self.db.reader(), &retention).await? {
            return Ok(false);
        }
        Ok(cleanup::clean_up(self.db.begin_change(LockWait::Brief).await?, &retention, now).await?)
    }
}
