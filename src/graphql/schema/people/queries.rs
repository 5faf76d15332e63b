//! The root fields `interviewee`, `interviewees` and `interviewers`.

use crate::domain::IntervieweeId;
use crate::graphql::context::ContextExt;
use crate::graphql::direct_json::DirectObject;
use crate::graphql::relay::connection::Connection;
use crate::graphql::relay::page_arguments::PageArguments;
use crate::graphql::schema::people::interviewee::Interviewee;
use crate::graphql::schema::people::users::Interviewer;
use crate::graphql::schema::search::parse_search;
use async_graphql::{Context, ID, Object, Result};
use std::sync::Arc;

pub struct PeopleQueries;

#[Object]
impl PeopleQueries {
    /// An application by its id. Null if there is none that the viewer may see. Drivers see their own applications.
    async fn interviewee(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The interviewee's id.")] id: ID,
    ) -> Option<Result<DirectObject<Box<Interviewee>>>> {
        let found =
            async { ctx.map_failure(ctx.services().interviewee(ctx.viewer()?, IntervieweeId::from_text(&id)).await) };
        let object = |row| DirectObject(Box::new(Interviewee::new(Arc::new(row), None)));
        found.await.transpose().map(|found| found.map(object))
    }

    /// The applications that the viewer may see, ordered by id: staff see those to their company, drivers their own,
    /// admins all.
    async fn interviewees(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The number of items, from 0 to 100. The default is 20.")] first: Option<i32>,
        #[graphql(desc = "Returns items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Returns applications whose driver's name contains this text, ignoring case. \
                          Accents count. At most 200 characters. A blank text is null.")]
        search: Option<String>,
    ) -> Result<Connection<Interviewee>> {
        let viewer = ctx.viewer()?;
        let window = PageArguments::forward(first, after).window(())?;
        let search = parse_search(search)?;
        let page = ctx.map_failure(ctx.services().interviewees(viewer, search.as_ref(), &window).await)?;
        Ok(Connection::new(page, search, |row| Interviewee::new(Arc::new(row), None)))
    }

    /// The active staff of the viewer's company, or for admins of all companies, ordered by id. For drivers null, with
    /// the error `FORBIDDEN`: the other fields of the operation are answered.
    async fn interviewers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The number of items, from 0 to 100. The default is 20.")] first: Option<i32>,
        #[graphql(desc = "Returns items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Returns staff whose name contains this text, ignoring case. Accents count. \
                          At most 200 characters. A blank text is null.")]
        search: Option<String>,
    ) -> Option<Result<Connection<Interviewer>>> {
        let list = async {
            let viewer = ctx.viewer()?;
            let window = PageArguments::forward(first, after).window(())?;
            let search = parse_search(search)?;
            let page = ctx.map_failure(ctx.services().interviewers(viewer, search.as_ref(), &window).await)?;
            Ok(Connection::new(page, search, |user| Interviewer(Arc::new(user))))
        };
        Some(list.await)
    }
}
