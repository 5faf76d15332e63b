//! The start of the server: until it is finished, only health checks are answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Notify;

/// Whether requests are held because the server has not finished its start. Clones share the state.
#[derive(Clone, Debug, Default)]
pub(crate) struct StartState(Arc<Start>);

#[derive(Debug, Default)]
struct Start {
    /// Read for each request, therefore without a lock.
    holds_requests: AtomicBool,
    admitted: Notify,
}

impl StartState {
    pub(crate) fn hold_requests(&self) {
        self.0.holds_requests.store(true, Ordering::Release);
    }

    pub(crate) fn admit_requests(&self) {
        self.0.holds_requests.store(false, Ordering::Release);
        self.0.admitted.notify_waiters();
    }

    pub(crate) fn holds_requests(&self) -> bool {
        self.0.holds_requests.load(Ordering::Acquire)
    }

    /// Completes when requests are served.
    pub(crate) async fn admitted(&self) {
        // Registered before the state is read: nothing is missed in between.
        let admitted = self.0.admitted.notified();
        if self.holds_requests() {
            admitted.await;
        }
    }
}
