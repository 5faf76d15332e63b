//! Counting rows up to a ceiling, so that a count reads no more rows than the ceiling has.

use crate::storage::Result;
use crate::storage::database::parents::{Parents, of_parent};
use sea_orm::sea_query::{Expr, Query, SelectStatement, SimpleExpr};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, QueryTrait, Select};

/// The number of rows of a query, or the ceiling if there are more.
pub async fn count_up_to<E: EntityTrait>(
    connection: &impl ConnectionTrait,
    query: Select<E>,
    ceiling: u64,
) -> Result<u64> {
    count_rows(connection, rows(query, ceiling)).await
}

/// The number of rows of a query that has a limit.
pub async fn count_rows(connection: &impl ConnectionTrait, rows: SelectStatement) -> Result<u64> {
    let query = Query::select().expr_as(count_all(), "count").from_subquery(rows, "counted").to_owned();
    let row = connection.query_one(&query).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotFound("a count has no row".to_owned()))?;
    Ok(row.try_get::<i64>("", "count")?.unsigned_abs())
}

/// The same for the rows of each of these parents.
pub async fn counts_up_to<E: EntityTrait>(
    connection: &impl ConnectionTrait,
    query: Select<E>,
    parent: E::Column,
    parents: Vec<i64>,
    ceiling: u64,
) -> Result<Vec<(i64, u64)>> {
    let Some(parents) = Parents::new(connection.get_database_backend(), parents) else { return Ok(Vec::new()) };
    let rows = rows(query.filter(of_parent::<E>(parent, &parents)), ceiling);
    let count = Query::select().expr(count_all()).from_subquery(rows, "counted").to_owned();
    let query = Query::select()
        .expr_as(parents.id(), "parent")
        .expr_as(SimpleExpr::SubQuery(None, Box::new(count.into())), "count")
        .from_function(parents.function(), Parents::ALIAS)
        .to_owned();
    let rows = connection.query_all(&query).await?;
    let count = |row: &sea_orm::QueryResult| -> Result<(i64, u64), DbErr> {
        Ok((row.try_get("", "parent")?, row.try_get::<i64>("", "count")?.unsigned_abs()))
    };
    Ok(rows.iter().map(count).collect::<Result<_, _>>()?)
}

fn rows<E: EntityTrait>(query: Select<E>, ceiling: u64) -> SelectStatement {
    query.select_only().expr_as(Expr::val(1), "row").limit(ceiling).into_query()
}

fn count_all() -> Expr {
    Expr::cust("count(*)")
}
