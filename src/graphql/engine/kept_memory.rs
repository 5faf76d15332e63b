//! The memory of what subscriptions keep for as long as they are open: the text of the document, and its variables.
//! Each user has a limit of their own. The budget of requests is not used for it, because one user could keep it for
//! days.

use crate::graphql::engine::document::Hash;
use crate::graphql::engine::error::{Code, RequestError};
use std::collections::HashMap;
use std::hash::Hash as Hashable;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The memory of all subscriptions. `K` identifies a user.
#[derive(Clone, Debug)]
pub struct KeptMemory<K> {
    max_per_user: usize,
    state: Arc<Mutex<State<K>>>,
}

#[derive(Debug)]
struct State<K> {
    users: HashMap<K, OfUser>,
    /// The texts of all users, with the number of subscriptions that keep them. Equal texts are in memory once.
    texts: HashMap<Hash, (Arc<str>, usize)>,
}

/// What one user keeps.
#[derive(Debug, Default)]
struct OfUser {
    bytes: usize,
    /// The number of this user's subscriptions by text. A text counts once for each user.
    texts: HashMap<Hash, usize>,
}

/// What one subscription keeps, until this is dropped.
#[derive(Debug)]
pub struct KeptSubscription<K: Eq + Hashable> {
    user: K,
    hash: Hash,
    /// What it keeps besides the text, in bytes.
    bytes: usize,
    text: Arc<str>,
    memory: KeptMemory<K>,
}

/// About the memory of a subscription without text and values, in bytes.
const SUBSCRIPTION: usize = 2 * 1024;

impl<K: Clone + Eq + Hashable> KeptMemory<K> {
    /// At most this many bytes for each user.
    #[must_use]
    pub fn new(max_per_user: usize) -> Self {
        let state = State { users: HashMap::new(), texts: HashMap::new() };
        Self { max_per_user, state: Arc::new(Mutex::new(state)) }
    }

    /// Counts a subscription of a user with this text, and values of so many bytes.
    ///
    /// # Errors
    /// `TOO_MANY_SUBSCRIPTIONS`
    pub fn keep(
        &self,
        user: K,
        hash: Hash,
        text: &Arc<str>,
        values: usize,
    ) -> Result<KeptSubscription<K>, RequestError> {
        let bytes = SUBSCRIPTION + values;
        let mut state = self.state();
        let (used, is_known) =
            state.users.get(&user).map_or((0, false), |user| (user.bytes, user.texts.contains_key(&hash)));
        let more = if is_known { bytes } else { bytes + text.len() };
        if used + more > self.max_per_user {
            return Err(self.refusal());
        }
        let of_user = state.users.entry(user.clone()).or_default();
        of_user.bytes += more;
        *of_user.texts.entry(hash).or_default() += 1;
        let (text, count) = state.texts.entry(hash).or_insert_with(|| (text.clone(), 0));
        *count += 1;
        let text = text.clone();
        drop(state);
        Ok(KeptSubscription { user, hash, bytes, text, memory: self.clone() })
    }

    fn refusal(&self) -> RequestError {
        let message = format!(
            "Your subscriptions use more than {} bytes of the server's memory together. Complete one first.",
            self.max_per_user
        );
        RequestError::new(Code::TooManySubscriptions, message, None)
    }
}

impl<K> KeptMemory<K> {
    fn state(&self) -> MutexGuard<'_, State<K>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hashable> KeptSubscription<K> {
    /// The text, which other subscriptions may share.
    #[must_use]
    pub fn text(&self) -> Arc<str> {
        self.text.clone()
    }
}

impl<K: Eq + Hashable> Drop for KeptSubscription<K> {
    fn drop(&mut self) {
        let mut state = self.memory.state();
        let State { users, texts } = &mut *state;
        if let Some(of_user) = users.get_mut(&self.user) {
            of_user.bytes -= self.bytes;
            if is_last(&mut of_user.texts, &self.hash, |count| count) {
                of_user.bytes -= self.text.len();
            }
            if of_user.texts.is_empty() {
                users.remove(&self.user);
            }
        }
        is_last(texts, &self.hash, |(_, count)| count);
    }
}

/// Removes one from a count; returns whether it was the last one.
fn is_last<V>(counts: &mut HashMap<Hash, V>, hash: &Hash, count: impl Fn(&mut V) -> &mut usize) -> bool {
    let Some(value) = counts.get_mut(hash) else { return false };
    let count = count(value);
    *count -= 1;
    let is_last = *count == 0;
    if is_last {
        counts.remove(hash);
    }
    is_last
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: u8 = 1;
    const OTHER: u8 = 2;

    fn text(length: usize) -> Arc<str> {
        "x".repeat(length).into()
    }

    #[test]
    fn each_user_has_a_limit_of_their_own() {
        let memory = KeptMemory::new(10_000);
        let first = memory.keep(ONE, [1; 32], &text(5000), 0).unwrap();
        assert!(memory.keep(ONE, [2; 32], &text(5000), 0).is_err());
        assert!(memory.keep(ONE, [1; 32], &text(5000), 4000).is_err(), "its variables are too long");
        let second = memory.keep(ONE, [1; 32], &text(5000), 0).unwrap();
        let other = memory.keep(OTHER, [2; 32], &text(5000), 1000).unwrap();
        assert_eq!(memory.state().users[&ONE].bytes, 2 * SUBSCRIPTION + 5000);
        drop((first, other));
        assert_eq!(memory.state().users[&ONE].bytes, SUBSCRIPTION + 5000);
        drop(second);
        assert!(memory.state().users.is_empty() && memory.state().texts.is_empty());
        assert!(memory.keep(ONE, [2; 32], &text(5000), 0).is_ok());
    }

    #[test]
    fn equal_texts_are_shared_by_all_users() {
        let memory = KeptMemory::new(10_000);
        let first = memory.keep(ONE, [1; 32], &text(10), 0).unwrap();
        let second = memory.keep(OTHER, [1; 32], &text(10), 0).unwrap();
        assert!(Arc::ptr_eq(&first.text, &second.text));
        drop(first);
        let third = memory.keep(ONE, [1; 32], &text(10), 0).unwrap();
        assert!(Arc::ptr_eq(&third.text, &second.text));
    }
}
