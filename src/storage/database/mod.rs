//! Connections: one pool on PostgreSQL; on SQLite one writer and a pool of readers.

pub mod connection;
pub mod error;
pub mod fetch;
pub mod keyset;
pub mod pool;
pub mod statement_cache;

use crate::storage::database::connection::ConnectTo;
use crate::storage::database::pool::{Pool, Transaction};
use crate::storage::{Result, StorageError};
use migration::{Migrator, MigratorTrait};
use sea_orm::sqlx::ConnectOptions as _;
use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend};
use std::num::NonZero;
use std::time::Duration;

/// How many rows of an index SQLite looks at for its statistics. With no such limit it keeps samples of values too, and then plans each
/// statement anew for its values.
const SAMPLES: u32 = 400;

/// How to reach the database.
#[derive(Clone, Debug)]
pub struct DatabaseOptions {
    /// `sqlite://FILE` or `postgres://…`.
    pub url: String,
    /// The largest number of connections; on SQLite, of readers, of which there are no more than two for each processor.
    pub max_connections: u32,
    /// How long a request waits for a connection, the making of one included.
    pub acquire_timeout: Duration,
    /// Whether to make a SQLite file that does not exist.
    pub create: bool,
}

impl DatabaseOptions {
    /// Where the database is, without what is secret in its URL.
    #[must_use]
    pub fn location(&self) -> String {
        if !is_postgres(&self.url) {
            return self.url.split('?').next().unwrap_or_default().to_owned();
        }
        self.url.parse::<PgConnectOptions>().map_or_else(
            |_| String::new(),
            |it| format!("{} at {}:{}", it.get_database().unwrap_or_default(), it.get_host(), it.get_port()),
        )
    }
}

/// The database.
#[derive(Clone, Debug)]
pub struct Db {
    reader: Pool,
    writer: Pool,
    options: DatabaseOptions,
}

/// How far the schema of a database has come.
#[derive(Clone, Debug)]
pub struct MigrationState {
    /// Each step with whether it was applied, in order.
    pub steps: Vec<(String, bool)>,
}

impl MigrationState {
    /// Whether nothing is left to apply.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.steps.iter().all(|(_, applied)| *applied)
    }
}

impl Db {
    /// Connects.
    ///
    /// # Errors
    /// When the URL is of neither database or the database cannot be reached.
    pub async fn connect(options: &DatabaseOptions) -> Result<Self> {
        let (url, timeout) = (&options.url, options.acquire_timeout);
        if is_postgres(url) {
            // The driver's own complaint would repeat the URL, with the password.
            let address = url.parse::<PgConnectOptions>();
            let address =
                address.map_err(|_| StorageError::Url("it has to be like postgres://USER:PASSWORD@HOST:PORT/NAME"))?;
            let address = ConnectTo::Postgres(address.disable_statement_logging());
            let pool = Pool::connect(address, options.max_connections, timeout).await?;
            return Ok(Self { reader: pool.clone(), writer: pool, options: options.clone() });
        }
        // Each connection would have a database of its own.
        if !url.starts_with("sqlite:") || url.contains(":memory:") || url.contains("mode=memory") {
            let message = "it has to begin with sqlite://FILE or postgres:// (SQLite in memory is not supported)";
            return Err(StorageError::Url(message));
        }
        let file =
            url.parse::<SqliteConnectOptions>().map_err(|_| StorageError::Url("it has to be like sqlite://FILE"))?;
        let sqlite = |connections, writes| {
            let file = sqlite_options(file.clone(), options.create && writes, writes);
            Pool::connect(ConnectTo::Sqlite(file), connections, timeout)
        };
        let writer = sqlite(1, true).await?; // first: it makes the file
        let readers = options.max_connections.min(useful_readers());
        Ok(Self { reader: sqlite(readers, false).await?, writer, options: options.clone() })
    }

    /// For statements that only read.
    #[must_use]
    pub fn reader(&self) -> &Pool {
        &self.reader
    }

    /// Connections on which a change can be stored as one statement; none on SQLite, which has no statement that writes two tables.
    pub(crate) fn single_statement_pool(&self) -> Option<&Pool> {
        (self.writer.get_database_backend() == DbBackend::Postgres).then_some(&self.writer)
    }

    /// Begins a transaction that may write. On SQLite it is the only one of its kind until it ends.
    ///
    /// # Errors
    /// When there is no connection.
    pub async fn begin(&self) -> Result<Transaction> {
        Ok(self.writer.begin().await?)
    }

    /// Calls this for every statement from now on, but for those of migrations.
    pub fn observe(&mut self, callback: impl Fn(&str) + Clone + Send + Sync + 'static) {
        self.reader.observe(callback.clone());
        self.writer.observe(callback);
    }

    /// Applies every step that is missing.
    ///
    /// # Errors
    /// When a step fails. Its transaction is rolled back.
    pub async fn migrate_up(&self) -> Result<()> {
        let connection = self.for_migrations().await?;
        Migrator::up(&connection, None).await?;
        Ok(connection.close().await?)
    }

    /// Takes the last `steps` steps back. Data of dropped tables is lost.
    ///
    /// # Errors
    /// When a step fails.
    pub async fn migrate_down(&self, steps: u32) -> Result<()> {
        let connection = self.for_migrations().await?;
        Migrator::down(&connection, Some(steps)).await?;
        Ok(connection.close().await?)
    }

    /// A connection of the kind that the migrator takes.
    async fn for_migrations(&self) -> Result<DatabaseConnection> {
        let mut connection = ConnectOptions::new(&self.options.url);
        connection.max_connections(1).acquire_timeout(self.options.acquire_timeout).sqlx_logging(false);
        connection.map_sqlx_sqlite_opts(|file| sqlite_options(file, false, true));
        Ok(Database::connect(connection).await?)
    }

    /// Compares the database with the steps that this server knows. Writes nothing.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn migration_state(&self) -> Result<MigrationState> {
        let applied = applied_steps(&self.reader).await?;
        let known = Migrator::migrations();
        let step = |name: &str| (name.to_owned(), applied.iter().any(|applied| applied == name));
        Ok(MigrationState { steps: known.iter().map(|known| step(known.name())).collect() })
    }

    /// Closes every connection once it is given back.
    ///
    /// # Errors
    /// When a connection cannot be closed in order.
    pub async fn close(&self) -> Result<()> {
        self.reader.close().await?;
        Ok(self.writer.close().await?)
    }
}

fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres:") || url.starts_with("postgresql:")
}

/// The migrator's own listing makes its table where there is none; this only looks.
async fn applied_steps(connection: &impl ConnectionTrait) -> Result<Vec<String>> {
    let backend = connection.get_database_backend();
    let exists = match backend {
        DbBackend::Postgres => {
            "SELECT 1 FROM pg_tables WHERE tablename = 'seaql_migrations' AND schemaname = current_schema()"
        }
        _ => "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'seaql_migrations'",
    };
    if connection.query_one_raw(sea_orm::Statement::from_string(backend, exists)).await?.is_none() {
        return Ok(Vec::new());
    }
    let rows = sea_orm::Statement::from_string(backend, "SELECT version FROM seaql_migrations");
    let rows = connection.query_all_raw(rows).await?;
    Ok(rows.into_iter().map(|row| row.try_get("", "version")).collect::<Result<_, _>>()?)
}

/// How many readers a SQLite file can keep busy. To read takes a processor and hardly ever a disk, and each reader has caches of its own.
fn useful_readers() -> u32 {
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    u32::try_from(processors).unwrap_or(u32::MAX).saturating_mul(2)
}

fn sqlite_options(file: SqliteConnectOptions, create: bool, writes: bool) -> SqliteConnectOptions {
    file.create_if_missing(create)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(Duration::from_secs(5))
        .foreign_keys(true)
        .optimize_on_close(writes, SAMPLES)
        .disable_statement_logging()
}
