//! Advisory locks on the time of people, which keep concurrent bookings of one person apart.
//!
//! The constraints against overlaps would do so too, but slowly: of two transactions that book the same person, each
//! would find the other's new row in the index and wait for its end, and PostgreSQL looks for such a deadlock only
//! after one second.

use crate::domain::UserId;
use crate::storage::Result;
use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};

/// Locks the time of these people until the end of the transaction. SQLite has one writer at a time and needs no locks.
pub(crate) async fn lock(connection: &impl ConnectionTrait, people: [UserId; 2]) -> Result<()> {
    if connection.get_database_backend() == DbBackend::Postgres {
        let sql = "SELECT pg_advisory_xact_lock($1), pg_advisory_xact_lock($2)";
        let locks = lock_numbers(people).map(Value::from);
        connection.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, locks)).await?;
    }
    Ok(())
}

/// The numbers of the advisory locks, in the order in which they have to be taken. Row locks on the users would write
/// to their rows, and to the write-ahead log.
pub(crate) fn lock_numbers(people: [UserId; 2]) -> [i64; 2] {
    /// The first number, to keep apart from the locks of other programs: "TIME" in ASCII.
    const FIRST: i64 = 0x5449_4D45 << 32;
    let mut locks = people.map(|id| FIRST.wrapping_add(id.0));
    locks.sort_unstable();
    locks
}
