//! What the handles of a pool share: how to reach the database, and the idle connections.

use crate::storage::database::connection::{PooledConnection, closed};
use crate::storage::database::fault::{Outage, is_connection_limit};
use crate::storage::database::idle::{Idle, IdleConnection, Next};
use crate::storage::database::open_connection::{ConnectTo, OpenConnection};
use crate::storage::database::outage_log::OutageLog;
use crate::storage::database::shared_sessions::SessionState;
use crate::storage::database::shares::Permits;
use sea_orm::{DbErr, RuntimeErr, sqlx};
use std::fmt::Display;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// How long the ping of an idle connection may take. Opening a new connection is as fast.
const PING_TIMEOUT: Duration = Duration::from_millis(500);
/// How much later than PostgreSQL's own limit the response to a statement may arrive. A server that does not respond by
/// then is gone.
const RESPONSE_DELAY: Duration = Duration::from_secs(5);

/// The connections to one database.
pub struct Connections {
    address: ConnectTo,
    acquire_timeout: Duration,
    idle: Mutex<Idle>,
    sessions: SessionState,
    is_closed: AtomicBool,
    opened_at: Instant,
    /// The number of connections that were opened.
    opened: AtomicU64,
    /// When the database last responded to a statement, in milliseconds after `opened_at`.
    responded_at: AtomicU64,
    outages: Arc<OutageLog>,
}

/// The right to one connection, until it is dropped.
pub struct Lease {
    connections: Arc<Connections>,
    _permits: Permits,
}

impl Connections {
    pub fn new(address: ConnectTo, acquire_timeout: Duration, outages: Arc<OutageLog>) -> Self {
        Self {
            address,
            acquire_timeout,
            idle: Mutex::default(),
            sessions: SessionState::default(),
            is_closed: AtomicBool::new(false),
            opened_at: Instant::now(),
            opened: AtomicU64::new(0),
            responded_at: AtomicU64::new(0),
            outages,
        }
    }

    pub fn acquire_timeout(&self) -> Duration {
        self.acquire_timeout
    }

    pub fn outages(&self) -> &OutageLog {
        &self.outages
    }

    /// Whether each connection has a session of its own.
    pub fn sessions(&self) -> &SessionState {
        &self.sessions
    }

    /// Takes all idle connections out of the pool.
    pub fn take_idle(&self) -> Vec<IdleConnection> {
        self.idle().take_all()
    }

    pub fn close(&self) -> Vec<IdleConnection> {
        self.is_closed.store(true, Ordering::Release);
        self.take_idle()
    }

    pub fn opened(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }

    pub fn last_response(&self) -> Duration {
        let responded_at = Duration::from_millis(self.responded_at.load(Ordering::Relaxed));
        self.opened_at.elapsed().saturating_sub(responded_at)
    }

    /// Closes the idle connections, because the server has ended a session of this generation.
    pub fn lose(&self, generation: u64, cause: &dyn Display) {
        let lost = self.idle().lose(generation);
        if let Some(lost) = lost {
            tracing::info!(%cause, idle = lost.len(), "the database ended a connection: the idle ones are closed too");
        }
    }

    /// What the owner of a lease can do to get a connection.
    fn next(&self) -> Next {
        let (now, mut idle) = (Instant::now(), self.idle());
        if idle.ends_shortage(now) {
            self.outages.end(&[Outage::TooManyConnections]);
        }
        idle.next(now)
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    fn remaining(&self, started: Instant) -> Duration {
        self.acquire_timeout.saturating_sub(started.elapsed())
    }

    async fn open(&self) -> Result<OpenConnection, sqlx::Error> {
        let generation = self.idle().generation();
        let opening = self.address.open(generation);
        let opened = timeout(self.acquire_timeout, opening).await.unwrap_or_else(|_| Err(not_opened_in_time()));
        match &opened {
            Err(error) if is_connection_limit(error) => {
                self.idle().refused(Instant::now());
                self.outages.report(Outage::TooManyConnections, error);
            }
            Err(error) => {
                self.idle().not_refused();
                self.outages.report(Outage::Unreachable, error);
            }
            Ok(_) => {
                self.opened.fetch_add(1, Ordering::Relaxed);
                self.idle().not_refused();
                self.outages.end(&[Outage::Unreachable]);
            }
        }
        opened
    }
}

impl Lease {
    pub fn new(connections: Arc<Connections>, permits: Permits) -> Self {
        Self { connections, _permits: permits }
    }

    pub fn connections(&self) -> &Connections {
        &self.connections
    }

    /// A connection: an idle one, a new one, or the next that is released while the database grants no more. The time
    /// limit for the caller began at `started`.
    pub async fn connect(mut self, started: Instant) -> Result<PooledConnection, DbErr> {
        loop {
            if self.connections.is_closed() {
                return Err(closed());
            }
            let idle = match self.connections.next() {
                Next::Use(idle) => Some(idle),
                Next::Open => None,
                Next::Wait(receiver) => self.wait(receiver, started).await?,
            };
            let connection = match idle {
                Some(idle) => self.check(idle).await?,
                None => self.open(started).await?,
            };
            match connection {
                Ok(connection) => return Ok(connection),
                Err(lease) => self = lease,
            }
        }
    }

    /// A new connection, or an idle one if the database grants no more.
    pub async fn connect_anew(self) -> Result<PooledConnection, DbErr> {
        let started = Instant::now();
        match self.open(started).await? {
            Ok(connection) => Ok(connection),
            Err(lease) => lease.connect(started).await,
        }
    }

    /// Waits for a connection that is released. `None` when the caller may try to open one.
    async fn wait(
        &self,
        mut receiver: oneshot::Receiver<IdleConnection>,
        started: Instant,
    ) -> Result<Option<IdleConnection>, DbErr> {
        loop {
            let (now, next_try) = (Instant::now(), self.connections.idle().next_try());
            let pause = next_try.map_or(Duration::ZERO, |next_try| next_try.saturating_duration_since(now));
            match timeout(pause.min(self.connections.remaining(started)), &mut receiver).await {
                Ok(Ok(idle)) => return Ok(Some(idle)),
                // All who wait are to try by themselves.
                Ok(Err(_)) => return Ok(None),
                Err(_) => {}
            }
            let is_late = self.connections.remaining(started).is_zero();
            if is_late || self.connections.idle().may_try(Instant::now()) {
                receiver.close();
                match receiver.try_recv() {
                    Ok(idle) => return Ok(Some(idle)),
                    Err(_) if is_late => return Err(connection_error(not_granted_in_time())),
                    Err(_) => return Ok(None),
                }
            }
        }
    }

    /// The idle connection, if it is alive; otherwise the lease.
    async fn check(self, idle: IdleConnection) -> Result<Result<PooledConnection, Self>, DbErr> {
        let needs_ping = self.connections.idle().needs_ping(&idle, Instant::now());
        let limit = self.connections.acquire_timeout.min(PING_TIMEOUT);
        let mut connection = PooledConnection::new(idle.open, self);
        if !needs_ping || connection.responds_within(limit).await {
            return Ok(Ok(connection));
        }
        connection.close().map(Err).ok_or_else(closed)
    }

    /// Opens a connection. This continues when the caller is gone: PostgreSQL has the session as soon as it accepts.
    /// Returns the lease if the database refuses the connection because there are too many.
    async fn open(self, started: Instant) -> Result<Result<PooledConnection, Self>, DbErr> {
        let remaining = self.connections.remaining(started);
        let (sender, receiver) = oneshot::channel();
        tokio::spawn(async move {
            let opened = match self.connections.open().await {
                Ok(open) => Ok(Ok(PooledConnection::new(open, self))),
                Err(error) if is_connection_limit(&error) => Ok(Err(self)),
                Err(error) => Err(error),
            };
            // When the caller is gone, the connection goes to the pool.
            let _ = sender.send(opened);
        });
        match timeout(remaining, receiver).await {
            Ok(Ok(opened)) => opened.map_err(connection_error),
            Ok(Err(_)) => Err(closed()),
            Err(_) => Err(connection_error(not_opened_in_time())),
        }
    }

    /// Returns an idle connection to the pool, and ends this lease.
    pub fn put_back(self, open: OpenConnection) {
        let (connections, since) = (&self.connections, Instant::now());
        let responded_at = since.duration_since(connections.opened_at).as_millis();
        connections.responded_at.store(u64::try_from(responded_at).unwrap_or(u64::MAX), Ordering::Relaxed);
        if !connections.is_closed() && !connections.sessions.are_shared() {
            // Not dropped while the list is locked: closing a connection takes time.
            let outdated = connections.idle().add(IdleConnection { open, since });
            drop(outdated);
        }
    }

    /// A statement on this lease was given up without a response.
    pub fn suspect_server(&self) {
        self.connections.idle().suspect(Instant::now());
    }

    /// How long the response to a statement may take; any time if `None`.
    pub fn response_timeout(&self) -> Option<Duration> {
        self.connections.address.statement_timeout().map(|timeout| timeout.saturating_add(RESPONSE_DELAY))
    }
}

fn not_opened_in_time() -> sqlx::Error {
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "no connection was opened in time"))
}

fn not_granted_in_time() -> sqlx::Error {
    let message = "the database grants no further connection, and none was released in time";
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, message))
}

pub fn connection_error(error: sqlx::Error) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error)))
}
