//! Pages of a list by keyset: a page begins after an item, not after a number of items, so that it is stable while rows come and go.

use crate::domain::InterviewId;
use chrono::{DateTime, Utc};

/// What an order sorts by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SortKey {
    /// When the interview begins.
    #[default]
    StartAt,
    /// When it last changed.
    UpdatedAt,
    /// Its id.
    Id,
}

/// The order of a list of interviews. Equal keys are ordered by id, in the same direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InterviewOrder {
    /// What it sorts by.
    pub key: SortKey,
    /// From the largest to the smallest.
    pub descending: bool,
}

/// The place of an interview in such an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InterviewPosition {
    /// The value of the order's key; none where that is the id.
    pub time: Option<DateTime<Utc>>,
    /// The id, which makes the place unique.
    pub id: InterviewId,
}

/// Which part of a list is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window<P> {
    /// Only what comes after this place.
    pub after: Option<P>,
    /// Only what comes before this place.
    pub before: Option<P>,
    /// How many items.
    pub limit: u64,
    /// Whether they are the last ones rather than the first ones.
    pub from_end: bool,
}

/// Items in the order of the list, and whether there are more on either side.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// At most as many as were asked for.
    pub items: Vec<T>,
    /// Whether something comes before them.
    pub has_previous: bool,
    /// Whether something comes after them.
    pub has_next: bool,
}

impl<P> Window<P> {
    /// How many rows to fetch: one more tells whether there is a further page.
    #[must_use]
    pub fn fetch(&self) -> u64 {
        self.limit + 1
    }

    /// Makes the page of what was fetched from the window's end that comes first.
    #[must_use]
    pub fn page<T>(&self, mut fetched: Vec<T>) -> Page<T> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = fetched.len() > limit;
        fetched.truncate(limit);
        if self.from_end {
            fetched.reverse();
        }
        // A cursor stands at an item, or where one was: beyond it there is something as far as anybody can tell without asking.
        let has_previous = self.after.is_some() || (self.from_end && more);
        let has_next = self.before.is_some() || (!self.from_end && more);
        Page { items: fetched, has_previous, has_next }
    }
}
