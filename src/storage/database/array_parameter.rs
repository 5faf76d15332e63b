//! Conditions with any number of values as one parameter, so that they are one prepared statement. A parameter for each
//! value would be another statement for each number of values.

use sea_orm::sea_query::extension::postgres::PgFunc;
use sea_orm::sea_query::{Expr, ExprTrait, Func, Query, SimpleExpr};
use sea_orm::{DbBackend, Value};
use serde::Serialize;

/// The condition that `column` is one of `values`.
pub fn is_any_of<V: Into<Value> + Serialize>(backend: DbBackend, column: Expr, values: Vec<V>) -> SimpleExpr {
    let Some(values) = array_parameter(backend, values) else {
        return Expr::val(false);
    };
    if backend == DbBackend::Postgres {
        column.eq(PgFunc::any(Expr::val(values)))
    } else {
        let given = Func::cust("json_each").arg(Expr::val(values));
        column.in_subquery(Query::select().column("value").from_function(given, "given").to_owned())
    }
}

/// The values as one parameter: an array on PostgreSQL, JSON on SQLite. None if there are no values.
pub fn array_parameter<V: Into<Value> + Serialize>(backend: DbBackend, values: Vec<V>) -> Option<Value> {
    if values.is_empty() {
        return None;
    }
    if backend == DbBackend::Postgres {
        let values: Vec<Value> = values.into_iter().map(Into::into).collect();
        return Some(Value::Array(values.first()?.array_type(), Some(Box::new(values))));
    }
    Some(serde_json::json!(values).to_string().into())
}
