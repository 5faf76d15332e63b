//! Connections that are kept for the next statement. A connection is handed on as it is: the drivers' own pool asks it whether it is
//! still alive each time it comes back, which costs a task and a round trip for every statement. Here it is only asked after a rest, and
//! one that failed or was left in the middle of a statement is not handed on at all.

use deadpool::Runtime;
use deadpool::managed::{self, Metrics, Object, PoolError, RecycleError, RecycleResult, Timeouts};
use sea_orm::prelude::async_trait::async_trait;
use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::sqlx::{self, AssertSqlSafe, Connection as _, Executor, PgConnection, SqliteConnection};
use sea_orm::{
    ConnAcquireErr, ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement, Values,
};
use sea_query_sqlx::SqlxValues;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// After so long a rest a connection is asked whether it is still alive: it may have been cut meanwhile.
const REST: Duration = Duration::from_secs(10);

/// Every statement here goes through an index that fits whatever the values are. PostgreSQL would plan lists anew each time, since it
/// takes a plan that knows the limit for a better one: that is a fifth of what a list costs it.
const ONE_PLAN: &str = "SET plan_cache_mode = force_generic_plan";

/// What is told of every statement.
type Observer = Arc<dyn Fn(&str) + Send + Sync>;

/// Connections to one database.
#[derive(Clone)]
pub struct Pool {
    idle: managed::Pool<Manager>,
    backend: DbBackend,
    observer: Option<Observer>,
}

/// How to reach the database.
pub enum Address {
    Postgres(PgConnectOptions),
    Sqlite(SqliteConnectOptions),
}

/// An open transaction. Dropping it rolls back.
pub struct Transaction {
    /// None once it has ended.
    lease: Mutex<Option<Lease>>,
    backend: DbBackend,
    observer: Option<Observer>,
}

enum Connection {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

struct Slot {
    connection: Connection,
    /// A statement is running, was given up while it ran, or found the connection broken.
    unsettled: bool,
}

/// A connection, until it goes back to the pool.
struct Lease(Option<Object<Manager>>);

struct Manager(Address);

impl managed::Manager for Manager {
    type Type = Slot;
    type Error = sqlx::Error;

    async fn create(&self) -> Result<Slot, sqlx::Error> {
        let connection = match &self.0 {
            Address::Postgres(options) => {
                let mut connection = PgConnection::connect_with(options).await?;
                connection.execute(ONE_PLAN).await?;
                Connection::Postgres(connection)
            }
            Address::Sqlite(options) => Connection::Sqlite(SqliteConnection::connect_with(options).await?),
        };
        Ok(Slot { connection, unsettled: false })
    }

    async fn recycle(&self, slot: &mut Slot, metrics: &Metrics) -> RecycleResult<sqlx::Error> {
        if metrics.last_used() < REST {
            return Ok(());
        }
        let alive = match &mut slot.connection {
            Connection::Postgres(connection) => connection.ping().await,
            Connection::Sqlite(connection) => connection.ping().await,
        };
        alive.map_err(RecycleError::Backend)
    }
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
            .timeouts(Timeouts { wait: Some(timeout), create: Some(timeout), recycle: Some(timeout) })
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

impl Lease {
    fn slot(&mut self) -> Result<&mut Slot, DbErr> {
        self.0.as_deref_mut().ok_or_else(ended)
    }

    fn is_unsettled(&self) -> bool {
        self.0.as_ref().is_none_or(|slot| slot.unsettled)
    }

    /// Takes the connection out of the pool: what it was doing ends with it.
    fn discard(&mut self) {
        drop(self.0.take().map(Object::take));
    }

    async fn run(&mut self, sql: &str) -> Result<ExecResult, DbErr> {
        let slot = self.slot()?;
        slot.unsettled = true;
        let sql = AssertSqlSafe(sql);
        let done = match &mut slot.connection {
            Connection::Postgres(connection) => connection.execute(sql).await.map(ExecResult::from),
            Connection::Sqlite(connection) => connection.execute(sql).await.map(ExecResult::from),
        };
        slot.settle(done).map_err(exec_error)
    }

    async fn execute(&mut self, statement: Statement) -> Result<ExecResult, DbErr> {
        let (sql, values) = parts(statement);
        let slot = self.slot()?;
        slot.unsettled = true;
        let done = match &mut slot.connection {
            Connection::Postgres(connection) => {
                sqlx::query_with(sql, values).execute(connection).await.map(ExecResult::from)
            }
            Connection::Sqlite(connection) => {
                sqlx::query_with(sql, values).execute(connection).await.map(ExecResult::from)
            }
        };
        slot.settle(done).map_err(exec_error)
    }

    async fn fetch_one(&mut self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let (sql, values) = parts(statement);
        let slot = self.slot()?;
        slot.unsettled = true;
        let row = match &mut slot.connection {
            Connection::Postgres(connection) => {
                let row = sqlx::query_with(sql, values).fetch_optional(connection).await;
                row.map(|row| row.map(QueryResult::from))
            }
            Connection::Sqlite(connection) => {
                let row = sqlx::query_with(sql, values).fetch_optional(connection).await;
                row.map(|row| row.map(QueryResult::from))
            }
        };
        slot.settle(row).map_err(query_error)
    }

    async fn fetch_all(&mut self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let (sql, values) = parts(statement);
        let slot = self.slot()?;
        slot.unsettled = true;
        let rows = match &mut slot.connection {
            Connection::Postgres(connection) => {
                let rows = sqlx::query_with(sql, values).fetch_all(connection).await;
                rows.map(|rows| rows.into_iter().map(QueryResult::from).collect())
            }
            Connection::Sqlite(connection) => {
                let rows = sqlx::query_with(sql, values).fetch_all(connection).await;
                rows.map(|rows| rows.into_iter().map(QueryResult::from).collect())
            }
        };
        slot.settle(rows).map_err(query_error)
    }
}

impl Slot {
    /// What the database itself refuses leaves the connection as good as it was; anything else does not.
    fn settle<T>(&mut self, done: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        self.unsettled = !matches!(&done, Ok(_) | Err(sqlx::Error::Database(_)));
        done
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.is_unsettled() {
            self.discard();
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

fn parts(statement: Statement) -> (AssertSqlSafe<String>, SqlxValues) {
    (AssertSqlSafe(statement.sql), SqlxValues(statement.values.unwrap_or(Values(Vec::new()))))
}

fn ended() -> DbErr {
    DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed)
}

fn exec_error(error: sqlx::Error) -> DbErr {
    DbErr::Exec(RuntimeErr::SqlxError(Arc::new(error)))
}

fn query_error(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(Arc::new(error)))
}
