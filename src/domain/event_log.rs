//! Positions in the event log, and what clients keep of them.

use crate::domain::EventId;
use chrono::{DateTime, Utc};

/// Identifies a history of the event log. A database that is restored, or promoted without its last events, gives ids
/// and transaction numbers out again: the log then begins another history, with another epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Epoch(pub i64);

/// A position in the total order of one history of the event log. Nothing is ever added before a position that was
/// read. Of one interview, later events have greater positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogPosition {
    /// The number of the database transaction that wrote the event, or a greater one; 0 on SQLite, which has one writer
    /// at a time.
    pub transaction: i64,
    /// The event at this position.
    pub event: EventId,
    /// The time of the event; none before all events. It distinguishes the event from one that got the same numbers
    /// after a restore, and does not influence the order.
    pub at: Option<DateTime<Utc>>,
}

impl LogPosition {
    /// Before all events.
    pub const START: Self = Self { transaction: -1, event: EventId(0), at: None };
}

/// What a client keeps of an event to resume after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogCursor {
    /// The history in which the client received the event.
    pub epoch: Epoch,
    /// The id of the event.
    pub event: EventId,
    /// The time of the event.
    pub at: DateTime<Utc>,
}

/// Where a client begins to read the log, or has to begin if it has read everything up to now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// At the first event that the log has.
    Start,
    /// After this event.
    After(LogCursor),
}
