//! The histories of interviews: their events, oldest first.

use crate::domain::page::{Page, Window};
use crate::domain::{Event, EventId, InterviewId, Scope};
use crate::storage::Result;
use crate::storage::database::array_parameter::is_any_of;
use crate::storage::database::count::counts_up_to;
use crate::storage::database::keyset::{page_per_parent, pages};
use crate::storage::entities::event;
use crate::storage::event_log::{visible_to, without_reminders};
use event::Column;
use sea_orm::sea_query::Expr;
use sea_orm::{ConnectionTrait, EntityTrait, QueryFilter, Select};
use std::collections::HashMap;

/// The same page of the visible history of each of these interviews, with or without reminders, in one statement.
pub(crate) async fn pages_by_interview(
    connection: &impl ConnectionTrait,
    scope: Scope,
    interviews: &[InterviewId],
    includes_reminders: bool,
    window: &Window<EventId>,
) -> Result<HashMap<InterviewId, Page<Event>>> {
    let (backend, position) = (connection.get_database_backend(), |id: &EventId| vec![id.0.into()]);
    let parents = (Column::InterviewId, numbers(interviews));
    let rows =
        page_per_parent(backend, visible_events(scope, includes_reminders), parents, &[Column::Id], window, position);
    let Some(rows) = rows else { return Ok(HashMap::new()) };
    let rows = event::Entity::find().from_raw_sql(backend.build(&rows)).all(connection).await?;
    let events: Result<Vec<Event>> = rows.into_iter().map(Event::try_from).collect();
    Ok(pages(window, events?, |event| event.interview_id))
}

/// The number of visible events of each of these interviews, with or without reminders, up to a ceiling.
pub(crate) async fn counts_by_interview(
    connection: &impl ConnectionTrait,
    scope: Scope,
    interviews: &[InterviewId],
    includes_reminders: bool,
    ceiling: u64,
) -> Result<HashMap<InterviewId, u64>> {
    let (events, interviews) = (visible_events(scope, includes_reminders), numbers(interviews));
    let counts = counts_up_to(connection, events, Column::InterviewId, interviews, ceiling).await?;
    Ok(counts.into_iter().map(|(id, count)| (InterviewId(id), count)).collect())
}

/// Those of these events that are visible in this scope, in no particular order.
pub(crate) async fn by_ids(connection: &impl ConnectionTrait, scope: Scope, ids: &[EventId]) -> Result<Vec<Event>> {
    let ids = ids.iter().map(|id| id.0).collect();
    let id = Expr::col((event::Entity, Column::Id));
    let is_wanted = is_any_of(connection.get_database_backend(), id, ids);
    let rows = visible_events(scope, true).filter(is_wanted).all(connection).await?;
    rows.into_iter().map(Event::try_from).collect()
}

fn visible_events(scope: Scope, includes_reminders: bool) -> Select<event::Entity> {
    event::Entity::find().filter(visible_to(scope)).filter(without_reminders(includes_reminders))
}

fn numbers(ids: &[InterviewId]) -> Vec<i64> {
    ids.iter().map(|id| id.0).collect()
}
