//! Settings of the storage layer.

use crate::config::{MissingSetting, duration};
use crate::storage::{DatabaseOptions, Synchronous};
use clap::{Args, ValueEnum};
use std::time::Duration;

/// Which database the program uses, and how it connects.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Database")]
pub struct DatabaseSettings {
    /// Use this database: `sqlite://FILE` or `postgres://USER:PASSWORD@HOST:PORT/NAME`. Required
    ///
    /// A PostgreSQL database has to exist. `migrate up` and `serve --migrate` create a SQLite file that does not exist.
    #[arg(long, global = true, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Open at most this many database connections, at least 1
    ///
    /// Keep the sum over all servers below PostgreSQL's `max_connections`. On SQLite the setting limits the
    /// connections that read, to at most two for each processor; one further connection writes. A request that finds
    /// no free connection waits for `--database-timeout`.
    #[arg(
        long,
        global = true,
        value_name = "COUNT",
        env = "DATABASE_CONNECTIONS",
        default_value_t = 10,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub database_connections: u32,
    /// Fail a request that has waited this long for a database connection
    ///
    /// The time includes opening a new connection. The request fails with the error code `TIMEOUT`, or with
    /// `UNAVAILABLE` if no connection could be opened; over REST it has the status 503.
    #[arg(
        long,
        global = true,
        value_name = "DURATION",
        env = "DATABASE_TIMEOUT",
        default_value = "3s",
        value_parser = duration
    )]
    pub database_timeout: Duration,
    /// Acknowledge a change on SQLite when it is on the disk, or some time before
    ///
    /// With `normal`, a power cut or a crash of the system can undo the latest changes, in order; the file stays
    /// consistent. PostgreSQL has a setting of its own, `synchronous_commit`.
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        env = "DATABASE_SYNCHRONOUS",
        value_enum,
        default_value_t = SynchronousSetting::Full
    )]
    pub database_synchronous: SynchronousSetting,
}

/// When SQLite acknowledges a change.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum SynchronousSetting {
    /// When it is on the disk
    Full,
    /// Before it is on the disk
    Normal,
}

impl DatabaseSettings {
    /// How a command connects. With `create`, a SQLite file that does not exist is created.
    ///
    /// # Errors
    /// [`MissingSetting`] without a URL.
    pub(crate) fn options(&self, create: bool) -> Result<DatabaseOptions, MissingSetting> {
        Ok(DatabaseOptions {
            url: self.database_url.clone().filter(|url| !url.is_empty()).ok_or(MissingSetting("DATABASE_URL"))?,
            max_connections: self.database_connections,
            acquire_timeout: self.database_timeout,
            request_timeout: None,
            create,
            synchronous: match self.database_synchronous {
                SynchronousSetting::Full => Synchronous::Full,
                SynchronousSetting::Normal => Synchronous::Normal,
            },
        })
    }
}
