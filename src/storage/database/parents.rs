//! The parents of nested lists as a table of one parameter: an array on PostgreSQL, JSON on SQLite.

use crate::storage::database::array_parameter::array_parameter;
use sea_orm::sea_query::{Expr, ExprTrait, Func, FunctionCall, SimpleExpr};
use sea_orm::{DbBackend, EntityTrait, Value};

/// The ids of parents.
pub struct Parents {
    backend: DbBackend,
    ids: Value,
}

impl Parents {
    /// The alias of [`Parents::function`].
    pub const ALIAS: &'static str = "parent";

    /// None without ids.
    pub fn new(backend: DbBackend, ids: Vec<i64>) -> Option<Self> {
        Some(Self { backend, ids: array_parameter(backend, ids)? })
    }

    pub fn is_on_postgres(&self) -> bool {
        self.backend == DbBackend::Postgres
    }

    /// The table, with a row for each id.
    pub fn function(&self) -> FunctionCall {
        let ids = Expr::val(self.ids.clone());
        if self.is_on_postgres() {
            Func::cust("unnest").arg(ids.cast_as("bigint[]"))
        } else {
            Func::cust("json_each").arg(ids)
        }
    }

    /// The id of a row of the table.
    pub fn id(&self) -> Expr {
        // The only column of a function of PostgreSQL is called as its alias.
        Expr::col((Self::ALIAS, if self.is_on_postgres() { Self::ALIAS } else { "value" }))
    }
}

/// A column of a condition that its index shall not be used for: without statistics SQLite takes the index of a company
/// for as good as that of a parent.
pub fn without_index(column: Expr) -> Expr {
    Func::cust("+").arg(column).into()
}

/// The condition that a row belongs to the parent of the outer query.
pub fn of_parent<E: EntityTrait>(column: E::Column, parents: &Parents) -> SimpleExpr {
    Expr::col((E::default(), column)).eq(parents.id())
}
