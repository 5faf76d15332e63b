//! A pool that returns connections as they are. sqlx's own pool pings a connection on every release, in a task of its
//! own, which costs one round trip for each statement (13 % of the server's CPU time for a single query). This pool
//! pings a connection only after it was idle, and discards one that failed or was left within a statement. When sqlx
//! makes the ping optional (<https://github.com/launchbadge/sqlx/issues/1743>,
//! <https://github.com/launchbadge/sqlx/pull/4363>), its pool can replace this one.

use crate::storage::database::connection::{ConnectTo, DriverConnection, Manager, PooledConnection};
use crate::storage::database::executor::{ConnectionGuard, ConnectionSource, Executor};
use crate::storage::database::transaction::Transaction;
use deadpool::Runtime;
use deadpool::managed::{self, PoolError, QueueMode, Timeouts};
use sea_orm::sqlx::Connection as _;
use sea_orm::{ConnAcquireErr, DbBackend, DbErr, RuntimeErr};
use std::sync::Arc;
use std::time::Duration;

/// How long the ping of an idle connection may take. After a network failure several connections in a row can be dead,
/// and opening a new one is as fast.
const PING_TIMEOUT: Duration = Duration::from_millis(500);

/// Connections to one database.
pub type Pool = Executor<managed::Pool<Manager>>;

impl Pool {
    pub(super) async fn connect(address: ConnectTo, connections: u32, timeout: Duration) -> Result<Self, DbErr> {
        let backend = match &address {
            ConnectTo::Postgres(..) => DbBackend::Postgres,
            ConnectTo::Sqlite(_) => DbBackend::Sqlite,
        };
        let source = managed::Pool::builder(Manager(address))
            .max_size(usize::try_from(connections).unwrap_or(usize::MAX))
            // The caches of the connection that was used last are warm, in the database's process too.
            .queue_mode(QueueMode::Lifo)
            .timeouts(Timeouts { wait: Some(timeout), create: Some(timeout), recycle: Some(timeout.min(PING_TIMEOUT)) })
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| DbErr::Custom(error.to_string()))?;
        acquire(&source).await?;
        Ok(Self { source, backend, observer: None })
    }

    /// Begins a transaction that may write. SQLite runs one such transaction at a time.
    pub(super) async fn begin(&self) -> Result<Transaction, DbErr> {
        let mut connection = acquire(&self.source).await?;
        let begin = if self.backend == DbBackend::Sqlite { "BEGIN IMMEDIATE" } else { "BEGIN" };
        self.notify_observer(begin);
        connection.run(begin).await?;
        Ok(Transaction::new(connection, self.backend, self.observer.clone()))
    }

    /// Calls `observer` with the SQL of every statement from now on.
    pub(super) fn observe(&mut self, observer: impl Fn(&str) + Send + Sync + 'static) {
        self.observer = Some(Arc::new(observer));
    }

    /// Closes all idle connections, and the others when they are released.
    pub(super) async fn close(&self) -> Result<(), DbErr> {
        let idle = self.source.retain(|_, _| false).removed;
        self.source.close();
        for entry in idle {
            let closed = match entry.connection {
                DriverConnection::Postgres(connection) => connection.close().await,
                DriverConnection::Sqlite(connection) => connection.close().await,
            };
            closed.map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error))))?;
        }
        Ok(())
    }
}

impl ConnectionSource for managed::Pool<Manager> {
    async fn connection(&self) -> Result<ConnectionGuard<'_>, DbErr> {
        acquire(self).await.map(ConnectionGuard::Pooled)
    }
}

async fn acquire(pool: &managed::Pool<Manager>) -> Result<PooledConnection, DbErr> {
    let connection = pool.get().await.map_err(|error| match error {
        PoolError::Backend(error) => DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error))),
        PoolError::Closed => DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed),
        PoolError::Timeout(_) | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
            DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)
        }
    })?;
    Ok(PooledConnection(Some(connection)))
}
