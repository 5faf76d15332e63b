//! What delays the event log on PostgreSQL: the oldest transaction that is still running, in any database of the
//! cluster. Transactions that have written nothing, replication slots and standbys do not delay it.

use crate::domain::EventId;
use crate::storage::Result;
use crate::storage::entities::event;
use crate::storage::event_log::visible_before;
use event::Column;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    Statement,
};
use std::time::Duration;

/// The first event that is committed and cannot be read yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitingEvent {
    /// The event.
    pub id: EventId,
    /// The number of the oldest running transaction.
    pub oldest_transaction: i64,
}

/// The first event that waits for an older transaction. There is none on SQLite.
pub async fn waiting_event(connection: &impl ConnectionTrait) -> Result<Option<WaitingEvent>> {
    let backend = connection.get_database_backend();
    if backend != DbBackend::Postgres {
        return Ok(None);
    }
    let query = event::Entity::find()
        .select_only()
        .column(Column::Id)
        .expr_as(visible_before(backend), "visible_before")
        .filter(Expr::col((event::Entity, Column::TransactionId)).gte(visible_before(backend)))
        .order_by_asc(Column::TransactionId)
        .order_by_asc(Column::Id)
        .limit(1);
    let Some(row) = connection.query_one(&query.into_query()).await? else { return Ok(None) };
    let (id, oldest_transaction) = (row.try_get("", "id")?, row.try_get("", "visible_before")?);
    Ok(Some(WaitingEvent { id: EventId(id), oldest_transaction }))
}

/// Who runs a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A session.
    Session {
        /// The process of the session.
        pid: i32,
        /// The name of its database; none for a process of PostgreSQL that belongs to no database.
        database: Option<String>,
        /// The name that the application gives itself.
        application: Option<String>,
        /// What it does, such as `idle in transaction`. `None` without the right to see it.
        state: Option<String>,
        /// How long its transaction has been running. `None` without the right to see it.
        age: Option<Duration>,
    },
    /// A prepared transaction, which belongs to no session.
    Prepared {
        /// The name of the transaction.
        name: String,
        /// The name of its database.
        database: String,
        /// The time since it was prepared.
        age: Duration,
    },
}

#[derive(FromQueryResult)]
struct HolderRow {
    pid: Option<i32>,
    name: Option<String>,
    database: Option<String>,
    state: Option<String>,
    age: Option<f64>,
}

/// The session or the prepared transaction with this transaction number. Transactions of logical replication, of
/// maintenance and of other databases included. `pg_stat_activity` shows the state and the age of other roles' sessions
/// only to members of `pg_read_all_stats`, and all the rest to everybody.
pub async fn holder_of(connection: &impl ConnectionTrait, transaction: i64) -> Result<Option<Holder>> {
    let sql = "SELECT pid, application_name AS name, datname::text AS database, state, \
            EXTRACT(epoch FROM clock_timestamp() - xact_start)::float8 AS age \
        FROM pg_stat_activity WHERE backend_xid::text::bigint = $1 \
        UNION ALL SELECT NULL, gid, database::text, NULL, \
            EXTRACT(epoch FROM clock_timestamp() - prepared)::float8 \
        FROM pg_prepared_xacts WHERE transaction::text::bigint = $1";
    // Both views have the lower 32 bits of the number.
    let number = transaction % (1 << 32);
    let row =
        connection.query_one_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, [number.into()])).await?;
    let Some(row) = row else { return Ok(None) };
    let HolderRow { pid, name, database, state, age } = HolderRow::from_query_result(&row, "")?;
    let age = age.map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or_default());
    Ok(Some(match pid {
        Some(pid) => Holder::Session { pid, database, application: name.filter(|name| !name.is_empty()), state, age },
        None => Holder::Prepared {
            name: name.unwrap_or_default(),
            database: database.unwrap_or_default(),
            age: age.unwrap_or_default(),
        },
    }))
}
