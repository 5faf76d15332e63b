//! Appending to the event log.

use crate::domain::{Event, EventId};
use crate::storage::entities::event;
use crate::storage::provisioning::json_insert;
use crate::storage::{Result, Transaction};
use event::Column;
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{ActiveModelTrait, ConnectionTrait, DbBackend, DbErr, IdenStatic, Iterable};

/// Appends an event; its id is ignored, and the one that the database assigns is returned. The transaction has to hold
/// the lock on the interview's row.
pub(crate) async fn insert(connection: &impl ConnectionTrait, event: Event) -> Result<EventId> {
    let postgres = connection.get_database_backend() == DbBackend::Postgres;
    let transaction = postgres.then(|| Expr::cust_with_values(TRANSACTION_NUMBER, [event.interview_id.0]));
    let row = event::ActiveModel::from(event);
    let given = Column::iter().filter_map(|column| Some((column, Expr::val(row.get(column).into_value()?))));
    let (columns, values): (Vec<_>, Vec<_>) =
        given.chain(transaction.map(|transaction| (Column::TransactionId, transaction))).unzip();
    let mut insert = Query::insert();
    insert.into_table(event::Entity).columns(columns).values_panic(values).returning_col(Column::Id);
    let inserted = connection.query_all(&insert).await?;
    let inserted = inserted.first().ok_or(DbErr::RecordNotInserted)?;
    Ok(EventId(inserted.try_get_by_index(0)?))
}

/// Appends any number of events with one statement, in their order. The transaction has to hold the locks on the rows
/// of their interviews.
pub(crate) async fn insert_all(transaction: &Transaction, events: Vec<Event>) -> Result<()> {
    let postgres = transaction.get_database_backend() == DbBackend::Postgres;
    let number = TRANSACTION_NUMBER.replace("$1", "rows.interview_id");
    let computed = postgres.then(|| (Column::TransactionId.as_str(), number.as_str()));
    let rows = events.into_iter().map(event::ActiveModel::from);
    json_insert::insert_with(transaction, rows, event::is_given, computed, "").await?;
    Ok(())
}

/// The number of the current transaction, or that of the last event of interview `$1` if it is greater: of two
/// transactions that waited for the row, the later one may have begun first. A number greater than the transaction's
/// own only delays readers.
const TRANSACTION_NUMBER: &str = "GREATEST(pg_current_xact_id()::text::bigint, \
    (SELECT transaction_id FROM interview_events WHERE interview_id = $1 ORDER BY id DESC LIMIT 1))";
