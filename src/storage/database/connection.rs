//! A connection while it is out of the pool, and how connections are opened and checked.

use crate::storage::database::session::SessionLimits;
use deadpool::managed::{self, Metrics, Object, RecycleError, RecycleResult};
use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::sqlx::{self, AssertSqlSafe, Connection as _, Executor, PgConnection, SqliteConnection};
use sea_orm::{ConnAcquireErr, DbErr, ExecResult, QueryResult, RuntimeErr, Statement, Values};
use sea_query_sqlx::SqlxValues;
use std::sync::Arc;
use std::time::Duration;

/// A connection that was idle for longer is pinged before it is used: a firewall may have dropped it.
const IDLE_PING_AFTER: Duration = Duration::from_secs(10);

/// How to reach the database.
pub enum ConnectTo {
    Postgres(PgConnectOptions, SessionLimits),
    Sqlite(SqliteConnectOptions),
}

/// A connection of one of the two drivers.
pub enum DriverConnection {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

/// An entry of the pool.
pub struct PoolEntry {
    pub connection: DriverConnection,
    /// A statement is running, was cancelled, or broke the connection. The connection must not be used again.
    in_doubt: bool,
}

/// A connection out of the pool; none after it was discarded. Returns to the pool when it is dropped.
pub struct PooledConnection(pub Option<Object<Manager>>);

/// Opens connections and checks idle ones.
pub struct Manager(pub ConnectTo);

impl managed::Manager for Manager {
    type Type = PoolEntry;
    type Error = sqlx::Error;

    async fn create(&self) -> Result<PoolEntry, sqlx::Error> {
        let connection = match &self.0 {
            ConnectTo::Postgres(options, limits) => {
                let mut connection = PgConnection::connect_with(options).await?;
                limits.apply(&mut connection).await?;
                DriverConnection::Postgres(connection)
            }
            ConnectTo::Sqlite(options) => DriverConnection::Sqlite(SqliteConnection::connect_with(options).await?),
        };
        Ok(PoolEntry { connection, in_doubt: false })
    }

    async fn recycle(&self, entry: &mut PoolEntry, metrics: &Metrics) -> RecycleResult<sqlx::Error> {
        if metrics.last_used() < IDLE_PING_AFTER {
            return Ok(());
        }
        let alive = match &mut entry.connection {
            DriverConnection::Postgres(connection) => connection.ping().await,
            DriverConnection::Sqlite(connection) => connection.ping().await,
        };
        alive.map_err(RecycleError::Backend)
    }
}

/// Awaits one call on the connection of either driver. While it runs, the connection is in doubt: a cancelled call
/// leaves it there. An error that the database itself reports leaves the connection usable.
macro_rules! call {
    ($pooled:expr, $connection:ident => $call:expr) => {{
        let entry: &mut PoolEntry = $pooled.0.as_deref_mut().ok_or_else(closed)?;
        entry.in_doubt = true;
        let outcome = match &mut entry.connection {
            DriverConnection::Postgres($connection) => $call,
            DriverConnection::Sqlite($connection) => $call,
        };
        entry.in_doubt = !matches!(&outcome, Ok(_) | Err(sqlx::Error::Database(_)));
        outcome
    }};
}

impl PooledConnection {
    pub fn is_in_doubt(&self) -> bool {
        self.0.as_ref().is_none_or(|entry| entry.in_doubt)
    }

    /// Takes the connection out of the pool and closes it, which cancels what it runs.
    pub fn discard(&mut self) {
        drop(self.0.take().map(Object::take));
    }

    pub async fn run(&mut self, sql: &str) -> Result<ExecResult, DbErr> {
        let sql = AssertSqlSafe(sql);
        call!(self, connection => connection.execute(sql).await.map(ExecResult::from)).map_err(exec_error)
    }

    pub async fn execute(&mut self, statement: Statement) -> Result<ExecResult, DbErr> {
        let (sql, values) = parts(statement);
        call!(self, connection => sqlx::query_with(sql, values).execute(connection).await.map(ExecResult::from))
            .map_err(exec_error)
    }

    pub async fn fetch_one(&mut self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let (sql, values) = parts(statement);
        call!(self, connection => {
            let row = sqlx::query_with(sql, values).fetch_optional(connection).await;
            row.map(|row| row.map(QueryResult::from))
        })
        .map_err(query_error)
    }

    pub async fn fetch_all(&mut self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let (sql, values) = parts(statement);
        call!(self, connection => {
            let rows = sqlx::query_with(sql, values).fetch_all(connection).await;
            rows.map(|rows| rows.into_iter().map(QueryResult::from).collect())
        })
        .map_err(query_error)
    }
}

impl Drop for PooledConnection {
    fn drop(&mut self) {
        if self.is_in_doubt() {
            self.discard();
        }
    }
}

fn parts(statement: Statement) -> (AssertSqlSafe<String>, SqlxValues) {
    (AssertSqlSafe(statement.sql), SqlxValues(statement.values.unwrap_or(Values(Vec::new()))))
}

pub fn closed() -> DbErr {
    DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed)
}

fn exec_error(error: sqlx::Error) -> DbErr {
    DbErr::Exec(RuntimeErr::SqlxError(Arc::new(error)))
}

fn query_error(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(Arc::new(error)))
}
