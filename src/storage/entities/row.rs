//! Reads rows by the position of their columns. SeaORM looks up each column of each row by its name, which costs more
//! than reading the value.

use sea_orm::{DbErr, QueryResult, TryGetable};

/// A row, or the rows of several joined tables, whose columns come in the order of the entity. Every `SELECT` of an
/// entity has them in this order.
pub trait Row: Sized {
    /// Takes the columns of this row off the front of `columns`.
    fn read(columns: &mut Columns<'_>) -> Result<Self, DbErr>;
}

/// The columns of a result that are not read yet.
pub struct Columns<'a> {
    result: &'a QueryResult,
    next: usize,
}

impl<'a> Columns<'a> {
    pub fn of(result: &'a QueryResult) -> Self {
        Self { result, next: 0 }
    }

    pub fn take<T: TryGetable>(&mut self) -> Result<T, DbErr> {
        let index = self.next;
        self.next += 1;
        self.result.try_get_by_index(index)
    }
}

impl<A: Row, B: Row, C: Row, D: Row> Row for (A, B, C, D) {
    fn read(columns: &mut Columns<'_>) -> Result<Self, DbErr> {
        Ok((A::read(columns)?, B::read(columns)?, C::read(columns)?, D::read(columns)?))
    }
}

/// Defines an entity's `Model`, and implements [`Row`] for it with its own list of fields.
macro_rules! row {
    (@read $(#[$_derive:meta])* pub struct Model { $($(#[$_column:meta])* pub $field:ident: $_type:ty,)* }) => {
        impl $crate::storage::entities::row::Row for Model {
            fn read(
                columns: &mut $crate::storage::entities::row::Columns<'_>,
            ) -> std::result::Result<Self, sea_orm::DbErr> {
                Ok(Self { $($field: columns.take()?,)* })
            }
        }

        #[cfg(test)]
        impl Model {
            pub const FIELDS: &'static [&'static str] = &[$(stringify!($field)),*];
        }
    };
    ($($definition:tt)*) => {
        $($definition)*
        $crate::storage::entities::row::row! { @read $($definition)* }
    };
}
pub(crate) use row;

#[cfg(test)]
mod tests {
    use crate::storage::entities::{account, application, company, interview, interviewee, user};
    use sea_orm::{DbBackend, EntityTrait, QueryTrait};

    #[test]
    fn selects_have_their_columns_in_the_order_of_the_fields() {
        fn selected<E: EntityTrait>() -> Vec<String> {
            let sql = E::find().build(DbBackend::Postgres).to_string();
            let columns = sql.strip_prefix("SELECT ").unwrap().split(" FROM ").next().unwrap();
            columns.split(", ").map(|column| column.split('"').nth(3).unwrap().to_owned()).collect()
        }
        assert_eq!(selected::<interview::Entity>(), interview::Model::FIELDS);
        assert_eq!(selected::<interviewee::Entity>(), interviewee::Model::FIELDS);
        assert_eq!(selected::<user::Entity>(), user::Model::FIELDS);
        assert_eq!(selected::<account::Entity>(), account::Model::FIELDS);
        assert_eq!(selected::<application::Entity>(), application::Model::FIELDS);
        assert_eq!(selected::<company::Entity>(), company::Model::FIELDS);
    }
}
