//! The root fields `interview`, `interviews` and `interviewChanges`.

use crate::domain::page::InterviewOrder;
use crate::domain::{EventFilter, EventId, InterviewId, Since};
use crate::graphql::context::{ChangesCursor, ContextExt};
use crate::graphql::direct_json::DirectObject;
use crate::graphql::relay::connection::Connection;
use crate::graphql::relay::page_arguments::PageArguments;
use crate::graphql::schema::interview::event::{ChangesQuery, EventQuery, InterviewEvent};
use crate::graphql::schema::interview::inputs::{InterviewFilterInput, InterviewOrderInput};
use crate::graphql::schema::interview::list::InterviewQuery;
use crate::graphql::schema::interview::log_cursor;
use crate::graphql::schema::interview::object::Interview;
use crate::graphql::schema::people::selection::PeopleSelection;
use crate::services::Changes;
use async_graphql::{Context, ID, Object, Result};

pub struct InterviewQueries;

#[Object]
impl InterviewQueries {
    /// An interview by its id. Null if there is none that the viewer may see.
    async fn interview(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The interview's id.")] id: ID,
    ) -> Option<Result<DirectObject<Box<Interview>>>> {
        let found = async {
            let (viewer, id) = (ctx.viewer()?, InterviewId::from_text(&id));
            ctx.map_failure(if PeopleSelection::of_interviews(&ctx.look_ahead()).any() {
                ctx.services().interview_with_people(viewer, id).await.map(|found| found.map(Interview::from))
            } else {
                ctx.services().interview(viewer, id).await.map(|found| found.map(Interview::from))
            })
        };
        found.await.transpose().map(|found| found.map(|interview| DirectObject(Box::new(interview))))
    }

    /// The interviews that the viewer may see.
    #[expect(clippy::too_many_arguments, reason = "Relay's four, a filter and an order")]
    async fn interviews(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The number of items from the start, from 0 to 100. \
                          The default is 20 unless `last` is given.")]
        first: Option<i32>,
        #[graphql(desc = "Returns items after this cursor.")] after: Option<String>,
        #[graphql(desc = "The number of items from the end, from 0 to 100. Not allowed together with `first`.")]
        last: Option<i32>,
        #[graphql(desc = "Returns items before this cursor.")] before: Option<String>,
        #[graphql(desc = "The conditions that the interviews have to meet.")] filter: Option<InterviewFilterInput>,
        #[graphql(desc = "The order. The default is `START_AT`, `ASC`. \
                          A cursor is valid only for the field by which its list was ordered.")]
        order_by: Option<InterviewOrderInput>,
    ) -> Result<Connection<Interview>> {
        let viewer = ctx.viewer()?;
        let order = order_by.map(InterviewOrder::from).unwrap_or_default();
        let window = PageArguments { first, after, last, before }.window(order.key)?;
        let filter = filter.unwrap_or_default().into_domain()?;
        let page = ctx.map_failure(ctx.services().interviews(viewer, &filter, order, &window).await)?;
        Ok(Connection::new(page, InterviewQuery::Filtered(filter, order), Interview::from))
    }

    /// The current position of the viewer's events in the log: pass it as `since` to get what happens from now on. It
    /// is read before all other fields of this operation, so that a change that they do not show comes after it.
    async fn changes_cursor(&self, ctx: &Context<'_>) -> Result<ID> {
        let ChangesCursor(cursor) = ctx.data::<ChangesCursor>()?;
        Ok(log_cursor::print(ctx.map_failure(cursor.clone())?).into())
    }

    /// The events that the viewer may see, oldest first, for clients that poll: the same events as the subscription
    /// `interviewChanged`, with the same filter. Pass the `endCursor` of the page as the next `since`. A page with a
    /// filter can have fewer events than `first`, or none, although there are further pages: the server looks at a
    /// limited number of events for each page, which is 10000 by default, and `totalCount` counts among as many.
    async fn interview_changes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The conditions that an interview has to meet before or after an event for the event to be \
                          returned.")]
        filter: Option<InterviewFilterInput>,
        #[graphql(desc = "The `cursor` of an event: returns the events after it. \
                          The default is \"0\", the start of the log. `CURSOR_EXPIRED` if the event is not in the \
                          log any more: query anew.")]
        since: Option<ID>,
        #[graphql(desc = "The number of items, from 0 to 100. The default is 20.")] first: Option<i32>,
        #[graphql(
            desc = "Whether reminders are among the events: `REMINDER_DUE` and `ANSWER_OVERDUE`.",
            default_with = "Some(false)"
        )]
        include_reminders: Option<bool>,
    ) -> Result<Connection<InterviewEvent>> {
        let viewer = ctx.viewer()?;
        let limit = PageArguments::forward(first, None).window::<EventId>(())?.limit;
        let since = since.map_or(Ok(Since::Start), |since| log_cursor::parse(&since))?;
        let interviews = filter.unwrap_or_default().into_domain()?;
        let filter = EventFilter { interviews, includes_reminders: include_reminders == Some(true) };
        let changes = ctx.map_failure(ctx.services().changes(viewer, &filter, since, limit).await)?;
        let Changes { epoch, since, page, read_to } = changes;
        let query = EventQuery::Changes(Box::new(ChangesQuery { epoch, since, filter, read_to }));
        Ok(Connection::new(page, query, |entry| InterviewEvent::admitted(&entry)))
    }
}
