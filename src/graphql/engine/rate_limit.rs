//! How much each viewer may ask for in a minute, in complexity points.

use crate::domain::UserId;
use crate::graphql::engine::document::RequestError;
use crate::graphql::engine::error::Code;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};
use std::num::NonZeroU32;

/// A bucket of points for each viewer, which fills up again steadily.
pub struct RateLimiter(DefaultKeyedRateLimiter<UserId>);

/// How many viewers' buckets are kept before the full ones are forgotten: a full bucket says nothing.
const REMEMBERED: usize = 10_000;

impl RateLimiter {
    pub fn new(points: NonZeroU32) -> Self {
        Self(DefaultKeyedRateLimiter::keyed(Quota::per_minute(points)))
    }

    /// # Errors
    /// [`RequestError`] with `RATE_LIMITED` and how long to wait, or with `QUERY_TOO_COMPLEX` where waiting does not help.
    pub fn spend(&self, viewer: UserId, cost: usize) -> Result<(), RequestError> {
        if self.0.len() > REMEMBERED {
            self.0.retain_recent();
        }
        let points = u32::try_from(cost).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN);
        let retry_after = match self.0.check_key_n(&viewer, points) {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(not_until)) => not_until.wait_time_from(DefaultClock::default().now()),
            Err(_) => {
                let message = "the operation costs more than you may spend in a minute";
                return Err(RequestError::new(Code::QueryTooComplex, message, None));
            }
        };
        let refused = RequestError::new(Code::RateLimited, "you have asked for too much in too short a time", None);
        Err(RequestError { retry_after: Some(retry_after), ..refused })
    }
}
