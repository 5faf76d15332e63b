//! The rate limit: the points that each viewer may spend in a minute (see `document/cost.rs`). Anonymous clients of one
//! network share a limit.

use crate::graphql::engine::error::{Code, RequestError};
use crate::graphql::engine::excess::Excess;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Who pays for an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Payer<K> {
    /// A user.
    Viewer(K),
    /// The clients of this network that have no token; `None` if the network is not known.
    Anonymous(Option<IpAddr>),
}

/// A bucket of points for each payer, which refills steadily within a minute.
pub struct RateLimiter<K> {
    points: NonZeroU32,
    buckets: Mutex<Buckets<K>>,
}

struct Buckets<K> {
    /// When each bucket is full. A full bucket is the same as none.
    full_at: HashMap<Payer<K>, Instant>,
    /// The number of buckets at which full ones are dropped.
    max: usize,
}

/// What a request costs at least that is refused, is not GraphQL, or names an unknown document.
pub const REQUEST_COST: usize = 10;

/// The time in which an empty bucket becomes full.
const MINUTE: Duration = Duration::from_mins(1);
/// A payer who owes points regains them within this time.
const LONGEST_DEBT: Duration = Duration::from_mins(1);
/// The same for [`RateLimiter::charge_in_full`].
const LONGEST_FULL_DEBT: Duration = Duration::from_mins(10);
/// The number of buckets that are kept without looking for full ones.
const MIN_BUCKETS: usize = 10_000;

impl<K: Clone + Eq + Hash> RateLimiter<K> {
    /// A limiter with this many points a minute.
    pub fn new(points: NonZeroU32) -> Self {
        Self { points, buckets: Mutex::new(Buckets { full_at: HashMap::new(), max: MIN_BUCKETS }) }
    }

    /// Whether the payer has any points.
    ///
    /// # Errors `RATE_LIMITED` with the time after which to retry.
    pub fn check(&self, payer: &Payer<K>) -> Result<(), RequestError> {
        let wait = self.debt(payer, Instant::now());
        if wait.is_zero() { Ok(()) } else { Err(rate_limited(wait)) }
    }

    /// Spends points before an operation.
    ///
    /// # Errors `RATE_LIMITED` with the time after which to retry, or `QUERY_TOO_COMPLEX` when the cost exceeds the
    /// limit of a whole minute.
    pub fn spend(&self, payer: &Payer<K>, cost: usize) -> Result<(), RequestError> {
        self.spend_at(payer, cost, Instant::now())
    }

    /// Takes the points of what has been done already. The payer may owe them afterwards.
    pub fn charge(&self, payer: &Payer<K>, cost: usize) {
        self.buckets().charge(payer, self.time_of(cost), LONGEST_DEBT, Instant::now());
    }

    /// The same for what one operation can do so often that a minute's points are no price for it.
    pub fn charge_in_full(&self, payer: &Payer<K>, cost: usize) {
        self.buckets().charge(payer, self.time_of(cost), LONGEST_FULL_DEBT, Instant::now());
    }

    /// Waits until the payer owes no points, while the condition holds.
    pub async fn wait(&self, payer: &Payer<K>, condition: impl Fn() -> bool) {
        loop {
            let wait = self.debt(payer, Instant::now());
            if wait.is_zero() || !condition() {
                return;
            }
            tokio::time::sleep(wait.min(WAIT_STEP)).await;
        }
    }

    fn spend_at(&self, payer: &Payer<K>, cost: usize, now: Instant) -> Result<(), RequestError> {
        let time = self.time_of(cost);
        if time > MINUTE {
            let message = "The operation costs more than you may spend in a minute.";
            let limit = usize::try_from(self.points.get()).unwrap_or(usize::MAX);
            return Err(RequestError::too_complex(message, Excess::of_cost(cost, limit)));
        }
        let mut buckets = self.buckets();
        let wait = buckets.wait_for(payer, time, now);
        if !wait.is_zero() {
            return Err(rate_limited(wait));
        }
        buckets.charge(payer, time, LONGEST_DEBT, now);
        Ok(())
    }

    /// How long to wait until the payer has a point.
    fn debt(&self, payer: &Payer<K>, now: Instant) -> Duration {
        self.buckets().wait_for(payer, self.time_of(1), now)
    }

    fn buckets(&self) -> MutexGuard<'_, Buckets<K>> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time in which points are regained. Nothing is free of charge.
    fn time_of(&self, cost: usize) -> Duration {
        let nanoseconds = MINUTE.as_nanos() * cost.max(1) as u128 / u128::from(self.points.get());
        Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX).min(MAX_NANOSECONDS))
    }
}

/// How often a condition is checked while a payer waits.
const WAIT_STEP: Duration = Duration::from_secs(1);
/// More than any limit, and so little that times can be added.
const MAX_NANOSECONDS: u64 = 1_000_000_000_000;

impl<K: Clone + Eq + Hash> Buckets<K> {
    /// How long to wait until points that take this time to regain can be spent.
    fn wait_for(&self, payer: &Payer<K>, time: Duration, now: Instant) -> Duration {
        let spent = self.full_at.get(payer).map_or(Duration::ZERO, |full_at| full_at.saturating_duration_since(now));
        (spent + time).saturating_sub(MINUTE)
    }

    /// A debt does not grow beyond the longest one, and one that is longer already stays as it is.
    fn charge(&mut self, payer: &Payer<K>, time: Duration, longest_debt: Duration, now: Instant) {
        self.drop_full(now);
        let full_at = self.full_at.entry(payer.clone()).or_insert(now);
        let charged = ((*full_at).max(now) + time).min(now + MINUTE + longest_debt);
        *full_at = charged.max(*full_at);
    }

    /// Drops full buckets when there are many. The time for it is constant on average.
    fn drop_full(&mut self, now: Instant) {
        if self.full_at.len() >= self.max {
            self.full_at.retain(|_, full_at| *full_at > now);
            self.max = MIN_BUCKETS.max(2 * self.full_at.len());
        }
    }
}

fn rate_limited(retry_after: Duration) -> RequestError {
    let message = "You have asked for too much in too short a time. Wait a moment.";
    RequestError::new(Code::RateLimited, message, None).retry_in(retry_after)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAYER: Payer<u8> = Payer::Viewer(1);

    fn limiter(points: u32) -> RateLimiter<u8> {
        RateLimiter::new(NonZeroU32::new(points).unwrap())
    }

    fn code(spent: Result<(), RequestError>) -> Option<(Code, Option<Duration>)> {
        spent.err().map(|error| (error.code, error.retry_after))
    }

    #[test]
    fn points_of_a_minute_can_be_spent_at_once_and_are_regained_steadily() {
        for points in [1, 7, 60, 1_000_000] {
            let (limiter, now) = (limiter(points), Instant::now());
            limiter.spend_at(&PAYER, points as usize - 1, now).unwrap();
            if points > 1 {
                limiter.spend_at(&PAYER, 1, now).unwrap();
            }
            assert!(code(limiter.spend_at(&PAYER, 1, now)).is_some_and(|(code, _)| code == Code::RateLimited));
            limiter.spend_at(&PAYER, 1, now + MINUTE / points + Duration::from_nanos(1)).unwrap();
        }
    }

    #[test]
    fn error_says_when_to_retry() {
        let (limiter, now) = (limiter(60), Instant::now());
        limiter.spend_at(&PAYER, 50, now).unwrap();
        let wait = Duration::from_secs(20);
        assert_eq!(code(limiter.spend_at(&PAYER, 30, now)), Some((Code::RateLimited, Some(wait))));
        limiter.spend_at(&PAYER, 30, now + wait).unwrap();
        assert_eq!(code(limiter.spend_at(&PAYER, 61, now)), Some((Code::QueryTooComplex, None)));
    }

    #[test]
    fn payers_have_buckets_of_their_own() {
        let (limiter, now) = (limiter(10), Instant::now());
        let network = |address: &str| Payer::Anonymous(Some(address.parse().unwrap()));
        for payer in [PAYER, Payer::Viewer(2), Payer::Anonymous(None), network("192.0.2.1"), network("192.0.2.2")] {
            limiter.spend_at(&payer, 10, now).unwrap();
            assert!(limiter.spend_at(&payer, 1, now).is_err());
        }
    }

    #[test]
    fn debt_is_limited_to_a_minute() {
        let (limiter, now) = (limiter(60), Instant::now());
        limiter.charge(&PAYER, 1_000_000_000);
        let debt = limiter.debt(&PAYER, now);
        assert!(debt > LONGEST_DEBT && debt < LONGEST_DEBT + Duration::from_secs(5), "{debt:?}");
        assert!(limiter.debt(&PAYER, now + 3 * MINUTE).is_zero());
    }

    #[test]
    fn debt_that_is_charged_in_full_is_longer_and_is_not_cut() {
        let (limiter, now) = (limiter(60), Instant::now());
        let is_about = |minutes: u32| {
            let debt = limiter.debt(&PAYER, now);
            assert!(debt > MINUTE * minutes && debt < MINUTE * minutes + Duration::from_secs(5), "{debt:?}");
        };
        limiter.charge_in_full(&PAYER, 60 * 4);
        is_about(3);
        limiter.charge(&PAYER, 1);
        is_about(3);
        limiter.charge_in_full(&PAYER, 1_000_000_000);
        is_about(10);
    }

    #[test]
    fn full_buckets_are_dropped() {
        let limiter = RateLimiter::<usize>::new(NonZeroU32::new(60).unwrap());
        let now = Instant::now();
        for number in 0..3 * MIN_BUCKETS {
            limiter.spend_at(&Payer::Viewer(number), 1, now + Duration::from_millis(number as u64)).unwrap();
        }
        assert!(limiter.buckets().full_at.len() <= MIN_BUCKETS);
    }
}
