//! Interviews in people's own calendars.

mod entry;
mod feed;
mod links;

pub use entry::{CalendarEntry, CalendarSide, EntryStatus, Person, PublishedEntry};
pub use feed::{CalendarFeed, CalendarOwner, FeedScope, FeedWindow};
pub use links::CalendarLinks;
