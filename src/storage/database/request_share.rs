//! How many connections one request uses at a time: its fields are resolved concurrently, and would otherwise take all
//! connections of the server.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

tokio::task_local! {
    /// The permits of the request that the current task serves.
    static PERMITS: Arc<Semaphore>;
}

/// A second connection lets a request load two kinds of people at once. More of them make it hardly faster.
const CONNECTIONS_PER_REQUEST: usize = 2;

/// Runs a request. Its statements wait for one another.
pub async fn share_connections<F: Future>(request: F) -> F::Output {
    PERMITS.scope(Arc::new(Semaphore::new(CONNECTIONS_PER_REQUEST)), request).await
}

/// Waits until the request of the current task may use one more connection. None outside of requests: the semaphore
/// stays open.
pub(super) async fn permit() -> Option<OwnedSemaphorePermit> {
    let permits = PERMITS.try_with(Clone::clone).ok()?;
    permits.acquire_owned().await.ok()
}
