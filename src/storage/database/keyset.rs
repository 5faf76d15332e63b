//! Keyset pagination: pages of one list, and of the lists of many parents at once.

use crate::domain::page::{Page, Window};
use sea_orm::sea_query::{Asterisk, Expr, ExprTrait, Func, Order, Query, SelectStatement, WindowStatement};
use sea_orm::{
    Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select, Value,
};
use std::collections::HashMap;
use std::hash::Hash;

/// Limits a query to a window in the order of `columns`, the last one unique. `position` returns the columns'
/// values at a position.
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

/// Compares rows, `(a, b) > (x, y)`, which is one range of an index.
fn between_cursors<E: EntityTrait, P>(
    query: Select<E>,
    columns: &[E::Column],
    descending: bool,
    window: &Window<P>,
    position: impl Fn(&P) -> Vec<Value>,
) -> Select<E> {
    let beyond = |edge: &P, smaller: bool| {
        let row = Expr::tuple(columns.iter().map(|column| Expr::col((E::default(), *column))));
        let values = Expr::tuple(position(edge).into_iter().map(Expr::val));
        if smaller { row.lt(values) } else { row.gt(values) }
    };
    let after = window.after.as_ref().map(|edge| beyond(edge, descending));
    let before = window.before.as_ref().map(|edge| beyond(edge, !descending));
    query.filter(Condition::all().add_option(after).add_option(before))
}

/// The same window of each parent's list, ascending, in one statement.
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

/// Groups the rows of [`page_per_parent`] into pages.
pub fn pages<P, T, K: Hash + Eq>(window: &Window<P>, rows: Vec<T>, parent: impl Fn(&T) -> K) -> HashMap<K, Page<T>> {
    let mut of_parent: HashMap<K, Vec<T>> = HashMap::new();
    for row in rows {
        of_parent.entry(parent(&row)).or_default().push(row);
    }
    of_parent.into_iter().map(|(parent, rows)| (parent, window.page(rows))).collect()
}

/// The number of rows of each parent that has any.
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
