//! Log messages that a client can cause as often as it likes: one is written, the others are counted.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The shortest time between two messages of one kind.
const INTERVAL: Duration = Duration::from_mins(1);

/// Limits one kind of message.
#[derive(Debug, Default)]
pub struct LogLimit(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    last: Option<Instant>,
    suppressed: u64,
}

impl LogLimit {
    /// Counts one more event. Returns how many were not logged before it if this one is to be logged.
    pub fn count(&self) -> Option<u64> {
        self.count_at(Instant::now())
    }

    fn count_at(&self, now: Instant) -> Option<u64> {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.last.is_some_and(|last| now.duration_since(last) < INTERVAL) {
            counted.suppressed += 1;
            return None;
        }
        counted.last = Some(now);
        Some(std::mem::take(&mut counted.suppressed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_event_a_minute_is_logged_with_the_number_of_the_others() {
        let (limit, start) = (LogLimit::default(), Instant::now());
        assert_eq!(limit.count_at(start), Some(0));
        assert_eq!(limit.count_at(start + Duration::from_secs(1)), None);
        assert_eq!(limit.count_at(start + Duration::from_secs(59)), None);
        assert_eq!(limit.count_at(start + Duration::from_mins(1)), Some(2));
        assert_eq!(limit.count_at(start + Duration::from_secs(119)), None);
        assert_eq!(limit.count_at(start + Duration::from_secs(200)), Some(1));
    }
}
