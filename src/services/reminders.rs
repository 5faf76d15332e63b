//! Writes the reminders that are due to the event log.

use crate::domain::ReminderRule;
use crate::services::{Failure, ServiceError, Services};
use crate::storage::{LockWait, company_settings, reminders};
use chrono::{DateTime, TimeDelta, Utc};
use std::time::Duration;

/// How often a server looks for reminders that are due.
const INTERVAL: Duration = Duration::from_secs(15);
/// The most reminders that are written in a transaction.
const BATCH: u64 = 100;
/// Old reminders are forgotten once in so many looks, at most this many.
const ROUNDS_TO_CLEANUP: u64 = 4;
const FORGOTTEN: u64 = 1_000;
/// How long it is known after the start of an interview which reminders of it were sent.
const KEPT: TimeDelta = TimeDelta::days(60);

impl Services {
    /// Writes reminders whenever some are due, and forgets old ones. Never returns.
    pub async fn keep_reminding(&self) -> ! {
        let mut is_failing = false;
        for round in 1_u64.. {
            tokio::time::sleep(INTERVAL).await;
            let outcome = self.remind(round.is_multiple_of(ROUNDS_TO_CLEANUP)).await;
            is_failing = match outcome {
                Ok(()) => false,
                // The storage reports an outage itself, and the readiness check a schema that is behind.
                Err(error) if is_failing || error.failure() != Failure::Internal || !self.has_schema().await => {
                    tracing::debug!(%error, "reminders cannot be sent; they are when this is over");
                    is_failing
                }
                Err(error) => {
                    tracing::error!(%error, "reminders cannot be sent");
                    true
                }
            };
        }
        std::future::pending().await
    }

    async fn remind(&self, forgets: bool) -> Result<(), ServiceError> {
        while self.send_due_reminders(self.clock.now()).await? {}
        if forgets {
            self.forget_sent_reminders(self.clock.now(), FORGOTTEN).await?;
        }
        Ok(())
    }

    async fn has_schema(&self) -> bool {
        self.db.migration_state().await.is_ok_and(|state| state.is_current())
    }

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
            self.follower.notify_new_events();
        }
        // What another transaction has locked is found again the next time.
        Ok(is_full && sent > 0)
    }

    /// Forgets at most `limit` reminders of interviews that began 60 days ago or earlier. Returns how many there were.
    pub async fn forget_sent_reminders(&self, now: DateTime<Utc>, limit: u64) -> Result<u64, ServiceError> {
        let transaction = self.db.begin_change(LockWait::Brief).await?;
        let forgotten = reminders::forget(&transaction, now - KEPT, limit).await?;
        transaction.commit().await?;
        Ok(forgotten)
    }
}
