//! What an error of a driver means, by the codes of the databases: SQLSTATEs of PostgreSQL
//! (<https://www.postgresql.org/docs/15/errcodes-appendix.html>) and result codes of SQLite
//! (<https://www.sqlite.org/rescode.html>).

use crate::storage::database::shared_sessions::is_sign_of_shared_session;
use sea_orm::sqlx;
use sea_orm::sqlx::error::{DatabaseError, ErrorKind};
use sea_orm::sqlx::postgres::{PgDatabaseError, PgSeverity};
use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr};
use std::io;

/// An error that is not a bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// An exclusion constraint rejects the row.
    Overlap,
    /// The database gave the statement up because of another one.
    Transient,
    /// The statement was cancelled, waited too long for a lock, or no connection became free in time.
    Timeout,
    /// The connection cannot be used any more. Another one may serve the statement.
    Lost,
    /// The database cannot do this now.
    Unavailable(Outage),
}

/// Why the database is unavailable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outage {
    /// No connection can be opened.
    Unreachable,
    /// The database grants no further connection.
    TooManyConnections,
    /// The database refuses changes.
    ReadOnly,
    /// The database has no space or no memory left.
    Full,
    /// The database cannot read or write its files.
    Files,
}

/// The error of a session that was opened for a change and can only read.
pub(super) const READ_ONLY_SESSION: &str = "a new session is read-only";

impl Outage {
    /// Why the database is unavailable, by the error of a statement or connection.
    pub(super) fn of(error: &DbErr) -> Self {
        if let DbErr::Conn(RuntimeErr::Internal(message)) = error
            && message == READ_ONLY_SESSION
        {
            return Self::ReadOnly;
        }
        match driver_error(error) {
            Some(sqlx::Error::Database(reported)) => Self::of_report(&**reported).unwrap_or(Self::Unreachable),
            _ => Self::Unreachable,
        }
    }

    fn of_report(error: &dyn DatabaseError) -> Option<Self> {
        let code = error.code().unwrap_or_default();
        if is_postgres(error) {
            return Some(match (code.get(..2)?, &*code) {
                (_, "53300" | "53400") => Self::TooManyConnections,
                ("53", _) => Self::Full,
                (_, "25006") => Self::ReadOnly,
                ("58", _) => Self::Files,
                ("08" | "57", _) => Self::Unreachable,
                _ => return None,
            });
        }
        match sqlite_result(&code)? {
            sqlite::FULL | sqlite::NOMEM => Some(Self::Full),
            sqlite::READONLY => Some(Self::ReadOnly),
            sqlite::IOERR | sqlite::CANTOPEN => Some(Self::Files),
            _ => None,
        }
    }
}

/// The primary result codes of SQLite, which are the lowest byte of its extended codes.
mod sqlite {
    pub const BUSY: u8 = 5;
    pub const LOCKED: u8 = 6;
    pub const NOMEM: u8 = 7;
    pub const READONLY: u8 = 8;
    pub const IOERR: u8 = 10;
    pub const FULL: u8 = 13;
    pub const CANTOPEN: u8 = 14;
    pub const PROTOCOL: u8 = 15;
}

/// An extended code, by which the triggers raise the names of their constraints.
const SQLITE_CONSTRAINT_TRIGGER: &str = "1811";

/// What the error means; `None` for a bug, or for a schema that is not current.
pub(super) fn fault_of(error: &DbErr) -> Option<Fault> {
    match error {
        DbErr::ConnectionAcquire(ConnAcquireErr::Timeout) => return Some(Fault::Timeout),
        // The server need not change, however a connection fails to open.
        DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => return Some(Fault::Unavailable(Outage::of(error))),
        _ => {}
    }
    match driver_error(error)? {
        sqlx::Error::Database(reported) => fault_of_report(&**reported),
        error if is_broken(error) => Some(Fault::Lost),
        _ => None,
    }
}

fn fault_of_report(error: &dyn DatabaseError) -> Option<Fault> {
    let code = error.code().unwrap_or_default();
    if error.kind() == ErrorKind::ExclusionViolation {
        return Some(Fault::Overlap);
    }
    if is_postgres(error) {
        return match &*code {
            "55P03" | "57014" | "25P04" => Some(Fault::Timeout),
            _ if breaks_session(error) => Some(Fault::Lost),
            "40001" | "40P01" => Some(Fault::Transient),
            _ => Outage::of_report(error).map(Fault::Unavailable),
        };
    }
    if &*code == SQLITE_CONSTRAINT_TRIGGER && error.message().ends_with("_overlap") {
        return Some(Fault::Overlap);
    }
    match sqlite_result(&code)? {
        sqlite::BUSY | sqlite::LOCKED | sqlite::PROTOCOL => Some(Fault::Transient),
        sqlite::FULL | sqlite::NOMEM => Some(Fault::Unavailable(Outage::Full)),
        _ if breaks_session(error) => Some(Fault::Lost),
        _ => None,
    }
}

/// Whether a connection must not be used again after this error.
pub(super) fn is_unusable_after(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(reported) => breaks_session(&**reported),
        _ => true,
    }
}

/// Whether the database reports that it ends the session, or that the session cannot do what others may be able to.
fn breaks_session(error: &dyn DatabaseError) -> bool {
    let code = error.code().unwrap_or_default();
    if let Some(reported) = error.try_downcast_ref::<PgDatabaseError>() {
        return matches!(reported.severity(), PgSeverity::Fatal | PgSeverity::Panic)
            || is_sign_of_shared_session(&code)
            || matches!(&*code, "25006" | "57P01" | "57P02" | "57P03" | "57P04" | "57P05" | "25P03" | "25P04")
            || code.starts_with("08");
    }
    // A file may have been moved, replaced or mounted anew.
    sqlite_result(&code).is_some_and(|result| matches!(result, sqlite::READONLY | sqlite::IOERR | sqlite::CANTOPEN))
}

/// Whether the driver itself failed to talk to the database.
fn is_broken(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::WorkerCrashed)
}

/// Whether nothing was committed by a statement that failed with this error, although it was to commit a change.
///
/// - PostgreSQL sends an error before it commits, or not at all. `FATAL` is certain only with the codes by which
///   PostgreSQL ends a session on request, because a pooler reports its own failures as `FATAL` too.
/// - The driver gets `EPIPE` only from a write, and PostgreSQL executes no message that it has not received in full.
/// - Any other failure of the connection may have come between the commit and its answer.
pub(super) fn is_certainly_not_committed(error: &DbErr) -> bool {
    if matches!(error, DbErr::ConnectionAcquire(_) | DbErr::Conn(_)) {
        return true;
    }
    match driver_error(error) {
        Some(sqlx::Error::Database(reported)) => {
            let code = reported.code().unwrap_or_default();
            match reported.try_downcast_ref::<PgDatabaseError>() {
                Some(reported) if matches!(reported.severity(), PgSeverity::Fatal | PgSeverity::Panic) => {
                    matches!(&*code, "57P01" | "57P04" | "57P05" | "25P03" | "25P04")
                }
                Some(_) => !code.starts_with("08") && code != "40003",
                // A failed `fsync` leaves open what is on the disk.
                None => sqlite_result(&code) != Some(sqlite::IOERR),
            }
        }
        Some(sqlx::Error::Io(error)) => matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::NotConnected),
        Some(sqlx::Error::Encode(_) | sqlx::Error::InvalidArgument(_)) => true,
        _ => false,
    }
}

/// Whether a statement gave up waiting for a lock.
pub(super) fn is_lock_timeout(error: &DbErr) -> bool {
    matches!(driver_error(error), Some(sqlx::Error::Database(report)) if report.code().as_deref() == Some("55P03"))
}

/// The driver's own error.
pub(super) fn driver_error(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Exec(RuntimeErr::SqlxError(cause))
        | DbErr::Query(RuntimeErr::SqlxError(cause))
        | DbErr::Conn(RuntimeErr::SqlxError(cause)) => Some(&**cause),
        _ => None,
    }
}

fn is_postgres(error: &dyn DatabaseError) -> bool {
    error.try_downcast_ref::<PgDatabaseError>().is_some()
}

/// The primary result code of SQLite.
pub(super) fn sqlite_result(code: &str) -> Option<u8> {
    code.parse::<i32>().ok().map(|code| code.to_le_bytes()[0])
}
