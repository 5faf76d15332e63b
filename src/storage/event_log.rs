//! The event log: appending to it, and reading it in its total order of (transaction, id).
//!
//! On PostgreSQL transactions commit in another order than they write. An event becomes readable here only when all
//! transactions with smaller numbers have ended, so that nothing is ever added before an event that was read.

use crate::domain::filter::InterviewFilter;
use crate::domain::{Event, EventId, LogPosition, Viewer};
use crate::storage::Result;
use crate::storage::entities::event;
use crate::storage::interviews;
use event::Column;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, FromQueryResult, Iterable, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
};

/// Appends an event; its id is ignored. The transaction has to hold the lock on the interview's row.
pub(crate) async fn insert(connection: &impl ConnectionTrait, event: Event) -> Result<()> {
    let postgres = connection.get_database_backend() == DbBackend::Postgres;
    let transaction = postgres.then(|| Expr::cust_with_values(TRANSACTION_NUMBER, [event.interview_id.0]));
    let row = event::ActiveModel::from(event);
    let given = Column::iter().filter_map(|column| Some((column, Expr::val(row.get(column).into_value()?))));
    let (columns, values): (Vec<_>, Vec<_>) =
        given.chain(transaction.map(|transaction| (Column::TransactionId, transaction))).unzip();
    let insert = Query::insert().into_table(event::Entity).columns(columns).values_panic(values).to_owned();
    connection.execute(&insert).await?;
    Ok(())
}

/// The number of the current transaction, or that of the last event of interview `$1` if it is greater: of two
/// transactions that waited for the row, the later one may have begun first. A number greater than the transaction's
/// own only delays readers.
const TRANSACTION_NUMBER: &str = "GREATEST(pg_current_xact_id()::text::bigint, \
    (SELECT transaction_id FROM interview_events WHERE interview_id = $1 ORDER BY id DESC LIMIT 1))";

/// The events after a position.
#[derive(Debug)]
pub struct LogPage {
    /// Events in the order of the log.
    pub entries: Vec<(LogPosition, Event)>,
    /// Whether there are further events that cannot be read yet, because a transaction that may come before them is
    /// still running.
    pub blocked: bool,
}

/// The first `limit` readable events after a position.
pub async fn after(connection: &impl ConnectionTrait, position: LogPosition, limit: u64) -> Result<LogPage> {
    let backend = connection.get_database_backend();
    let query = after_position(position).limit(limit).expr_as(visible_before(backend), "visible_before");
    let mut page = LogPage { entries: Vec::new(), blocked: false };
    for row in connection.query_all(&query.into_query()).await? {
        let (event, visible_before) =
            (event::Model::from_query_result(&row, "")?, row.try_get::<i64>("", "visible_before")?);
        if event.transaction_id >= visible_before {
            page.blocked = true;
            break;
        }
        page.entries.push((event.position(), event.try_into()?));
    }
    Ok(page)
}

/// Resets the transaction numbers of a log that was restored from another PostgreSQL cluster: events with numbers that
/// this cluster has not reached yet would stay unreadable. Without numbers events are ordered by id. Returns whether
/// anything was reset.
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

/// A position after all events that are readable now, and before all that are committed later.
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

/// The position of an event; none if there is no such event.
pub(crate) async fn position_of(connection: &impl ConnectionTrait, id: EventId) -> Result<Option<LogPosition>> {
    Ok(event::Entity::find_by_id(id.0).one(connection).await?.map(|event| event.position()))
}

/// The first `limit` readable events after a position whose interviews the viewer sees and the filter matches.
pub(crate) async fn page(
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

/// The number of readable events after a position whose interviews the viewer sees.
pub(crate) async fn count(connection: &impl ConnectionTrait, viewer: &Viewer, position: LogPosition) -> Result<u64> {
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

/// All transactions with smaller numbers have ended. On PostgreSQL it is the oldest transaction that is still running
/// (<https://www.postgresql.org/docs/15/functions-info.html#FUNCTIONS-PG-SNAPSHOT>). On SQLite each transaction ends
/// before the next begins.
fn visible_before(backend: DbBackend) -> Expr {
    if backend == DbBackend::Postgres {
        Expr::cust("pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    } else {
        Expr::val(i64::MAX)
    }
}
