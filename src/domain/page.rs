//! Keyset pagination: a page begins after an item, not after a number of items, so that pages stay stable while rows
//! are inserted and deleted.

use crate::domain::InterviewId;
use chrono::{DateTime, Utc};

/// The key by which interviews are sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SortKey {
    /// The start of the interview.
    #[default]
    StartAt,
    /// The time of the last change.
    UpdatedAt,
    /// The id alone.
    Id,
}

/// The order of a list of interviews. Equal keys are ordered by id, in the same direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InterviewOrder {
    /// The key that is compared first.
    pub key: SortKey,
    /// Whether the greatest key comes first.
    pub descending: bool,
}

/// The position of an interview in an [`InterviewOrder`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InterviewPosition {
    /// The value of the sort key; none for [`SortKey::Id`].
    pub time: Option<DateTime<Utc>>,
    /// Makes the position unique.
    pub id: InterviewId,
}

/// The part of a list that a page shows. `P` is a position in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window<P> {
    /// Only items after this position.
    pub after: Option<P>,
    /// Only items before this position.
    pub before: Option<P>,
    /// The largest number of items.
    pub limit: u64,
    /// Whether the page shows the last items between the positions rather than the first.
    pub from_end: bool,
}

/// The items of one page, in the order of the list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// At most [`Window::limit`] items.
    pub items: Vec<T>,
    /// Whether the list has items before them.
    pub has_previous: bool,
    /// Whether the list has items after them.
    pub has_next: bool,
}

/// The page of a list without items.
impl<T> Default for Page<T> {
    fn default() -> Self {
        Self { items: Vec::new(), has_previous: false, has_next: false }
    }
}

impl<P> Window<P> {
    /// The number of rows to fetch. One more than the limit shows whether there is a further page.
    #[must_use]
    pub fn fetch(&self) -> u64 {
        self.limit + 1
    }

    /// Makes a page of the fetched rows, which begin at the end of the window that [`Window::from_end`] names.
    #[must_use]
    pub fn page<T>(&self, mut fetched: Vec<T>) -> Page<T> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = fetched.len() > limit;
        fetched.truncate(limit);
        if self.from_end {
            fetched.reverse();
        }
        // A cursor was an item of the list, so there is an item on its other side, unless it was deleted. Checking
        // costs a statement.
        let has_previous = self.after.is_some() || (self.from_end && more);
        let has_next = self.before.is_some() || (!self.from_end && more);
        Page { items: fetched, has_previous, has_next }
    }
}
