//! Connections that are kept for the next statement. A connection is handed on as it is: the drivers' own pool asks it whether it is
//! still alive each time it comes back, which costs a task and a round trip for every statement. Here it is only asked after a rest, and
//! one that failed or was left in the middle of a statement is not handed on at all.

use crate::storage::database::connection::{Address, Connection, Lease, Manager, ended};
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
const SILENCE: Duration = Duration::from_millis(500);

/// Connections to one database.
#[derive(Clone)]
pub struct Pool {
    idle: managed::Pool<Manager>,
    backend: DbBackend,
    observer: Option<Observer>,
}

/// An open transaction. Dropping it rolls back.
pub struct Transaction {
    /// None once it has ended.
    lease: Mutex<Option<Lease>>,
    backend: DbBackend,
    observer: Option<Observer>,
}

impl Pool {
    /// Connects.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn connect(address: Address, connections: u32, timeout: Duration) -> Result<Self, DbErr> {
        let backend = match &address {
            Address::Postgres(_) => DbBackend::Postgres,
            Address::Sqlite(_) => DbBackend::Sqlite,
        };
        let idle = managed::Pool::builder(Manager(address))
            .max_size(usize::try_from(connections).unwrap_or(usize::MAX))
            // The connection that was used last: what its end in the database works with is still at hand there.
            .queue_mode(QueueMode::Lifo)
            .timeouts(Timeouts { wait: Some(timeout), create: Some(timeout), recycle: Some(timeout.min(SILENCE)) })
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| DbErr::Custom(error.to_string()))?;
        let pool = Self { idle, backend, observer: None };
        pool.lease().await?;
        Ok(pool)
    }

    async fn lease(&self) -> Result<Lease, DbErr> {
        let lease = self.idle.get().await.map_err(|error| match error {
            PoolError::Backend(error) => DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error))),
            PoolError::Closed => DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed),
            PoolError::Timeout(_) | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
                DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)
            }
        })?;
        Ok(Lease(Some(lease)))
    }

    /// Begins a transaction that may write. On SQLite it is the only one of its kind until it ends.
    ///
    /// # Errors
    /// When there is no connection.
    pub async fn begin(&self) -> Result<Transaction, DbErr> {
        let mut lease = self.lease().await?;
        let begin = if self.backend == DbBackend::Sqlite { "BEGIN IMMEDIATE" } else { "BEGIN" };
        tell(self.observer.as_ref(), begin);
        // Before it runs: if it is given up meanwhile, nobody knows whether it took place.
        lease.run(begin).await?;
        Ok(Transaction { lease: Mutex::new(Some(lease)), backend: self.backend, observer: self.observer.clone() })
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
        let idle = self.idle.retain(|_, _| false).removed;
        self.idle.close();
        for slot in idle {
            let closed = match slot.connection {
                Connection::Postgres(connection) => connection.close().await,
                Connection::Sqlite(connection) => connection.close().await,
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
        tell(self.observer.as_ref(), "COMMIT");
        match self.lease.get_mut().take() {
            Some(mut lease) => lease.run("COMMIT").await.map(drop),
            None => Err(ended()),
        }
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        let Some(mut lease) = self.lease.get_mut().take() else { return };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) if !lease.is_unsettled() => {
                runtime.spawn(async move {
                    if let Err(error) = lease.run("ROLLBACK").await {
                        tracing::warn!(%error, "a transaction could not be rolled back in order");
                    }
                });
            }
            _ => lease.discard(),
        }
    }
}

#[async_trait]
impl ConnectionTrait for Pool {
    fn get_database_backend(&self) -> DbBackend {
        self.backend
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        tell(self.observer.as_ref(), &statement.sql);
        self.lease().await?.execute(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        tell(self.observer.as_ref(), sql);
        self.lease().await?.run(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        tell(self.observer.as_ref(), &statement.sql);
        self.lease().await?.fetch_one(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        tell(self.observer.as_ref(), &statement.sql);
        self.lease().await?.fetch_all(statement).await
    }
}

#[async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        self.backend
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        tell(self.observer.as_ref(), &statement.sql);
        self.lease.lock().await.as_mut().ok_or_else(ended)?.execute(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        tell(self.observer.as_ref(), sql);
        self.lease.lock().await.as_mut().ok_or_else(ended)?.run(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        tell(self.observer.as_ref(), &statement.sql);
        self.lease.lock().await.as_mut().ok_or_else(ended)?.fetch_one(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        tell(self.observer.as_ref(), &statement.sql);
        self.lease.lock().await.as_mut().ok_or_else(ended)?.fetch_all(statement).await
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("backend", &self.backend).finish_non_exhaustive()
    }
}

fn tell(observer: Option<&Observer>, sql: &str) {
    if let Some(observer) = observer {
        observer(sql);
    }
}
