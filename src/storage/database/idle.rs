//! The connections of a pool that nobody uses, and the callers who wait for one.

use crate::storage::database::connection::PooledConnection;
use crate::storage::database::open_connection::OpenConnection;
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// The idle connections.
#[derive(Default)]
pub struct Idle {
    connections: Vec<IdleConnection>,
    waiting: VecDeque<oneshot::Sender<PooledConnection>>,
    /// How often the server was found to have ended its sessions. Connections of earlier generations are closed.
    generation: u64,
    /// Connections that are idle since before this are pinged before they are used.
    suspected_at: Option<Instant>,
    /// When the database last refused a connection because there are too many, until that is long ago.
    refused_at: Option<Instant>,
    /// When one caller may try again to open a connection; `None` if all may.
    next_try: Option<Instant>,
}

/// A connection with the time since which it is idle.
pub struct IdleConnection {
    pub open: OpenConnection,
    pub since: Instant,
}

/// What a caller can do who has the right to a connection.
pub enum Next {
    Use(IdleConnection),
    /// Open one, unless one is handed over earlier.
    Open(oneshot::Receiver<PooledConnection>),
    /// Wait for one that is handed over, or until a caller may try to open one.
    Wait(oneshot::Receiver<PooledConnection>),
}

/// A connection that was idle for longer is pinged before it is used: a firewall may have dropped it.
const PING_AFTER: Duration = Duration::from_secs(10);
/// How often a connection is tried while the database refuses more.
const TRY_INTERVAL: Duration = Duration::from_millis(250);
/// A shortage is over when no connection was refused for this long.
const SHORTAGE_END: Duration = Duration::from_secs(10);

impl Idle {
    /// The generation of a connection that is opened now.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The connection that was used last, whose caches are warm, in the database's process too. While there is none,
    /// callers get those that are released in the order in which they came.
    pub fn next(&mut self, now: Instant) -> Next {
        if let Some(idle) = self.connections.pop() {
            return Next::Use(idle);
        }
        self.waiting.retain(|waiting| !waiting.is_closed());
        let (sender, receiver) = oneshot::channel();
        self.waiting.push_back(sender);
        if self.may_try(now) { Next::Open(receiver) } else { Next::Wait(receiver) }
    }

    /// Whether the caller may try to open a connection. While the database refuses them, one caller may at a time.
    pub fn may_try(&mut self, now: Instant) -> bool {
        match self.next_try {
            Some(next_try) if now < next_try => false,
            Some(_) => {
                self.next_try = Some(now + TRY_INTERVAL);
                true
            }
            None => true,
        }
    }

    /// When [`Self::may_try`] can be true again.
    pub fn next_try(&self) -> Option<Instant> {
        self.next_try
    }

    /// The database refused a connection because there are too many.
    pub fn refused(&mut self, now: Instant) {
        self.refused_at = Some(now);
        self.next_try = Some(now + TRY_INTERVAL);
    }

    /// The database has granted a connection, or has failed in another way: all callers may try.
    pub fn not_refused(&mut self) {
        self.next_try = None;
    }

    /// Whether a shortage of connections is over now.
    pub fn ends_shortage(&mut self, now: Instant) -> bool {
        let is_over = self.refused_at.is_some_and(|at| now.duration_since(at) >= SHORTAGE_END);
        if is_over {
            self.refused_at = None;
        }
        is_over
    }

    /// The caller who waits longest.
    pub fn take_waiting(&mut self) -> Option<oneshot::Sender<PooledConnection>> {
        self.waiting.retain(|waiting| !waiting.is_closed());
        self.waiting.pop_front()
    }

    /// Adds a connection for which no caller waits.
    pub fn add(&mut self, idle: IdleConnection) {
        self.connections.push(idle);
    }

    /// The server has ended a session of this generation. Returns all idle connections, if that is new: the server may
    /// have ended them too, or they lead to one that was replaced.
    pub fn lose(&mut self, generation: u64) -> Option<Vec<IdleConnection>> {
        if generation != self.generation {
            return None;
        }
        self.generation += 1;
        Some(self.take_all())
    }

    pub fn take_all(&mut self) -> Vec<IdleConnection> {
        std::mem::take(&mut self.connections)
    }

    /// A statement was given up without a response: the server may be gone.
    pub fn suspect(&mut self, now: Instant) {
        self.suspected_at = Some(now);
    }

    /// Whether a connection has to show that it is alive before it is used.
    pub fn needs_ping(&self, idle: &IdleConnection, now: Instant) -> bool {
        now.duration_since(idle.since) >= PING_AFTER || self.suspected_at.is_some_and(|at| idle.since <= at)
    }
}
