//! The start of the server: until it is finished, only health checks are answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether requests are held because the server has not finished its start. Clones share the state.
#[derive(Clone, Debug, Default)]
pub(crate) struct StartState(Arc<AtomicBool>);

impl StartState {
    pub(crate) fn hold_requests(&self) {
        self.0.store(true, Ordering::Release);
    }

    pub(crate) fn admit_requests(&self) {
        self.0.store(false, Ordering::Release);
    }

    pub(crate) fn holds_requests(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}
