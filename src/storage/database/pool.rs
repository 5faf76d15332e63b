//! A pool that returns connections as they are, and that never has more sessions than connections.
//!
//! sqlx's own pool pings a connection on every release, in a task of its own, which costs one round trip for each
//! statement (13 % of the server's CPU time for a single query). This pool pings a connection only after it was idle.
//! sqlx's pool, like others, also replaces a connection whose statement was cancelled, although PostgreSQL goes on with
//! the statement. This pool keeps the connection until the statement has ended.

use crate::storage::database::connection::{PooledConnection, closed};
use crate::storage::database::connections::{Connections, connection_error};
use crate::storage::database::executor::{Access, ConnectionGuard, ConnectionSource, Executor};
use crate::storage::database::fault::{Outage, READ_ONLY_SESSION};
use crate::storage::database::lease::Lease;
use crate::storage::database::open_connection::ConnectTo;
use crate::storage::database::outage_log::OutageLog;
use crate::storage::database::request_share;
use crate::storage::database::reserved::ReservedConnection;
use crate::storage::database::shared_sessions::SessionState;
use crate::storage::database::shares::Share;
use crate::storage::database::transaction::Transaction;
use sea_orm::{ConnAcquireErr, DbBackend, DbErr, RuntimeErr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// Connections to one database, for one purpose.
pub type Pool = Executor<ConnectionPool>;

/// The pool, and the share of its connections that this handle may use.
#[derive(Clone)]
pub struct ConnectionPool {
    connections: Arc<Connections>,
    share: Share,
}

impl Pool {
    /// Opens connections when they are needed, and no more than the share has.
    pub(super) fn open(address: ConnectTo, share: Share, timeout: Duration, outages: Arc<OutageLog>) -> Self {
        let backend = match &address {
            ConnectTo::Postgres(..) => DbBackend::Postgres,
            ConnectTo::Sqlite(_) => DbBackend::Sqlite,
        };
        let source = ConnectionPool { connections: Arc::new(Connections::new(address, timeout, outages)), share };
        Self { source, backend, observer: None }
    }

    /// Opens a connection, unless one is idle.
    pub(super) async fn reach(&self) -> Result<(), DbErr> {
        self.source.acquire().await.map(drop)
    }

    /// The same connections for another purpose.
    pub(super) fn with(&self, share: Share) -> Self {
        Self { source: ConnectionPool { share, ..self.source.clone() }, ..self.clone() }
    }

    /// Begins a transaction with this statement.
    pub(super) async fn begin(&self, sql: &str) -> Result<Transaction, DbErr> {
        let mut connection = self.source.acquire_for_change().await?;
        self.notify_observer(sql);
        if let Err(error) = connection.begin(sql).await {
            if !connection.is_broken() {
                return Err(error);
            }
            connection.reopen().await?;
            connection.begin(sql).await?;
        }
        Ok(Transaction::new(connection, self.backend, self.observer.clone()))
    }

    /// A connection for several statements.
    pub(super) async fn reserve(&self) -> Result<ReservedConnection, DbErr> {
        let connection = self.source.acquire_for_change().await?;
        Ok(ReservedConnection::new(connection, self.backend, self.observer.clone()))
    }

    /// A connection for statements that only read.
    pub(super) async fn reserve_to_read(&self) -> Result<ReservedConnection, DbErr> {
        Ok(ReservedConnection::new(self.source.acquire().await?, self.backend, self.observer.clone()))
    }

    /// Whether a new session can only read.
    pub(super) async fn is_read_only(&self) -> Result<bool, DbErr> {
        match self.source.acquire_for_change().await {
            Ok(_) => Ok(false),
            Err(error) if Outage::of(&error) == Outage::ReadOnly => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Calls `observer` with the SQL of every statement from now on.
    pub(super) fn observe(&mut self, observer: impl Fn(&str) + Send + Sync + 'static) {
        self.observer = Some(Arc::new(observer));
    }

    /// Whether each connection has a session of its own.
    pub(super) fn session_state(&self) -> &SessionState {
        self.source.connections.sessions()
    }

    /// Closes the idle connections.
    pub(super) fn discard_idle(&self) {
        drop(self.source.connections.take_idle());
    }

    /// How long ago the database last responded to a statement.
    pub(super) fn last_response(&self) -> Duration {
        self.source.connections.last_response()
    }

    /// The number of connections that were opened so far. It grows also when the database or the network broke others:
    /// what was true of the database may be different then.
    pub(crate) fn opened_connections(&self) -> u64 {
        self.source.connections.opened()
    }

    /// Closes all idle connections, and the others when they are released.
    pub(super) async fn close(&self) -> Result<(), DbErr> {
        for idle in self.source.connections.close() {
            idle.open.close().await.map_err(connection_error)?;
        }
        Ok(())
    }
}

impl ConnectionPool {
    async fn acquire(&self) -> Result<PooledConnection, DbErr> {
        let (connections, started) = (&self.connections, Instant::now());
        connections.sessions().require_own()?;
        let permits = timeout(connections.acquire_timeout(), self.share.acquire()).await;
        let permits = permits.map_err(|_| DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))?;
        let lease = Lease::new(connections.clone(), permits.map_err(|_| closed())?);
        lease.connect(started).await
    }

    /// A session that was read-only when it began may stay so after the database accepts changes again.
    async fn acquire_for_change(&self) -> Result<PooledConnection, DbErr> {
        let mut connection = self.acquire().await?;
        if connection.is_read_only() {
            connection.reopen().await?;
        }
        if connection.is_read_only() {
            self.connections.outages().report(Outage::ReadOnly, &READ_ONLY_SESSION);
            return Err(DbErr::Conn(RuntimeErr::Internal(READ_ONLY_SESSION.to_owned())));
        }
        Ok(connection)
    }
}

impl ConnectionSource for ConnectionPool {
    const IS_TRANSACTION: bool = false;

    async fn connection(&self, access: Access) -> Result<ConnectionGuard<'_>, DbErr> {
        let permit = request_share::permit().await;
        let connection = match access {
            Access::Read => self.acquire().await?,
            Access::Write => self.acquire_for_change().await?,
        };
        Ok(ConnectionGuard::Pooled(connection, permit))
    }
}
