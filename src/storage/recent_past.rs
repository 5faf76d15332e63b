//! Interviews with their last events, read together: what the interviews were at the time of these events.

use crate::domain::page::Window;
use crate::domain::{Event, EventId, Interview, InterviewId, RecentPast};
use crate::storage::Result;
use crate::storage::database::keyset::page_per_parent;
use crate::storage::database::parents::Parents;
use crate::storage::entities::{event, interview};
use crate::storage::event_log::reminder_types;
use event::Column;
use sea_orm::sea_query::{Expr, ExprTrait, JoinType, Order, Query, SelectStatement, SimpleExpr};
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, IdenStatic, Iterable, QueryResult};
use std::collections::HashMap;

/// What the names of the interviews' columns begin with.
const PRESENT: &str = "present_";
const PREVIOUS: &str = "previous";
const PREVIOUS_AT: &str = "previous_at";

/// The interviews with their events from this one on. An interview that has more than `limit` of them is left out.
pub(crate) async fn read(
    connection: &impl ConnectionTrait,
    ids: &[InterviewId],
    first: EventId,
    limit: u64,
) -> Result<Vec<RecentPast>> {
    let Some(query) = query(connection.get_database_backend(), ids, first, limit) else { return Ok(Vec::new()) };
    let mut pasts: HashMap<i64, RecentPast> = HashMap::new();
    for row in connection.query_all(&query).await? {
        let event = Event::try_from(event::Model::from_query_result(&row, "")?)?;
        match pasts.get_mut(&event.interview_id.0) {
            Some(past) => past.events.push(event),
            None => {
                pasts.insert(event.interview_id.0, beginning_with(event, &row)?);
            }
        }
    }
    Ok(pasts.into_values().filter(|past| past.events.len() as u64 <= limit).collect())
}

fn beginning_with(event: Event, row: &QueryResult) -> Result<RecentPast> {
    let interview = Interview::try_from(interview::Model::from_query_result(row, PRESENT)?)?;
    Ok(RecentPast { interview, events: vec![event], previous_at: row.try_get("", PREVIOUS_AT)? })
}

/// One statement, so that the interviews are those after the last of these events.
fn query(backend: DbBackend, ids: &[InterviewId], first: EventId, limit: u64) -> Option<SelectStatement> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let parents = Parents::new(backend, ids.clone())?;
    let window = Window { after: Some(EventId(first.0 - 1)), before: None, limit, from_end: false };
    let position = |id: &EventId| vec![id.0.into()];
    let events = (event::Entity::find(), (Column::InterviewId, ids));
    let mut query = page_per_parent(backend, events.0, events.1, &[Column::Id], &window, position)?;
    let present = |column: interview::Column| Expr::col((interview::Entity, column));
    for column in interview::Column::iter() {
        query.expr_as(present(column), format!("{PRESENT}{}", column.as_str()));
    }
    query.join(JoinType::InnerJoin, interview::Entity, present(interview::Column::Id).eq(parents.id()));
    let column = |column: Column| Expr::col((PREVIOUS, column));
    let previous = Query::select()
        .expr(column(Column::At))
        .from_as(event::Entity, PREVIOUS)
        .and_where(column(Column::InterviewId).eq(parents.id()))
        .and_where(column(Column::Id).lt(first.0))
        .and_where(column(Column::Type).is_not_in(reminder_types()))
        .order_by((PREVIOUS, Column::Id), Order::Desc)
        .limit(1)
        .to_owned();
    query.expr_as(SimpleExpr::SubQuery(None, Box::new(previous.into())), PREVIOUS_AT);
    Some(query)
}
