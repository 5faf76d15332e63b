//! Runs SeaORM's statements on the connections of a pool or of a transaction.

use crate::storage::database::connection::PooledConnection;
use crate::storage::database::fault::is_certainly_not_committed;
use sea_orm::prelude::async_trait::async_trait;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use tokio::sync::{MappedMutexGuard, OwnedSemaphorePermit};

/// Called with the SQL of every statement.
pub(super) type Observer = Arc<dyn Fn(&str) + Send + Sync>;

/// Provides a connection for each statement.
pub trait ConnectionSource: Send + Sync {
    /// Whether the statements are one transaction. It ends with its connection.
    const IS_TRANSACTION: bool;

    fn connection(&self, access: Access) -> impl Future<Output = Result<ConnectionGuard<'_>, DbErr>> + Send;
}

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Read,
    Write,
}

/// A connection for one statement.
pub enum ConnectionGuard<'a> {
    /// Returns to the pool afterwards, and then the permit of its request is returned.
    Pooled(PooledConnection, Option<OwnedSemaphorePermit>),
    /// Stays with its owner.
    Shared(MappedMutexGuard<'a, PooledConnection>),
}

/// A [`ConnectionSource`] as SeaORM's [`ConnectionTrait`].
#[derive(Clone)]
pub struct Executor<S> {
    pub(super) source: S,
    pub(super) backend: DbBackend,
    pub(super) observer: Option<Observer>,
}

impl Access {
    /// By the text: a read begins with `SELECT`. Any other statement gets a session that can write.
    pub(super) fn of(sql: &str) -> Self {
        if sql.starts_with("SELECT") { Self::Read } else { Self::Write }
    }
}

impl<S> Executor<S> {
    pub(super) fn notify_observer(&self, sql: &str) {
        if let Some(observer) = &self.observer {
            observer(sql);
        }
    }
}

impl<S: ConnectionSource> Executor<S> {
    /// Whether a statement that failed can run again on a new connection: one whose connection broke, unless it belongs
    /// to a transaction, or has changed something. This is the only place where statements are repeated.
    fn can_repeat(access: Access, connection: &PooledConnection, error: &DbErr) -> bool {
        let changes_nothing = access == Access::Read || is_certainly_not_committed(error);
        !S::IS_TRANSACTION && connection.is_broken() && changes_nothing
    }
}

/// Runs a statement, and once more on a new connection if its connection broke.
macro_rules! run {
    ($executor:expr, $sql:expr, $connection:ident => $call:expr) => {{
        let sql: &str = $sql;
        $executor.notify_observer(sql);
        let access = Access::of(sql);
        let mut $connection = $executor.source.connection(access).await?;
        match $call.await {
            Err(error) if Self::can_repeat(access, &$connection, &error) => {
                $connection.reopen().await?;
                $call.await
            }
            outcome => outcome,
        }
    }};
}

#[async_trait]
impl<S: ConnectionSource> ConnectionTrait for Executor<S> {
    fn get_database_backend(&self) -> DbBackend {
        self.backend
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        run!(self, &statement.sql, connection => connection.execute(&statement))
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        run!(self, sql, connection => connection.run(sql))
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        run!(self, &statement.sql, connection => connection.fetch_one(&statement))
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        run!(self, &statement.sql, connection => connection.fetch_all(&statement))
    }
}

impl Deref for ConnectionGuard<'_> {
    type Target = PooledConnection;

    fn deref(&self) -> &PooledConnection {
        match self {
            Self::Pooled(connection, _) => connection,
            Self::Shared(connection) => connection,
        }
    }
}

impl DerefMut for ConnectionGuard<'_> {
    fn deref_mut(&mut self) -> &mut PooledConnection {
        match self {
            Self::Pooled(connection, _) => connection,
            Self::Shared(connection) => connection,
        }
    }
}

impl<S> fmt::Debug for Executor<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor").field("backend", &self.backend).finish_non_exhaustive()
    }
}
