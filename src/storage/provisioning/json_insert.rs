//! Inserts any number of rows with one statement, whose only parameter is their values as JSON.

use crate::storage::database::json_values::{type_name, value};
use crate::storage::{Result, Transaction};
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DbBackend, EntityName, EntityTrait, IdenStatic, Iterable, QueryResult, Statement,
};
use serde_json::{Map, Value as Json};

type Column<A> = <<A as ActiveModelTrait>::Entity as EntityTrait>::Column;

/// Inserts the rows in their order. `is_given`: the columns that have values. `ending` is the end of the
/// statement, and the result what it returns.
pub(super) async fn insert<A: ActiveModelTrait>(
    transaction: &Transaction,
    rows: impl Iterator<Item = A>,
    is_given: fn(Column<A>) -> bool,
    ending: &str,
) -> Result<Vec<QueryResult>> {
    insert_with(transaction, rows, is_given, None, ending).await
}

/// The same with a column that is computed from the other columns of `rows`, by its expression.
pub(in crate::storage) async fn insert_with<A: ActiveModelTrait>(
    transaction: &Transaction,
    rows: impl Iterator<Item = A>,
    is_given: fn(Column<A>) -> bool,
    computed: Option<(&str, &str)>,
    ending: &str,
) -> Result<Vec<QueryResult>> {
    let columns: Vec<Column<A>> = Column::<A>::iter().filter(|column| is_given(*column)).collect();
    let row = |row: A| -> Json {
        let value = |column: &Column<A>| (column.as_str().to_owned(), value(row.get(*column).into_value()));
        Json::Object(columns.iter().map(value).collect::<Map<_, _>>())
    };
    let rows: Vec<Json> = rows.map(row).collect();
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let backend = transaction.get_database_backend();
    let sql = sql::<A>(backend, &columns, computed) + ending;
    let statement = Statement::from_sql_and_values(backend, sql, [Json::Array(rows).to_string().into()]);
    Ok(transaction.query_all_raw(statement).await?)
}

/// SQLite takes `ON` after a `SELECT` without a `WHERE` for a condition of a join.
fn sql<A: ActiveModelTrait>(backend: DbBackend, columns: &[Column<A>], computed: Option<(&str, &str)>) -> String {
    let table = A::Entity::default();
    let names: Vec<&str> = columns.iter().map(IdenStatic::as_str).collect();
    let names = names.join(", ");
    let (values, source) = if backend == DbBackend::Postgres {
        let typed: Vec<String> = columns.iter().map(|it| format!("{} {}", it.as_str(), type_name(*it))).collect();
        let rows = format!("json_to_recordset($1::json) AS rows ({})", typed.join(", "));
        // The function keeps the order, and the insertion keeps it too.
        (names.clone(), rows)
    } else {
        let values: Vec<String> =
            columns.iter().map(|it| format!("json_extract(value, '$.{}')", it.as_str())).collect();
        (values.join(", "), "json_each(?)".to_owned())
    };
    let (names, values) = match computed {
        Some((name, value)) => (format!("{names}, {name}"), format!("{values}, {value}")),
        None => (names, values),
    };
    format!("INSERT INTO {} ({names}) SELECT {values} FROM {source} WHERE true", table.table_name())
}
