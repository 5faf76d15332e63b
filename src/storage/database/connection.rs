//! A connection while somebody has it, and how it comes to be. One that failed, or was left in the middle of a statement, does not go
//! back to the pool.

use deadpool::managed::{self, Metrics, Object, RecycleError, RecycleResult};
use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::sqlx::{self, AssertSqlSafe, Connection as _, Executor, PgConnection, SqliteConnection};
use sea_orm::{ConnAcquireErr, DbErr, ExecResult, QueryResult, RuntimeErr, Statement, Values};
use sea_query_sqlx::SqlxValues;
use std::sync::Arc;
use std::time::Duration;

/// After so long a rest a connection is asked whether it is still alive: it may have been cut meanwhile.
const IDLE_PING_AFTER: Duration = Duration::from_secs(10);

/// What a connection to PostgreSQL begins with.
///
/// No statement here needs another plan for other values. PostgreSQL would plan lists anew each time, since it takes a plan that knows
/// the limit for a better one: about a quarter of what a list costs it.
///
/// And its process is to keep the memory that it needs for each statement. Where that is more than 128 KiB, glibc gives it back to the
/// system at the end and gets it again a moment later, as zeroed pages: twenty page faults and four calls for each change. After a piece
/// of 1 MiB was freed once, up to 2 MiB are kept (see mallopt(3), `M_MMAP_THRESHOLD`).
const SETUP: &str = "SET plan_cache_mode = force_generic_plan; SELECT length(repeat(' ', 1048576))";

/// How to reach the database.
pub enum ConnectTo {
    Postgres(PgConnectOptions),
    Sqlite(SqliteConnectOptions),
}

/// Of either database.
pub enum DriverConnection {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

/// What the pool keeps.
pub struct PoolEntry {
    pub connection: DriverConnection,
    /// A statement is running, was given up while it ran, or found the connection broken.
    in_doubt: bool,
}

/// A connection, until it goes back to the pool.
pub struct PooledConnection(pub Option<Object<Manager>>);

/// Makes connections.
pub struct Manager(pub ConnectTo);

impl managed::Manager for Manager {
    type Type = PoolEntry;
    type Error = sqlx::Error;

    async fn create(&self) -> Result<PoolEntry, sqlx::Error> {
        let connection = match &self.0 {
            ConnectTo::Postgres(options) => {
                let mut connection = PgConnection::connect_with(options).await?;
                connection.execute(SETUP).await?;
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

impl PooledConnection {
    fn entry(&mut self) -> Result<&mut PoolEntry, DbErr> {
        self.0.as_deref_mut().ok_or_else(closed)
    }

    pub fn is_in_doubt(&self) -> bool {
        self.0.as_ref().is_none_or(|entry| entry.in_doubt)
    }

    /// Takes the connection out of the pool: what it was doing ends with it.
    pub fn discard(&mut self) {
        drop(self.0.take().map(Object::take));
    }

    pub async fn run(&mut self, sql: &str) -> Result<ExecResult, DbErr> {
        let entry = self.entry()?;
        entry.in_doubt = true;
        let sql = AssertSqlSafe(sql);
        let done = match &mut entry.connection {
            DriverConnection::Postgres(connection) => connection.execute(sql).await.map(ExecResult::from),
            DriverConnection::Sqlite(connection) => connection.execute(sql).await.map(ExecResult::from),
        };
        entry.mark_outcome(done).map_err(exec_error)
    }

    pub async fn execute(&mut self, statement: Statement) -> Result<ExecResult, DbErr> {
        let (sql, values) = parts(statement);
        let entry = self.entry()?;
        entry.in_doubt = true;
        let done = match &mut entry.connection {
            DriverConnection::Postgres(connection) => {
                sqlx::query_with(sql, values).execute(connection).await.map(ExecResult::from)
            }
            DriverConnection::Sqlite(connection) => {
                sqlx::query_with(sql, values).execute(connection).await.map(ExecResult::from)
            }
        };
        entry.mark_outcome(done).map_err(exec_error)
    }

    pub async fn fetch_one(&mut self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let (sql, values) = parts(statement);
        let entry = self.entry()?;
        entry.in_doubt = true;
        let row = match &mut entry.connection {
            DriverConnection::Postgres(connection) => {
                let row = sqlx::query_with(sql, values).fetch_optional(connection).await;
                row.map(|row| row.map(QueryResult::from))
            }
            DriverConnection::Sqlite(connection) => {
                let row = sqlx::query_with(sql, values).fetch_optional(connection).await;
                row.map(|row| row.map(QueryResult::from))
            }
        };
        entry.mark_outcome(row).map_err(query_error)
    }

    pub async fn fetch_all(&mut self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let (sql, values) = parts(statement);
        let entry = self.entry()?;
        entry.in_doubt = true;
        let rows = match &mut entry.connection {
            DriverConnection::Postgres(connection) => {
                let rows = sqlx::query_with(sql, values).fetch_all(connection).await;
                rows.map(|rows| rows.into_iter().map(QueryResult::from).collect())
            }
            DriverConnection::Sqlite(connection) => {
                let rows = sqlx::query_with(sql, values).fetch_all(connection).await;
                rows.map(|rows| rows.into_iter().map(QueryResult::from).collect())
            }
        };
        entry.mark_outcome(rows).map_err(query_error)
    }
}

impl PoolEntry {
    /// What the database itself refuses leaves the connection as good as it was; anything else does not.
    fn mark_outcome<T>(&mut self, done: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        self.in_doubt = !matches!(&done, Ok(_) | Err(sqlx::Error::Database(_)));
        done
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
