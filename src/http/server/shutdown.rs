//! The connections of a server: how they learn that it stops, and how many of those there may be that stay open, sockets and event streams.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// The connections of a server.
#[derive(Clone, Debug)]
pub struct ConnectionTracker {
    permits: Arc<Semaphore>,
    stopping: watch::Sender<bool>,
}

/// A connection's ear: as long as one is kept, the server waits.
#[derive(Debug)]
pub struct ShutdownSignal(watch::Receiver<bool>);

/// The place of a connection that stays open, for as long as it does.
#[derive(Debug)]
pub struct ConnectionPermit {
    stopping: ShutdownSignal,
    _permit: OwnedSemaphorePermit,
}

impl ConnectionTracker {
    /// With room for so many that stay open.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(most)), stopping: watch::Sender::new(false) }
    }

    /// For a connection to be told.
    #[must_use]
    pub fn listen(&self) -> ShutdownSignal {
        ShutdownSignal(self.stopping.subscribe())
    }

    /// A place for one more that stays open; none when there is no room.
    #[must_use]
    pub fn enter(&self) -> Option<ConnectionPermit> {
        let permit = self.permits.clone().try_acquire_owned().ok()?;
        Some(ConnectionPermit { stopping: self.listen(), _permit: permit })
    }

    /// Tells all of them that the server stops, and waits until they are gone.
    pub async fn stop(&self) {
        self.stopping.send_replace(true);
        self.stopping.closed().await;
    }
}

impl ShutdownSignal {
    /// Done when the server stops.
    pub async fn requested(&mut self) {
        // A server that is gone has stopped.
        let _ = self.0.wait_for(|stopping| *stopping).await;
    }
}

impl ConnectionPermit {
    /// Done when the server stops.
    pub async fn stopping(&mut self) {
        self.stopping.requested().await;
    }
}
