//! Why a database could not be used at the start of a process, and whether this passes by itself.

use crate::storage::StorageError;
use crate::storage::database::fault::{driver_error, sqlite_result};
use sea_orm::sqlx::postgres::PgDatabaseError;
use sea_orm::{DbErr, RuntimeErr, sqlx};
use std::io;

/// The classes of SQLSTATEs that a later try can be without: connection exceptions, a read-only database, rollbacks,
/// insufficient resources, a database that accepts no connections, operator intervention (the database is starting or
/// stopping), system errors, internal errors (<https://www.postgresql.org/docs/15/errcodes-appendix.html>).
const TEMPORARY: [&str; 8] = ["08", "25", "40", "53", "55", "57", "58", "XX"];

/// What PgBouncer says of a client that it will always refuse. It uses one SQLSTATE for all its own errors.
const REFUSED_BY_PGBOUNCER: [&str; 6] =
    ["unsupported startup parameter", "no such", "authentication failed", "not allowed", "required", "not supported"];

impl StorageError {
    /// Whether an operator has to act before the database can be used. Other errors pass by themselves: the database is
    /// not up yet, its name cannot be resolved yet, it has too many connections.
    #[must_use]
    pub fn needs_operator(&self) -> bool {
        match self {
            Self::Url(_) | Self::Unusable(_) | Self::Corrupt { .. } | Self::Overlap => true,
            Self::Database(_) => self.driver_error().is_none_or(needs_operator),
            error => error.driver_error().is_some_and(needs_operator),
        }
    }

    /// The cause in the words of the database or of the system, without those of the layers between.
    #[must_use]
    pub fn reason(&self) -> String {
        if let Self::Unavailable(DbErr::Conn(RuntimeErr::Internal(message))) = self {
            return message.clone();
        }
        match self.driver_error() {
            Some(sqlx::Error::Database(error)) => error.message().to_owned(),
            Some(sqlx::Error::Io(error)) => error.to_string(),
            Some(sqlx::Error::Tls(error)) => error.to_string(),
            _ => self.to_string(),
        }
    }

    fn driver_error(&self) -> Option<&sqlx::Error> {
        match self {
            Self::Transient(error)
            | Self::ConnectionLost(error)
            | Self::Unavailable(error)
            | Self::Timeout(error)
            | Self::OutcomeUnknown(error)
            | Self::Database(error) => driver_error(error),
            Self::Overlap | Self::Url(_) | Self::Unusable(_) | Self::Corrupt { .. } => None,
        }
    }
}

fn needs_operator(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => match error.try_downcast_ref::<PgDatabaseError>() {
            Some(error) => is_refusal(error),
            None => !is_temporary_on_sqlite(&error.code().unwrap_or_default()),
        },
        sqlx::Error::Io(error) => is_lasting(error),
        // Errors of certificates, or of the connection below.
        sqlx::Error::Tls(error) => error.downcast_ref::<io::Error>().is_none_or(is_lasting),
        sqlx::Error::Configuration(_) | sqlx::Error::Protocol(_) => true,
        _ => false,
    }
}

fn is_refusal(error: &PgDatabaseError) -> bool {
    if error.code() == "08P01" {
        return REFUSED_BY_PGBOUNCER.iter().any(|text| error.message().contains(text));
    }
    !TEMPORARY.iter().any(|class| error.code().starts_with(class))
}

/// SQLite is busy or locked, has no memory or space left, or cannot read or write its file.
fn is_temporary_on_sqlite(code: &str) -> bool {
    sqlite_result(code).is_some_and(|result| matches!(result, 5 | 6 | 7 | 10 | 13))
}

/// Whether an error of the system will stay. A name that cannot be resolved may be that of a container which has not
/// been started.
fn is_lasting(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, PermissionDenied, Unsupported};
    matches!(error.kind(), InvalidData | InvalidInput | PermissionDenied | Unsupported)
}
