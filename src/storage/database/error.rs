//! The errors of the database, classified by the drivers' own codes.

use sea_orm::sqlx::{self, error::ErrorKind};
use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr};
use std::borrow::Cow;

/// Why a storage function failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StorageError {
    /// A constraint rejects the row, because it overlaps with another interview of the same person.
    #[error("overlapping interviews")]
    Overlap,
    /// The database cancelled the transaction (deadlock, serialization failure, busy). A retry may succeed.
    #[error("transient: {0}")]
    Transient(#[source] DbErr),
    /// No connection to the database could be opened, or the connection broke.
    #[error("the database cannot be reached: {0}")]
    Unavailable(#[source] DbErr),
    /// A statement took too long or waited too long for a lock, or no connection became free in time.
    #[error("timeout: {0}")]
    Timeout(#[source] DbErr),
    /// `DATABASE_URL` is not the URL of a supported database. The text says why, without the URL, which may contain a
    /// password.
    #[error("DATABASE_URL: {0}")]
    Url(Cow<'static, str>),
    /// The database cannot be used as it is, until an operator changes it. The text says why, and what to do.
    #[error("{0}")]
    Unusable(String),
    /// A row is not a valid domain value. This server does not write such rows.
    #[error("{table}.{column} of row {id} is not valid")]
    Corrupt {
        /// The name of the table.
        table: &'static str,
        /// The column with the invalid value.
        column: &'static str,
        /// The id of the row.
        id: i64,
    },
    /// Any other error: a bug, or a schema that is not current.
    #[error(transparent)]
    Database(DbErr),
}

impl From<DbErr> for StorageError {
    fn from(error: DbErr) -> Self {
        match &error {
            DbErr::ConnectionAcquire(ConnAcquireErr::Timeout) => Self::Timeout(error),
            DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => Self::Unavailable(error),
            DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause)) => match &**cause {
                sqlx::Error::Database(refused) => match kind_of(&**refused) {
                    Kind::Overlap => Self::Overlap,
                    Kind::Transient => Self::Transient(error),
                    Kind::Timeout => Self::Timeout(error),
                    Kind::Unavailable => Self::Unavailable(error),
                    Kind::Other => Self::Database(error),
                },
                sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed => Self::Unavailable(error),
                _ => Self::Database(error),
            },
            _ => Self::Database(error),
        }
    }
}

enum Kind {
    Overlap,
    Transient,
    Timeout,
    Unavailable,
    Other,
}

/// PostgreSQL has SQLSTATEs (<https://www.postgresql.org/docs/15/errcodes-appendix.html>), SQLite numbers
/// (<https://www.sqlite.org/rescode.html>).
fn kind_of(error: &dyn sqlx::error::DatabaseError) -> Kind {
    if error.kind() == ErrorKind::ExclusionViolation {
        return Kind::Overlap;
    }
    match error.code().unwrap_or(Cow::Borrowed("")).as_ref() {
        // serialization failure, deadlock; SQLITE_BUSY and its extended codes
        "40001" | "40P01" | "5" | "261" | "517" | "773" => Kind::Transient,
        // SQLITE_CONSTRAINT_TRIGGER: the triggers raise the names of their constraints
        "1811" if error.message().ends_with("_overlap") => Kind::Overlap,
        // lock not available, query canceled
        "55P03" | "57014" => Kind::Timeout,
        // too many connections, server stopping or starting; class 08 is connection exceptions
        "53300" | "57P01" | "57P02" | "57P03" => Kind::Unavailable,
        code if code.len() == 5 && code.starts_with("08") => Kind::Unavailable,
        _ => Kind::Other,
    }
}
