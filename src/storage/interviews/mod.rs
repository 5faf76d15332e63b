//! Queries on interviews. Every query for a viewer begins with `visible_to`.

mod changed_columns;
mod conflicts;
mod find;
pub(crate) mod group_lookup;
pub(crate) mod group_statement;
mod list;
pub(crate) mod single_statement;
mod store;
pub(crate) mod with_people;

pub(crate) use conflicts::conflicting;
pub use find::find;
pub(crate) use find::{by_ids, lock, visible_to};
pub(crate) use list::{count, counts_by_interviewee, page, pages_by_interviewee};
pub(crate) use store::{insert, update};

use crate::domain::Interview;
use crate::storage::entities::interview;
use crate::storage::{Result, StorageError};
use sea_orm::sea_query::Expr;

fn column(column: interview::Column) -> Expr {
    Expr::col((interview::Entity, column))
}

fn names<T: Into<&'static str> + Copy>(values: &[T]) -> Vec<&'static str> {
    values.iter().map(|value| (*value).into()).collect()
}

fn read(rows: Vec<interview::Model>) -> Result<Vec<Interview>, StorageError> {
    rows.into_iter().map(Interview::try_from).collect()
}
