//! What a server needs of PostgreSQL beyond that it can connect. It is found out at the start, because later it would
//! show as errors that name something else.

use crate::storage::database::prohibited_password::without_password;
use crate::storage::{Result, StorageError};
use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::{self, AssertSqlSafe, Connection, PgConnection, Row};
use sea_orm::{DbErr, RuntimeErr};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// How often two sessions are compared. A pooler that is used by others, too, gives out its sessions in any order.
const ROUNDS: usize = 4;

/// A setting of the session that nothing else uses.
const MARK: &str = "interviews.session";

/// Why a pooler that shares sessions is refused, and what to do.
pub const POOLER: &str = "the database is behind a connection pooler in transaction or statement mode, in which \
    statements of one client run in sessions that were prepared for another: configure the pooler for session mode \
    (PgBouncer: pool_mode = session), or connect to PostgreSQL directly";

/// Fails with [`StorageError::Unusable`] if the encoding of the database is not UTF8, or if two connections share a
/// session.
pub async fn check_sessions(address: &PgConnectOptions, limit: Duration) -> Result<()> {
    let first = async {
        let mut first = PgConnection::connect_with(address).await.map_err(without_password)?;
        let encoding = value(&mut first, "SELECT current_setting('server_encoding')").await?;
        Ok::<_, sqlx::Error>((first, encoding))
    };
    let (mut first, encoding) = timeout(limit, first).await.unwrap_or_else(|_| Err(timed_out())).map_err(failure)?;
    if encoding != "UTF8" {
        return Err(StorageError::Unusable(format!(
            "the database has the encoding {encoding}, but the server needs UTF8: create the database with \
             `CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0`"
        )));
    }
    let shares_sessions = async {
        let mut second = PgConnection::connect_with(address).await?;
        let shares_sessions = share_sessions(&mut first, &mut second).await?;
        second.close().await?;
        Ok::<_, sqlx::Error>(shares_sessions)
    };
    // Without a second connection there is nothing to compare. A pooler that shares sessions would have served it.
    let shares_sessions = matches!(timeout(limit, shares_sessions).await, Ok(Ok(true)));
    let _ = timeout(limit, first.close()).await;
    if shares_sessions { Err(StorageError::Unusable(POOLER.to_owned())) } else { Ok(()) }
}

/// Whether what one connection sets in its session is missing there later, or found in the session of the other one.
/// The numbers of the server's processes would prove less: two PostgreSQL servers behind one address can have the same.
/// Statements are sent without preparing them, which a pooler could confuse.
async fn share_sessions(first: &mut PgConnection, second: &mut PgConnection) -> sqlx::Result<bool> {
    let id = uuid::Uuid::new_v4().simple();
    for round in 0..ROUNDS {
        let [one, other] = ["a", "b"].map(|name| format!("{id} {name} {round}"));
        mark(first, &one).await?;
        if read(first).await? != one || read(second).await? == one {
            return Ok(true);
        }
        mark(second, &other).await?;
        if read(second).await? != other || read(first).await? != one {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn mark(connection: &mut PgConnection, mark: &str) -> sqlx::Result<()> {
    value(connection, &format!("SELECT set_config('{MARK}', '{mark}', false)")).await.map(drop)
}

async fn read(connection: &mut PgConnection) -> sqlx::Result<String> {
    value(connection, &format!("SELECT coalesce(current_setting('{MARK}', true), '')")).await
}

async fn value(connection: &mut PgConnection, sql: &str) -> sqlx::Result<String> {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).fetch_one(connection).await?.try_get(0)
}

fn timed_out() -> sqlx::Error {
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "the database did not answer in time"))
}

fn failure(error: sqlx::Error) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error)))
}
