//! Queries on the event log.

use super::Result;
use super::entities::event;
use super::list::{among, counts, pages, windows_of};
use crate::domain::page::{Page, Window};
use crate::domain::{Event, EventId, InterviewId};
use event::Column;
use sea_orm::sea_query::Expr;
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, QueryFilter, Select};
use std::collections::HashMap;

/// Appends to the log; the id of `event` is not used.
///
/// # Errors
/// When the database fails.
pub async fn insert(connection: &impl ConnectionTrait, event: Event) -> Result<()> {
    event::Entity::insert(event::ActiveModel::from(event)).exec_without_returning(connection).await?;
    Ok(())
}

/// A page of the history of each of these interviews, oldest first. For interviews that the viewer may see. One statement.
///
/// # Errors
/// When the database fails.
pub async fn pages_by_interview(
    connection: &impl ConnectionTrait,
    interviews: &[InterviewId],
    window: &Window<EventId>,
) -> Result<HashMap<InterviewId, Page<Event>>> {
    let backend = connection.get_database_backend();
    let place = |id: &EventId| vec![id.0.into()];
    let rows = windows_of(of_interviews(backend, interviews), Column::InterviewId, &[Column::Id], window, place);
    let rows = event::Entity::find().from_raw_sql(backend.build(&rows)).all(connection).await?;
    let events: Result<Vec<Event>> = rows.into_iter().map(Event::try_from).collect();
    Ok(pages(window, events?, |event| event.interview_id))
}

/// How long each of these histories is.
///
/// # Errors
/// When the database fails.
pub async fn counts_by_interview(
    connection: &impl ConnectionTrait,
    interviews: &[InterviewId],
) -> Result<HashMap<InterviewId, u64>> {
    let query = of_interviews(connection.get_database_backend(), interviews);
    Ok(counts(connection, query, Column::InterviewId).await?.map(|(id, count)| (InterviewId(id), count)).collect())
}

fn of_interviews(backend: DbBackend, ids: &[InterviewId]) -> Select<event::Entity> {
    let ids = ids.iter().map(|id| id.0).collect();
    event::Entity::find().filter(among(backend, Expr::col((event::Entity, Column::InterviewId)), ids))
}
