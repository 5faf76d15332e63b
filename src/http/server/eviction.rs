//! Chooses the connection that is closed for a new one when the server is full.
//!
//! First come connections on which a request has been arriving for some time, then those between two requests, then
//! those on which a request has just begun to arrive, then those whose clients do not read their responses; of each
//! kind the oldest first. So a client that opens connections and asks for nothing keeps no other client out, and one
//! that asks at once is served.

use crate::http::server::activity::{Activity, Idle, IdleKind};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

/// The open connections, by their ids.
#[derive(Debug, Default)]
pub(super) struct EvictionCandidates {
    next_id: u64,
    open: HashMap<u64, Arc<Activity>>,
    /// Those that were idle when they were last searched, in the order in which they are closed. They are sorted once
    /// for many evictions: an eviction must not take time for each connection, because a client can cause one by
    /// connecting.
    found: VecDeque<(Idle, Weak<Activity>)>,
    last_search: Option<Instant>,
}

/// How often idle connections are searched at most.
const SEARCH_INTERVAL: Duration = Duration::from_millis(10);

impl EvictionCandidates {
    /// Adds a connection. Returns its id.
    pub(super) fn add(&mut self, activity: Arc<Activity>) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.open.insert(id, activity);
        id
    }

    pub(super) fn remove(&mut self, id: u64) {
        self.open.remove(&id);
    }

    /// Whether a request has arrived on any of them that is not answered.
    pub(super) fn have_requests(&self) -> bool {
        self.open.values().any(|activity| activity.has_request())
    }

    /// The connection that has to close next; `None` when none is idle, or when that is not known before the next
    /// search.
    pub(super) fn next(&mut self) -> Option<Arc<Activity>> {
        let now = Instant::now();
        let may_search = self.last_search.is_none_or(|last| now.duration_since(last) >= SEARCH_INTERVAL);
        // Connections of the first kind may have been added since the last search.
        let is_found = self.found.front().is_some_and(|(idle, _)| idle.kind == IdleKind::Unfinished);
        if may_search && !is_found {
            self.last_search = Some(now);
            self.search();
        }
        self.next_found()
    }

    fn search(&mut self) {
        let open = self.open.values().filter(|activity| !activity.is_evicted());
        let mut found: Vec<_> = open.filter_map(|it| Some((it.idle()?, Arc::downgrade(it)))).collect();
        found.sort_unstable_by_key(|(idle, _)| *idle);
        self.found = found.into();
    }

    /// The next of those that were found, if it has been idle since.
    fn next_found(&mut self) -> Option<Arc<Activity>> {
        while let Some((idle, activity)) = self.found.pop_front() {
            if let Some(activity) = activity.upgrade()
                && activity.idle().is_some_and(|now| now.since == idle.since)
            {
                return Some(activity);
            }
        }
        None
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio_util::sync::CancellationToken;

    /// Connections, the oldest first.
    fn candidates<const N: usize>() -> (EvictionCandidates, [Arc<Activity>; N]) {
        let mut candidates = EvictionCandidates::default();
        let activities = [(); N].map(|()| Arc::new(Activity::new(&CancellationToken::new())));
        for activity in &activities {
            candidates.add(activity.clone());
        }
        (candidates, activities)
    }

    /// The positions of all connections that can be closed, in this order.
    fn evicted(candidates: &mut EvictionCandidates, activities: &[Arc<Activity>]) -> Vec<usize> {
        std::thread::sleep(SEARCH_INTERVAL);
        let mut evicted = Vec::new();
        while let Some(activity) = candidates.next() {
            activity.evict();
            evicted.push(activities.iter().position(|it| Arc::ptr_eq(it, &activity)).unwrap());
        }
        evicted
    }

    #[test]
    fn connections_without_a_whole_request_come_first_and_new_ones_last() {
        let (mut candidates, activities) = candidates::<5>();
        let [answered_last, answered_first, in_use, unfinished, _silent] = &activities;
        for used in [answered_last, answered_first, in_use, unfinished] {
            used.begin_request();
        }
        answered_first.rest();
        answered_last.rest();
        unfinished.rest();
        unfinished.receive();
        std::thread::sleep(Duration::from_millis(300));
        let new = Arc::new(Activity::new(&CancellationToken::new()));
        candidates.add(new.clone());
        let activities = [&activities[..], &[new]].concat();
        assert_eq!(evicted(&mut candidates, &activities), [4, 3, 1, 0, 5]);
        let again = evicted(&mut candidates, &activities);
        assert!(again.is_empty(), "each is closed once, and one that is in use is not");
    }

    #[test]
    fn connection_that_got_a_request_since_the_search_is_passed_over() {
        let (mut candidates, activities) = candidates::<3>();
        let first = candidates.next().unwrap();
        assert!(Arc::ptr_eq(&first, &activities[0]));
        first.evict();
        activities[1].begin_request();
        assert_eq!(evicted(&mut candidates, &activities), [2]);
    }

    #[test]
    fn connections_are_searched_seldom() {
        let (mut candidates, activities) = candidates::<1>();
        activities[0].begin_request();
        assert!(candidates.next().is_none());
        activities[0].rest();
        let searched = candidates.last_search;
        while candidates.next().is_none() {
            assert_eq!(candidates.last_search, searched);
        }
        assert_ne!(candidates.last_search, searched);
    }
}
