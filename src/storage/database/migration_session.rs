//! The connection on which migrations run, and the lock that keeps other processes from migrating or filling the
//! database meanwhile.
//!
//! On PostgreSQL the lock is an advisory one of the session, and each step has a transaction of its own, so that a step
//! can rely on the end of the one before. It is polled: a statement that waits for a lock holds a snapshot, for which
//! some migrations would wait in turn. On SQLite the lock is the one transaction that may write, which ends when all
//! steps are done.

use crate::storage::database::address::Address;
use crate::storage::database::connections::connection_error;
use crate::storage::database::sqlite_file::SqliteFile;
use crate::storage::database::{DatabaseOptions, Db, Transaction};
use crate::storage::{Result, StorageError};
use sea_orm::sqlx::Executor;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sea_orm::sqlx::sqlite::SqlitePoolOptions;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseExecutor, DatabaseTransaction, DbBackend, DbErr,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};
use std::time::Duration;

/// How often to try to take the lock.
const POLL: Duration = Duration::from_millis(100);
/// After how many tries the log says again that the lock is waited for: half a minute.
const TRIES_BETWEEN_REMINDERS: u32 = 300;

/// The two numbers of the advisory lock, which are no numbers of the locks on people's time. "INTERVIE" in ASCII.
const LOCK: &str = "1229870149, 1381386565";

/// What the server's own limits on sessions must not do: end a step that takes long. A step still does not wait long
/// for a lock on a table, because all statements on that table wait behind it, and fail after `DATABASE_TIMEOUT`. A
/// process that stopped during a step, or whose host is gone, does not keep its locks and delay events for long.
/// Notices about what exists already concern nobody.
const SETTINGS: &str = "DEALLOCATE ALL; \
    SET statement_timeout = 0; SET idle_in_transaction_session_timeout = '1min'; \
    SET lock_timeout = '2s'; SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; \
    SET tcp_keepalives_count = 3; SET tcp_user_timeout = '30s'; SET client_min_messages = warning";

/// A connection of SeaORM, which the steps take. It has the lock until it is closed or dropped.
pub(super) struct MigrationSession {
    connection: DatabaseConnection,
    /// On SQLite.
    transaction: Option<DatabaseTransaction>,
}

impl MigrationSession {
    pub async fn open(options: &DatabaseOptions) -> Result<Self> {
        match Address::parse(&options.url)? {
            Address::Postgres(address) => Self::on_postgres(*address, options.acquire_timeout).await,
            Address::Sqlite(file) => Self::on_sqlite(&SqliteFile::new(file, options.synchronous)).await,
        }
    }

    async fn on_postgres(address: PgConnectOptions, timeout: Duration) -> Result<Self> {
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(timeout)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .after_connect(|connection, _| Box::pin(async { connection.execute(SETTINGS).await.map(drop) }));
        let pool = pool.connect_with(address).await.map_err(connection_error)?;
        let connection = DatabaseConnection::from(pool);
        let mut waiting = Waiting::default();
        let lock = format!("SELECT pg_try_advisory_lock({LOCK})");
        while !is_true(&connection, &lock).await? {
            waiting.pause(holder(&connection).await?).await;
        }
        Ok(Self { connection, transaction: None })
    }

    async fn on_sqlite(file: &SqliteFile) -> Result<Self> {
        let pool = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
        let open = async || pool.clone().connect_with(file.for_migrations()).await.map_err(connection_error);
        let connection = DatabaseConnection::from(file.connect(open).await?);
        let mode = Some(SqliteTransactionMode::Immediate);
        let mut waiting = Waiting::default();
        loop {
            let options = TransactionOptions { sqlite_transaction_mode: mode, ..TransactionOptions::default() };
            match connection.begin_with_options(options).await.map_err(StorageError::from) {
                Ok(transaction) => return Ok(Self { connection, transaction: Some(transaction) }),
                Err(StorageError::Transient(_)) => waiting.pause(None).await,
                Err(error) => return Err(error),
            }
        }
    }

    /// For statements between the steps.
    pub fn executor(&self) -> DatabaseExecutor<'_> {
        self.transaction.as_ref().map_or(DatabaseExecutor::from(&self.connection), DatabaseExecutor::from)
    }

    /// The transaction of one step.
    pub async fn begin_step(&self) -> Result<DatabaseTransaction> {
        let transaction = self.executor().begin().await?;
        // A session that broke between two steps has lost the lock, and the pool has replaced it.
        if transaction.get_database_backend() == DbBackend::Postgres
            && !is_true(&transaction, &format!("SELECT pg_try_advisory_xact_lock({LOCK})")).await?
        {
            return Err(StorageError::Unusable("the lock of migrations was lost: run the command again".to_owned()));
        }
        Ok(transaction)
    }

    /// Releases the lock after the steps. On SQLite this stores what they did, unless one failed. On PostgreSQL a
    /// pooler may keep the session, and with it the lock.
    pub async fn close(self, outcome: Result<()>) -> Result<()> {
        let released = match self.transaction {
            Some(transaction) if outcome.is_ok() => transaction.commit().await,
            Some(transaction) => transaction.rollback().await,
            None => self.connection.execute_unprepared("SELECT pg_advisory_unlock_all()").await.map(drop),
        };
        outcome?;
        released?;
        Ok(self.connection.close().await?)
    }
}

impl Db {
    /// Begins a transaction beside which no migration and no other such transaction runs. Waits for those that run.
    pub async fn begin_exclusive(&self) -> Result<Transaction> {
        let mut waiting = Waiting::default();
        loop {
            let transaction = match self.begin().await {
                Ok(transaction) => transaction,
                Err(StorageError::Transient(_)) if !self.is_postgres() => {
                    waiting.pause(None).await;
                    continue;
                }
                Err(error) => return Err(error),
            };
            if !self.is_postgres()
                || is_true(&transaction, &format!("SELECT pg_try_advisory_xact_lock({LOCK})")).await?
            {
                return Ok(transaction);
            }
            waiting.pause(holder(&transaction).await?).await;
        }
    }
}

/// Pauses between tries, and logs now and then what is waited for.
#[derive(Default)]
struct Waiting {
    tries: u32,
}

impl Waiting {
    async fn pause(&mut self, holder: Option<String>) {
        if self.tries.is_multiple_of(TRIES_BETWEEN_REMINDERS) {
            let holder = holder.unwrap_or_else(|| "another process".to_owned());
            tracing::info!(%holder, "waiting: another process migrates the database or fills it");
        }
        self.tries += 1;
        tokio::time::sleep(POLL).await;
    }
}

/// The session that has the advisory lock, for people.
async fn holder(connection: &impl ConnectionTrait) -> Result<Option<String>> {
    let (class, object) = LOCK.split_once(", ").unwrap_or_default();
    let sql = format!(
        "SELECT format('session %s of %s (%s)', pid, coalesce(host(client_addr), 'this machine'), application_name) \
         FROM pg_locks JOIN pg_stat_activity USING (pid) \
         WHERE locktype = 'advisory' AND classid = {class} AND objid = {object} AND objsubid = 2 AND granted \
         AND datname = current_database() LIMIT 1"
    );
    let row = connection.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
}

/// The result of a query for one boolean.
async fn is_true(connection: &impl ConnectionTrait, sql: &str) -> Result<bool> {
    let row = connection.query_one_raw(Statement::from_string(connection.get_database_backend(), sql)).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotFound(sql.to_owned()))?;
    Ok(row.try_get_by_index(0)?)
}
