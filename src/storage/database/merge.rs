//! A page of the lists of all parents together, merged of the pages of each, so that an index of one parent's list is
//! enough.

use crate::domain::page::Window;
use crate::storage::database::keyset::paginate;
use sea_orm::sea_query::{DynIden, Expr, ExprTrait, Func, IntoIden, JoinType, Order, Query};
use sea_orm::{DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select, Value};

/// The alias of the page of one parent.
const PAGE: &str = "page";

/// The window of a query in the order of `columns`, the last one the primary key. The parents are the rows of an
/// entity: its key, and the column of the query that refers to it. Of each parent the statement reads as many rows as
/// the window has.
pub fn merge_parents<P: EntityTrait, E: EntityTrait, Position>(
    backend: DbBackend,
    query: Select<E>,
    (parent, parent_key, reference): (P, P::Column, E::Column),
    columns: &[E::Column],
    descending: bool,
    window: &Window<Position>,
    position: impl Fn(&Position) -> Vec<Value>,
) -> Select<E> {
    let of_parent = Expr::col((E::default(), reference)).equals((parent, parent_key));
    let mut page = paginate(query.filter(of_parent), columns, descending, window, position).into_query();
    let order = if descending == window.from_end { Order::Asc } else { Order::Desc };
    let limit = window.fetch();
    let Some(key) = columns.last() else { return E::find().filter(Expr::val(false)) };
    let own_key = Expr::col((E::default(), *key));
    let mut keys = Query::select();
    keys.from(P::default()).limit(limit);
    let source: DynIden = if backend == DbBackend::Postgres {
        page.clear_selects().columns(columns.iter().map(|column| (E::default(), *column)));
        keys.join_lateral(JoinType::InnerJoin, page, PAGE, Expr::cust("TRUE"));
        PAGE.into_iden()
    } else {
        // SQLite has no lateral join. It looks the rows up that the correlated list names.
        page.clear_selects().column((E::default(), *key));
        keys.join(JoinType::InnerJoin, E::default(), own_key.clone().in_subquery(page));
        E::default().into_iden()
    };
    keys.column((source.clone(), *key));
    for column in columns {
        keys.order_by((source.clone(), *column), order.clone());
    }
    let found = if backend == DbBackend::Postgres {
        // As an array, whose rows are looked up one by one. PostgreSQL would join a subquery, and may take its estimate
        // for a reason to read the whole table.
        own_key.eq(Func::cust("ANY").arg(Func::cust("ARRAY").arg(Expr::SubQuery(None, Box::new(keys.into())))))
    } else {
        own_key.in_subquery(keys)
    };
    let rows = E::find().filter(found).limit(limit);
    columns.iter().fold(rows, |rows, column| rows.order_by(*column, order.clone()))
}
