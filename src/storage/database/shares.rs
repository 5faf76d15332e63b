//! How the connections of a pool are divided, so that requests that wait for locks do not take the connections that
//! other requests need.

use std::sync::Arc;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// A share of the connections: how many of them may be in use for one purpose.
#[derive(Clone, Debug)]
pub struct Share {
    permits: Arc<Semaphore>,
    /// The share that this one is a part of.
    whole: Option<Arc<Semaphore>>,
}

/// The permits of one connection. They are returned when this is dropped.
#[derive(Debug)]
pub struct Permits {
    _part: OwnedSemaphorePermit,
    _whole: Option<OwnedSemaphorePermit>,
}

/// The shares of a pool on PostgreSQL.
#[derive(Debug)]
pub struct Shares {
    /// For all statements of requests and of the event log.
    pub requests: Share,
    /// For changes, which can wait for locks: the part of `requests` that leaves some to reads.
    pub changes: Share,
    /// For the readiness check, which has to get through when `requests` is in use.
    pub monitoring: Share,
}

/// With fewer connections, the readiness check has none of its own.
const FEWEST_WITH_MONITORING: usize = 3;
/// Of so many connections for requests, one is kept from changes; but at least one of all.
const RESERVED_FRACTION: usize = 4;

impl Share {
    /// A share of its own.
    pub fn new(connections: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(connections.min(Semaphore::MAX_PERMITS))), whole: None }
    }

    fn part(&self, connections: usize) -> Self {
        Self { whole: Some(self.permits.clone()), ..Self::new(connections) }
    }

    /// Waits for the permits of one connection, in the order of the callers.
    pub async fn acquire(&self) -> Result<Permits, AcquireError> {
        let part = self.permits.clone().acquire_owned().await?;
        let whole = match &self.whole {
            Some(whole) => Some(whole.clone().acquire_owned().await?),
            None => None,
        };
        Ok(Permits { _part: part, _whole: whole })
    }
}

impl Shares {
    /// Divides at least one connection.
    pub fn of(connections: usize) -> Self {
        let monitors = usize::from(connections >= FEWEST_WITH_MONITORING);
        let for_requests = connections - monitors;
        let for_changes = for_requests - (for_requests / RESERVED_FRACTION).max(1).min(for_requests - 1);
        let requests = Share::new(for_requests);
        let monitoring = if monitors == 0 { requests.clone() } else { Share::new(monitors) };
        Self { changes: requests.part(for_changes), requests, monitoring }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_divided() {
        for (connections, requests, changes, monitoring) in
            [(1, 1, 1, 1), (2, 2, 1, 2), (3, 2, 1, 1), (4, 3, 2, 1), (5, 4, 3, 1), (10, 9, 7, 1), (100, 99, 75, 1)]
        {
            let shares = Shares::of(connections);
            let sizes =
                [&shares.requests, &shares.changes, &shares.monitoring].map(|it| it.permits.available_permits());
            assert_eq!(sizes, [requests, changes, monitoring], "{connections} connections");
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
