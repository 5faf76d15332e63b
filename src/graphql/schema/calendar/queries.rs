//! The query `calendarFeeds`.

use crate::graphql::context::ContextExt;
use crate::graphql::schema::calendar::feed::CalendarFeed;
use async_graphql::{Context, Object, Result};

pub struct CalendarQueries;

#[Object]
impl CalendarQueries {
    /// The viewer's feeds for calendar programs, oldest first; at most 5. Their addresses were shown when they were
    /// created.
    async fn calendar_feeds(&self, ctx: &Context<'_>) -> Result<Vec<CalendarFeed>> {
        let feeds = ctx.map_failure(ctx.services().calendar_feeds(ctx.viewer()?).await)?;
        Ok(feeds.into_iter().map(CalendarFeed::from).collect())
    }
}
