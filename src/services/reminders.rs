//! Writes the reminders that are due to the event log.

use crate::domain::ReminderRule;
use crate::services::{ServiceError, Services};
use crate::storage::{LockWait, company_settings, reminders};
use chrono::{DateTime, Utc};

/// The most reminders that are written in a transaction.
const BATCH: u64 = 100;

impl Services {
    /// Writes at most 100 reminders that are due, and returns whether more may be due. Any number of servers can do it
    /// at once: each reminder is written once. Where no company asks for reminders it reads the settings alone.
    pub async fn send_due_reminders(&self, now: DateTime<Utc>) -> Result<bool, ServiceError> {
        let settings = company_settings::all(self.db.reader()).await?;
        let rules = settings.iter().flat_map(|(company, settings)| settings.reminder_rules(*company));
        let rules: Vec<ReminderRule> = rules.collect();
        if rules.is_empty() {
            return Ok(false);
        }
        let due = reminders::due(self.db.reader(), &rules, now, BATCH).await?;
        if due.is_empty() {
            return Ok(false);
        }
        let is_full = due.len() as u64 == BATCH;
        let sent = reminders::send(self.db.begin_change(LockWait::Brief).await?, due, now).await?;
        if sent > 0 {
            self.announce_events();
        }
        // What another transaction has locked is found again the next time.
        Ok(is_full && sent > 0)
    }
}
