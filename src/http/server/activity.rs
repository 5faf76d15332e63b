//! What a connection is doing: when the server is full, it closes one that rests.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;
use tokio_util::sync::CancellationToken;

/// The activity of one connection. It rests until its first request has arrived in full, and between two requests.
#[derive(Debug)]
pub(super) struct Activity {
    /// When the rest began, in nanoseconds since [`START`]; [`BUSY`] while there is a request.
    resting_since: AtomicU64,
    was_used: AtomicBool,
    has_received: AtomicBool,
    is_evicted: AtomicBool,
    close: CancellationToken,
}

/// The connection has a request, or is a WebSocket.
const BUSY: u64 = u64::MAX;

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

impl Activity {
    /// A connection that rests. It is asked to close when the server shuts down, and when it is evicted.
    pub(super) fn new(shutdown: &CancellationToken) -> Self {
        Self {
            resting_since: AtomicU64::new(now()),
            was_used: AtomicBool::new(false),
            has_received: AtomicBool::new(false),
            is_evicted: AtomicBool::new(false),
            close: shutdown.child_token(),
        }
    }

    /// A request has arrived. Returns whether it is the first one.
    pub(super) fn begin_request(&self) -> bool {
        self.resting_since.store(BUSY, Ordering::Relaxed);
        !self.was_used.load(Ordering::Relaxed) && !self.was_used.swap(true, Ordering::Relaxed)
    }

    /// The response is written, or given up.
    pub(super) fn rest(&self) {
        self.resting_since.store(now(), Ordering::Relaxed);
    }

    /// Since when the connection rests; `None` while it is busy.
    pub(super) fn resting_since(&self) -> Option<u64> {
        Some(self.resting_since.load(Ordering::Relaxed)).filter(|since| *since != BUSY)
    }

    /// Bytes have arrived.
    pub(super) fn receive(&self) {
        if !self.has_received() {
            self.has_received.store(true, Ordering::Relaxed);
        }
    }

    pub(super) fn has_received(&self) -> bool {
        self.has_received.load(Ordering::Relaxed)
    }

    /// Asks the connection to close, for a new one. A request that is arriving now is still answered.
    pub(super) fn evict(&self) {
        self.is_evicted.store(true, Ordering::Relaxed);
        self.close.cancel();
    }

    /// Whether it was evicted before its first request had arrived: then nothing is lost by closing it at once.
    pub(super) fn is_unused_and_evicted(&self) -> bool {
        self.is_evicted.load(Ordering::Relaxed) && !self.was_used.load(Ordering::Relaxed)
    }

    /// Cancelled when the connection has to close.
    pub(super) fn close_signal(&self) -> CancellationToken {
        self.close.clone()
    }
}

fn now() -> u64 {
    u64::try_from(START.elapsed().as_nanos()).unwrap_or(BUSY - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connection_rests_before_and_between_requests() {
        let activity = Activity::new(&CancellationToken::new());
        let opened = activity.resting_since().unwrap();
        assert!(activity.begin_request());
        assert_eq!(activity.resting_since(), None);
        activity.rest();
        assert!(activity.resting_since().unwrap() >= opened);
        assert!(!activity.begin_request(), "it is the second one");
    }

    #[test]
    fn eviction_and_shutdown_ask_the_connection_to_close() {
        let shutdown = CancellationToken::new();
        let [evicted, used, other] = [(); 3].map(|()| Activity::new(&shutdown));
        used.begin_request();
        evicted.evict();
        used.evict();
        assert!(evicted.close_signal().is_cancelled() && evicted.is_unused_and_evicted());
        assert!(used.close_signal().is_cancelled() && !used.is_unused_and_evicted());
        assert!(!other.close_signal().is_cancelled());
        shutdown.cancel();
        assert!(other.close_signal().is_cancelled() && !other.is_unused_and_evicted());
    }
}
