//! Runs SeaORM's statements on the connections of a pool or of a transaction.

use crate::storage::database::connection::PooledConnection;
use sea_orm::prelude::async_trait::async_trait;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use tokio::sync::MappedMutexGuard;

/// Called with the SQL of every statement.
pub(super) type Observer = Arc<dyn Fn(&str) + Send + Sync>;

/// Provides a connection for each statement.
pub trait ConnectionSource: Send + Sync {
    fn connection(&self) -> impl Future<Output = Result<ConnectionGuard<'_>, DbErr>> + Send;
}

/// A connection for one statement.
pub enum ConnectionGuard<'a> {
    /// Returns to the pool afterwards.
    Pooled(PooledConnection),
    /// Stays with its transaction.
    OfTransaction(MappedMutexGuard<'a, PooledConnection>),
}

/// A [`ConnectionSource`] as SeaORM's [`ConnectionTrait`].
#[derive(Clone)]
pub struct Executor<S> {
    pub(super) source: S,
    pub(super) backend: DbBackend,
    pub(super) observer: Option<Observer>,
}

impl<S> Executor<S> {
    pub(super) fn notify_observer(&self, sql: &str) {
        if let Some(observer) = &self.observer {
            observer(sql);
        }
    }
}

#[async_trait]
impl<S: ConnectionSource> ConnectionTrait for Executor<S> {
    fn get_database_backend(&self) -> DbBackend {
        self.backend
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.notify_observer(&statement.sql);
        self.source.connection().await?.execute(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.notify_observer(sql);
        self.source.connection().await?.run(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.notify_observer(&statement.sql);
        self.source.connection().await?.fetch_one(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.notify_observer(&statement.sql);
        self.source.connection().await?.fetch_all(statement).await
    }
}

impl Deref for ConnectionGuard<'_> {
    type Target = PooledConnection;

    fn deref(&self) -> &PooledConnection {
        match self {
            Self::Pooled(connection) => connection,
            Self::OfTransaction(connection) => connection,
        }
    }
}

impl DerefMut for ConnectionGuard<'_> {
    fn deref_mut(&mut self) -> &mut PooledConnection {
        match self {
            Self::Pooled(connection) => connection,
            Self::OfTransaction(connection) => connection,
        }
    }
}

impl<S> fmt::Debug for Executor<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor").field("backend", &self.backend).finish_non_exhaustive()
    }
}
