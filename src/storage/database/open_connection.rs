//! Opening, checking and finishing connections of the two drivers.

use crate::storage::database::prohibited_password::without_password;
use crate::storage::database::session::SessionLimits;
use crate::storage::database::sqlite_file;
use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::sqlx::{self, Connection as _, Executor, PgConnection, SqliteConnection};
use std::time::Duration;

/// How to reach the database.
pub enum ConnectTo {
    Postgres(PgConnectOptions, SessionLimits),
    Sqlite(SqliteConnectOptions),
}

/// A connection of one of the two drivers.
pub enum DriverConnection {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

/// A connection and what is still going on in its session.
pub struct OpenConnection {
    pub driver: DriverConnection,
    pub state: State,
    /// A transaction was begun and not committed.
    pub in_transaction: bool,
    /// The session could only read when it began.
    pub is_read_only: bool,
    /// See [`super::idle::Idle`].
    pub generation: u64,
}

/// What a connection can be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The next statement.
    Ready,
    /// Nothing but reading the response of the last statement, whose caller is gone.
    Executing,
    /// Nothing.
    Broken,
}

impl ConnectTo {
    pub async fn open(&self, generation: u64) -> Result<OpenConnection, sqlx::Error> {
        let (driver, is_read_only) = match self {
            Self::Postgres(options, limits) => {
                let mut connection = PgConnection::connect_with(options).await.map_err(without_password)?;
                let is_read_only = limits.apply(&mut connection).await?;
                (DriverConnection::Postgres(connection), is_read_only)
            }
            Self::Sqlite(options) => (DriverConnection::Sqlite(SqliteConnection::connect_with(options).await?), false),
        };
        Ok(OpenConnection { driver, state: State::Ready, in_transaction: false, is_read_only, generation })
    }

    /// After this time the database ends a statement by itself; never if `None`.
    pub fn statement_timeout(&self) -> Option<Duration> {
        match self {
            Self::Postgres(_, limits) => limits.statement,
            Self::Sqlite(_) => None,
        }
    }
}

impl OpenConnection {
    /// Whether it can go to another caller.
    pub fn is_idle(&self) -> bool {
        self.state == State::Ready && !self.in_transaction
    }

    /// Waits for the end of a statement that was cancelled, and rolls its transaction back. The connection is idle
    /// afterwards, or has to be closed.
    pub async fn finish(&mut self) -> Result<(), sqlx::Error> {
        if self.state == State::Executing {
            match &mut self.driver {
                // A ping first reads the responses that are outstanding, up to the first error.
                DriverConnection::Postgres(connection) => {
                    while let Err(error) = connection.ping().await {
                        if !matches!(error, sqlx::Error::Database(_)) {
                            return Err(error);
                        }
                    }
                }
                // Whether a transaction is open is not known: closing the connection rolls it back.
                DriverConnection::Sqlite(connection) => return connection.ping().await,
            }
            self.state = State::Ready;
        }
        if self.in_transaction {
            match &mut self.driver {
                DriverConnection::Postgres(connection) => connection.execute("ROLLBACK").await.map(drop)?,
                DriverConnection::Sqlite(connection) => connection.execute("ROLLBACK").await.map(drop)?,
            }
            self.in_transaction = false;
        }
        Ok(())
    }

    /// Whether the other end responds.
    pub async fn ping(&mut self) -> Result<(), sqlx::Error> {
        match &mut self.driver {
            DriverConnection::Postgres(connection) => connection.ping().await,
            DriverConnection::Sqlite(connection) => connection.ping().await,
        }
    }

    pub async fn close(self) -> Result<(), sqlx::Error> {
        match self.driver {
            DriverConnection::Postgres(connection) => connection.close().await,
            DriverConnection::Sqlite(connection) => sqlite_file::close(connection).await,
        }
    }
}
