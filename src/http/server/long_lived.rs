//! The limits on connections that stay open: WebSockets and event streams.
//!
//! A WebSocket counts as one of its user once its client has signed in. Until then it is pending. There is a limit on
//! pending sockets, at which the oldest one is closed for a new one, so that clients without a token cannot keep out
//! others.

use crate::domain::UserId;
use crate::http::limit_per_key::{UserLimit, UserPermit};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// The limits on long-lived connections.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LongLivedLimits {
    /// The most of all users.
    pub(crate) total: usize,
    /// The most of one user.
    pub(crate) per_user: usize,
    /// The most WebSockets whose clients have not signed in.
    pub(crate) pending: usize,
}

/// The long-lived connections of a server.
#[derive(Clone, Debug)]
pub(crate) struct LongLivedConnections {
    limits: LongLivedLimits,
    permits: Arc<Semaphore>,
    users: UserLimit,
    pending: Arc<Mutex<Pending>>,
    shutdown: CancellationToken,
}

#[derive(Debug, Default)]
struct Pending {
    next_id: u64,
    count: usize,
    /// Those whose clients have sent no `connection_init`, the oldest first.
    waiting: BTreeMap<u64, CancellationToken>,
}

/// Allows one long-lived connection, until it is dropped.
#[derive(Debug)]
pub(crate) struct ConnectionPermit {
    shutdown: CancellationToken,
    _of_server: OwnedSemaphorePermit,
    _of_user: UserPermit,
}

/// A WebSocket whose client has not signed in, until it is dropped.
#[derive(Debug)]
pub(crate) struct PendingSocket {
    id: u64,
    pending: Arc<Mutex<Pending>>,
    /// Cancelled when the socket is closed for a new one.
    evicted: CancellationToken,
    shutdown: CancellationToken,
}

/// Why there is no permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PermitError {
    /// The server has as many as it may have.
    ServerFull,
    /// The user has as many as one user may have.
    UserFull,
}

impl LongLivedConnections {
    pub(crate) fn new(limits: LongLivedLimits, shutdown: CancellationToken) -> Self {
        Self {
            limits,
            permits: Arc::new(Semaphore::new(limits.total)),
            users: UserLimit::new(limits.per_user),
            pending: Arc::default(),
            shutdown,
        }
    }

    /// Lowers the limit to this many, if it is higher. It is called before there is a connection.
    pub(crate) fn reduce_to(&self, total: usize) {
        self.permits.forget_permits(self.limits.total.saturating_sub(total));
    }

    /// Whether there are as many connections as there may be.
    pub(crate) fn is_full(&self) -> bool {
        self.permits.available_permits() == 0
    }

    /// A permit for one more connection of this user.
    pub(crate) fn try_acquire(&self, user: UserId) -> Result<ConnectionPermit, PermitError> {
        let of_server = self.permits.clone().try_acquire_owned().map_err(|_| PermitError::ServerFull)?;
        let of_user = self.users.try_acquire(user).ok_or(PermitError::UserFull)?;
        Ok(ConnectionPermit { shutdown: self.shutdown.clone(), _of_server: of_server, _of_user: of_user })
    }

    /// Counts a WebSocket whose client has not signed in. If there are too many, the oldest that waits for
    /// `connection_init` is closed; if none does, there is no permit.
    pub(crate) fn pending(&self) -> Option<PendingSocket> {
        let evicted = CancellationToken::new();
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        if pending.count >= self.limits.pending {
            pending.waiting.pop_first()?.1.cancel();
        }
        let id = pending.next_id;
        pending.next_id += 1;
        pending.count += 1;
        pending.waiting.insert(id, evicted.clone());
        drop(pending);
        Some(PendingSocket { id, pending: self.pending.clone(), evicted, shutdown: self.shutdown.clone() })
    }
}

impl ConnectionPermit {
    /// Completes when the server begins to stop.
    pub(crate) async fn shutdown_requested(&self) {
        self.shutdown.cancelled().await;
    }
}

impl PendingSocket {
    /// Completes when the server begins to stop.
    pub(crate) async fn shutdown_requested(&self) {
        self.shutdown.cancelled().await;
    }

    /// Completes when the socket is closed for a new one.
    pub(crate) async fn evicted(&self) {
        self.evicted.cancelled().await;
    }

    /// The client has sent `connection_init`: from now on the socket is closed for no other.
    pub(crate) fn begin_sign_in(&self) {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).waiting.remove(&self.id);
    }
}

impl Drop for PendingSocket {
    fn drop(&mut self) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.waiting.remove(&self.id);
        pending.count -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    const USER: UserId = UserId(1);
    const OTHER: UserId = UserId(2);

    fn connections(total: usize, per_user: usize, pending: usize) -> (LongLivedConnections, CancellationToken) {
        let shutdown = CancellationToken::new();
        (LongLivedConnections::new(LongLivedLimits { total, per_user, pending }, shutdown.clone()), shutdown)
    }

    #[tokio::test]
    async fn permits_are_limited_and_returned_on_drop() {
        let (connections, shutdown) = connections(1, 1, 1);
        let permit = connections.try_acquire(USER).unwrap();
        assert_eq!(connections.try_acquire(OTHER).unwrap_err(), PermitError::ServerFull);
        assert!(connections.is_full() && permit.shutdown_requested().now_or_never().is_none());
        drop(permit);
        let permit = connections.try_acquire(USER).unwrap();
        shutdown.cancel();
        permit.shutdown_requested().await;
    }

    #[test]
    fn user_has_a_limit_of_their_own() {
        let (connections, _) = connections(3, 2, 1);
        let held = [connections.try_acquire(USER).unwrap(), connections.try_acquire(USER).unwrap()];
        assert_eq!(connections.try_acquire(USER).unwrap_err(), PermitError::UserFull);
        let other = connections.try_acquire(OTHER).unwrap();
        drop((held, other));
        connections.try_acquire(USER).unwrap();
    }

    #[test]
    fn limit_can_be_lowered() {
        let (connections, _) = connections(5, 5, 1);
        connections.reduce_to(7);
        connections.reduce_to(1);
        let _permit = connections.try_acquire(USER).unwrap();
        assert_eq!(connections.try_acquire(USER).unwrap_err(), PermitError::ServerFull);
    }

    #[test]
    fn oldest_pending_socket_is_closed_for_a_new_one() {
        let (connections, _) = connections(1, 1, 2);
        let is_evicted = |socket: &PendingSocket| socket.evicted().now_or_never().is_some();
        let [first, second] = [(); 2].map(|()| connections.pending().unwrap());
        let third = connections.pending().unwrap();
        assert_eq!([&first, &second, &third].map(is_evicted), [true, false, false]);
        drop(first);
        drop(second);
        let fourth = connections.pending().unwrap();
        assert_eq!([&third, &fourth].map(is_evicted), [false, false]);
    }

    #[test]
    fn socket_that_signs_in_is_not_closed_for_a_new_one() {
        let (connections, _) = connections(1, 1, 2);
        let is_evicted = |socket: &PendingSocket| socket.evicted().now_or_never().is_some();
        let [first, second] = [(); 2].map(|()| connections.pending().unwrap());
        first.begin_sign_in();
        let third = connections.pending().unwrap();
        assert_eq!([&first, &second, &third].map(is_evicted), [false, true, false]);
        drop(second);
        third.begin_sign_in();
        assert!(connections.pending().is_none());
        drop(third);
        let fourth = connections.pending().unwrap();
        assert_eq!([&first, &fourth].map(is_evicted), [false, false]);
    }
}
