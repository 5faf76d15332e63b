//! The memory of missed events that subscribers have read from the log and not delivered yet: a client that reads
//! slowly keeps a page of them. They have a budget of their own, because a subscriber that catches up must not fail
//! while requests use the memory.

use super::log_entry::LogEntry;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The budget of all subscribers of a server. Its permits are units of [`UNIT`] bytes.
#[derive(Debug)]
pub(crate) struct MissedMemory(Arc<Semaphore>);

/// An entry that is not delivered yet. One of each subscriber is kept also when there is no memory.
#[derive(Debug)]
pub(super) struct MissedEntry {
    pub(super) entry: Arc<LogEntry>,
    _memory: Option<OwnedSemaphorePermit>,
}

const UNIT: usize = 1024;

/// About the memory of the largest entry, in bytes: a change from one text of 2000 characters to another one, and the
/// interview with its texts.
const LARGEST_ENTRY: usize = 32 * 1024;

impl MissedMemory {
    /// A budget of so many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new((bytes / UNIT).min(Semaphore::MAX_PERMITS))))
    }

    /// How many entries to read at once: those that fit in any case, at least one and at most `max`.
    pub(super) fn page_size(&self, max: u64) -> u64 {
        let fit = self.0.available_permits() / (LARGEST_ENTRY / UNIT);
        u64::try_from(fit).unwrap_or(u64::MAX).clamp(1, max)
    }

    /// Counts entries until they are delivered. Returns those for which there is memory, at least the first.
    pub(super) fn keep(&self, entries: Vec<LogEntry>) -> VecDeque<MissedEntry> {
        let mut kept = VecDeque::new();
        for entry in entries {
            let units = u32::try_from(entry.memory().div_ceil(UNIT)).unwrap_or(u32::MAX);
            let memory = self.0.clone().try_acquire_many_owned(units).ok();
            if memory.is_none() && !kept.is_empty() {
                break;
            }
            kept.push_back(MissedEntry { entry: Arc::new(entry), _memory: memory });
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::events::log_entry::tests::entry;

    fn entries(count: usize) -> Vec<LogEntry> {
        std::iter::repeat_with(|| entry(20_000)).take(count).collect()
    }

    #[test]
    fn entries_are_kept_while_there_is_memory_and_one_in_any_case() {
        let memory = MissedMemory::new(100_000);
        let first = memory.keep(entries(10));
        assert_eq!(first.len(), 4);
        let second = memory.keep(entries(10));
        assert_eq!(second.len(), 1);
        drop(first);
        assert_eq!(memory.keep(entries(3)).len(), 3);
        assert!(memory.keep(Vec::new()).is_empty());
    }

    #[test]
    fn pages_are_small_when_there_is_little_memory() {
        let memory = MissedMemory::new(10 * LARGEST_ENTRY);
        assert_eq!((memory.page_size(100), memory.page_size(5)), (10, 5));
        let kept = memory.keep(entries(1000));
        assert_eq!(memory.page_size(100), 1);
        drop(kept);
        assert_eq!(memory.page_size(100), 10);
    }
}
