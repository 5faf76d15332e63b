//! Why a storage function failed.

use crate::storage::database::cause::Cause;
use crate::storage::database::fault::{Fault, Outage, fault_of, is_lock_timeout, is_missing_right};
use sea_orm::DbErr;
use std::borrow::Cow;

/// Why a storage function failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StorageError {
    /// A constraint rejects the row, because it overlaps with another interview of the same person.
    #[error("overlapping interviews")]
    Overlap,
    /// The database cancelled the transaction (deadlock, serialization failure, busy), and nothing was written. A retry
    /// may succeed.
    #[error("transient: {}", Cause(.0))]
    Transient(#[source] DbErr),
    /// The connection broke, or could only read, before anything was written. A retry uses another connection.
    #[error("the connection broke: {}", Cause(.0))]
    ConnectionLost(#[source] DbErr),
    /// The database cannot do this now, and nothing was written. `Outage::of` says why.
    #[error("the database is unavailable: {}", Cause(.0))]
    Unavailable(#[source] DbErr),
    /// A statement was cancelled or waited too long for a lock, or no connection became free in time. Nothing was
    /// written.
    #[error("timeout: {}", Cause(.0))]
    Timeout(#[source] DbErr),
    /// The connection broke while the database committed. The change is written in full, or not at all.
    #[error("the commit was not answered: {}", Cause(.0))]
    OutcomeUnknown(#[source] DbErr),
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
    #[error("{}", Cause(.0))]
    Database(#[source] DbErr),
}

impl From<DbErr> for StorageError {
    fn from(error: DbErr) -> Self {
        match fault_of(&error) {
            Some(Fault::Overlap) => Self::Overlap,
            Some(Fault::Transient) => Self::Transient(error),
            Some(Fault::Timeout) => Self::Timeout(error),
            Some(Fault::Lost) => Self::ConnectionLost(error),
            Some(Fault::Unavailable(_)) => Self::Unavailable(error),
            None => Self::Database(error),
        }
    }
}

impl StorageError {
    /// Why the database is unavailable; `None` for other errors.
    #[must_use]
    pub fn outage(&self) -> Option<Outage> {
        match self {
            Self::Unavailable(cause) | Self::ConnectionLost(cause) => Some(Outage::of(cause)),
            _ => None,
        }
    }

    /// Other servers changed the same rows at every attempt.
    #[must_use]
    pub fn contended() -> Self {
        Self::Transient(DbErr::RecordNotUpdated)
    }

    /// Whether the role lacks a right.
    #[must_use]
    pub fn is_missing_right(&self) -> bool {
        matches!(self, Self::Database(cause) if is_missing_right(cause))
    }

    /// Whether a statement gave up waiting for a lock.
    #[must_use]
    pub fn is_lock_timeout(&self) -> bool {
        matches!(self, Self::Timeout(cause) if is_lock_timeout(cause))
    }
}
