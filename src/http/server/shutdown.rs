//! The connections of a server: how they learn that it stops, and how many of those there may be that stay open, sockets and event streams.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// The connections of a server.
#[derive(Clone, Debug)]
pub struct Standing {
    room: Arc<Semaphore>,
    stopping: watch::Sender<bool>,
}

/// A connection's ear: as long as one is kept, the server waits.
#[derive(Debug)]
pub struct Stopping(watch::Receiver<bool>);

/// The place of a connection that stays open, for as long as it does.
#[derive(Debug)]
pub struct Place {
    stopping: Stopping,
    _room: OwnedSemaphorePermit,
}

impl Standing {
    /// With room for so many that stay open.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { room: Arc::new(Semaphore::new(most)), stopping: watch::Sender::new(false) }
    }

    /// For a connection to be told.
    #[must_use]
    pub fn listen(&self) -> Stopping {
        Stopping(self.stopping.subscribe())
    }

    /// A place for one more that stays open; none when there is no room.
    #[must_use]
    pub fn enter(&self) -> Option<Place> {
        let room = self.room.clone().try_acquire_owned().ok()?;
        Some(Place { stopping: self.listen(), _room: room })
    }

    /// Tells all of them that the server stops, and waits until they are gone.
    pub async fn stop(&self) {
        self.stopping.send_replace(true);
        self.stopping.closed().await;
    }
}

impl Stopping {
    /// Done when the server stops.
    pub async fn told(&mut self) {
        // A server that is gone has stopped.
        let _ = self.0.wait_for(|stopping| *stopping).await;
    }
}

impl Place {
    /// Done when the server stops.
    pub async fn stopping(&mut self) {
        self.stopping.told().await;
    }
}
