//! Webhooks, their deliveries, and how far the event log was read for them.

pub(crate) mod attempts;
pub(crate) mod claims;
pub(crate) mod consumer;
pub(crate) mod deliveries;
pub(crate) mod erasure;
pub(crate) mod list;
pub(crate) mod missed;
pub(crate) mod outcomes;
pub(crate) mod queue;
mod reasons;
pub(crate) mod removal;
pub(crate) mod store;
pub(crate) mod watch;

use crate::storage::Result;
use sea_orm::{ConnectionTrait, DbBackend};

/// The advisory lock of those who change webhooks, or queue deliveries because a user asked for them: "HOOK" in ASCII.
/// It keeps the limits on the number of webhooks, and the row of the consumer there while a webhook is enabled.
const LOCK: i64 = 0x484F_4F4B << 32;

/// Takes the lock until the end of the transaction, before any row of these tables. SQLite has one writer at a time and
/// needs no lock.
pub(crate) async fn lock(transaction: &impl ConnectionTrait) -> Result<()> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        transaction.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({LOCK})")).await?;
    }
    Ok(())
}
