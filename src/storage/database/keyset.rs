//! Keyset pagination: pages of one list, and of the lists of many parents at once.

use crate::domain::page::{Page, Window};
use crate::storage::database::parents::{Parents, of_parent};
use sea_orm::sea_query::{Expr, ExprTrait, IntoIden, JoinType, Order, Query, SelectStatement};
use sea_orm::{
    Condition, DbBackend, EntityTrait, Iterable, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select, Value,
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

/// The same window of each parent's list, ascending, in one statement that reads no more rows than the windows have.
/// The last one of `columns` is the primary key. None without parents.
pub fn page_per_parent<E: EntityTrait, P>(
    backend: DbBackend,
    query: Select<E>,
    (parent, ids): (E::Column, Vec<i64>),
    columns: &[E::Column],
    window: &Window<P>,
    position: impl Fn(&P) -> Vec<Value>,
) -> Option<SelectStatement> {
    let parents = Parents::new(backend, ids)?;
    let query = query.filter(of_parent::<E>(parent, &parents));
    let mut list = paginate(query, columns, false, window, position).into_query();
    let mut pages = Query::select();
    pages.from_function(parents.function(), Parents::ALIAS);
    let name = if parents.is_on_postgres() {
        pages.join_lateral(JoinType::InnerJoin, list, PAGE, Expr::cust("TRUE"));
        PAGE.into_iden()
    } else {
        // SQLite has no lateral join. It looks the rows up that the correlated list names.
        let key = *columns.last()?;
        list.clear_selects().column((E::default(), key));
        let row = Expr::col((E::default(), key)).in_subquery(list);
        pages.join(JoinType::InnerJoin, E::default(), row);
        E::default().into_iden()
    };
    pages.columns(E::Column::iter().map(|column| (name.clone(), column)));
    let order = if window.from_end { Order::Desc } else { Order::Asc };
    for column in columns {
        pages.order_by((name.clone(), *column), order.clone());
    }
    Some(pages)
}

/// The alias of the lateral join.
const PAGE: &str = "page";

/// Groups the rows of [`page_per_parent`] into pages.
pub fn pages<P, T, K: Hash + Eq>(window: &Window<P>, rows: Vec<T>, parent: impl Fn(&T) -> K) -> HashMap<K, Page<T>> {
    let mut of_parent: HashMap<K, Vec<T>> = HashMap::new();
    for row in rows {
        of_parent.entry(parent(&row)).or_default().push(row);
    }
    of_parent.into_iter().map(|(parent, rows)| (parent, window.page(rows))).collect()
}
