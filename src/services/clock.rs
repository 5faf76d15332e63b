//! The only place where the time is read.

use crate::domain::time;
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

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
pub struct FrozenClock(Arc<Mutex<FrozenTime>>);

#[derive(Debug)]
struct FrozenTime {
    start: DateTime<Utc>,
    now: DateTime<Utc>,
    uptime: Duration,
}

/// The time of the first use of the system's clock, which is when the process starts.
static START: LazyLock<(DateTime<Utc>, Instant)> = LazyLock::new(|| (system_time(), Instant::now()));

impl Clock {
    /// The present time.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        match self {
            Self::System => system_time(),
            Self::Frozen(clock) => clock.with(|time| time.now),
        }
    }

    /// The time since the start of the process. It never goes back, unlike [`Self::now`], which follows the system's
    /// clock when that is set. Ages are measured by it.
    #[must_use]
    pub fn uptime(&self) -> Duration {
        match self {
            Self::System => START.1.elapsed(),
            Self::Frozen(clock) => clock.with(|time| time.uptime),
        }
    }

    /// The present time for checking what expires. A clock that is set back after the start has no effect on it.
    #[must_use]
    pub fn now_for_expiry(&self) -> DateTime<Utc> {
        let start = match self {
            Self::System => START.0,
            Self::Frozen(clock) => clock.with(|time| time.start),
        };
        self.now().max(start + self.uptime())
    }
}

#[expect(clippy::disallowed_methods, reason = "all other code asks this clock")]
fn system_time() -> DateTime<Utc> {
    time::cut(Utc::now())
}

impl FrozenClock {
    /// A clock that stands at this time.
    #[must_use]
    pub fn at(now: DateTime<Utc>) -> Self {
        let now = time::cut(now);
        Self(Arc::new(Mutex::new(FrozenTime { start: now, now, uptime: Duration::ZERO })))
    }

    /// Lets this much time pass.
    pub fn advance(&self, by: TimeDelta) {
        self.with(|time| {
            time.now += by;
            time.uptime += by.to_std().unwrap_or_default();
        });
    }

    /// Sets the clock back, as an administrator or a time server does. No time passes.
    pub fn set_back(&self, by: TimeDelta) {
        self.with(|time| time.now -= by);
    }

    fn with<T>(&self, read: impl FnOnce(&mut FrozenTime) -> T) -> T {
        read(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_that_is_set_back_prolongs_nothing() {
        let noon: DateTime<Utc> = "2025-03-20T12:00:00Z".parse().unwrap();
        let frozen = FrozenClock::at(noon);
        let clock = Clock::Frozen(frozen.clone());
        frozen.advance(TimeDelta::seconds(10));
        frozen.set_back(TimeDelta::hours(1));
        frozen.advance(TimeDelta::seconds(5));
        assert_eq!(clock.now(), noon + TimeDelta::seconds(15) - TimeDelta::hours(1));
        assert_eq!(clock.uptime(), Duration::from_secs(15));
        assert_eq!(clock.now_for_expiry(), noon + TimeDelta::seconds(15));
    }

    #[test]
    fn clock_that_is_set_forward_is_followed_and_so_is_its_correction() {
        let noon: DateTime<Utc> = "2025-03-20T12:00:00Z".parse().unwrap();
        let frozen = FrozenClock::at(noon);
        let clock = Clock::Frozen(frozen.clone());
        frozen.set_back(TimeDelta::days(-365));
        assert_eq!(clock.now_for_expiry(), noon + TimeDelta::days(365));
        frozen.set_back(TimeDelta::days(365));
        assert_eq!(clock.now_for_expiry(), noon);
    }
}
