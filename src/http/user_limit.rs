//! A limit for each user on how many of something they have at a time.

use crate::domain::UserId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Counts what each user has.
#[derive(Clone, Debug)]
pub(crate) struct UserLimit {
    max: usize,
    counts: Arc<Mutex<HashMap<UserId, usize>>>,
}

/// One of a user, until it is dropped.
#[derive(Debug)]
pub(crate) struct UserPermit {
    user: UserId,
    limit: UserLimit,
}

impl UserLimit {
    pub(crate) fn new(max: usize) -> Self {
        Self { max, counts: Arc::default() }
    }

    /// A permit for one more; none at the limit.
    pub(crate) fn try_acquire(&self, user: UserId) -> Option<UserPermit> {
        let mut counts = self.counts();
        if counts.get(&user).copied().unwrap_or_default() >= self.max {
            return None;
        }
        *counts.entry(user).or_default() += 1;
        Some(UserPermit { user, limit: self.clone() })
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<UserId, usize>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for UserPermit {
    fn drop(&mut self) {
        let mut counts = self.limit.counts();
        if let Some(count) = counts.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: UserId = UserId(1);
    const OTHER: UserId = UserId(2);

    #[test]
    fn each_user_has_a_limit_of_their_own() {
        let limit = UserLimit::new(2);
        let held = [limit.try_acquire(USER).unwrap(), limit.try_acquire(USER).unwrap()];
        assert!(limit.try_acquire(USER).is_none());
        let other = limit.try_acquire(OTHER).unwrap();
        drop((held, other));
        assert!(limit.counts().is_empty());
        assert!(limit.try_acquire(USER).is_some());
        assert!(UserLimit::new(0).try_acquire(USER).is_none());
    }
}
