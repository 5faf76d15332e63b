//! What can be asked.

use crate::domain::page::InterviewOrder;
use crate::domain::{EventId, InterviewId, IntervieweeId, LogPosition};
use crate::graphql::context::ContextExt;
use crate::graphql::direct_json::One;
use crate::graphql::relay::connection::Connection;
use crate::graphql::relay::cursor::PageArguments;
use crate::graphql::schema::interview::event::{EventQuery, InterviewEvent};
use crate::graphql::schema::interview::inputs::{InterviewFilterInput, InterviewOrderInput, check_search};
use crate::graphql::schema::interview::object::{Interview, InterviewQuery, selects_people};
use crate::graphql::schema::interview::subscription::position;
use crate::graphql::schema::people::interviewee::Interviewee;
use crate::graphql::schema::people::object::{Interviewer, Viewer};
use async_graphql::{Context, ID, Object, Result};
use std::sync::Arc;

/// What can be asked. Whatever the viewer may not see is answered as if it did not exist.
pub struct Query;

/// What can be asked. Whatever the viewer may not see is answered as if it did not exist.
#[Object]
impl Query {
    /// The user on whose behalf this request is answered.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<Viewer> {
        Ok(Viewer(ctx.viewer()?.clone()))
    }

    /// One interview; null when there is none for the viewer.
    async fn interview(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The interview's id.")] id: ID,
    ) -> Option<Result<One<Box<Interview>>>> {
        let found = async {
            let (viewer, id) = (ctx.viewer()?, InterviewId::from_text(&id));
            let found = if selects_people(&ctx.look_ahead()) {
                ctx.services().interview_with_people(viewer, id).await.map(|found| found.map(Interview::from))
            } else {
                ctx.services().interview(viewer, id).await.map(|found| found.map(Interview::from))
            };
            found.map_err(|error| ctx.failure(error))
        };
        found.await.transpose().map(|interview| interview.map(|it| One(Box::new(it))))
    }

    /// The interviews that the viewer sees.
    #[expect(clippy::too_many_arguments, reason = "Relay's four, a filter and an order")]
    async fn interviews(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the start, from 0 to 100. 20 when `first` and `last` are left out.")]
        first: Option<i32>,
        #[graphql(desc = "Begins after the item with this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, from 0 to 100. Not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Ends before the item with this cursor.")] before: Option<String>,
        #[graphql(desc = "What the list is narrowed down to.")] filter: Option<InterviewFilterInput>,
        #[graphql(desc = "The order. START_AT, ASC when it is left out. A cursor belongs to the field of its order.")]
        order_by: Option<InterviewOrderInput>,
    ) -> Result<Connection<Interview>> {
        let viewer = ctx.viewer()?;
        let order = order_by.map(InterviewOrder::from).unwrap_or_default();
        let window = PageArguments { first, after, last, before }.window(order.key)?;
        let filter = filter.unwrap_or_default().into_domain()?;
        let page = ctx.services().interviews(viewer, &filter, order, &window).await;
        let page = page.map_err(|error| ctx.failure(error))?;
        Ok(Connection::new(page, InterviewQuery::Listed(filter, order), Interview::from))
    }

    /// What happened to the interviews that the viewer sees, oldest first: the log behind the subscription `interviewChanged`, for
    /// clients that ask now and then. Pass the id of the last event as the next `since`.
    async fn interview_changes(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Begins after the event with this id; at the start of the log when it is left out, or \"0\"."
        )]
        since: Option<ID>,
        #[graphql(desc = "How many at most, from 0 to 100. 20 when it is left out.")] first: Option<i32>,
    ) -> Result<Connection<InterviewEvent>> {
        let viewer = ctx.viewer()?;
        let limit = PageArguments { first, ..PageArguments::default() }.window::<EventId>(())?.limit;
        let since = match since {
            Some(since) => position(ctx, &since).await?,
            None => LogPosition::START,
        };
        let page = ctx.services().changes_since(viewer, since, limit).await.map_err(|error| ctx.failure(error))?;
        let event = |(event, interview)| InterviewEvent { event, interview };
        Ok(Connection::new(page, EventQuery::Since(since), event))
    }

    /// One application; null when there is none for the viewer. A driver sees their own.
    async fn interviewee(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The interviewee's id.")] id: ID,
    ) -> Option<Result<Interviewee>> {
        let found = async {
            let found = ctx.services().interviewee(ctx.viewer()?, IntervieweeId::from_text(&id)).await;
            found.map_err(|error| ctx.failure(error))
        };
        found.await.transpose().map(|row| row.map(|row| Interviewee::new(Arc::new(row))))
    }

    /// The applications to the viewer's company, by id. For staff, to pick from.
    async fn interviewees(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many at most, from 0 to 100. 20 when it is left out.")] first: Option<i32>,
        #[graphql(desc = "Begins after the item with this cursor.")] after: Option<String>,
        #[graphql(desc = "Those whose driver's name holds this text, of 200 characters at most, in whatever case.")]
        search: Option<String>,
    ) -> Result<Connection<Interviewee>> {
        let viewer = ctx.viewer()?;
        let window = PageArguments { first, after, ..PageArguments::default() }.window(())?;
        check_search(search.as_deref())?;
        let page = ctx.services().interviewees(viewer, search.as_deref(), &window).await;
        let page = page.map_err(|error| ctx.failure(error))?;
        Ok(Connection::new(page, search, |row| Interviewee::new(Arc::new(row))))
    }

    /// The active staff of the viewer's company, by id. For staff, to pick from.
    async fn interviewers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many at most, from 0 to 100. 20 when it is left out.")] first: Option<i32>,
        #[graphql(desc = "Begins after the item with this cursor.")] after: Option<String>,
        #[graphql(desc = "Those whose name holds this text, of 200 characters at most, in whatever case.")]
        search: Option<String>,
    ) -> Result<Connection<Interviewer>> {
        let viewer = ctx.viewer()?;
        let window = PageArguments { first, after, ..PageArguments::default() }.window(())?;
        check_search(search.as_deref())?;
        let page = ctx.services().interviewers(viewer, search.as_deref(), &window).await;
        let page = page.map_err(|error| ctx.failure(error))?;
        Ok(Connection::new(page, search, |user| Interviewer(Arc::new(user))))
    }
}
