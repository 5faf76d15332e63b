//! Connections that are kept for the next statement. A connection is handed on as it is: the drivers' own pool asks it whether it is
//! still alive each time it comes back, which costs a task and a round trip for every statement. Here it is only asked after a rest, and
//! one that failed or was left in the middle of a statement is not handed on at all.

use crate::storage::database::connection::{ConnectTo, DriverConnection, Manager, PooledConnection, closed};
use deadpool::Runtime;
use deadpool::managed::{self, PoolError, QueueMode, Timeouts};
use sea_orm::prelude::async_trait::async_trait;
use sea_orm::sqlx::Connection as _;
use sea_orm::{ConnAcquireErr, ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// What is told of every statement.
type Observer = Arc<dyn Fn(&str) + Send + Sync>;

/// How long a connection that has rested may take to show that it is alive. There may be several that were cut without a word, and a new
/// one takes no longer.
const PING_TIMEOUT: Duration = Duration::from_millis(500);

/// Connections to one database.
#[derive(Clone)]
pub struct Pool {
    inner: managed::Pool<Manager>,
    backend: DbBackend,
    observer: Option<Observer>,
}

/// An open transaction. Dropping it rolls back.
pub struct Transaction {
    /// None once it has ended.
    acquire: Mutex<Option<PooledConnection>>,
    backend: DbBackend,
    observer: Option<Observer>,
}

impl Pool {
    /// Connects.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn connect(address: ConnectTo, connections: u32, timeout: Duration) -> Result<Self, DbErr> {
        let backend = match &address {
            ConnectTo::Postgres(_) => DbBackend::Postgres,
            ConnectTo::Sqlite(_) => DbBackend::Sqlite,
        };
        let inner = managed::Pool::builder(Manager(address))
            .max_size(usize::try_from(connections).unwrap_or(usize::MAX))
            // The connection that was used last: what its end in the database works with is still at hand there.
            .queue_mode(QueueMode::Lifo)
            .timeouts(Timeouts { wait: Some(timeout), create: Some(timeout), recycle: Some(timeout.min(PING_TIMEOUT)) })
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| DbErr::Custom(error.to_string()))?;
        let pool = Self { inner, backend, observer: None };
        pool.acquire().await?;
        Ok(pool)
    }

    async fn acquire(&self) -> Result<PooledConnection, DbErr> {
        let acquire = self.inner.get().await.map_err(|error| match error {
            PoolError::Backend(error) => DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error))),
            PoolError::Closed => DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed),
            PoolError::Timeout(_) | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
                DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)
            }
        })?;
        Ok(PooledConnection(Some(acquire)))
    }

    /// Begins a transaction that may write. On SQLite it is the only one of its kind until it ends.
    ///
    /// # Errors
    /// When there is no connection.
    pub async fn begin(&self) -> Result<Transaction, DbErr> {
        let mut acquire = self.acquire().await?;
        let begin = if self.backend == DbBackend::Sqlite { "BEGIN IMMEDIATE" } else { "BEGIN" };
        notify_observer(self.observer.as_ref(), begin);
        // Before it runs: if it is given up meanwhile, nobody knows whether it took place.
        acquire.run(begin).await?;
        Ok(Transaction { acquire: Mutex::new(Some(acquire)), backend: self.backend, observer: self.observer.clone() })
    }

    /// Calls this for every statement from now on.
    pub fn observe(&mut self, observer: impl Fn(&str) + Send + Sync + 'static) {
        self.observer = Some(Arc::new(observer));
    }

    /// Closes every connection that is not in use, and the others once they are given back.
    ///
    /// # Errors
    /// When a connection cannot be closed in order.
    pub async fn close(&self) -> Result<(), DbErr> {
        let inner = self.inner.retain(|_, _| false).removed;
        self.inner.close();
        for entry in inner {
            let closed = match entry.connection {
                DriverConnection::Postgres(connection) => connection.close().await,
                DriverConnection::Sqlite(connection) => connection.close().await,
            };
            closed.map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error))))?;
        }
        Ok(())
    }
}

impl Transaction {
    /// Makes its changes last.
    ///
    /// # Errors
    /// When the database fails. Then nothing was written, unless the connection broke at this very moment.
    pub async fn commit(mut self) -> Result<(), DbErr> {
        notify_observer(self.observer.as_ref(), "COMMIT");
        match self.acquire.get_mut().take() {
            Some(mut acquire) => acquire.run("COMMIT").await.map(drop),
            None => Err(closed()),
        }
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        let Some(mut acquire) = self.acquire.get_mut().take() else { return };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) if !acquire.is_in_doubt() => {
                runtime.spawn(async move {
                    if let Err(error) = acquire.run("ROLLBACK").await {
                        tracing::warn!(%error, "a transaction could not be rolled back in order");
                    }
                });
            }
            _ => acquire.discard(),
        }
    }
}

#[async_trait]
impl ConnectionTrait for Pool {
    fn get_database_backend(&self) -> DbBackend {
        self.backend
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        notify_observer(self.observer.as_ref(), &statement.sql);
        self.acquire().await?.execute(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        notify_observer(self.observer.as_ref(), sql);
        self.acquire().await?.run(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        notify_observer(self.observer.as_ref(), &statement.sql);
        self.acquire().await?.fetch_one(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        notify_observer(self.observer.as_ref(), &statement.sql);
        self.acquire().await?.fetch_all(statement).await
    }
}

#[async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        self.backend
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        notify_observer(self.observer.as_ref(), &statement.sql);
        self.acquire.lock().await.as_mut().ok_or_else(closed)?.execute(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        notify_observer(self.observer.as_ref(), sql);
        self.acquire.lock().await.as_mut().ok_or_else(closed)?.run(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        notify_observer(self.observer.as_ref(), &statement.sql);
        self.acquire.lock().await.as_mut().ok_or_else(closed)?.fetch_one(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        notify_observer(self.observer.as_ref(), &statement.sql);
        self.acquire.lock().await.as_mut().ok_or_else(closed)?.fetch_all(statement).await
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("backend", &self.backend).finish_non_exhaustive()
    }
}

fn notify_observer(observer: Option<&Observer>, sql: &str) {
    if let Some(observer) = observer {
        observer(sql);
    }
}
