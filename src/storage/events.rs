//! Queries on the event log.

use super::Result;
use super::entities::event;
use super::list::windowed;
use crate::domain::page::{Page, Window};
use crate::domain::{Event, EventId, InterviewId};
use event::COLUMN;
use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter};

/// Appends to the log; the id of `event` is not used.
///
/// # Errors
/// When the database fails.
pub async fn insert(connection: &impl ConnectionTrait, event: Event) -> Result<()> {
    event::Entity::insert(event::ActiveModel::from(event)).exec_without_returning(connection).await?;
    Ok(())
}

/// A page of an interview's history, oldest first. For an interview that the viewer may see.
///
/// # Errors
/// When the database fails.
pub async fn page_of_interview(
    connection: &impl ConnectionTrait,
    id: InterviewId,
    window: &Window<EventId>,
) -> Result<Page<Event>> {
    let events = event::Entity::find().filter(COLUMN.interview_id.eq(id.0));
    let events = windowed(events, &[event::Column::Id], false, window, |id| vec![id.0.into()]);
    let events: Result<_> = events.all(connection).await?.into_iter().map(Event::try_from).collect();
    Ok(window.page(events?))
}

/// How long the history is.
///
/// # Errors
/// When the database fails.
pub async fn count_of_interview(connection: &impl ConnectionTrait, id: InterviewId) -> Result<u64> {
    Ok(event::Entity::find().filter(COLUMN.interview_id.eq(id.0)).count(connection).await?)
}
