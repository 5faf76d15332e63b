//! A connection out of the pool, and what becomes of it when it is released.

use crate::storage::database::cause::DriverCause;
use crate::storage::database::executor::Access;
use crate::storage::database::fault::{consequence, is_timeout};
use crate::storage::database::lease::Lease;
use crate::storage::database::open_connection::{DriverConnection, OpenConnection, State};
use crate::storage::database::shares::Permits;
use sea_orm::sqlx::{self, AssertSqlSafe, Executor};
use sea_orm::{ConnAcquireErr, DbErr, ExecResult, QueryResult, RuntimeErr, Statement, Values};
use sea_query_sqlx::SqlxValues;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::timeout;

/// Within this time PostgreSQL notices that a connection is closed, and ends a session that was executing a statement.
const SESSION_END: Duration = Duration::from_secs(2);

/// A connection out of the pool. When it is dropped, it returns to the pool, after its statement and its transaction
/// have ended. Until then no connection is opened in its place, so that the database never has more sessions than the
/// pool has connections.
pub struct PooledConnection {
    /// `None` only while it is dropped.
    open: Option<OpenConnection>,
    lease: Option<Lease>,
    /// How long the response to a statement may take; any time if `None`.
    response_timeout: Option<Duration>,
}

/// Awaits one call on the connection of either driver. A cancelled call leaves the connection in the state `Executing`.
/// An error that the database itself reports leaves the connection usable, unless it ends the session.
macro_rules! call {
    ($pooled:expr, $connection:ident => $call:expr) => {{
        let response_timeout = $pooled.response_timeout;
        let open = $pooled.open.as_mut().ok_or_else(closed)?;
        open.state = State::Executing;
        let outcome = within(response_timeout, async {
            match &mut open.driver {
                DriverConnection::Postgres($connection) => $call,
                DriverConnection::Sqlite($connection) => $call,
            }
        });
        let outcome = outcome.await;
        match &outcome {
            Ok(_) => open.state = State::Ready,
            Err(error) => $pooled.failed(error),
        }
        outcome
    }};
}

impl PooledConnection {
    pub fn new(open: OpenConnection, lease: Lease) -> Self {
        let response_timeout = lease.connections().response_timeout();
        Self { open: Some(open), lease: Some(lease), response_timeout }
    }

    /// Begins a transaction with this statement.
    pub async fn begin(&mut self, sql: &str) -> Result<(), DbErr> {
        self.set_in_transaction(true);
        self.run(sql).await.map(drop)
    }

    /// Commits the transaction that was begun. After an error that the database reports it is rolled back.
    pub async fn commit(mut self) -> Result<(), DbErr> {
        // PostgreSQL ends the transaction in any case. On SQLite it stays open after an error.
        self.set_in_transaction(false);
        let committed = self.run("COMMIT").await;
        self.set_in_transaction(committed.is_err() && self.is_sqlite());
        committed.map(|_| self.change_succeeded())
    }

    /// Whether the database responds within this time.
    pub async fn responds_within(&mut self, limit: Duration) -> bool {
        let Some(open) = &mut self.open else { return false };
        open.state = State::Executing;
        let response = within(Some(limit), open.ping()).await;
        match &response {
            Ok(()) => open.state = State::Ready,
            Err(error) => self.failed(error),
        }
        response.is_ok()
    }

    /// Closes the connection, and lends its lease to another one.
    pub fn close(mut self) -> Option<Lease> {
        self.open = None;
        self.lease.take()
    }

    /// Exchanges the permits with those of another purpose.
    pub fn exchange_permits(&mut self, permits: &mut Permits) {
        if let Some(lease) = &mut self.lease {
            std::mem::swap(lease.permits_mut(), permits);
        }
    }

    /// Closes the connection, and takes the place of a new one.
    pub async fn reopen(&mut self) -> Result<(), DbErr> {
        self.open = None;
        let lease = self.lease.take().ok_or_else(closed)?;
        *self = lease.connect_anew().await?;
        Ok(())
    }

    /// Whether the connection cannot be used any more.
    pub fn is_broken(&self) -> bool {
        self.open.as_ref().is_none_or(|open| open.state == State::Broken)
    }

    /// Whether the session was read-only when it began.
    pub fn is_read_only(&self) -> bool {
        self.open.as_ref().is_some_and(|open| open.is_read_only)
    }

    /// Waits for the response of each statement from now on, however long it takes.
    pub fn wait_for_responses(&mut self) {
        self.response_timeout = None;
    }

    pub async fn run(&mut self, sql: &str) -> Result<ExecResult, DbErr> {
        let sql = AssertSqlSafe(sql);
        call!(self, connection => connection.execute(sql).await.map(ExecResult::from)).map_err(exec_error)
    }

    pub async fn execute(&mut self, statement: &Statement) -> Result<ExecResult, DbErr> {
        let (sql, values) = parts(statement);
        let executed =
            call!(self, connection => sqlx::query_with(sql, values).execute(connection).await.map(ExecResult::from))
                .map_err(exec_error)?;
        if executed.rows_affected() > 0 {
            self.statement_has_changed();
        }
        Ok(executed)
    }

    pub async fn fetch_one(&mut self, statement: &Statement) -> Result<Option<QueryResult>, DbErr> {
        let (sql, values) = parts(statement);
        call!(self, connection => {
            let row = sqlx::query_with(sql, values).fetch_optional(connection).await;
            row.map(|row| row.map(QueryResult::from))
        })
        .map_err(query_error)
    }

    pub async fn fetch_all(&mut self, statement: &Statement) -> Result<Vec<QueryResult>, DbErr> {
        let (sql, values) = parts(statement);
        let rows: Vec<QueryResult> = call!(self, connection => {
            let rows = sqlx::query_with(sql, values).fetch_all(connection).await;
            rows.map(|rows| rows.into_iter().map(QueryResult::from).collect())
        })
        .map_err(query_error)?;
        if !rows.is_empty() && Access::of(&statement.sql) == Access::Write {
            self.statement_has_changed();
        }
        Ok(rows)
    }

    /// Sends rows to PostgreSQL with a statement `COPY … FROM STDIN`.
    pub async fn copy_in(&mut self, sql: &str, rows: &[u8]) -> Result<(), DbErr> {
        let response_timeout = self.response_timeout;
        let open = self.open.as_mut().ok_or_else(closed)?;
        let DriverConnection::Postgres(connection) = &mut open.driver else {
            return Err(DbErr::BackendNotSupported { db: "SQLite", ctx: "COPY" });
        };
        open.state = State::Executing;
        let outcome = within(response_timeout, async {
            let mut copy = connection.copy_in_raw(sql).await?;
            copy.send(rows).await?;
            copy.finish().await.map(drop)
        });
        let outcome = outcome.await;
        match &outcome {
            Ok(()) => open.state = State::Ready,
            Err(error) => self.failed(error),
        }
        outcome.map_err(exec_error)
    }

    /// Decides what an error leaves of the connection, and of the others.
    fn failed(&mut self, error: &sqlx::Error) {
        let (Some(open), Some(lease)) = (&mut self.open, &self.lease) else { return };
        let consequence = consequence(error);
        lease.connections().sessions().notice(error);
        open.state = if consequence.breaks_connection { State::Broken } else { State::Ready };
        if consequence.breaks_others {
            lease.connections().lose(open.generation, &DriverCause(error));
        }
        if let Some(outage) = consequence.outage {
            lease.connections().outages().report(outage, &DriverCause(error));
        }
    }

    /// A change that is not committed may still fail.
    fn statement_has_changed(&self) {
        if self.open.as_ref().is_some_and(|open| !open.in_transaction) {
            self.change_succeeded();
        }
    }

    fn change_succeeded(&self) {
        if let Some(lease) = &self.lease {
            lease.connections().outages().change_succeeded();
        }
    }

    fn set_in_transaction(&mut self, in_transaction: bool) {
        if let Some(open) = &mut self.open {
            open.in_transaction = in_transaction;
        }
    }

    fn is_sqlite(&self) -> bool {
        self.open.as_ref().is_some_and(|open| matches!(open.driver, DriverConnection::Sqlite(_)))
    }
}

impl Drop for PooledConnection {
    fn drop(&mut self) {
        let (Some(open), Some(lease)) = (self.open.take(), self.lease.take()) else { return };
        if open.is_idle() {
            lease.put_back(open);
        } else if let (State::Ready | State::Executing, Ok(runtime)) = (open.state, Handle::try_current()) {
            if open.state == State::Executing {
                lease.suspect_server();
            }
            runtime.spawn(release(open, lease));
        }
        // A broken connection is closed here, and its lease ends.
    }
}

/// Puts the connection back once its statement and its transaction have ended. Both end soon: the session has limits.
async fn release(mut open: OpenConnection, lease: Lease) {
    match within(lease.connections().response_timeout(), open.finish()).await {
        Ok(()) if open.is_idle() => lease.put_back(open),
        // On SQLite the connection is closed here.
        Ok(()) => {}
        Err(error) => {
            let cause = DriverCause(&error);
            tracing::debug!(error = %cause, "a connection is closed, because its last statement did not end in order");
            if consequence(&error).breaks_others {
                lease.connections().lose(open.generation, &cause);
            }
            drop(open);
            if is_timeout(&error) {
                tokio::time::sleep(SESSION_END).await;
            }
        }
    }
}

async fn within<T>(
    limit: Option<Duration>,
    call: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    match limit {
        None => call.await,
        Some(limit) => timeout(limit, call).await.unwrap_or_else(|_| {
            Err(sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "the database does not respond")))
        }),
    }
}

/// Copies, because the statement may have to run again.
fn parts(statement: &Statement) -> (AssertSqlSafe<&str>, SqlxValues) {
    (AssertSqlSafe(&statement.sql), SqlxValues(statement.values.clone().unwrap_or(Values(Vec::new()))))
}

pub fn closed() -> DbErr {
    DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed)
}

pub(crate) fn exec_error(error: sqlx::Error) -> DbErr {
    DbErr::Exec(RuntimeErr::SqlxError(Arc::new(error)))
}

fn query_error(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(Arc::new(error)))
}
