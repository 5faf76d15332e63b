//! A pool that returns connections as they are, and that never has more sessions than connections.
//!
//! sqlx's own pool pings a connection on every release, in a task of its own, which costs one round trip for each
//! statement (13 % of the server's CPU time for a single query). This pool pings a connection only after it was idle.
//! sqlx's pool, like others, also replaces a connection whose statement was cancelled, although PostgreSQL goes on with
//! the statement. This pool keeps the connection until the statement has ended.

use crate::storage::database::connection::{PooledConnection, closed};
use crate::storage::database::executor::{ConnectionGuard, ConnectionSource, Executor};
use crate::storage::database::open_connection::{ConnectTo, OpenConnection};
use crate::storage::database::shared_sessions::SessionState;
use crate::storage::database::shares::{Permits, Share};
use crate::storage::database::transaction::Transaction;
use sea_orm::{ConnAcquireErr, DbBackend, DbErr, RuntimeErr, sqlx};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// A connection that was idle for longer is pinged before it is used: a firewall may have dropped it.
const IDLE_PING_AFTER: Duration = Duration::from_secs(10);
/// How long the ping of an idle connection may take. After a network failure several connections in a row can be dead,
/// and opening a new one is as fast.
const PING_TIMEOUT: Duration = Duration::from_millis(500);
/// How much later than PostgreSQL's own limit the response to a statement may arrive. A server that does not respond by
/// then is gone.
const RESPONSE_DELAY: Duration = Duration::from_secs(5);

/// Connections to one database, for one purpose.
pub type Pool = Executor<ConnectionPool>;

/// The pool, and the share of its connections that this handle may use.
#[derive(Clone)]
pub struct ConnectionPool {
    connections: Arc<Connections>,
    share: Share,
}

/// What the handles of a pool share.
struct Connections {
    address: ConnectTo,
    acquire_timeout: Duration,
    idle: Mutex<Vec<IdleConnection>>,
    sessions: SessionState,
    is_closed: AtomicBool,
    opened_at: Instant,
    /// The number of connections that were opened.
    opened: AtomicU64,
    /// When the database last responded to a statement, in milliseconds after `opened_at`.
    responded_at: AtomicU64,
}

struct IdleConnection {
    open: OpenConnection,
    since: Instant,
}

/// The right to one connection, until it is dropped.
pub struct Lease {
    connections: Arc<Connections>,
    _permits: Permits,
}

impl Pool {
    /// Opens connections when they are needed, and no more than the share has.
    pub(super) fn open(address: ConnectTo, share: Share, timeout: Duration) -> Self {
        let backend = match &address {
            ConnectTo::Postgres(..) => DbBackend::Postgres,
            ConnectTo::Sqlite(_) => DbBackend::Sqlite,
        };
        let source = ConnectionPool { connections: Arc::new(Connections::new(address, timeout)), share };
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
        let mut connection = self.source.acquire().await?;
        self.notify_observer(sql);
        connection.begin(sql).await?;
        Ok(Transaction::new(connection, self.backend, self.observer.clone()))
    }

    /// Calls `observer` with the SQL of every statement from now on.
    pub(super) fn observe(&mut self, observer: impl Fn(&str) + Send + Sync + 'static) {
        self.observer = Some(Arc::new(observer));
    }

    /// Whether each connection has a session of its own.
    pub(super) fn session_state(&self) -> &SessionState {
        &self.source.connections.sessions
    }

    /// Closes the idle connections.
    pub(super) fn discard_idle(&self) {
        self.source.connections.idle().clear();
    }

    /// How long ago the database last responded to a statement.
    pub(super) fn last_response(&self) -> Duration {
        self.source.connections.last_response()
    }

    /// The number of connections that were opened so far. It grows also when the database or the network broke others:
    /// what was true of the database may be different then.
    pub(crate) fn opened_connections(&self) -> u64 {
        self.source.connections.opened.load(Ordering::Relaxed)
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
        connections.sessions.require_own()?;
        let permits = timeout(connections.acquire_timeout, self.share.acquire()).await;
        let permits = permits.map_err(|_| DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))?;
        let mut lease = Lease { connections: connections.clone(), _permits: permits.map_err(|_| closed())? };
        while let Some(IdleConnection { open, since }) = connections.take_idle() {
            let mut connection = PooledConnection::new(open, lease);
            let limit = connections.acquire_timeout.min(PING_TIMEOUT);
            if since.elapsed() < IDLE_PING_AFTER || connection.responds_within(limit).await {
                return Ok(connection);
            }
            lease = connection.close().ok_or_else(closed)?;
        }
        if connections.is_closed() {
            return Err(closed());
        }
        let remaining = connections.acquire_timeout.saturating_sub(started.elapsed());
        timeout(remaining, open(lease)).await.unwrap_or_else(|_| Err(connection_error(not_opened_in_time())))
    }
}

impl ConnectionSource for ConnectionPool {
    async fn connection(&self) -> Result<ConnectionGuard<'_>, DbErr> {
        self.acquire().await.map(ConnectionGuard::Pooled)
    }
}

/// Opens a connection. This continues when the caller is gone: PostgreSQL has the session as soon as it accepts.
async fn open(lease: Lease) -> Result<PooledConnection, DbErr> {
    let (sender, receiver) = oneshot::channel();
    tokio::spawn(async move {
        let Connections { address, acquire_timeout, .. } = &*lease.connections.clone();
        let opened = timeout(*acquire_timeout, address.open()).await.unwrap_or_else(|_| Err(not_opened_in_time()));
        if opened.is_ok() {
            lease.connections.opened.fetch_add(1, Ordering::Relaxed);
        }
        // When the caller is gone, the connection goes to the pool.
        let _ = sender.send(opened.map(|open| PooledConnection::new(open, lease)));
    });
    receiver.await.map_err(|_| closed())?.map_err(connection_error)
}

fn not_opened_in_time() -> sqlx::Error {
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "no connection was opened in time"))
}

fn connection_error(error: sqlx::Error) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error)))
}

impl Connections {
    fn new(address: ConnectTo, acquire_timeout: Duration) -> Self {
        Self {
            address,
            acquire_timeout,
            idle: Mutex::default(),
            sessions: SessionState::default(),
            is_closed: AtomicBool::new(false),
            opened_at: Instant::now(),
            opened: AtomicU64::new(0),
            responded_at: AtomicU64::new(0),
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<IdleConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection that was used last: its caches are warm, in the database's process too.
    fn take_idle(&self) -> Option<IdleConnection> {
        self.idle().pop()
    }

    fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    fn close(&self) -> Vec<IdleConnection> {
        self.is_closed.store(true, Ordering::Release);
        std::mem::take(&mut *self.idle())
    }

    fn last_response(&self) -> Duration {
        let responded_at = Duration::from_millis(self.responded_at.load(Ordering::Relaxed));
        self.opened_at.elapsed().saturating_sub(responded_at)
    }
}

impl Lease {
    /// Returns an idle connection to the pool, and ends this lease.
    pub fn put_back(self, open: OpenConnection) {
        let (connections, since) = (&self.connections, Instant::now());
        let responded_at = since.duration_since(connections.opened_at).as_millis();
        connections.responded_at.store(u64::try_from(responded_at).unwrap_or(u64::MAX), Ordering::Relaxed);
        if !connections.is_closed() && !connections.sessions.are_shared() {
            connections.idle().push(IdleConnection { open, since });
        }
    }

    /// Learns from the error of a statement.
    pub fn notice(&self, error: &sqlx::Error) {
        self.connections.sessions.notice(error);
    }

    /// How long the response to a statement may take; any time if `None`.
    pub fn response_timeout(&self) -> Option<Duration> {
        self.connections.address.statement_timeout().map(|timeout| timeout.saturating_add(RESPONSE_DELAY))
    }
}
