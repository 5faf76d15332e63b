//! The rate limit: the cost that each viewer may spend in a minute (see `document/cost.rs`).

use crate::graphql::engine::error::{Code, RequestError};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};
use std::hash::Hash;
use std::num::NonZeroU32;

/// A token bucket for each viewer, which refills steadily.
pub struct RateLimiter<K: Clone + Eq + Hash>(DefaultKeyedRateLimiter<K>);

/// The number of buckets from which full ones are dropped. A full bucket is the same as none.
const MAX_BUCKETS: usize = 10_000;

impl<K: Clone + Eq + Hash> RateLimiter<K> {
    /// A limiter with this many points a minute.
    pub fn new(points: NonZeroU32) -> Self {
        Self(DefaultKeyedRateLimiter::keyed(Quota::per_minute(points)))
    }

    /// Takes points, or those that the viewer has left.
    pub fn charge(&self, viewer: &K, points: usize) {
        let (mut left, mut step) = (points, points.next_power_of_two());
        while left > 0 && step > 0 {
            if step <= left && self.spend(viewer, step).is_ok() {
                left -= step;
            } else {
                step /= 2;
            }
        }
    }

    /// # Errors `RATE_LIMITED` with the time after which to retry, or `QUERY_TOO_COMPLEX` when the cost exceeds the
    /// limit of a whole minute.
    pub fn spend(&self, viewer: &K, cost: usize) -> Result<(), RequestError> {
        if self.0.len() > MAX_BUCKETS {
            self.0.retain_recent();
        }
        let points = u32::try_from(cost).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN);
        let retry_after = match self.0.check_key_n(viewer, points) {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(not_until)) => not_until.wait_time_from(DefaultClock::default().now()),
            Err(_) => {
                let message = "the operation costs more than you may spend in a minute";
                return Err(RequestError::new(Code::QueryTooComplex, message, None));
            }
        };
        let error = RequestError::new(Code::RateLimited, "you have asked for too much in too short a time", None);
        Err(RequestError { retry_after: Some(retry_after), ..error })
    }
}
