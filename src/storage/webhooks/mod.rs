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
pub(crate) mod store;
pub(crate) mod watch;

use crate::storage::{Result, Transaction};
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

/// The condition that a delivery is pending, for statements that find it by its id. `state = 'pending'` would let
/// PostgreSQL read the whole index of pending deliveries instead.
const IS_PENDING: &str = "webhook_deliveries.next_attempt_at IS NOT NULL";

/// Makes PostgreSQL look up in indexes what the statements of this transaction read. It keeps the first plan of a
/// statement: one that was made while the tables were empty would read all deliveries of a burst for each claim, until
/// the tables are analysed.
async fn use_indexes(transaction: &Transaction) -> Result<()> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        let settings = ["enable_seqscan", "enable_hashjoin", "enable_mergejoin"];
        let sql = settings.map(|setting| format!("SET LOCAL {setting} = off")).join("; ");
        transaction.execute_unprepared(&sql).await?;
    }
    Ok(())
}
