//! The type `CalendarFeed`.

use crate::domain::calendar;
use crate::graphql::schema::scalars::DateTime;
use async_graphql::{Enum, ID, SimpleObject};

/// An address from which a calendar program reads interviews: those that began in the last 30 days or will begin in the
/// next 400. Everybody who has the address can read them.
#[derive(SimpleObject)]
pub struct CalendarFeed {
    /// The id.
    id: ID,
    /// Whose interviews it has.
    scope: FeedScope,
    /// The time of creation.
    created_at: DateTime,
    /// When it was last read, at most five minutes late. Null if it never was.
    last_read_at: Option<DateTime>,
}

/// Whose interviews a feed has.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "calendar::FeedScope")]
pub enum FeedScope {
    /// Those of the viewer: as the driver, or as the interviewer.
    Mine,
    /// Those of the viewer's company. For staff.
    Company,
}

impl From<calendar::CalendarFeed> for CalendarFeed {
    fn from(feed: calendar::CalendarFeed) -> Self {
        let calendar::CalendarFeed { id, scope, created_at, last_read_at } = feed;
        Self {
            id: id.0.into(),
            scope: scope.into(),
            created_at: created_at.into(),
            last_read_at: last_read_at.map(DateTime::from),
        }
    }
}
