//! What the follower sends to all subscribers, and how much of it stays in memory for those who lag.

use super::log_entry::LogEntry;
use crate::domain::LogPosition;
use std::collections::VecDeque;
use std::sync::{Arc, Weak};

/// A message to all subscribers.
#[derive(Clone, Debug)]
pub(crate) enum Broadcast {
    /// An entry and its position. A subscriber that finds the entry dropped lags.
    Entry(LogPosition, Weak<LogEntry>),
    /// The last message: the position of the follower is not in the present history of the log.
    HistoryChanged,
}

/// The entries that were sent last. They are kept once, for all subscribers together. One that lags further reads the
/// log by itself.
#[derive(Debug, Default)]
pub(super) struct RecentEntries {
    entries: VecDeque<(Arc<LogEntry>, usize)>,
    bytes: usize,
}

/// The most entries that are kept.
pub(super) const CAPACITY: usize = 1024;
/// The most bytes that they use. An entry can have 24 KiB, and a usual one has 1 KiB.
const MAX_BYTES: usize = 8 * 1024 * 1024;

impl RecentEntries {
    /// Keeps an entry; the message by which to send it.
    pub(super) fn keep(&mut self, entry: LogEntry) -> Broadcast {
        let (bytes, entry) = (entry.memory(), Arc::new(entry));
        let message = Broadcast::Entry(entry.position, Arc::downgrade(&entry));
        self.bytes += bytes;
        self.entries.push_back((entry, bytes));
        while self.entries.len() > CAPACITY || (self.bytes > MAX_BYTES && self.entries.len() > 1) {
            let Some((_, bytes)) = self.entries.pop_front() else { break };
            self.bytes -= bytes;
        }
        message
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::events::log_entry::tests::entry;

    /// How many of so many entries are in memory after the last one was sent. Those that were sent last are.
    fn kept(count: usize, length: usize) -> usize {
        let mut recent = RecentEntries::default();
        let sent: Vec<_> = (0..count).map(|_| recent.keep(entry(length))).collect();
        let is_kept = |message: &Broadcast| matches!(message, Broadcast::Entry(_, entry) if entry.strong_count() > 0);
        let kept = sent.iter().filter(|message| is_kept(message)).count();
        assert!(sent[count - kept..].iter().all(is_kept));
        kept
    }

    #[test]
    fn number_and_bytes_of_recent_entries_are_limited() {
        assert_eq!(kept(CAPACITY, 10), CAPACITY);
        assert_eq!(kept(CAPACITY + 10, 10), CAPACITY);
        let long = kept(CAPACITY, 20_000);
        assert!((MAX_BYTES / 22_000..MAX_BYTES / 20_000).contains(&long), "{long}");
        assert_eq!(kept(3, 2 * MAX_BYTES), 1);
    }
}
