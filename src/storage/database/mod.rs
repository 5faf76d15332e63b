//! The database: one pool on PostgreSQL, divided by purpose; one writer and a pool of readers on SQLite.

mod address;
pub(crate) mod array_parameter;
mod cause;
pub(crate) mod commit;
mod connect;
mod connection;
mod connections;
pub(crate) mod count;
mod error;
mod executor;
mod fault;
pub(crate) mod fetch;
mod idle;
pub(crate) mod json_values;
pub(crate) mod keyset;
mod lease;
pub(crate) mod merge;
mod migration_session;
mod migrations;
mod open_connection;
mod outage_log;
pub(crate) mod parents;
mod pool;
mod privileges;
mod prohibited_password;
mod request_share;
mod reserved;
pub(crate) mod search;
mod session;
mod session_check;
mod shared_sessions;
mod shares;
pub(super) mod sqlite_file;
mod start_fault;
pub(crate) mod statement_cache;
mod transaction;
mod user_connection;
mod user_shares;

pub use commit::RequestChanges;
pub use connect::{DatabaseOptions, Synchronous};
pub(crate) use connection::exec_error;
pub use error::StorageError;
pub use fault::Outage;
pub(crate) use fault::concerns_statement_alone;
pub use migrations::MigrationState;
pub use pool::Pool;
pub use request_share::share_connections;
pub(crate) use reserved::ReservedConnection;
pub use transaction::Transaction;

use crate::domain::UserId;
use crate::storage::Result;
use crate::storage::grouping::GroupQueue;
use crate::storage::interview_queue::InterviewQueue;
use crate::storage::interviews::group_lookup::Lookup;
use crate::storage::interviews::group_statement::ChangeRow;
use outage_log::OutageLog;
use sea_orm::{ConnectionTrait, DbBackend, DbErr};
use std::sync::{Arc, LazyLock};
use std::time::Duration;
pub(crate) use user_connection::UserConnection;
use user_shares::UserShares;
pub use user_shares::{UserPermit, UserReader};

/// How long a change waits for a lock that another transaction holds. A wait that exceeds the limit fails with
/// [`StorageError::Timeout`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockWait {
    /// `BRIEF_LOCK_WAIT`, on a connection that all changes share.
    Brief,
    /// `DATABASE_TIMEOUT`, on one of the connections for changes that wait. The others stay free for changes that need
    /// other locks.
    Full,
}

/// Longer than most transactions hold a lock.
pub(crate) const BRIEF_LOCK_WAIT: Duration = Duration::from_millis(100);

static BEGIN_BRIEF: LazyLock<String> =
    LazyLock::new(|| format!("BEGIN; SET LOCAL lock_timeout = {}", BRIEF_LOCK_WAIT.as_millis()));

/// The database.
#[derive(Clone, Debug)]
pub struct Db {
    reader: Pool,
    writer: Pool,
    /// For changes that wait for a lock.
    waiting_writer: Pool,
    /// For checks of the database, which have to get through when all others are in use.
    monitor: Pool,
    outages: Arc<OutageLog>,
    interview_queue: InterviewQueue,
    waiting_changes: GroupQueue<ChangeRow>,
    waiting_lookups: GroupQueue<Lookup>,
    user_shares: UserShares,
    options: DatabaseOptions,
}

impl Db {
    /// The most connections that are open at a time.
    #[must_use]
    pub fn max_connections(&self) -> u32 {
        self.options.max_connections
    }

    /// Connections for statements that only read.
    #[must_use]
    pub fn reader(&self) -> &Pool {
        &self.reader
    }

    /// The same for one user, within their share.
    pub(crate) async fn reader_of(&self, user: UserId) -> Result<UserReader<'_>> {
        self.user_shares.reader(user, &self.reader).await
    }

    /// Waits for a connection of a user's share for a change.
    pub(crate) async fn permit_change(&self, user: UserId, wait: LockWait) -> Result<UserPermit> {
        self.user_shares.change(user, wait).await
    }

    /// A connection for checks of the database that must not wait for requests.
    pub(crate) fn monitor(&self) -> &Pool {
        &self.monitor
    }

    /// A connection on which a change can be stored as one statement. Only on PostgreSQL: SQLite has no statement that
    /// writes two tables.
    pub(crate) async fn reserve_for_statement(&self) -> Result<ReservedConnection, DbErr> {
        self.writer.reserve().await
    }

    /// A connection for statements that only read.
    pub(crate) async fn reserve_to_read(&self) -> Result<ReservedConnection, DbErr> {
        self.reader.reserve_to_read().await
    }

    /// Waits for a connection of a user's share for a statement that only reads.
    pub(crate) async fn permit_read(&self, user: UserId) -> Result<UserPermit> {
        self.user_shares.read(user).await
    }

    /// A connection for statements that wait for locks. Each statement is a transaction of its own.
    pub(crate) async fn reserve_to_wait_for_locks(&self) -> Result<ReservedConnection> {
        Ok(self.waiting_writer.reserve().await?)
    }

    /// Whether this is PostgreSQL, and not SQLite.
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        self.writer.get_database_backend() == DbBackend::Postgres
    }

    /// Where requests wait that change the same interview.
    pub(crate) fn interview_queue(&self) -> &InterviewQueue {
        &self.interview_queue
    }

    /// Where changes wait while another one is being written.
    pub(crate) fn waiting_changes(&self) -> &GroupQueue<ChangeRow> {
        &self.waiting_changes
    }

    /// Where requests for single interviews wait while others are being read.
    pub(crate) fn waiting_lookups(&self) -> &GroupQueue<Lookup> {
        &self.waiting_lookups
    }

    /// Begins a transaction that may write. SQLite runs one such transaction at a time.
    pub async fn begin(&self) -> Result<Transaction> {
        Ok(self.writer.begin(if self.is_postgres() { "BEGIN" } else { "BEGIN IMMEDIATE" }).await?)
    }

    /// Begins a transaction that waits for locks. On SQLite it has all of them from the beginning.
    pub(crate) async fn begin_change(&self, wait: LockWait) -> Result<Transaction> {
        match wait {
            LockWait::Brief if self.is_postgres() => Ok(self.writer.begin(&BEGIN_BRIEF).await?),
            LockWait::Full if self.is_postgres() => Ok(self.waiting_writer.begin("BEGIN").await?),
            LockWait::Brief | LockWait::Full => self.begin().await,
        }
    }

    /// The same without limits on how long a statement may run, and how long it may wait for a lock.
    pub async fn begin_maintenance(&self) -> Result<Transaction> {
        let mut transaction = self.begin().await?;
        transaction.remove_time_limits().await?;
        Ok(transaction)
    }

    /// The same, and the transaction may be idle for as long as it takes to read what it is about.
    pub async fn begin_unlimited(&self) -> Result<Transaction> {
        let transaction = self.begin_maintenance().await?;
        transaction.allow_idleness().await?;
        Ok(transaction)
    }

    /// How long ago the database last responded to a statement of this server.
    #[must_use]
    pub fn last_response(&self) -> Duration {
        self.reader.last_response().min(self.writer.last_response())
    }

    /// Fails on PostgreSQL if the role may not do what a server does, with the SQL that grants it.
    pub async fn require_rights_to_serve(&self) -> Result<()> {
        privileges::require_for_serving(&self.reader).await
    }

    /// Why changes fail now, as far as this server knows.
    pub async fn outage_of_changes(&self) -> Result<Option<Outage>> {
        if self.monitor.is_read_only().await? {
            return Ok(Some(Outage::ReadOnly));
        }
        if self.is_postgres() {
            // A new session could write.
            self.outages.end(&[Outage::ReadOnly]);
        }
        Ok(self.outages.of_changes())
    }

    /// Calls `callback` with the SQL of every statement from now on, except for those of migrations.
    pub fn observe(&mut self, callback: impl Fn(&str) + Clone + Send + Sync + 'static) {
        self.reader.observe(callback.clone());
        self.waiting_writer.observe(callback.clone());
        self.monitor.observe(callback.clone());
        self.writer.observe(callback);
    }

    /// Closes all connections; those in use when they are released.
    pub async fn close(&self) -> Result<()> {
        self.reader.close().await?;
        Ok(self.writer.close().await?)
    }
}
