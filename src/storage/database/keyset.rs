//! What lists have in common: conditions with many values, search, and keyset pages.

use crate::domain::page::{Page, Window};
use sea_orm::sea_query::extension::postgres::{PgBinOper, PgFunc};
use sea_orm::sea_query::extension::sqlite::SqliteBinOper;
use sea_orm::sea_query::{Asterisk, Expr, ExprTrait, Func, Order, Query, SelectStatement, SimpleExpr, WindowStatement};
use sea_orm::{
    Condition, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select, Value,
};
use std::collections::HashMap;
use std::hash::Hash;

/// `column` is one of `values`, as one prepared statement for any number of them: a list with a parameter each would be a new
/// statement for every length.
pub fn is_any_of<V: Into<Value> + serde::Serialize>(backend: DbBackend, column: Expr, values: Vec<V>) -> SimpleExpr {
    let Some(values) = parameter(backend, values) else {
        return Expr::val(false);
    };
    if backend == DbBackend::Postgres {
        column.eq(PgFunc::any(Expr::val(values)))
    } else {
        let given = Func::cust("json_each").arg(Expr::val(values));
        column.in_subquery(Query::select().column("value").from_function(given, "given").to_owned())
    }
}

/// Many values as one parameter; none when there are no values.
pub fn parameter<V: Into<Value> + serde::Serialize>(backend: DbBackend, values: Vec<V>) -> Option<Value> {
    if values.is_empty() {
        return None;
    }
    if backend == DbBackend::Postgres {
        let values: Vec<Value> = values.into_iter().map(Into::into).collect();
        return Some(Value::Array(values.first()?.array_type(), Some(Box::new(values))));
    }
    Some(serde_json::json!(values).to_string().into())
}

/// `column` holds this text, in whatever case. Neither database can be relied on to know the case of letters beyond ASCII (PostgreSQL
/// knows what its locale knows), so the pattern names both forms of each.
pub fn contains_ignoring_case(backend: DbBackend, column: Expr, text: &str) -> SimpleExpr {
    if text.contains('\0') {
        return Expr::val(false); // no text has one, and PostgreSQL takes none
    }
    let postgres = backend == DbBackend::Postgres;
    let pattern: String = text.chars().map(|c| in_either_case(c, postgres)).collect();
    if postgres {
        column.binary(PgBinOper::Regex, Expr::val(pattern))
    } else {
        column.binary(SqliteBinOper::Glob, Expr::val(format!("*{pattern}*")))
    }
}

/// One character of a pattern: a regular expression of PostgreSQL, or a GLOB.
fn in_either_case(c: char, regular_expression: bool) -> String {
    let (lower, upper) = (c.to_lowercase(), c.to_uppercase());
    let mut forms: Vec<char> = [c].into_iter().chain(single(lower)).chain(single(upper)).collect();
    forms.sort_unstable();
    forms.dedup();
    match forms[..] {
        [c] if regular_expression && c.is_ascii_punctuation() => format!("\\{c}"),
        [c @ ('*' | '?' | '[')] if !regular_expression => format!("[{c}]"),
        [c] => c.to_string(),
        _ => format!("[{}]", String::from_iter(forms)),
    }
}

/// The character, unless it is several, as the upper case of `ß` is.
fn single(mut form: impl ExactSizeIterator<Item = char>) -> Option<char> {
    if form.len() == 1 { form.next() } else { None }
}

/// Narrows a query to a window of the order of some columns, the last of which is unique. `position` is the columns' values at an item.
pub fn paginate<E: EntityTrait, P>(
    query: Select<E>,
    columns: &[E::Column],
    descending: bool,
    window: &Window<P>,
    position: impl Fn(&P) -> Vec<Value>,
) -> Select<E> {
    let order = if descending == window.from_end { Order::Asc } else { Order::Desc };
    let query = between_cursors(query, columns, descending, window, position).limit(window.fetch());
    columns.iter().fold(query, |query, column| query.order_by(*column, order.clone()))
}

/// Compares whole rows, `(a, b) > (x, y)`: one range of the index.
fn between_cursors<E: EntityTrait, P>(
    query: Select<E>,
    columns: &[E::Column],
    descending: bool,
    window: &Window<P>,
    position: impl Fn(&P) -> Vec<Value>,
) -> Select<E> {
    let after_position = |edge: &P, smaller: bool| {
        let row = Expr::tuple(columns.iter().map(|column| Expr::col((E::default(), *column))));
        let values = Expr::tuple(position(edge).into_iter().map(Expr::val));
        if smaller { row.lt(values) } else { row.gt(values) }
    };
    let after = window.after.as_ref().map(|edge| after_position(edge, descending));
    let before = window.before.as_ref().map(|edge| after_position(edge, !descending));
    query.filter(Condition::all().add_option(after).add_option(before))
}

/// The same window of the list of each parent, ascending, in one statement.
pub fn page_per_parent<E: EntityTrait, P>(
    query: Select<E>,
    parent: E::Column,
    columns: &[E::Column],
    window: &Window<P>,
    position: impl Fn(&P) -> Vec<Value>,
) -> SelectStatement {
    let order = if window.from_end { Order::Desc } else { Order::Asc };
    let mut partition = WindowStatement::partition_by((E::default(), parent));
    for column in columns {
        partition.order_by((E::default(), *column), order.clone());
    }
    let mut ranked = between_cursors(query, columns, false, window, position).into_query();
    ranked.expr_window_as(Func::cust("row_number"), partition, "rank");
    let fetch = i64::try_from(window.fetch()).unwrap_or(i64::MAX);
    Query::select()
        .column(Asterisk)
        .from_subquery(ranked, "ranked")
        .and_where(Expr::col("rank").lte(fetch))
        .order_by("rank", Order::Asc)
        .to_owned()
}

/// The pages of each parent among the rows of [`page_per_parent`].
pub fn pages<P, T, K: Hash + Eq>(window: &Window<P>, rows: Vec<T>, parent: impl Fn(&T) -> K) -> HashMap<K, Page<T>> {
    let mut of_parent: HashMap<K, Vec<T>> = HashMap::new();
    for row in rows {
        of_parent.entry(parent(&row)).or_default().push(row);
    }
    of_parent.into_iter().map(|(parent, rows)| (parent, window.page(rows))).collect()
}

/// How many rows each parent has.
pub async fn counts<E: EntityTrait>(
    connection: &impl ConnectionTrait,
    query: Select<E>,
    parent: E::Column,
) -> crate::storage::Result<impl Iterator<Item = (i64, u64)>> {
    let query =
        query.select_only().column_as(parent, "parent").column_as(Expr::cust("count(*)"), "count").group_by(parent);
    let rows: Vec<(i64, i64)> = query.into_tuple().all(connection).await?;
    Ok(rows.into_iter().map(|(parent, count)| (parent, count.unsigned_abs())))
}
