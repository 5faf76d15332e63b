//! The only place where the time is read.

use crate::domain::time;
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::{Arc, Mutex, PoisonError};

/// Tells the time, in whole milliseconds.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The system's.
    System,
    /// One that stands still until it is turned, for tests.
    Frozen(FrozenClock),
}

/// A clock that is turned by hand. Clones are the same clock.
#[derive(Clone, Debug)]
pub struct FrozenClock(Arc<Mutex<DateTime<Utc>>>);

impl Clock {
    /// The present.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "everything else asks this clock")]
    pub fn now(&self) -> DateTime<Utc> {
        match self {
            Self::System => time::cut(Utc::now()),
            Self::Frozen(clock) => *clock.0.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }
}

impl FrozenClock {
    /// A clock that stands at this moment.
    #[must_use]
    pub fn at(now: DateTime<Utc>) -> Self {
        Self(Arc::new(Mutex::new(time::cut(now))))
    }

    /// Turns it on.
    pub fn advance(&self, by: TimeDelta) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }
}
