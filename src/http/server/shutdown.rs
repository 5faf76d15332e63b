//! Graceful shutdown: tracks the open connections, signals the shutdown to them, and waits until they are closed.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The open connections of a server, and the limit on long-lived ones: WebSockets and event streams.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionTracker {
    tasks: TaskTracker,
    shutdown: CancellationToken,
    long_lived: Arc<Semaphore>,
}

/// Allows one long-lived connection, until it is dropped.
#[derive(Debug)]
pub(crate) struct ConnectionPermit {
    shutdown: CancellationToken,
    _permit: OwnedSemaphorePermit,
}

impl ConnectionTracker {
    pub(crate) fn new(max_long_lived: usize) -> Self {
        Self {
            tasks: TaskTracker::new(),
            shutdown: CancellationToken::new(),
            long_lived: Arc::new(Semaphore::new(max_long_lived)),
        }
    }

    /// Runs the task of a connection; [`Self::shut_down`] waits for its end.
    pub(crate) fn spawn(&self, connection: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(connection);
    }

    /// Cancelled when the server begins to stop.
    pub(crate) fn shutdown_signal(&self) -> CancellationToken {
        self.shutdown.clone()
    }

    /// A permit for one more long-lived connection; none at the limit.
    pub(crate) fn try_acquire(&self) -> Option<ConnectionPermit> {
        let permit = self.long_lived.clone().try_acquire_owned().ok()?;
        Some(ConnectionPermit { shutdown: self.shutdown_signal(), _permit: permit })
    }

    /// Signals the shutdown and waits until every connection is closed.
    pub(crate) async fn shut_down(&self) {
        self.shutdown.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl ConnectionPermit {
    /// Completes when the server begins to stop.
    pub(crate) async fn shutdown_requested(&self) {
        self.shutdown.cancelled().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[tokio::test]
    async fn shutdown_waits_for_every_connection() {
        let connections = ConnectionTracker::new(0);
        let (release, released) = tokio::sync::oneshot::channel::<()>();
        let signal = connections.shutdown_signal();
        connections.spawn(async move {
            signal.cancelled().await;
            released.await.unwrap();
        });
        let mut shutdown = Box::pin(connections.shut_down());
        assert!(shutdown.as_mut().now_or_never().is_none());
        release.send(()).unwrap();
        shutdown.await;
    }

    #[tokio::test]
    async fn permits_are_limited_and_returned_on_drop() {
        let connections = ConnectionTracker::new(1);
        let permit = connections.try_acquire().unwrap();
        assert!(connections.try_acquire().is_none());
        assert!(permit.shutdown_requested().now_or_never().is_none());
        drop(permit);
        let permit = connections.try_acquire().unwrap();
        connections.shut_down().await;
        permit.shutdown_requested().await;
    }
}
