//! Limits how many subscribers catch up at a time, so that they leave database connections to other requests. Each user
//! has one permit at a time: a user with many subscriptions does not delay the others.

use crate::domain::UserId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The permits to do work for one subscriber that catches up.
#[derive(Debug)]
pub(crate) struct CatchUpLimit {
    server: Arc<Semaphore>,
    users: Mutex<Users>,
}

#[derive(Debug)]
struct Users {
    semaphores: HashMap<UserId, Arc<Semaphore>>,
    /// The number of semaphores at which those that are not in use are dropped.
    max: usize,
}

/// Allows some work for one subscriber that catches up, until it is dropped. Its holder must not wait for the client:
/// the future of a subscription is not polled while the client does not read.
#[derive(Debug)]
pub struct CatchUpPermit {
    _of_server: OwnedSemaphorePermit,
    _of_user: OwnedSemaphorePermit,
}

/// How many subscribers catch up at a time.
const PERMITS: usize = 3;
/// The number of semaphores that are kept without looking for those that are not in use.
const MIN_KEPT: usize = 1000;

impl CatchUpLimit {
    pub(crate) fn new() -> Self {
        let users = Users { semaphores: HashMap::new(), max: MIN_KEPT };
        Self { server: Arc::new(Semaphore::new(PERMITS)), users: Mutex::new(users) }
    }

    /// Waits for a permit. It is never `None`: the semaphores stay open.
    pub(crate) async fn acquire(&self, user: UserId) -> Option<CatchUpPermit> {
        let of_user = self.of_user(user).acquire_owned().await.ok()?;
        let of_server = self.server.clone().acquire_owned().await.ok()?;
        Some(CatchUpPermit { _of_server: of_server, _of_user: of_user })
    }

    fn of_user(&self, user: UserId) -> Arc<Semaphore> {
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        if users.semaphores.len() >= users.max {
            users.semaphores.retain(|_, semaphore| Arc::strong_count(semaphore) > 1);
            users.max = MIN_KEPT.max(2 * users.semaphores.len());
        }
        users.semaphores.entry(user).or_insert_with(|| Arc::new(Semaphore::new(1))).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[tokio::test]
    async fn user_has_one_permit_at_a_time() {
        let limit = CatchUpLimit::new();
        let first = limit.acquire(UserId(1)).await;
        assert!(limit.acquire(UserId(1)).now_or_never().is_none());
        let other = limit.acquire(UserId(2)).now_or_never();
        assert!(other.is_some());
        drop(first);
        assert!(limit.acquire(UserId(1)).now_or_never().is_some());
    }

    #[tokio::test]
    async fn permits_of_all_users_are_limited() {
        let limit = CatchUpLimit::new();
        let mut held: Vec<_> = (0..3).map(|user| limit.acquire(UserId(user)).now_or_never().unwrap()).collect();
        assert!(limit.acquire(UserId(3)).now_or_never().is_none());
        held.pop();
        assert!(limit.acquire(UserId(3)).now_or_never().is_some());
    }

    #[tokio::test]
    async fn users_without_a_permit_are_forgotten() {
        let limit = CatchUpLimit::new();
        let _held = limit.acquire(UserId(-1)).await;
        for user in 0..10_000 {
            limit.acquire(UserId(user)).await;
        }
        assert!(limit.users.lock().unwrap().semaphores.len() <= MIN_KEPT);
        assert!(limit.acquire(UserId(-1)).now_or_never().is_none());
    }
}
