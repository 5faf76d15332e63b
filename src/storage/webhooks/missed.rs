//! The events that a webhook has missed, or is to receive again.

use crate::domain::webhook::Webhook;
use crate::domain::{Event, EventId, LogPosition, Scope};
use crate::storage::Result;
use crate::storage::entities::event;
use crate::storage::event_log::visible_to;
use event::Column;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};

/// The events after a position and up to another one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Range {
    pub after: LogPosition,
    pub up_to: LogPosition,
}

/// The first `limit` events of a range that belong to the company of a webhook, in the order of the log.
pub(crate) async fn events(
    connection: &impl ConnectionTrait,
    webhook: &Webhook,
    range: Range,
    limit: u64,
) -> Result<Vec<(LogPosition, Event)>> {
    let query = within(webhook, range).order_by_asc(Column::TransactionId).order_by_asc(Column::Id).limit(limit);
    let read = |row: event::Model| Ok((row.position(), row.try_into()?));
    query.all(connection).await?.into_iter().map(read).collect()
}

/// Where the last `count` events of a range begin: the position before them.
pub(crate) async fn before_last(
    connection: &impl ConnectionTrait,
    webhook: &Webhook,
    range: Range,
    count: u64,
) -> Result<LogPosition> {
    let newest_first = within(webhook, range).order_by_desc(Column::TransactionId).order_by_desc(Column::Id);
    let before = newest_first.offset(count).limit(1).one(connection).await?;
    Ok(before.map_or(range.after, |event| event.position()))
}

/// The position of an event that is visible in this scope.
pub(crate) async fn position_of(
    connection: &impl ConnectionTrait,
    scope: Scope,
    id: EventId,
) -> Result<Option<LogPosition>> {
    let event = event::Entity::find_by_id(id.0).filter(visible_to(scope)).one(connection).await?;
    Ok(event.map(|event| event.position()))
}

fn within(webhook: &Webhook, range: Range) -> Select<event::Entity> {
    let row = Expr::tuple([Column::TransactionId, Column::Id].map(|column| Expr::col((event::Entity, column))));
    let position = |position: LogPosition| Expr::tuple([position.transaction, position.event.0].map(Expr::val));
    let company = Expr::col((event::Entity, Column::CompanyId));
    let of_company = webhook.company_id.map(|id| company.eq(id.0));
    event::Entity::find()
        .filter(row.clone().gt(position(range.after)))
        .filter(row.lte(position(range.up_to)))
        .filter(Condition::all().add_option(of_company))
}
