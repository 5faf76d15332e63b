//! Connecting to PostgreSQL or to a SQLite file.

use crate::storage::database::Db;
use crate::storage::database::address::Address;
use crate::storage::database::connections::connection_error;
use crate::storage::database::open_connection::ConnectTo;
use crate::storage::database::outage_log::OutageLog;
use crate::storage::database::pool::Pool;
use crate::storage::database::session::SessionLimits;
use crate::storage::database::session_check::check_sessions;
use crate::storage::database::shares::{Share, Shares};
use crate::storage::database::sqlite_file::SqliteFile;
use crate::storage::database::user_shares::UserShares;
use crate::storage::grouping::GroupQueue;
use crate::storage::interview_queue::InterviewQueue;
use crate::storage::{Result, StorageError};
use sea_orm::sqlx::{Connection as _, SqliteConnection};
use std::fmt;
use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

/// How to reach the database.
#[derive(Clone)]
pub struct DatabaseOptions {
    /// `sqlite://FILE` or `postgres://…`.
    pub url: String,
    /// The largest number of connections. On SQLite the largest number of readers, and at most two for each processor.
    pub max_connections: u32,
    /// The most connections that one user uses at a time. `None` for two thirds.
    pub max_per_user: Option<u32>,
    /// How long a request waits for a connection, including the time to open one; and how long a statement waits for a
    /// lock on PostgreSQL.
    pub acquire_timeout: Duration,
    /// The longest time for a request, after which PostgreSQL ends a statement. `None` for commands, whose statements
    /// may take longer.
    pub request_timeout: Option<Duration>,
    /// Whether to create a SQLite file that does not exist.
    pub create: bool,
    /// When a commit to a SQLite file is on the disk.
    pub synchronous: Synchronous,
}

/// When a commit to a SQLite file is on the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Synchronous {
    /// Before it is acknowledged.
    #[default]
    Full,
    /// Some time later. A power cut or a crash of the system can undo the latest commits, in order.
    Normal,
}

/// Without the URL, which can contain a password.
impl fmt::Debug for DatabaseOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseOptions").finish_non_exhaustive()
    }
}

impl Db {
    /// Prepares connections, and opens none.
    ///
    /// # Errors
    /// [`StorageError::Url`](crate::storage::StorageError::Url)
    pub fn open(options: &DatabaseOptions) -> Result<Self> {
        let (timeout, options) = (options.acquire_timeout, options.clone());
        let connections = usize::try_from(options.max_connections).unwrap_or(usize::MAX);
        let per_user = options.max_per_user.map(|connections| usize::try_from(connections).unwrap_or(usize::MAX));
        let outages = Arc::<OutageLog>::default();
        let (reader, writer, waiting_writer, monitor, user_shares) = match Address::parse(&options.url)? {
            Address::Postgres(address) => {
                let limits = SessionLimits { lock_wait: timeout, statement: options.request_timeout };
                let user_shares = UserShares::of_one_pool(Shares::for_requests(connections), per_user, timeout);
                let shares = Shares::of(connections);
                let reader =
                    Pool::open(ConnectTo::Postgres(*address, limits), shares.requests, timeout, outages.clone());
                let (writer, waiting_writer) = (reader.with(shares.changes), reader.with(shares.waiting));
                let monitor = reader.with(shares.monitoring);
                (reader, writer, waiting_writer, monitor, user_shares)
            }
            Address::Sqlite(file) => {
                let file = SqliteFile::new(file, options.synchronous);
                let open = |connections, writes| {
                    let (address, share) = (ConnectTo::Sqlite(file.options(writes)), Share::new(connections));
                    Pool::open(address, share, timeout, outages.clone())
                };
                let readers = connections.min(useful_readers());
                let user_shares = UserShares::of_readers(readers, per_user, timeout);
                let (writer, reader) = (open(1, true), open(readers, false));
                let (monitor, waiting_writer) = (reader.clone(), writer.clone());
                (reader, writer, waiting_writer, monitor, user_shares)
            }
        };
        Ok(Self {
            reader,
            writer,
            waiting_writer,
            monitor,
            outages,
            interview_queue: InterviewQueue::new(timeout),
            waiting_changes: GroupQueue::new(timeout),
            waiting_lookups: GroupQueue::new(timeout),
            user_shares,
            options,
        })
    }

    /// Opens the first connections, and creates a SQLite file if that is wanted.
    pub async fn connect(options: &DatabaseOptions) -> Result<Self> {
        let db = Self::open(options)?;
        db.reach().await?;
        Ok(db)
    }

    /// Checks that the database fits, and opens the first connections to it.
    ///
    /// # Errors
    /// [`StorageError::Unusable`](crate::storage::StorageError::Unusable) for a database that an operator has to
    /// change.
    pub async fn start(&self) -> Result<()> {
        match Address::parse(&self.options.url)? {
            Address::Postgres(address) => check_sessions(&address, self.options.acquire_timeout).await?,
            Address::Sqlite(_) => {}
        }
        self.reach().await
    }

    async fn reach(&self) -> Result<()> {
        match Address::parse(&self.options.url)? {
            Address::Postgres(_) => self.reader.reach().await?,
            Address::Sqlite(file) => {
                let file = SqliteFile::new(file, self.options.synchronous);
                if self.options.create {
                    file.create()?;
                }
                file.connect(async || self.writer.reach().await).await?;
                file.connect(async || self.reader.reach().await).await?;
                file.require_writable().await?;
            }
        }
        self.outages.start();
        Ok(())
    }

    /// A connection to a SQLite file that belongs to no pool.
    pub(crate) async fn sqlite_connection(&self) -> Result<SqliteConnection> {
        match Address::parse(&self.options.url)? {
            Address::Sqlite(file) => {
                let options = SqliteFile::new(file, self.options.synchronous).options(false);
                Ok(SqliteConnection::connect_with(&options).await.map_err(connection_error)?)
            }
            Address::Postgres(_) => Err(StorageError::Unusable("this is for SQLite".to_owned())),
        }
    }

    /// Where the database is, without the secrets of its URL.
    #[must_use]
    pub fn location(&self) -> String {
        Address::parse(&self.options.url).map_or_else(|_| String::new(), |address| address.location())
    }
}

/// Reading a SQLite file takes processor time and rarely waits for the disk, and each reader has its own caches.
fn useful_readers() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get).saturating_mul(2)
}
