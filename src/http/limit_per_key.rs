//! A limit for each user, or each client address, on how many of something they have at a time.

use crate::domain::UserId;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Counts what each key has.
#[derive(Clone, Debug)]
pub(crate) struct LimitPerKey<K> {
    max: usize,
    counts: Arc<Mutex<HashMap<K, usize>>>,
}

/// One of a key, until it is dropped.
#[derive(Debug)]
pub(crate) struct KeyPermit<K: Eq + Hash> {
    key: K,
    limit: LimitPerKey<K>,
}

pub(crate) type UserLimit = LimitPerKey<UserId>;
pub(crate) type UserPermit = KeyPermit<UserId>;

impl<K: Copy + Eq + Hash> LimitPerKey<K> {
    pub(crate) fn new(max: usize) -> Self {
        Self { max, counts: Arc::default() }
    }

    /// A permit for one more; none at the limit.
    pub(crate) fn try_acquire(&self, key: K) -> Option<KeyPermit<K>> {
        let mut counts = self.counts();
        if counts.get(&key).copied().unwrap_or_default() >= self.max {
            return None;
        }
        *counts.entry(key).or_default() += 1;
        Some(KeyPermit { key, limit: self.clone() })
    }
}

impl<K> LimitPerKey<K> {
    fn counts(&self) -> MutexGuard<'_, HashMap<K, usize>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash> Drop for KeyPermit<K> {
    fn drop(&mut self) {
        let mut counts = self.limit.counts();
        if let Some(count) = counts.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.key);
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
