//! What lists have in common: conditions with many values, search, and keyset pages.

use crate::domain::page::Window;
use sea_orm::sea_query::{Expr, ExprTrait, LikeExpr, SimpleExpr, extension::postgres::PgFunc};
use sea_orm::{Condition, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select, Value, sea_query::Order};

/// `column` is one of `values`, as one prepared statement for any number of them: a list with a parameter each would be a new
/// statement for every length.
pub fn among<V: Into<Value> + serde::Serialize>(backend: DbBackend, column: Expr, values: Vec<V>) -> SimpleExpr {
    if backend == DbBackend::Postgres {
        let values: Vec<Value> = values.into_iter().map(Into::into).collect();
        let Some(first) = values.first() else {
            return Expr::val(false).into();
        };
        let array = Value::Array(first.array_type(), Some(Box::new(values)));
        column.eq(PgFunc::any(Expr::val(array)))
    } else {
        let json = serde_json::Value::from_iter(values.into_iter().map(|value| serde_json::json!(value)));
        column.in_subquery(
            sea_orm::sea_query::Query::select()
                .column("value")
                .from_function(
                    sea_orm::sea_query::Func::cust("json_each").arg(json.to_string()),
                    "given",
                )
                .to_owned(),
        )
    }
}

/// `column` holds this text, in whatever case.
pub fn holds(column: Expr, text: &str) -> SimpleExpr {
    let escaped = text.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    Expr::expr(sea_orm::sea_query::Func::lower(column)).like(LikeExpr::new(format!("%{escaped}%")).escape('\\'))
}

/// Narrows a query to a window of the order of some columns, the last of which is unique. `place` is the columns' values at an item.
pub fn windowed<E: EntityTrait, P>(
    query: Select<E>,
    columns: &[E::Column],
    descending: bool,
    window: &Window<P>,
    place: impl Fn(&P) -> Vec<Value>,
) -> Select<E> {
    // Compared as a row, `(a, b) > (x, y)`: one range of the index.
    let beyond = |edge: &P, smaller: bool| {
        let row = Expr::tuple(columns.iter().map(|column| Expr::col((E::default(), *column))));
        let values = Expr::tuple(place(edge).into_iter().map(Expr::val));
        if smaller { row.lt(values) } else { row.gt(values) }
    };
    let mut condition = Condition::all();
    if let Some(after) = &window.after {
        condition = condition.add(beyond(after, descending));
    }
    if let Some(before) = &window.before {
        condition = condition.add(beyond(before, !descending));
    }
    let order = if descending == window.from_end { Order::Asc } else { Order::Desc };
    let query = query.filter(condition).limit(window.fetch());
    columns.iter().fold(query, |query, column| query.order_by(*column, order.clone()))
}
