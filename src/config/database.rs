//! Settings of the storage layer.

use crate::config::{Secret, SecretError, duration, number, secret, timeout};
use crate::storage::{DatabaseOptions, Synchronous};
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// More than PostgreSQL allows on any machine.
const MAX_CONNECTIONS: u64 = 262_143;

/// Which database the program uses, and how it connects.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Database")]
pub struct DatabaseSettings {
    /// Use this database: `sqlite://FILE` or `postgres://USER:PASSWORD@HOST:PORT/NAME`. Required
    ///
    /// A PostgreSQL database has to exist. `migrate up` and `serve --migrate` create a SQLite file that does not exist.
    /// A password in a flag is in the list of processes, which every user of the machine can read: use the variable, or
    /// `DATABASE_URL_FILE`.
    #[arg(long, global = true, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<Secret>,
    /// Read the URL from this file instead
    ///
    /// One newline at its end is not part of the URL.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "DATABASE_URL_FILE",
        hide_env_values = true,
        value_parser = secret::file()
    )]
    pub database_url_file: Option<PathBuf>,
    /// Open at most this many database connections, at least 1
    ///
    /// Keep the sum over all servers below PostgreSQL's `max_connections`. The limit holds at every moment: the session
    /// of a request that was cancelled counts until its statement has ended. Changes leave some of the connections to
    /// reads, and one is for `/readyz`. On SQLite the setting limits the connections that read, to at most two for each
    /// processor; one further connection writes. A request that finds no free connection waits for
    /// `--database-timeout`.
    #[arg(
        long,
        global = true,
        value_name = "COUNT",
        env = "DATABASE_CONNECTIONS",
        default_value_t = 16,
        value_parser = number::<u32>(1, MAX_CONNECTIONS)
    )]
    pub database_connections: u32,
    /// Let each user use at most this many database connections at a time, at least 1
    ///
    /// Further statements of the user wait, for at most `--database-timeout`. Of the user's connections, changes leave
    /// some to reads. Without this setting, a third of the connections for requests is left to other users.
    #[arg(
        long,
        global = true,
        value_name = "COUNT",
        env = "DATABASE_CONNECTIONS_PER_USER",
        value_parser = number::<u32>(1, MAX_CONNECTIONS)
    )]
    pub database_connections_per_user: Option<u32>,
    /// Fail a request that has waited this long for a database connection, or for a lock in PostgreSQL
    ///
    /// The time for a connection includes opening a new one. The request fails with the error code `TIMEOUT`, or with
    /// `UNAVAILABLE` if no connection could be opened; over REST it has the status 503.
    #[arg(
        long,
        global = true,
        value_name = "DURATION",
        env = "DATABASE_TIMEOUT",
        default_value = "3s",
        value_parser = timeout
    )]
    pub database_timeout: Duration,
    /// Keep trying for this long to reach a database that is not up
    ///
    /// Without this setting, `serve` tries without a limit, and other commands fail at once, as with `0s`. While it
    /// waits, the server listens, `/readyz` answers 503, and requests are refused with the error code `UNAVAILABLE`.
    /// What an operator has to put right (a wrong password, a database that does not exist) ends every command at once.
    #[arg(long, global = true, value_name = "DURATION", env = "WAIT_FOR_DATABASE", value_parser = duration)]
    pub wait_for_database: Option<Duration>,
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
    pub(crate) fn options(&self, create: bool) -> Result<DatabaseOptions, SecretError> {
        let url = Secret::resolve("DATABASE_URL", self.database_url.as_ref(), self.database_url_file.as_deref())?;
        Ok(DatabaseOptions {
            url: url.expose().to_owned(),
            max_connections: self.database_connections,
            max_per_user: self.database_connections_per_user,
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
