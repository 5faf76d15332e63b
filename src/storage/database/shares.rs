//! How the connections of a pool are divided, so that requests that wait for locks do not take the connections that
//! other requests need.

use std::sync::Arc;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// A share of the connections: how many of them may be in use for one purpose.
#[derive(Clone, Debug)]
pub struct Share {
    /// Its own permits, then those of the shares that it is a part of.
    semaphores: Vec<Arc<Semaphore>>,
}

/// The permits of one connection. They are returned when this is dropped.
#[derive(Debug)]
pub struct Permits(#[expect(dead_code, reason = "permits are held, and not used")] Vec<OwnedSemaphorePermit>);

/// The shares of a pool on PostgreSQL.
#[derive(Debug)]
pub struct Shares {
    /// For all statements of requests and of the event log.
    pub requests: Share,
    /// For changes: the part of `requests` that leaves some to reads.
    pub changes: Share,
    /// For changes that wait for a lock: the part of `changes` that leaves some to others.
    pub waiting: Share,
    /// For the readiness check, which has to get through when `requests` is in use.
    pub monitoring: Share,
}

/// With fewer connections, the readiness check has none of its own.
const FEWEST_WITH_MONITORING: usize = 3;

impl Share {
    /// A share of its own.
    pub fn new(connections: usize) -> Self {
        Self { semaphores: vec![Arc::new(Semaphore::new(connections.min(Semaphore::MAX_PERMITS)))] }
    }

    /// A part of this share: its permits are those of the whole, too.
    pub fn part(&self, connections: usize) -> Self {
        let mut part = Self::new(connections);
        part.semaphores.extend_from_slice(&self.semaphores);
        part
    }

    /// Waits for the permits of one connection, in the order of the callers.
    pub async fn acquire(&self) -> Result<Permits, AcquireError> {
        let mut permits = Vec::with_capacity(self.semaphores.len());
        for semaphore in &self.semaphores {
            permits.push(semaphore.clone().acquire_owned().await?);
        }
        Ok(Permits(permits))
    }
}

impl Shares {
    /// How many of the connections are for requests.
    pub fn for_requests(connections: usize) -> usize {
        connections - usize::from(connections >= FEWEST_WITH_MONITORING)
    }

    /// How many of the connections for requests are for changes. A quarter is for reads, but at least one, unless there
    /// is one only.
    pub fn for_changes(for_requests: usize) -> usize {
        (for_requests - (for_requests / 4).max(1)).max(1)
    }

    /// Divides at least one connection.
    pub fn of(connections: usize) -> Self {
        let for_requests = Self::for_requests(connections);
        let monitors = connections - for_requests;
        let for_changes = Self::for_changes(for_requests);
        let for_waiting = (for_changes / 2).max(1);
        let requests = Share::new(for_requests);
        let changes = requests.part(for_changes);
        let monitoring = if monitors == 0 { requests.clone() } else { Share::new(monitors) };
        Self { waiting: changes.part(for_waiting), changes, requests, monitoring }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_divided() {
        for (connections, requests, changes, waiting, monitoring) in [
            (1, 1, 1, 1, 1),
            (2, 2, 1, 1, 2),
            (3, 2, 1, 1, 1),
            (4, 3, 2, 1, 1),
            (5, 4, 3, 1, 1),
            (10, 9, 7, 3, 1),
            (100, 99, 75, 37, 1),
        ] {
            let shares = Shares::of(connections);
            let sizes = [&shares.requests, &shares.changes, &shares.waiting, &shares.monitoring]
                .map(|share| share.semaphores[0].available_permits());
            assert_eq!(sizes, [requests, changes, waiting, monitoring], "{connections} connections");
        }
    }

    #[tokio::test]
    async fn changes_leave_connections_to_reads() {
        let shares = Shares::of(5);
        let mut changes = Vec::new();
        for _ in 0..3 {
            changes.push(shares.changes.acquire().await.unwrap());
        }
        let mut waiting = Box::pin(shares.changes.acquire());
        assert!(futures_util::poll!(&mut waiting).is_pending());
        let read = shares.requests.acquire().await.unwrap();
        let monitor = shares.monitoring.acquire().await.unwrap();
        // A change that is over makes place for the next one, but for no second read.
        changes.pop();
        assert!(futures_util::poll!(&mut waiting).is_ready());
        drop((read, monitor));
    }
}
