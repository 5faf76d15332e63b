//! Connecting to PostgreSQL or to a SQLite file.

use crate::storage::Result;
use crate::storage::database::Db;
use crate::storage::database::address::Address;
use crate::storage::database::open_connection::ConnectTo;
use crate::storage::database::pool::Pool;
use crate::storage::database::session::SessionLimits;
use crate::storage::database::shares::{Share, Shares};
use crate::storage::database::sqlite_file::SqliteFile;
use crate::storage::interview_queue::InterviewQueue;
use sea_orm::sqlx::postgres::PgConnectOptions;
use std::num::NonZero;
use std::time::Duration;

/// How to reach the database.
#[derive(Clone, Debug)]
pub struct DatabaseOptions {
    /// `sqlite://FILE` or `postgres://…`.
    pub url: String,
    /// The largest number of connections. On SQLite the largest number of readers, and at most two for each processor.
    pub max_connections: u32,
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

impl DatabaseOptions {
    /// Where the database is, without the secrets of its URL.
    #[must_use]
    pub fn location(&self) -> String {
        Address::parse(&self.url).map_or_else(|_| String::new(), |address| address.location())
    }
}

impl Db {
    /// Connects. Fails with [`StorageError::Url`](crate::storage::StorageError::Url) for a URL of neither database.
    pub async fn connect(options: &DatabaseOptions) -> Result<Self> {
        match Address::parse(&options.url)? {
            Address::Postgres(address) => connect_postgres(*address, options).await,
            Address::Sqlite(file) => connect_sqlite(&SqliteFile::new(file, options.synchronous), options).await,
        }
    }
}

async fn connect_postgres(address: PgConnectOptions, options: &DatabaseOptions) -> Result<Db> {
    let limits = SessionLimits { lock_wait: options.acquire_timeout, statement: options.request_timeout };
    let address = ConnectTo::Postgres(address, limits);
    let shares = Shares::of(usize::try_from(options.max_connections).unwrap_or(usize::MAX));
    let reader = Pool::connect(address, shares.requests, options.acquire_timeout).await?;
    let (writer, waiting_writer) = (reader.with(shares.changes), reader.with(shares.waiting));
    let monitor = reader.with(shares.monitoring);
    Ok(Db {
        reader,
        writer,
        waiting_writer,
        monitor,
        interview_queue: InterviewQueue::new(options.acquire_timeout),
        options: options.clone(),
    })
}

async fn connect_sqlite(file: &SqliteFile, options: &DatabaseOptions) -> Result<Db> {
    if options.create {
        file.create()?;
    }
    let connect = async |connections, writes| {
        let share = || Share::new(connections);
        let open =
            async || Pool::connect(ConnectTo::Sqlite(file.options(writes)), share(), options.acquire_timeout).await;
        file.connect(open).await
    };
    let writer = connect(1, true).await?;
    let readers = usize::try_from(options.max_connections).unwrap_or(usize::MAX).min(useful_readers());
    let reader = connect(readers, false).await?;
    Ok(Db {
        monitor: reader.clone(),
        reader,
        waiting_writer: writer.clone(),
        writer,
        interview_queue: InterviewQueue::new(options.acquire_timeout),
        options: options.clone(),
    })
}

/// Reading a SQLite file takes processor time and rarely waits for the disk, and each reader has its own caches.
fn useful_readers() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get).saturating_mul(2)
}
