//! The mutations on feeds.

use crate::domain::{FeedId, Refusal, RefusalCode, calendar};
use crate::graphql::context::ContextExt;
use crate::graphql::schema::calendar::feed::FeedScope;
use crate::graphql::schema::calendar::payload::CalendarFeedPayload;
use crate::graphql::schema::interview::user_errors::UserError;
use crate::services::{FeedCreation, ServiceError};
use async_graphql::{Context, ID, Object, Result};

pub struct CalendarMutations;

#[Object]
impl CalendarMutations {
    /// Creates a feed for a calendar program. A user can have 5 (`TOO_MANY_FEEDS`). For drivers and staff.
    async fn create_calendar_feed(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Whose interviews the feed has. `COMPANY` is for staff.",
            default_with = "Some(FeedScope::Mine)"
        )]
        scope: Option<FeedScope>,
    ) -> Result<CalendarFeedPayload> {
        let scope = calendar::FeedScope::from(scope.unwrap_or(FeedScope::Mine));
        match ctx.services().create_calendar_feed(ctx.viewer()?, scope).await {
            Ok(FeedCreation::Created(feed, token)) => {
                Ok(CalendarFeedPayload::created(feed, token.address(ctx.services().public_url())))
            }
            Ok(FeedCreation::TooMany) => {
                ctx.record_user_error(RefusalCode::TooManyFeeds);
                Ok(CalendarFeedPayload::refused(UserError::too_many_feeds()))
            }
            Err(ServiceError::Refused(Refusal::Forbidden(reason))) => {
                ctx.record_user_error(RefusalCode::Forbidden);
                Ok(CalendarFeedPayload::refused(UserError::not_permitted(reason)))
            }
            Err(failure) => Err(ctx.failure(failure)),
        }
    }

    /// Ends a feed of the viewer: from now on there is nothing at its address. Programs that have read it keep what
    /// they have.
    async fn revoke_calendar_feed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the feed.")] id: ID,
    ) -> Result<CalendarFeedPayload> {
        let revoked = ctx.services().revoke_calendar_feed(ctx.viewer()?, FeedId::from_text(&id)).await;
        if let Some(feed) = ctx.map_failure(revoked)? {
            return Ok(CalendarFeedPayload::revoked(feed));
        }
        ctx.record_user_error(RefusalCode::NotFound);
        Ok(CalendarFeedPayload::refused(UserError::unknown_feed(&["id"])))
    }
}
