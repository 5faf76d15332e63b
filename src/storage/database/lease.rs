//! The right to one connection, and the ways to get one.

use crate::storage::database::connection::{PooledConnection, closed};
use crate::storage::database::connections::{Connections, NotOpened, connection_error, lock, not_opened_in_time};
use crate::storage::database::idle::{IdleConnection, Next};
use crate::storage::database::open_connection::OpenConnection;
use crate::storage::database::shares::Permits;
use futures_util::future::OptionFuture;
use sea_orm::{DbErr, sqlx};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

/// How long the ping of an idle connection may take. Opening a new connection is as fast.
const PING_TIMEOUT: Duration = Duration::from_millis(500);

/// The right to one connection, until it is dropped.
pub struct Lease {
    connections: Arc<Connections>,
    permits: Permits,
}

impl Lease {
    pub fn new(connections: Arc<Connections>, permits: Permits) -> Self {
        Self { connections, permits }
    }

    pub fn connections(&self) -> &Connections {
        &self.connections
    }

    /// A connection: an idle one, or a new one, or one that is released in the meantime. The time limit for the caller
    /// began at `started`.
    pub async fn connect(mut self, started: Instant) -> Result<PooledConnection, DbErr> {
        loop {
            if self.connections.is_closed() {
                return Err(closed());
            }
            let connection = match self.connections.next() {
                Next::Use(idle) => self.check(idle).await?,
                Next::Open(released) => self.open(started, Some(released)).await?,
                Next::Wait(mut released) => match self.wait(&mut released, started).await? {
                    Some(mut released) => {
                        // The caller keeps the permits of its own purpose.
                        released.exchange_permits(&mut self.permits);
                        return Ok(released);
                    }
                    None => self.open(started, Some(released)).await?,
                },
            };
            match connection {
                Ok(connection) => return Ok(connection),
                Err(lease) => self = lease,
            }
        }
    }

    /// A new connection, or another one if the database grants no more.
    pub async fn connect_anew(self) -> Result<PooledConnection, DbErr> {
        let started = Instant::now();
        match self.open(started, None).await? {
            Ok(connection) => Ok(connection),
            Err(lease) => lease.connect(started).await,
        }
    }

    /// Waits for a connection that is released. `None` when the caller may try to open one.
    async fn wait(
        &self,
        released: &mut oneshot::Receiver<PooledConnection>,
        started: Instant,
    ) -> Result<Option<PooledConnection>, DbErr> {
        loop {
            let (now, next_try) = (Instant::now(), self.connections.idle().next_try());
            let pause = next_try.map_or(Duration::ZERO, |next_try| next_try.saturating_duration_since(now));
            tokio::select! {
                biased;
                Ok(released) = &mut *released => return Ok(Some(released)),
                () = self.connections.may_open().notified() => {}
                () = sleep(pause.min(self.connections.remaining(started))) => {}
            }
            if self.connections.remaining(started).is_zero() {
                released.close();
                return released.try_recv().map(Some).map_err(|_| connection_error(not_granted_in_time()));
            }
            if self.connections.idle().may_try(Instant::now()) {
                return Ok(None);
            }
        }
    }

    /// The idle connection, if it is alive; otherwise the lease.
    async fn check(self, idle: IdleConnection) -> Result<Result<PooledConnection, Self>, DbErr> {
        let needs_ping = self.connections.idle().needs_ping(&idle, Instant::now());
        let limit = self.connections.acquire_timeout().min(PING_TIMEOUT);
        let mut connection = PooledConnection::new(idle.open, self);
        if !needs_ping || connection.responds_within(limit).await {
            return Ok(Ok(connection));
        }
        connection.close().map(Err).ok_or_else(closed)
    }

    /// Opens a connection, unless one is released earlier. Opening continues in any case: PostgreSQL has the session as
    /// soon as it accepts. Returns the lease if the database grants no further connection.
    async fn open(
        self,
        started: Instant,
        released: Option<oneshot::Receiver<PooledConnection>>,
    ) -> Result<Result<PooledConnection, Self>, DbErr> {
        let remaining = self.connections.remaining(started);
        let (sender, receiver) = oneshot::channel();
        let connections = self.connections.clone();
        let lease = Arc::new(Mutex::new(Some(self)));
        let lease_of_opening = lease.clone();
        tokio::spawn(async move {
            let opened = connections.open().await;
            let Some(lease) = lock(&lease_of_opening).take() else { return };
            // When the caller is gone, the connection goes to the pool.
            let _ = sender.send(match opened {
                Ok(open) => Ok(Ok(PooledConnection::new(open, lease))),
                Err(NotOpened::Refused) => Ok(Err(lease)),
                Err(NotOpened::Failed(error)) => Err(error),
            });
        });
        tokio::select! {
            biased;
            opened = timeout(remaining, receiver) => match opened {
                Ok(Ok(opened)) => opened.map_err(connection_error),
                Ok(Err(_)) => Err(closed()),
                Err(_) => Err(connection_error(not_opened_in_time())),
            },
            mut released = handed_over(released) => {
                // The caller keeps the permits of its own purpose.
                if let Some(opening) = &mut *lock(&lease) {
                    released.exchange_permits(&mut opening.permits);
                }
                Ok(Ok(released))
            }
        }
    }

    pub fn permits_mut(&mut self) -> &mut Permits {
        &mut self.permits
    }

    /// Returns an idle connection to the pool, and ends this lease. Or hands both over to the caller who waits longest.
    pub fn put_back(self, open: OpenConnection) {
        let connections = self.connections.clone();
        let since = connections.responded();
        if connections.is_closed() || connections.sessions().are_shared() {
            return;
        }
        let mut idle = connections.idle();
        if open.generation != idle.generation() {
            // Not closed while the list is locked: that takes time.
            drop(idle);
            drop(open);
        } else if let Some(waiting) = idle.take_waiting() {
            drop(idle);
            // A caller that is gone drops the connection, which returns here.
            drop(waiting.send(PooledConnection::new(open, self)));
        } else {
            idle.add(IdleConnection { open, since });
        }
    }

    /// A statement on this lease was given up without a response.
    pub fn suspect_server(&self) {
        self.connections.idle().suspect(Instant::now());
    }
}

async fn handed_over(released: Option<oneshot::Receiver<PooledConnection>>) -> PooledConnection {
    match OptionFuture::from(released).await {
        Some(Ok(connection)) => connection,
        _ => std::future::pending().await,
    }
}

fn not_granted_in_time() -> sqlx::Error {
    let message = "the database grants no further connection, and none was released in time";
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, message))
}
