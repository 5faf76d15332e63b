//! Graceful shutdown: tracks the open connections and whether the server is draining, signals the shutdown to them, and
//! waits until they are closed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The tasks of the open connections.
#[derive(Clone, Debug, Default)]
pub(crate) struct ConnectionTracker {
    tasks: TaskTracker,
    /// Read for each response, therefore without a lock.
    is_draining: Arc<AtomicBool>,
    shutdown: CancellationToken,
}

impl ConnectionTracker {
    /// Runs the task of a connection; [`Self::shut_down`] waits for its end.
    pub(crate) fn spawn(&self, connection: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(connection);
    }

    /// From now on the server is not ready, and each response is the last one of its connection. Connections stay open
    /// and are accepted until [`Self::shut_down`].
    pub(crate) fn begin_draining(&self) {
        self.is_draining.store(true, Ordering::Release);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::Acquire)
    }

    /// Cancelled when the server begins to stop.
    pub(crate) fn shutdown_signal(&self) -> CancellationToken {
        self.shutdown.clone()
    }

    /// Signals the shutdown and waits until every connection is closed.
    pub(crate) async fn shut_down(&self) {
        self.begin_draining();
        self.shutdown.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[tokio::test]
    async fn shutdown_waits_for_every_connection() {
        let connections = ConnectionTracker::default();
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
}
