//! Fetches the rows of an entity's query. On PostgreSQL they are read by the position of their columns. On SQLite the
//! query is wrapped so that it returns all rows as one JSON text: the driver passes each row from its own thread to the
//! task, which costs more than finding the row.

use crate::storage::entities::row::{Columns, Row};
use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, EntityTrait, IdenStatic, Iterable, QueryResult, QueryTrait, Select, Statement,
};
use serde::de::DeserializeOwned;

/// All rows, in the order of the query.
pub async fn all<E>(connection: &impl ConnectionTrait, query: Select<E>) -> Result<Vec<E::Model>, DbErr>
where
    E: EntityTrait<Model: Row + DeserializeOwned>,
{
    fetch(connection, statement(connection.get_database_backend(), &query)).await
}

/// The row of a query that returns at most one.
pub async fn one<E>(connection: &impl ConnectionTrait, query: Select<E>) -> Result<Option<E::Model>, DbErr>
where
    E: EntityTrait<Model: Row + DeserializeOwned>,
{
    fetch_one(connection, statement(connection.get_database_backend(), &query)).await
}

/// The SQL of a query for this database.
pub fn statement<E: EntityTrait>(backend: DbBackend, query: &Select<E>) -> Statement {
    let Statement { sql, values, db_backend } = query.build(backend);
    let sql = if backend == DbBackend::Sqlite { as_json_array::<E>(&sql) } else { sql };
    Statement { sql, values, db_backend }
}

/// SQLite keeps the `ORDER BY` of a subquery for an aggregate that depends on the order.
fn as_json_array<E: EntityTrait>(sql: &str) -> String {
    // SQLite plans a statement again for each value of a limit that is a parameter, but not for an expression.
    let sql = sql.strip_suffix("LIMIT ?").map_or_else(|| sql.to_owned(), |head| format!("{head}LIMIT +?"));
    let columns: Vec<_> = E::Column::iter().map(|column| format!("\"{}\"", column.as_str())).collect();
    format!("SELECT json_group_array(json_array({})) FROM ({sql})", columns.join(", "))
}

/// All rows of a [`statement`].
pub async fn fetch<M>(connection: &impl ConnectionTrait, statement: Statement) -> Result<Vec<M>, DbErr>
where
    M: Row + DeserializeOwned,
{
    if statement.db_backend == DbBackend::Sqlite {
        return read(connection.query_one_raw(statement).await?);
    }
    connection.query_all_raw(statement).await?.iter().map(|row| M::read(&mut Columns::of(row))).collect()
}

/// The row of a [`statement`] that returns at most one.
pub async fn fetch_one<M>(connection: &impl ConnectionTrait, statement: Statement) -> Result<Option<M>, DbErr>
where
    M: Row + DeserializeOwned,
{
    if statement.db_backend == DbBackend::Sqlite {
        return Ok(read(connection.query_one_raw(statement).await?)?.pop());
    }
    connection.query_one_raw(statement).await?.as_ref().map(|row| M::read(&mut Columns::of(row))).transpose()
}

fn read<M: DeserializeOwned>(result: Option<QueryResult>) -> Result<Vec<M>, DbErr> {
    let Some(result) = result else { return Ok(Vec::new()) };
    let rows: String = result.try_get_by_index(0)?;
    serde_json::from_str(&rows).map_err(|error| DbErr::Json(error.to_string()))
}
