//! Inserts interviews of another system with the ids that they have, any number with the same statements.

use crate::domain::{Event, Interview, InterviewId};
use crate::storage::database::array_parameter::is_any_of;
use crate::storage::database::json_values::time;
use crate::storage::entities::{event, interview, stored_interview};
use crate::storage::provisioning::json_insert;
use crate::storage::{Result, Transaction};
use sea_orm::sea_query::Expr;
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QuerySelect, Set, Statement};
use serde_json::json;
use std::collections::HashSet;

/// Keeps all other writers of interviews away until the end of the transaction: no time is reserved and no id is drawn
/// meanwhile. Readers go on. On SQLite a transaction has this lock from the beginning.
pub(crate) async fn lock_out_writers(transaction: &Transaction) -> Result<()> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        transaction.execute_unprepared("LOCK TABLE interviews IN SHARE ROW EXCLUSIVE MODE").await?;
    }
    Ok(())
}

/// Those of these ids that interviews have.
pub(crate) async fn existing(transaction: &Transaction, ids: &[InterviewId]) -> Result<HashSet<InterviewId>> {
    let ids = ids.iter().map(|id| id.0).collect();
    let column = Expr::col((interview::Entity, interview::Column::Id));
    let query = interview::Entity::find().select_only().column(interview::Column::Id).filter(is_any_of(
        transaction.get_database_backend(),
        column,
        ids,
    ));
    let rows: Vec<i64> = query.into_tuple().all(transaction).await?;
    Ok(rows.into_iter().map(InterviewId).collect())
}

/// Those of these interviews whose time overlaps with that of a stored one of the same person.
pub(crate) async fn overlapping(transaction: &Transaction, interviews: &[Interview]) -> Result<HashSet<InterviewId>> {
    let reserving: Vec<_> = interviews.iter().filter(|interview| interview.reservation().is_some()).collect();
    if reserving.is_empty() {
        return Ok(HashSet::new());
    }
    let backend = transaction.get_database_backend();
    let row = |interview: &Interview| {
        let slot = interview.slot;
        json!({
            "id": interview.id.0, "driver_id": interview.driver_id.0, "interviewer_id": interview.interviewer_id.0,
            "start_at": time(slot.start()), "end_at": time(slot.end()),
        })
    };
    let rows = serde_json::Value::from(reserving.into_iter().map(row).collect::<Vec<_>>()).to_string();
    let found = transaction.query_all_raw(Statement::from_sql_and_values(backend, overlaps(backend), [rows.into()]));
    let ids = found.await?.iter().map(|row| row.try_get_by_index(0).map(InterviewId)).collect::<Result<_, _>>();
    Ok(ids?)
}

/// The lower bound of the start, which follows from the maximum length of an interview, allows an index to be used.
/// SQLite compares times as texts in one format.
fn overlaps(backend: DbBackend) -> String {
    let (input, day_before) = match backend {
        DbBackend::Postgres => (
            "SELECT * FROM json_to_recordset($1::json) AS rows \
                (id bigint, driver_id bigint, interviewer_id bigint, start_at timestamptz, end_at timestamptz)",
            "input.start_at - interval '24 hours'",
        ),
        _ => (
            "SELECT json_extract(value, '$.id') AS id, json_extract(value, '$.driver_id') AS driver_id, \
                json_extract(value, '$.interviewer_id') AS interviewer_id, \
                json_extract(value, '$.start_at') AS start_at, json_extract(value, '$.end_at') AS end_at \
                FROM json_each(?)",
            "strftime('%Y-%m-%dT%H:%M:%S', input.start_at, '-24 hours')",
        ),
    };
    let of_person = |person: &str| {
        format!(
            "SELECT input.id FROM input JOIN interviews AS other ON other.{person} = input.{person} \
                AND other.start_at < input.end_at AND other.end_at > input.start_at \
                AND other.start_at >= {day_before} \
            WHERE NOT other.allow_overlap AND other.status IN ('pending', 'amended', 'scheduled') \
                AND other.id <> input.id"
        )
    };
    format!("WITH input AS ({input}) {} UNION {}", of_person("driver_id"), of_person("interviewer_id"))
}

/// Makes new interviews get ids above this one. PostgreSQL's identity column does not notice ids that a statement sets,
/// and keeps what this statement does when the transaction is rolled back. SQLite notices them by itself.
pub(crate) async fn continue_ids_after(transaction: &Transaction, id: InterviewId) -> Result<()> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        let sql = "SELECT setval(ids, $1) FROM \
            (SELECT pg_get_serial_sequence('interviews', 'id')::regclass AS ids) AS sequence \
            WHERE COALESCE(pg_sequence_last_value(ids), 0) < $1";
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, [id.0.into()]);
        transaction.query_all_raw(statement).await?;
    }
    Ok(())
}

/// Inserts the interviews, and returns the ids of those that were inserted. On PostgreSQL one is left out if another
/// transaction has taken its id or its time, which it cannot while [`lock_out_writers`] holds.
pub(crate) async fn insert(transaction: &Transaction, interviews: &[Interview]) -> Result<HashSet<InterviewId>> {
    let rows = interviews.iter().map(|interview| stored_interview::ActiveModel {
        id: Set(interview.id.0),
        ..stored_interview::ActiveModel::from(interview)
    });
    let inserted = json_insert::insert(transaction, rows, |_| true, " ON CONFLICT DO NOTHING RETURNING id").await?;
    let ids = inserted.iter().map(|row| row.try_get_by_index(0).map(InterviewId)).collect::<Result<_, _>>();
    Ok(ids?)
}

/// Appends the events of the new interviews to the log, in this order. PostgreSQL gives them the number of the
/// transaction.
pub(crate) async fn insert_events(transaction: &Transaction, events: Vec<Event>) -> Result<()> {
    let rows = events.into_iter().map(event::ActiveModel::from);
    json_insert::insert(transaction, rows, event::is_given, "").await?;
    Ok(())
}
