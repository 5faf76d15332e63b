//! Folds names that have no folded form yet: of rows from before the column, and of rows that a server of the previous
//! release has written meanwhile. Searches find them without it as that server does.

use crate::domain::fold;
use crate::storage::{Db, LockWait, Result};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::{Value as Json, json};

/// A column with names.
struct Names {
    table: &'static str,
    column: &'static str,
}

const NAMES: [Names; 2] = [Names { table: "companies", column: "name" }, Names { table: "users", column: "title" }];

/// How many names are folded in a statement. Its rows are locked for as long.
const BATCH: u64 = 500;

impl Db {
    /// Folds all names that are not. A row that is changed meanwhile is left to its writer.
    pub async fn fold_names(&self) -> Result<()> {
        for names in &NAMES {
            let mut last = None;
            loop {
                let transaction = self.begin_change(LockWait::Full).await?;
                last = fold_batch(&transaction, names, last).await?;
                transaction.commit().await?;
                if last.is_none() {
                    break;
                }
            }
        }
        Ok(())
    }
}

/// The same on a connection of a migration.
pub(super) async fn fold_all(connection: &impl ConnectionTrait) -> Result<()> {
    for names in &NAMES {
        let mut last = None;
        loop {
            last = fold_batch(connection, names, last).await?;
            if last.is_none() {
                break;
            }
        }
    }
    Ok(())
}

/// Folds the next names by id. Returns the id of the last one; none if there are no more.
async fn fold_batch(connection: &impl ConnectionTrait, names: &Names, after: Option<i64>) -> Result<Option<i64>> {
    let Names { table, column } = names;
    let backend = connection.get_database_backend();
    let sql =
        format!("SELECT id, {column} FROM {table} WHERE id > $1 AND {column}_folded IS NULL ORDER BY id LIMIT {BATCH}");
    let unfolded = Statement::from_sql_and_values(backend, sql, [after.unwrap_or(i64::MIN).into()]);
    let mut rows = Vec::new();
    let mut last = None;
    for row in connection.query_all_raw(unfolded).await? {
        let (id, name): (i64, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        rows.push(json!({"id": id, "name": name, "folded": fold(&name)}));
        last = Some(id);
    }
    if !rows.is_empty() {
        let rows = Json::Array(rows).to_string();
        connection.execute_raw(Statement::from_sql_and_values(backend, update(backend, names), [rows.into()])).await?;
    }
    Ok(last)
}

/// Stores folded names, unless the name is another one by now. PostgreSQL locks the rows in the order of their ids, as
/// all that writes several of them.
fn update(backend: DbBackend, names: &Names) -> String {
    let Names { table, column } = names;
    let (input, lock) = if backend == DbBackend::Postgres {
        let rows = "SELECT * FROM json_to_recordset($1::json) AS rows (id bigint, name text, folded text)";
        (rows, " ORDER BY id FOR NO KEY UPDATE")
    } else {
        let rows = "SELECT json_extract(value, '$.id') AS id, json_extract(value, '$.name') AS name, \
            json_extract(value, '$.folded') AS folded FROM json_each(?)";
        (rows, "")
    };
    format!(
        "WITH input AS MATERIALIZED ({input}), \
         locked AS MATERIALIZED (SELECT id FROM {table} WHERE id IN (SELECT id FROM input){lock}) \
         UPDATE {table} SET {column}_folded = input.folded, {column}_folded_from = input.name \
         FROM input JOIN locked ON locked.id = input.id WHERE {table}.id = input.id AND {table}.{column} = input.name"
    )
}
