//! Fills the columns of `interviews` from which reminders are derived, in the rows that are older than the columns.

use crate::storage::Result;
use crate::storage::entities::stored_interview::{Column, assigned};
use sea_orm::{ConnectionTrait, DbBackend, IdenStatic, Statement};

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
    // What a change assigns that gives none of these values.
    let given = |column| match column {
        Column::Status => Column::Status.as_str().to_owned(),
        Column::Sequence => "0".to_owned(),
        _ => "NULL".to_owned(),
    };
    let fill = |column: Column| format!("{} = {}", column.as_str(), assigned(column, given));
    let filled = [Column::SlotSetAt, Column::WaitingSince, Column::Sequence].map(fill).join(", ");
    format!(
        "UPDATE interviews SET {filled} \
         WHERE id IN (SELECT id FROM interviews WHERE id > $1 AND sequence IS NULL ORDER BY id LIMIT {BATCH}{lock}) \
         RETURNING id"
    )
}
