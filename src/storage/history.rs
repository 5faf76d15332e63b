//! The histories of interviews: their events, oldest first.

use crate::domain::page::{Page, Window};
use crate::domain::{Event, EventId, InterviewId, Scope};
use crate::storage::Result;
use crate::storage::database::array_parameter::is_any_of;
use crate::storage::database::keyset::{counts, page_per_parent, pages};
use crate::storage::entities::event;
use crate::storage::event_log::visible_to;
use event::Column;
use sea_orm::sea_query::Expr;
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, QueryFilter, Select};
use std::collections::HashMap;

/// The same page of the visible history of each of these interviews, in one statement.
pub(crate) async fn pages_by_interview(
    connection: &impl ConnectionTrait,
    scope: Scope,
    interviews: &[InterviewId],
    window: &Window<EventId>,
) -> Result<HashMap<InterviewId, Page<Event>>> {
    let backend = connection.get_database_backend();
    let position = |id: &EventId| vec![id.0.into()];
    let events = of_interviews(backend, scope, interviews);
    let rows = page_per_parent(events, Column::InterviewId, &[Column::Id], window, position);
    let rows = event::Entity::find().from_raw_sql(backend.build(&rows)).all(connection).await?;
    let events: Result<Vec<Event>> = rows.into_iter().map(Event::try_from).collect();
    Ok(pages(window, events?, |event| event.interview_id))
}

/// The number of visible events of each of these interviews.
pub(crate) async fn counts_by_interview(
    connection: &impl ConnectionTrait,
    scope: Scope,
    interviews: &[InterviewId],
) -> Result<HashMap<InterviewId, u64>> {
    let query = of_interviews(connection.get_database_backend(), scope, interviews);
    Ok(counts(connection, query, Column::InterviewId).await?.map(|(id, count)| (InterviewId(id), count)).collect())
}

fn of_interviews(backend: DbBackend, scope: Scope, ids: &[InterviewId]) -> Select<event::Entity> {
    let ids = ids.iter().map(|id| id.0).collect();
    let of_interviews = is_any_of(backend, Expr::col((event::Entity, Column::InterviewId)), ids);
    event::Entity::find().filter(of_interviews).filter(visible_to(scope))
}
