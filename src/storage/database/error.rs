//! What can go wrong in the database, told apart in one place by the drivers' own codes.

use sea_orm::sqlx::{self, error::ErrorKind};
use sea_orm::{DbErr, RuntimeErr};
use std::borrow::Cow;

/// Why the database did not do what it was asked to.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StorageError {
    /// The change would put a person in two places at once.
    #[error("overlapping interviews")]
    Overlap,
    /// The database gave up this attempt (deadlock, serialization failure, busy): trying again may succeed.
    #[error("transient: {0}")]
    Transient(#[source] DbErr),
    /// There is no connection to the database.
    #[error("the database cannot be reached: {0}")]
    Unavailable(#[source] DbErr),
    /// `DATABASE_URL` is of no database that this server can use. The text says why, without the URL: it may hold a password.
    #[error("DATABASE_URL: {0}")]
    Url(&'static str),
    /// A row that is no domain value. Only a writer other than this server can have made it.
    #[error("{table}.{column} of row {id} is not valid")]
    Corrupt {
        /// Its table.
        table: &'static str,
        /// The column at fault.
        column: &'static str,
        /// Its id.
        id: i64,
    },
    /// Anything else: a bug or a broken schema.
    #[error(transparent)]
    Database(DbErr),
}

impl From<DbErr> for StorageError {
    fn from(error: DbErr) -> Self {
        match &error {
            DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => Self::Unavailable(error),
            DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause)) => match &**cause {
                sqlx::Error::Database(refused) => match kind_of(&**refused) {
                    Kind::Overlap => Self::Overlap,
                    Kind::Transient => Self::Transient(error),
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
    Unavailable,
    Other,
}

/// SQLSTATEs: <https://www.postgresql.org/docs/15/errcodes-appendix.html>. SQLite's are numbers:
/// <https://www.sqlite.org/rescode.html>.
fn kind_of(error: &dyn sqlx::error::DatabaseError) -> Kind {
    if error.kind() == ErrorKind::ExclusionViolation {
        return Kind::Overlap;
    }
    match error.code().unwrap_or(Cow::Borrowed("")).as_ref() {
        // serialization failure, deadlock; SQLITE_BUSY with its extended forms
        "40001" | "40P01" | "5" | "261" | "517" | "773" => Kind::Transient,
        // SQLITE_CONSTRAINT_TRIGGER: the triggers raise their own names
        "1811" if error.message().ends_with("_overlap") => Kind::Overlap,
        // too many connections, the server is stopping or starting; connection exceptions
        "53300" | "57P01" | "57P02" | "57P03" => Kind::Unavailable,
        code if code.len() == 5 && code.starts_with("08") => Kind::Unavailable,
        _ => Kind::Other,
    }
}
