//! The only place where the time is read.

use crate::domain::time;
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::{Arc, Mutex, PoisonError};

/// The time in whole milliseconds.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The system's clock.
    System,
    /// A clock for tests that stands still until a test advances it.
    Frozen(FrozenClock),
}

/// A clock that a test advances. Clones share the time.
#[derive(Clone, Debug)]
pub struct FrozenClock(Arc<Mutex<DateTime<Utc>>>);

impl Clock {
    /// The present time.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "all other code asks this clock")]
    pub fn now(&self) -> DateTime<Utc> {
        match self {
            Self::System => time::cut(Utc::now()),
            Self::Frozen(clock) => *clock.0.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }
}

impl FrozenClock {
    /// A clock that stands at this time.
    #[must_use]
    pub fn at(now: DateTime<Utc>) -> Self {
        Self(Arc::new(Mutex::new(time::cut(now))))
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: TimeDelta) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }
}
