//! Graceful shutdown: tracks the open connections, signals the shutdown to them, and waits until they are closed.

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The tasks of the open connections.
#[derive(Clone, Debug, Default)]
pub(crate) struct ConnectionTracker {
    tasks: TaskTracker,
    shutdown: CancellationToken,
}

impl ConnectionTracker {
    /// Runs the task of a connection; [`Self::shut_down`] waits for its end.
    pub(crate) fn spawn(&self, connection: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(connection);
    }

    /// Cancelled when the server begins to stop.
    pub(crate) fn shutdown_signal(&self) -> CancellationToken {
        self.shutdown.clone()
    }

    /// Signals the shutdown and waits until every connection is closed.
    pub(crate) async fn shut_down(&self) {
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
