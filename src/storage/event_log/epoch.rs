//! The epoch of the event log, and how a server finds out that the database is not the one for which it was drawn.
//!
//! The epoch is a random number in a table with one row. On PostgreSQL the row also says for which database the epoch
//! was drawn:
//!
//! - `system_identifier` and `timeline`: another cluster has others, and one that was promoted or recovered to a point
//!   in time has another timeline.
//! - `database_oid`: another database of the cluster has another one.
//! - `transaction_id`: the transaction that wrote the row. A dump that is restored writes the row in another one, and
//!   PostgreSQL has the true one in the system column `xmin`, in 32 bits.

use crate::domain::Epoch;
use crate::storage::{Db, Result, StorageError, Transaction};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};

pub(super) const TABLE: &str = "event_log_epoch";
pub(super) const EPOCH: &str = "epoch";

/// Why a new epoch was drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// It is the first one since the table was created.
    First,
    /// The database was restored, promoted or copied.
    OtherDatabase,
    /// The log has transaction numbers that the cluster has not reached: it was restored from another cluster. The
    /// numbers were set to 0, because such events would stay unreadable. Without numbers events are ordered by id.
    OtherTransactionNumbers,
    /// It was asked for.
    Requested,
}

/// The columns with numbers of transactions: those of events, and of positions in the log that are kept.
const TRANSACTION_NUMBERS: [(&str, &str); 3] = [
    ("interview_events", "transaction_id"),
    ("log_consumers", "transaction_id"),
    ("webhooks", "missed_after_transaction_id"),
];

/// What a session knows of its database.
#[derive(Clone, Copy)]
enum Identity {
    Complete,
    /// Without what only some roles and hosting providers may read.
    WithoutCluster,
    /// SQLite: a file has no identity that a copy does not have.
    Unknown,
}

/// The epoch.
pub(crate) async fn current_epoch(connection: &impl ConnectionTrait) -> Result<Epoch> {
    let query = format!("SELECT {EPOCH} FROM {TABLE}");
    let row = connection.query_one_raw(Statement::from_string(connection.get_database_backend(), query)).await?;
    Ok(Epoch(row.ok_or_else(missing_row)?.try_get("", EPOCH)?))
}

pub(super) fn missing_row() -> DbErr {
    DbErr::RecordNotFound(format!("the table {TABLE} has no row"))
}

/// Compares the database with the one for which the epoch was drawn, and draws a new epoch if it is another. When
/// several servers call it at once, one of them draws the epoch.
pub async fn verify_epoch(db: &Db) -> Result<Option<Renewal>> {
    renew(db, None).await
}

/// Draws a new epoch, so that all cursors of the log expire.
pub async fn renew_epoch(db: &Db) -> Result<()> {
    renew(db, Some(Renewal::Requested)).await.map(drop)
}

/// The SQL that draws a new epoch in a copy of a SQLite database. To restore the copy is to go back in time.
pub(crate) fn draw_for_copy() -> String {
    format!("UPDATE {TABLE} SET {EPOCH} = {}", rand::random::<i64>())
}

/// Whether the table of the epoch exists in a SQLite database.
pub(crate) const EXISTS_IN_COPY: &str = "SELECT count(*) FROM sqlite_master WHERE name = 'event_log_epoch'";

async fn renew(db: &Db, requested: Option<Renewal>) -> Result<Option<Renewal>> {
    let (identity, needed) = find_identity(db).await?;
    if needed.or(requested).is_none() {
        return Ok(None);
    }
    // Another server can be resetting the numbers of a large log.
    let transaction = db.begin_maintenance().await?;
    lock(&transaction).await?;
    // Another server can have drawn the epoch in the meantime.
    let renewal = needed_renewal(&transaction, identity).await?.or(requested);
    if renewal == Some(Renewal::OtherTransactionNumbers) {
        for (table, column) in TRANSACTION_NUMBERS {
            let reset = format!("UPDATE {table} SET {column} = 0 WHERE {column} > 0");
            transaction.execute_unprepared(&reset).await?;
        }
    }
    if renewal.is_some() {
        let draw = format!("UPDATE {TABLE} SET {EPOCH} = {}{}", rand::random::<i64>(), identity.assignments());
        transaction.execute_unprepared(&draw).await?;
        transaction.commit().await?;
    }
    Ok(renewal)
}

/// What a session may find out about its database, and whether a new epoch is needed.
async fn find_identity(db: &Db) -> Result<(Identity, Option<Renewal>)> {
    let connection = db.reader();
    if !db.is_postgres() {
        return Ok((Identity::Unknown, None));
    }
    match needed_renewal(connection, Identity::Complete).await {
        Ok(needed) => Ok((Identity::Complete, needed)),
        Err(StorageError::Database(error)) => {
            tracing::debug!(%error, "the identity of the PostgreSQL cluster cannot be read");
            Ok((Identity::WithoutCluster, needed_renewal(connection, Identity::WithoutCluster).await?))
        }
        Err(error) => Err(error),
    }
}

/// Locks the row for this transaction, after creating it if it is missing.
async fn lock(transaction: &Transaction) -> Result<()> {
    let create = format!("INSERT INTO {TABLE} ({EPOCH}) VALUES ({}) ON CONFLICT DO NOTHING", rand::random::<i64>());
    transaction.execute_unprepared(&create).await?;
    if transaction.get_database_backend() == DbBackend::Postgres {
        transaction.execute_unprepared(&format!("SELECT 1 FROM {TABLE} FOR UPDATE")).await?;
    }
    Ok(())
}

async fn needed_renewal(connection: &impl ConnectionTrait, identity: Identity) -> Result<Option<Renewal>> {
    if matches!(identity, Identity::Unknown) {
        return Ok(None);
    }
    // An unknown value, null, is not another one.
    let others = identity.columns().map(|(column, value)| format!("COALESCE({column} <> {value}, FALSE)")).join(" OR ");
    let sql = format!(
        "SELECT pg_is_in_recovery() AS is_standby, transaction_id IS NULL AS is_first, \
            {others} OR COALESCE(log.xmin::text::bigint <> transaction_id % 4294967296, FALSE) AS is_other, \
            EXISTS (SELECT 1 FROM interview_events AS event \
                WHERE event.transaction_id >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint) AS is_ahead \
        FROM (SELECT 1) AS one LEFT JOIN {TABLE} AS log ON TRUE"
    );
    let row = connection.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    let row = row.ok_or_else(missing_row)?;
    let is = |column| row.try_get::<bool>("", column);
    // The primary draws the epoch of a standby.
    Ok(if is("is_standby")? {
        None
    } else if is("is_ahead")? {
        Some(Renewal::OtherTransactionNumbers)
    } else if is("is_first")? {
        Some(Renewal::First)
    } else {
        is("is_other")?.then_some(Renewal::OtherDatabase)
    })
}

impl Identity {
    /// The columns that identify a database, and the SQL of their present values.
    fn columns(self) -> [(&'static str, &'static str); 3] {
        let (system_identifier, timeline) = match self {
            // A standby has no WAL file of its own. The timeline in the control file is that of the last checkpoint,
            // which can be minutes before a promotion.
            Self::Complete => (
                "(SELECT control.system_identifier FROM pg_control_system() AS control)",
                "CASE WHEN NOT pg_is_in_recovery() \
                    THEN ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer END",
            ),
            Self::WithoutCluster | Self::Unknown => ("NULL::bigint", "NULL::integer"),
        };
        let database = "(SELECT oid::bigint FROM pg_database WHERE datname = current_database())";
        [("system_identifier", system_identifier), ("timeline", timeline), ("database_oid", database)]
    }

    /// The assignments of an `UPDATE` that store the identity.
    fn assignments(self) -> String {
        if matches!(self, Self::Unknown) {
            return String::new();
        }
        let columns = self.columns().map(|(column, value)| format!(", {column} = {value}")).concat();
        columns + ", transaction_id = pg_current_xact_id()::text::bigint"
    }
}
