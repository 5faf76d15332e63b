//! A page of the lists of all parents together, merged of the pages of each, so that an index of one parent's list is
//! enough.

use crate::domain::page::Window;
use crate::storage::database::keyset::paginate;
use sea_orm::sea_query::{Expr, ExprTrait, Func, JoinType, Order, Query, SelectStatement};
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
    let chosen = Chosen { order: order.clone(), limit };
    let found = match columns.last() {
        Some(key) if backend == DbBackend::Postgres => {
            page.clear_selects().columns(columns.iter().map(|column| (E::default(), *column)));
            // As an array, whose rows are looked up one by one. PostgreSQL would join a subquery, and may take its
            // estimate for a reason to read the whole table.
            let keys = chosen.laterally::<P, E>(page, columns, *key);
            let keys = Func::cust("ARRAY").arg(Expr::SubQuery(None, Box::new(keys.into())));
            Expr::col((E::default(), *key)).eq(Func::cust("ANY").arg(keys))
        }
        Some(key) => {
            page.clear_selects().column((E::default(), *key));
            Expr::col((E::default(), *key)).in_subquery(chosen.correlated::<P, E>(page, columns, *key))
        }
        None => Expr::val(false),
    };
    let rows = E::find().filter(found).limit(limit);
    columns.iter().fold(rows, |rows, column| rows.order_by(*column, order.clone()))
}

/// The first keys of the pages of all parents.
struct Chosen {
    order: Order,
    limit: u64,
}

impl Chosen {
    fn laterally<P: EntityTrait, E: EntityTrait>(
        self,
        page: SelectStatement,
        columns: &[E::Column],
        key: E::Column,
    ) -> SelectStatement {
        let mut keys = Query::select();
        keys.column((PAGE, key)).from(P::default());
        keys.join_lateral(JoinType::InnerJoin, page, PAGE, Expr::cust("TRUE"));
        for column in columns {
            keys.order_by((PAGE, *column), self.order.clone());
        }
        keys.limit(self.limit).to_owned()
    }

    /// SQLite has no lateral join. It looks the rows up that the correlated list names.
    fn correlated<P: EntityTrait, E: EntityTrait>(
        self,
        page: SelectStatement,
        columns: &[E::Column],
        key: E::Column,
    ) -> SelectStatement {
        let mut keys = Query::select();
        let is_in_page = Expr::col((E::default(), key)).in_subquery(page);
        keys.column((E::default(), key)).from(P::default());
        keys.join(JoinType::InnerJoin, E::default(), is_in_page);
        for column in columns {
            keys.order_by((E::default(), *column), self.order.clone());
        }
        keys.limit(self.limit).to_owned()
    }
}
