//! Queries on the event log.

use crate::domain::filter::InterviewFilter;
use crate::domain::page::{Page, Window};
use crate::domain::{Event, EventId, InterviewId, LogPosition, Viewer};
use crate::storage::Result;
use crate::storage::database::keyset::{counts, is_any_of, page_per_parent, pages};
use crate::storage::entities::event;
use crate::storage::interviews;
use event::Column;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, FromQueryResult, Iterable, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
};
use std::collections::HashMap;

/// Appends to the log; the id of `event` is not used. For whoever holds the interview's row.
///
/// # Errors
/// When the database fails.
pub async fn insert(connection: &impl ConnectionTrait, event: Event) -> Result<()> {
    let postgres = connection.get_database_backend() == DbBackend::Postgres;
    let position = postgres.then(|| Expr::cust_with_values(NEXT_TRANSACTION_ID, [event.interview_id.0]));
    let row = event::ActiveModel::from(event);
    let given = Column::iter().filter_map(|column| Some((column, Expr::val(row.get(column).into_value()?))));
    let (columns, values): (Vec<_>, Vec<_>) =
        given.chain(position.map(|position| (Column::TransactionId, position))).unzip();
    let insert = Query::insert().into_table(event::Entity).columns(columns).values_panic(values).to_owned();
    connection.execute(&insert).await?;
    Ok(())
}

/// Where the next event of the interview `$1` stands in the order of the log, on PostgreSQL: at the number of its transaction, but not
/// below that of the interview's last event. Of two that waited for its row, the one that is served last may have begun first. A higher
/// number than its own does no harm: it only makes readers wait for more to end.
const NEXT_TRANSACTION_ID: &str = "GREATEST(pg_current_xact_id()::text::bigint, \
    (SELECT transaction_id FROM interview_events WHERE interview_id = $1 ORDER BY id DESC LIMIT 1))";

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
    let position = |id: &EventId| vec![id.0.into()];
    let rows =
        page_per_parent(of_interviews(backend, interviews), Column::InterviewId, &[Column::Id], window, position);
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

/// What follows a position of the log.
#[derive(Debug)]
pub struct LogPage {
    /// In the order of the log.
    pub entries: Vec<(LogPosition, Event)>,
    /// Whether more is there that cannot be read yet: it was written beside a transaction that still runs and may come before it.
    pub blocked: bool,
}

/// The first `limit` events after a position. They are final: nothing can appear before them any more.
///
/// # Errors
/// When the database fails.
pub async fn after(connection: &impl ConnectionTrait, position: LogPosition, limit: u64) -> Result<LogPage> {
    let backend = connection.get_database_backend();
    let query = after_position(position).limit(limit).expr_as(visible_before(backend), "visible_before");
    let mut tail = LogPage { entries: Vec::new(), blocked: false };
    for row in connection.query_all(&query.into_query()).await? {
        let (event, visible_before) =
            (event::Model::from_query_result(&row, "")?, row.try_get::<i64>("", "visible_before")?);
        if event.transaction_id >= visible_before {
            tail.blocked = true;
            break;
        }
        tail.entries.push((event.position(), event.try_into()?));
    }
    Ok(tail)
}

/// Makes the log of a database that was restored from elsewhere this server's own: numbers that no transaction here has had yet are another
/// cluster's, and mean nothing. Without any, events are in the order of their ids. Whether there was anything to do.
///
/// # Errors
/// When the database fails.
pub async fn rebase_after_restore(connection: &impl ConnectionTrait) -> Result<bool> {
    if connection.get_database_backend() != DbBackend::Postgres {
        return Ok(false);
    }
    let number = || Expr::col(Column::TransactionId);
    let foreign = Query::select()
        .expr(Expr::val(1))
        .from(event::Entity)
        .and_where(number().gte(Expr::cust("pg_snapshot_xmax(pg_current_snapshot())::text::bigint")))
        .take();
    let rebase = Query::update()
        .table(event::Entity)
        .value(Column::TransactionId, 0)
        .and_where(number().ne(0))
        .and_where(Expr::exists(foreign))
        .take();
    Ok(connection.execute(&rebase).await?.rows_affected() > 0)
}

/// A position after everything that can be read now, and before everything that is committed later.
///
/// # Errors
/// When the database fails.
pub async fn head(connection: &impl ConnectionTrait) -> Result<LogPosition> {
    let backend = connection.get_database_backend();
    if backend == DbBackend::Postgres {
        let visible_before = Query::select().expr_as(visible_before(backend), "visible_before").to_owned();
        let row =
            connection.query_one(&visible_before).await?.ok_or(DbErr::RecordNotFound("visible_before".to_owned()))?;
        return Ok(LogPosition { transaction: row.try_get("", "visible_before")?, event: EventId(0) });
    }
    let last = event::Entity::find().order_by_desc(Column::Id).one(connection).await?;
    Ok(last.map_or(LogPosition::START, |last| last.position()))
}

/// Where an event stands; none where there is no such event.
///
/// # Errors
/// When the database fails.
pub async fn position_of(connection: &impl ConnectionTrait, id: EventId) -> Result<Option<LogPosition>> {
    Ok(event::Entity::find_by_id(id.0).one(connection).await?.map(|event| event.position()))
}

/// The first events after a position whose interviews exist for the viewer and are admitted by the filter.
///
/// # Errors
/// When the database fails.
pub async fn page(
    connection: &impl ConnectionTrait,
    viewer: &Viewer,
    filter: &InterviewFilter,
    position: LogPosition,
    limit: u64,
) -> Result<Vec<(LogPosition, Event)>> {
    let query = visible_events(connection.get_database_backend(), viewer, filter, position).limit(limit);
    let rows = query.all(connection).await?;
    rows.into_iter().map(|row| Ok((row.position(), row.try_into()?))).collect()
}

/// How many there are after a position.
///
/// # Errors
/// When the database fails.
pub async fn count(connection: &impl ConnectionTrait, viewer: &Viewer, position: LogPosition) -> Result<u64> {
    let query = visible_events(connection.get_database_backend(), viewer, &InterviewFilter::default(), position);
    Ok(query.count(connection).await?)
}

fn visible_events(
    backend: DbBackend,
    viewer: &Viewer,
    filter: &InterviewFilter,
    position: LogPosition,
) -> Select<event::Entity> {
    let interview = Expr::col((event::Entity, Column::InterviewId));
    after_position(position)
        .filter(Expr::col((event::Entity, Column::TransactionId)).lt(visible_before(backend)))
        .filter(interviews::exists_for(backend, interview, viewer, filter))
}

fn after_position(position: LogPosition) -> Select<event::Entity> {
    let row = Expr::tuple([Column::TransactionId, Column::Id].map(|column| Expr::col((event::Entity, column))));
    let position = Expr::tuple([position.transaction, position.event.0].map(Expr::val));
    event::Entity::find().filter(row.gt(position)).order_by_asc(Column::TransactionId).order_by_asc(Column::Id)
}

/// Transactions below this number have ended: what they wrote can be read. On PostgreSQL it is the oldest that still runs
/// (<https://www.postgresql.org/docs/15/functions-info.html#FUNCTIONS-PG-SNAPSHOT>). On SQLite one ends before the next begins.
fn visible_before(backend: DbBackend) -> Expr {
    if backend == DbBackend::Postgres {
        Expr::cust("pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    } else {
        Expr::val(i64::MAX)
    }
}

fn of_interviews(backend: DbBackend, ids: &[InterviewId]) -> Select<event::Entity> {
    let ids = ids.iter().map(|id| id.0).collect();
    event::Entity::find().filter(is_any_of(backend, Expr::col((event::Entity, Column::InterviewId)), ids))
}
