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

/// What an error of a statement means for its connection and for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Consequence {
    /// The connection must not be used again.
    pub breaks_connection: bool,
    /// Connections that were opened before the error are likely to be broken too.
    pub breaks_others: bool,
    pub outage: Option<Outage>,
}

/// What an error of a statement means.
pub(super) fn consequence(error: &sqlx::Error) -> Consequence {
    let sqlx::Error::Database(reported) = error else {
        let breaks_others = is_broken(error);
        return Consequence { breaks_connection: true, breaks_others, outage: None };
    };
    Consequence {
        breaks_connection: breaks_session(&**reported),
        breaks_others: breaks_sessions(&**reported),
        // A session that is read-only may be the last one that is.
        outage: Outage::of_report(&**reported).filter(|outage| matches!(outage, Outage::Full | Outage::Files)),
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

/// Whether the error is about the server, and not about this session only.
fn breaks_sessions(error: &dyn DatabaseError) -> bool {
    const THIS_SESSION: [&str; 5] = ["25006", "25P03", "25P04", "26000", "42P05"];
    is_postgres(error) && breaks_session(error) && !THIS_SESSION.contains(&&*error.code().unwrap_or_default())
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

/// Whether the database refuses the statement for what it writes. Another statement on the same connection may succeed.
pub(crate) fn concerns_statement_alone(error: &DbErr) -> bool {
    is_certainly_not_committed(error)
        && matches!(driver_error(error), Some(sqlx::Error::Database(_)))
        && matches!(fault_of(error), Some(Fault::Overlap) | None)
}

/// Whether an administrator ended the session, or the database did because it stops.
pub(super) fn is_termination(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(report) if report.code().as_deref() == Some("57P01"))
}

/// Whether the role lacks a right.
pub(super) fn is_missing_right(error: &DbErr) -> bool {
    matches!(driver_error(error), Some(sqlx::Error::Database(report)) if report.code().as_deref() == Some("42501"))
}

/// Whether the database did not respond in time.
pub(super) fn is_timeout(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Io(error) if error.kind() == io::ErrorKind::TimedOut)
}

/// Whether a statement gave up waiting for a lock.
pub(super) fn is_lock_timeout(error: &DbErr) -> bool {
    matches!(driver_error(error), Some(sqlx::Error::Database(report)) if report.code().as_deref() == Some("55P03"))
}

/// Whether the database refuses the connection because there are too many.
pub(super) fn is_connection_limit(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(reported) = error else { return false };
    Outage::of_report(&**reported) == Some(Outage::TooManyConnections)
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

#[cfg(test)]
mod tests {
    use super::*;
    use sea_orm::sqlx::sqlite::SqliteConnectOptions;
    use sea_orm::sqlx::{ConnectOptions, Connection, SqliteConnection};
    use std::sync::Arc;

    fn executed(error: sqlx::Error) -> DbErr {
        DbErr::Exec(RuntimeErr::SqlxError(Arc::new(error)))
    }

    fn io_error(kind: io::ErrorKind) -> DbErr {
        executed(sqlx::Error::Io(kind.into()))
    }

    /// The error of the second connection to a file, after a statement on the first one.
    async fn sqlite_error(first: &str, second: &str) -> sqlx::Error {
        let folder = tempfile::tempdir().unwrap();
        let file = SqliteConnectOptions::new().filename(folder.path().join("test.db")).create_if_missing(true);
        let file = file.busy_timeout(std::time::Duration::ZERO);
        let connect =
            || async { SqliteConnection::connect_with(&file.clone().disable_statement_logging()).await.unwrap() };
        let (mut one, mut two) = (connect().await, connect().await);
        let run = async |connection: &mut SqliteConnection, sql: &str| {
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(connection).await.map(drop)
        };
        run(&mut one, "CREATE TABLE t (text)").await.unwrap();
        run(&mut one, first).await.unwrap();
        run(&mut two, second).await.unwrap_err()
    }

    #[tokio::test]
    async fn errors_of_sqlite_are_classified() {
        for (first, second, fault, breaks_connection) in [
            ("BEGIN IMMEDIATE", "BEGIN IMMEDIATE", Some(Fault::Transient), false),
            ("", "PRAGMA query_only = ON; INSERT INTO t VALUES (1)", Some(Fault::Lost), true),
            (
                "",
                "PRAGMA max_page_count = 2; INSERT INTO t VALUES (zeroblob(100000))",
                Some(Fault::Unavailable(Outage::Full)),
                false,
            ),
            ("", "INSERT INTO missing VALUES (1)", None, false),
        ] {
            let error = sqlite_error(first, second).await;
            assert_eq!(consequence(&error).breaks_connection, breaks_connection, "{second}");
            assert_eq!(fault_of(&executed(error)), fault, "{second}");
        }
    }

    /// A read can fail after the statement was executed. A write fails before it has been sent.
    #[test]
    fn broken_connection_leaves_open_whether_its_statement_was_committed() {
        for (kind, is_certain) in [
            (io::ErrorKind::BrokenPipe, true),
            (io::ErrorKind::NotConnected, true),
            (io::ErrorKind::ConnectionReset, false),
            (io::ErrorKind::UnexpectedEof, false),
            (io::ErrorKind::TimedOut, false),
        ] {
            assert_eq!(is_certainly_not_committed(&io_error(kind)), is_certain, "{kind}");
            assert_eq!(fault_of(&io_error(kind)), Some(Fault::Lost), "{kind}");
        }
        assert!(!is_certainly_not_committed(&executed(sqlx::Error::WorkerCrashed)));
        assert!(!is_certainly_not_committed(&executed(sqlx::Error::Protocol(String::new()))));
    }

    #[test]
    fn statement_without_a_connection_was_not_committed() {
        let refused =
            DbErr::Conn(RuntimeErr::SqlxError(Arc::new(sqlx::Error::Io(io::ErrorKind::ConnectionReset.into()))));
        for error in [DbErr::ConnectionAcquire(ConnAcquireErr::Timeout), refused] {
            assert!(is_certainly_not_committed(&error), "{error}");
        }
    }
}
