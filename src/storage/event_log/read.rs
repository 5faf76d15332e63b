//! Reading the event log. Each statement that reads events also reads the epoch and looks the event up after which it
//! reads: a database that was restored, or that lost its last transactions, gives ids and transaction numbers out
//! again, and a position in its former history must not be taken for one in the present history.

use crate::domain::{Epoch, Event, EventId, LogCursor, LogPosition, Scope};
use crate::storage::Result;
use crate::storage::database::count::count_rows;
use crate::storage::entities::event;
use crate::storage::event_log::audience::{audiences, without_reminders};
use crate::storage::event_log::epoch::{EPOCH, TABLE, missing_row};
use crate::storage::event_log::visible_before;
use event::Column;
use sea_orm::sea_query::{Expr, ExprTrait, JoinType, Order, Query, SelectStatement, UnionType};
use sea_orm::{
    Condition, ConnectionTrait, DbBackend, DbErr, EntityTrait, FromQueryResult, Iterable, QueryFilter, QueryOrder,
    QueryResult, QuerySelect, QueryTrait, Select,
};

/// The alias of the event after which a statement reads.
const REACHED: &str = "reached";
/// The alias of the events that a statement reads.
const ENTRY: &str = "entry";

/// The events after a position.
#[derive(Debug)]
pub struct LogPage {
    /// The epoch of the log.
    pub epoch: Epoch,
    /// Events in the order of the log.
    pub entries: Vec<(LogPosition, Event)>,
    /// Whether there are further events that cannot be read yet, because a transaction that may come before them is
    /// still running.
    pub blocked: bool,
}

/// The first `limit` readable events after a position. `None` if the position is not in the present history of the log.
pub async fn after(
    connection: &impl ConnectionTrait,
    epoch: Epoch,
    position: LogPosition,
    limit: u64,
) -> Result<Option<LogPage>> {
    read(connection, Some(epoch), position, after_position(position).limit(limit).into_query()).await
}

/// The first `limit` readable events after the position of a consumer. The position is in the same database as the log,
/// and is restored with it: it always belongs to the present history.
pub(crate) async fn after_consumer(
    connection: &impl ConnectionTrait,
    position: LogPosition,
    limit: u64,
) -> Result<Vec<(LogPosition, Event)>> {
    let visible_before = visible_before(connection.get_database_backend());
    let readable = Expr::col((event::Entity, Column::TransactionId)).lt(visible_before);
    let rows = after_position(position).filter(readable).limit(limit).all(connection).await?;
    rows.into_iter().map(|row| Ok((row.position(), row.try_into()?))).collect()
}

/// The first `limit` readable events after a position that are visible in this scope, with or without reminders. `None`
/// if the position is not in the present history of the log, or its epoch is not the given one.
pub(crate) async fn page(
    connection: &impl ConnectionTrait,
    scope: Scope,
    epoch: Option<Epoch>,
    position: LogPosition,
    includes_reminders: bool,
    limit: u64,
) -> Result<Option<LogPage>> {
    let columns: Vec<_> = Column::iter().collect();
    let wanted = without_reminders(includes_reminders);
    let events = visible_events(connection.get_database_backend(), scope, position, &wanted, limit, &columns);
    read(connection, epoch, position, events).await
}

/// The number of readable events after a position that are visible in this scope, with or without reminders, up to a
/// ceiling.
pub(crate) async fn count(
    connection: &impl ConnectionTrait,
    scope: Scope,
    position: LogPosition,
    includes_reminders: bool,
    ceiling: u64,
) -> Result<u64> {
    let columns = [Column::TransactionId, Column::Id];
    let wanted = without_reminders(includes_reminders);
    let events = visible_events(connection.get_database_backend(), scope, position, &wanted, ceiling, &columns);
    count_rows(connection, events).await
}

/// The epoch, and the position of the last event that is visible in this scope and readable now. All events that are
/// committed later come after it. It is the position of an event, and not the number of a running transaction: after a
/// crash PostgreSQL gives the numbers of transactions that wrote nothing out again.
pub async fn head(connection: &impl ConnectionTrait, scope: Scope) -> Result<(Epoch, LogPosition)> {
    let backend = connection.get_database_backend();
    let last_of = |audience: Condition| {
        event::Entity::find()
            .filter(Expr::col((event::Entity, Column::TransactionId)).lt(visible_before(backend)))
            .filter(audience)
            .order_by_desc(Column::TransactionId)
            .order_by_desc(Column::Id)
            .limit(1)
            .into_query()
    };
    let columns: Vec<_> = Column::iter().collect();
    let last = of_all_audiences(audiences(scope).into_iter().map(last_of), &columns, Order::Desc, 1);
    let rows = connection.query_all(&with_entries(log(), last)).await?;
    let row = rows.first().ok_or_else(missing_row)?;
    Ok((epoch(row)?, entry(row)?.map_or(LogPosition::START, |event| event.position())))
}

/// The position of a cursor. `None` if it is not in the present history of the log.
pub(crate) async fn position_of(connection: &impl ConnectionTrait, cursor: LogCursor) -> Result<Option<LogPosition>> {
    let row = connection.query_one(&with_reached(log(), cursor.event)).await?.ok_or_else(missing_row)?;
    let reached = reached(&row, cursor.event)?.filter(|reached| reached.at == Some(cursor.at));
    Ok(reached.filter(|_| epoch(&row).is_ok_and(|epoch| epoch == cursor.epoch)))
}

async fn read(
    connection: &impl ConnectionTrait,
    expected: Option<Epoch>,
    position: LogPosition,
    entries: SelectStatement,
) -> Result<Option<LogPage>> {
    let mut query = with_entries(with_reached(log(), position.event), entries);
    query.expr_as(visible_before(connection.get_database_backend()), "visible_before");
    let rows = connection.query_all(&query).await?;
    let first = rows.first().ok_or_else(missing_row)?;
    let epoch = epoch(first)?;
    let is_in_history = position == LogPosition::START || reached(first, position.event)? == Some(position);
    if !is_in_history || expected.is_some_and(|expected| expected != epoch) {
        return Ok(None);
    }
    let mut page = LogPage { epoch, entries: Vec::new(), blocked: false };
    for row in &rows {
        let Some(event) = entry(row)? else { continue };
        if event.transaction_id >= row.try_get::<i64>("", "visible_before")? {
            page.blocked = true;
            break;
        }
        page.entries.push((event.position(), event.try_into()?));
    }
    Ok(Some(page))
}

fn log() -> SelectStatement {
    Query::select().column((TABLE, EPOCH)).from(TABLE).to_owned()
}

/// Adds what [`reached`] reads.
fn with_reached(mut query: SelectStatement, event: EventId) -> SelectStatement {
    let column = |column: Column| Expr::col((REACHED, column));
    query
        .expr_as(column(Column::TransactionId), "reached_transaction")
        .expr_as(column(Column::At), "reached_at")
        .join_as(JoinType::LeftJoin, event::Entity, REACHED, column(Column::Id).eq(event.0));
    query
}

/// Adds what [`entry`] reads, one row for each event and at least one.
fn with_entries(mut query: SelectStatement, entries: SelectStatement) -> SelectStatement {
    query
        .columns(Column::iter().map(|column| (ENTRY, column)))
        .join_subquery(JoinType::LeftJoin, entries, ENTRY, Expr::cust("TRUE"))
        .order_by((ENTRY, Column::TransactionId), Order::Asc)
        .order_by((ENTRY, Column::Id), Order::Asc);
    query
}

fn epoch(row: &QueryResult) -> Result<Epoch, DbErr> {
    row.try_get("", EPOCH).map(Epoch)
}

fn reached(row: &QueryResult, event: EventId) -> Result<Option<LogPosition>, DbErr> {
    let transaction: Option<i64> = row.try_get("", "reached_transaction")?;
    let at = row.try_get("", "reached_at")?;
    Ok(transaction.map(|transaction| LogPosition { transaction, event, at }))
}

fn entry(row: &QueryResult) -> Result<Option<event::Model>, DbErr> {
    let id: Option<i64> = row.try_get("", "id")?;
    id.map(|_| event::Model::from_query_result(row, "")).transpose()
}

/// These columns of the first `limit` readable events after a position that are visible in a scope and wanted. Of each
/// audience the events come from an index in the order of the log, so that no more of them are read than are returned,
/// however many events others have.
fn visible_events(
    backend: DbBackend,
    scope: Scope,
    position: LogPosition,
    wanted: &Condition,
    limit: u64,
    columns: &[Column],
) -> SelectStatement {
    let of_audiences = audiences(scope).into_iter().map(|audience| {
        after_position(position)
            .select_only()
            .columns(columns.iter().copied())
            .filter(Expr::col((event::Entity, Column::TransactionId)).lt(visible_before(backend)))
            .filter(audience)
            .filter(wanted.clone())
            .limit(limit)
            .into_query()
    });
    of_all_audiences(of_audiences, columns, Order::Asc, limit)
}

/// The first `limit` events, in this order of the log, of the queries for each audience of a viewer.
fn of_all_audiences(
    mut queries: impl Iterator<Item = SelectStatement>,
    columns: &[Column],
    order: Order,
    limit: u64,
) -> SelectStatement {
    let first = queries.next().unwrap_or_default();
    let part = |events| {
        let columns = columns.iter().map(|column| ("part", *column));
        Query::select().columns(columns).from_subquery(events, "part").to_owned()
    };
    let others: Vec<_> = queries.map(|events| (UnionType::All, part(events))).collect();
    if others.is_empty() {
        return first;
    }
    let mut all = part(first).unions(others).to_owned();
    all.order_by(Column::TransactionId, order.clone()).order_by(Column::Id, order).limit(limit).to_owned()
}

fn after_position(position: LogPosition) -> Select<event::Entity> {
    let row = Expr::tuple([Column::TransactionId, Column::Id].map(|column| Expr::col((event::Entity, column))));
    let position = Expr::tuple([position.transaction, position.event.0].map(Expr::val));
    event::Entity::find().filter(row.gt(position)).order_by_asc(Column::TransactionId).order_by_asc(Column::Id)
}
