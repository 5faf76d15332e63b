//! What the handles of a pool share: how to reach the database, and the idle connections.

use crate::storage::database::cause::DriverCause;
use crate::storage::database::fault::{Outage, is_connection_limit, is_termination, is_timeout};
use crate::storage::database::idle::{Idle, IdleConnection, Next};
use crate::storage::database::open_connection::{ConnectTo, OpenConnection};
use crate::storage::database::outage_log::OutageLog;
use crate::storage::database::prohibited_password::without_password;
use crate::storage::database::shared_sessions::SessionState;
use sea_orm::{DbErr, RuntimeErr, sqlx};
use std::fmt::Display;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::time::timeout;

/// How much later than PostgreSQL's own limit the response to a statement may arrive. A server that does not respond by
/// then is gone.
const RESPONSE_DELAY: Duration = Duration::from_secs(5);

/// The connections to one database.
pub struct Connections {
    address: ConnectTo,
    acquire_timeout: Duration,
    idle: Mutex<Idle>,
    may_open: Notify,
    sessions: SessionState,
    is_closed: AtomicBool,
    opened_at: Instant,
    /// The number of connections that were opened.
    opened: AtomicU64,
    /// When the database last responded to a statement, in milliseconds after `opened_at`.
    responded_at: AtomicU64,
    outages: Arc<OutageLog>,
}

/// Why a connection was not opened.
pub enum NotOpened {
    /// The database grants no more.
    Refused,
    Failed(sqlx::Error),
}

impl Connections {
    pub fn new(address: ConnectTo, acquire_timeout: Duration, outages: Arc<OutageLog>) -> Self {
        Self {
            address,
            acquire_timeout,
            idle: Mutex::default(),
            may_open: Notify::new(),
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

    /// The database has responded to a statement, now.
    pub fn responded(&self) -> Instant {
        let now = Instant::now();
        let after = now.duration_since(self.opened_at).as_millis();
        self.responded_at.store(u64::try_from(after).unwrap_or(u64::MAX), Ordering::Relaxed);
        now
    }

    /// How long the response to a statement may take; any time if `None`.
    pub fn response_timeout(&self) -> Option<Duration> {
        self.address.statement_timeout().map(|timeout| timeout.saturating_add(RESPONSE_DELAY))
    }

    /// Wakes those who wait until they may try to open a connection.
    pub fn may_open(&self) -> &Notify {
        &self.may_open
    }

    /// Closes the idle connections, because the server has ended a session of this generation.
    pub fn lose(&self, generation: u64, cause: &dyn Display) {
        let lost = self.idle().lose(generation);
        if let Some(lost) = lost {
            tracing::info!(%cause, idle = lost.len(), "the database ended a connection: the idle ones are closed too");
        }
    }

    /// What the owner of a lease can do to get a connection.
    pub fn next(&self) -> Next {
        let (now, mut idle) = (Instant::now(), self.idle());
        if idle.ends_shortage(now) {
            self.outages.end(&[Outage::TooManyConnections]);
        }
        idle.next(now)
    }

    pub fn idle(&self) -> MutexGuard<'_, Idle> {
        lock(&self.idle)
    }

    pub fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    /// How long a caller may still wait for a connection.
    pub fn remaining(&self, started: Instant) -> Duration {
        self.acquire_timeout.saturating_sub(started.elapsed())
    }

    /// Opens a connection, within the time for it.
    pub async fn open(&self) -> Result<OpenConnection, NotOpened> {
        let mut opened = self.open_in_time().await;
        if opened.as_ref().is_err_and(is_termination) {
            // An administrator ended this session, and not the database.
            opened = self.open_in_time().await;
        }
        match &opened {
            Err(error) if self.is_refusal(error) => {
                self.idle().refused(Instant::now());
                self.outages.report(Outage::TooManyConnections, &DriverCause(error));
                return Err(NotOpened::Refused);
            }
            Err(error) => self.outages.report(Outage::Unreachable, &DriverCause(error)),
            Ok(_) => {
                self.opened.fetch_add(1, Ordering::Relaxed);
                self.outages.end(&[Outage::Unreachable]);
            }
        }
        self.idle().not_refused();
        self.may_open.notify_waiters();
        opened.map_err(NotOpened::Failed)
    }

    async fn open_in_time(&self) -> Result<OpenConnection, sqlx::Error> {
        let generation = self.idle().generation();
        let opening = self.address.open(generation);
        timeout(self.acquire_timeout, opening).await.unwrap_or_else(|_| Err(not_opened_in_time()))
    }

    /// Whether the database grants no further connection. PostgreSQL says so. A pooler lets the connection wait, while
    /// the others work.
    fn is_refusal(&self, error: &sqlx::Error) -> bool {
        is_connection_limit(error) || is_timeout(error) && self.last_response() < self.acquire_timeout
    }
}

pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub fn not_opened_in_time() -> sqlx::Error {
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "no connection was opened in time"))
}

pub fn connection_error(error: sqlx::Error) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(Arc::new(without_password(error))))
}
