//! Fills the columns of `interviews` from which reminders are derived, in the rows that are older than the columns.

use crate::domain::InterviewStatus;
use crate::storage::Result;
use sea_orm::{ConnectionTrait, DbBackend, Statement};

/// How many rows are filled in a statement. They are locked for as long.
const BATCH: u64 = 1_000;

/// Fills all rows that are not. The values are those with which a change continues such a row.
pub(super) async fn fill_all(connection: &impl ConnectionTrait) -> Result<()> {
    let backend = connection.get_database_backend();
    let sql = fill(backend);
    let mut last = Some(i64::MIN);
    while let Some(after) = last {
        let statement = Statement::from_sql_and_values(backend, &sql, [after.into()]);
        let ids = connection.query_all_raw(statement).await?.into_iter().map(|row| row.try_get_by_index(0));
        last = ids.collect::<Result<Vec<i64>, _>>()?.into_iter().max();
    }
    Ok(())
}

/// Fills the next rows by id. PostgreSQL locks them in the order of their ids, as all that writes several of them.
fn fill(backend: DbBackend) -> String {
    let lock = if backend == DbBackend::Postgres { " FOR NO KEY UPDATE" } else { "" };
    let waiting = InterviewStatus::WAITING.map(|status| status.into_str()).join("', '");
    format!(
        "UPDATE interviews SET slot_set_at = coalesce(slot_set_at, updated_at), \
            waiting_since = CASE WHEN status IN ('{waiting}') THEN coalesce(waiting_since, updated_at) END, \
            sequence = coalesce(sequence, version - 1) \
         WHERE id IN (SELECT id FROM interviews WHERE id > $1 AND sequence IS NULL ORDER BY id LIMIT {BATCH}{lock}) \
         RETURNING id"
    )
}
