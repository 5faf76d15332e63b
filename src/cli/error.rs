//! Why a command failed, in words for whoever typed it.

use crate::services::{DemoDataError, SecretTooShort};
use crate::storage::StorageError;
use std::io;
use std::net::SocketAddr;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// Settings without which it cannot run.
    #[error("missing settings: {} (set them in the environment, or see --help for the flags)", .0.join(", "))]
    Missing(Vec<&'static str>),
    /// See there.
    #[error("JWT_SECRET: {0}")]
    Secret(#[from] SecretTooShort),
    /// Nobody lives that long.
    #[error("--ttl is too long")]
    TtlTooLong,
    /// Not a filter.
    #[error("LOG: `{0}` is not a filter such as `info` or `warn,interviews=debug`")]
    LogFilter(String),
    /// The token could not be signed.
    #[error("the token could not be signed: {0}")]
    Signing(#[from] jsonwebtoken::errors::Error),
    /// The database cannot be reached: where it should be, and why.
    #[error("cannot connect to the database {0}: {1}")]
    Connect(String, String),
    /// The database.
    #[error(transparent)]
    Database(#[from] StorageError),
    /// Its schema is not what this program needs.
    #[error("the database's schema is behind: run `interviews migrate up` first")]
    Behind,
    /// See there.
    #[error(transparent)]
    DemoData(#[from] DemoDataError),
    /// The address is taken, or not ours.
    #[error("cannot listen on {0}: {1} (another address: --bind)")]
    Listen(SocketAddr, io::Error),
    /// A file in the working folder.
    #[error("{0}: {1}")]
    File(String, io::Error),
    /// A second signal arrived while requests in flight were finishing.
    #[error("stopped by a second signal before all requests in flight were answered")]
    Aborted,
    /// The sockets, or signals.
    #[error(transparent)]
    Io(#[from] io::Error),
}
