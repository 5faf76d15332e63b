//! Errors of commands. Their texts are for the user of the command line.

use crate::app::BindAddress;
use crate::cli::dev::KeyFileError;
use crate::config::{JwksError, SecretError};
use crate::services::{DemoDataError, KeySetError, SigningError, WeakSecret};
use crate::storage::{BackupError, StorageError};
use std::io;
use std::net::SocketAddr;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// Required settings are absent or empty; their environment variables.
    #[error("missing settings: {} (set them in the environment, or see --help for the flags)", .0.join(", "))]
    Missing(Vec<&'static str>),
    /// A secret setting is ambiguous, or its file cannot be used.
    #[error(transparent)]
    SecretSetting(SecretError),
    /// The settings of the identity provider do not fit together.
    #[error(transparent)]
    Jwks(JwksError),
    /// The file with the keys of the identity provider cannot be used.
    #[error("JWKS_FILE: {0}")]
    JwksFile(#[from] KeySetError),
    /// `JWT_SECRET` does not resist guessing.
    #[error("JWT_SECRET: {0}")]
    Secret(#[from] WeakSecret),
    /// The token to revoke cannot be recognised later.
    #[error(
        "the token lacks a valid `jti` or `exp`, which its revocation needs: revoke all of its user with --revoke-user"
    )]
    NotRevocable,
    /// There is no user with the given id.
    #[error("there is no user with this id")]
    UnknownUser,
    /// The token would expire after the end of the calendar.
    #[error("--ttl is too long")]
    TtlTooLong,
    /// `LOG` is not a filter.
    #[error(
        "LOG: `{0}` is not a filter such as `info` or `warn,interviews=debug`, with the levels off, error, warn, info, \
         debug and trace"
    )]
    LogFilter(String),
    /// Signing failed.
    #[error("the token could not be signed: {0}")]
    Signing(#[from] SigningError),
    /// The database cannot be reached: its location without the password, and the cause.
    #[error("cannot connect to the database {0}: {1}")]
    Connect(String, String),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] StorageError),
    /// Migrations are missing.
    #[error("the database's schema is behind: run `interviews migrate up` first")]
    Behind,
    /// There is no backup.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// Demo data cannot be created.
    #[error(transparent)]
    DemoData(#[from] DemoDataError),
    /// The server cannot listen on this address.
    #[error("cannot listen on {0}: {1} (another address: --bind)")]
    Listen(BindAddress, io::Error),
    /// The receiver of webhooks cannot listen on this address.
    #[error("cannot listen on {0}: {1} (another port: --port)")]
    ListenForWebhooks(SocketAddr, io::Error),
    /// The key file of `dev` is not used.
    #[error("{0}: {1}")]
    KeyFile(&'static str, KeyFileError),
    /// A file in the working directory cannot be read or written.
    #[error("{0}: {1}")]
    File(String, io::Error),
    /// A signal stopped a command.
    #[error("stopped by a signal: nothing was written")]
    Interrupted,
    /// The grace period ended while requests were in flight.
    #[error("stopped after SHUTDOWN_GRACE, before all requests in flight were answered")]
    RequestsCut,
    /// A second signal arrived while requests in flight were finishing.
    #[error("stopped by a second signal before all requests in flight were answered")]
    Aborted,
    /// A second signal arrived during background work.
    #[error("stopped by a second signal in the middle of background work: what was not finished is done later")]
    WorkCut,
    /// An import did not begin, or did not come to its end.
    #[error(transparent)]
    Import(Box<CliError>),
    /// An import stopped after the batch that ends with this line, for this reason.
    #[error("stopped after line {0}: {1}")]
    ImportStopped(u64, String),
    /// Standard output is closed, or its disk is full.
    #[error("cannot write to standard output: {0}")]
    Output(io::Error),
    /// Signals or sockets failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl From<SecretError> for CliError {
    fn from(error: SecretError) -> Self {
        match error {
            SecretError::Missing(name) => Self::Missing(vec![name]),
            error => Self::SecretSetting(error),
        }
    }
}

impl From<JwksError> for CliError {
    fn from(error: JwksError) -> Self {
        match error {
            JwksError::Missing(names) => Self::Missing(names),
            error => Self::Jwks(error),
        }
    }
}

impl CliError {
    /// The exit code of the process.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Import(_) => 2,
            _ => 1,
        }
    }

    /// Whether the role of the database lacks a right.
    pub(super) fn is_missing_right(&self) -> bool {
        match self {
            Self::Database(error) | Self::DemoData(DemoDataError::Failed(error)) => error.is_missing_right(),
            _ => false,
        }
    }

    /// Reports settings that cannot be used, at least one. All missing ones are in one error.
    pub(super) fn settings(errors: impl IntoIterator<Item = Self>) -> Self {
        let mut missing = Vec::new();
        for error in errors {
            match error {
                Self::Missing(names) => missing.extend(names),
                error => return error,
            }
        }
        Self::Missing(missing)
    }
}
