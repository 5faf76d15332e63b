//! The result of the mutations on feeds.

use crate::domain::calendar::CalendarFeed as Feed;
use crate::graphql::schema::calendar::feed::CalendarFeed;
use crate::graphql::schema::interview::user_errors::UserError;
use async_graphql::SimpleObject;

/// The result of `createCalendarFeed` and `revokeCalendarFeed`.
#[derive(SimpleObject)]
pub struct CalendarFeedPayload {
    /// The feed; after `revokeCalendarFeed`, what it was. Null if there are user errors; nothing was changed then.
    feed: Option<CalendarFeed>,
    /// The address of the feed, for a calendar program. Only `createCalendarFeed` returns it, and no query does: it is
    /// as secret as a password.
    url: Option<String>,
    /// The errors that the user can fix. Empty on success.
    user_errors: Vec<UserError>,
}

impl CalendarFeedPayload {
    pub fn created(feed: Feed, url: String) -> Self {
        Self { feed: Some(feed.into()), url: Some(url), user_errors: Vec::new() }
    }

    pub fn revoked(feed: Feed) -> Self {
        Self { feed: Some(feed.into()), url: None, user_errors: Vec::new() }
    }

    pub fn refused(error: UserError) -> Self {
        Self { feed: None, url: None, user_errors: vec![error] }
    }
}
