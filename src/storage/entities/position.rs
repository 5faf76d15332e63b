//! Rows by the position of their columns. SeaORM looks each column of each row up by its name, which costs more than reading it.
//! Rows of several tables stand one after another.

use crate::storage::entities::{interview, interviewee, user};
use sea_orm::{DbErr, QueryResult};

/// A row whose columns come in the order of its entity, as every `SELECT` of an entity has them.
pub trait ByPosition: Sized {
    /// How many columns it has.
    const WIDTH: usize;

    /// Reads it from the columns that begin at `start`.
    fn by_position(row: &QueryResult, start: usize) -> Result<Self, DbErr>;
}

macro_rules! positions {
    ($($table:ident: $($column:ident $position:literal)*;)*) => {$(
        impl ByPosition for $table::Model {
            const WIDTH: usize = [$($position),*].len();

            fn by_position(row: &QueryResult, start: usize) -> Result<Self, DbErr> {
                Ok(Self { $($column: row.try_get_by_index(start + $position)?,)* })
            }
        }
    )*};
}

positions! {
    interview: id 0 company_id 1 driver_id 2 interviewee_id 3 interviewer_id 4 kind 5 status 6 start_at 7 end_at 8 amend_start_at 9
        amend_end_at 10 amended_by 11 amended_from 12 location 13 reason 14 absent 15 allow_overlap 16 version 17 created_at 18
        updated_at 19;
    interviewee: id 0 company_id 1 driver_id 2 kind 3 updated_at 4;
    user: id 0 role 1 company_id 2 title 3 image 4 phone_number 5 contact_phone_number 6 deactivated_at 7;
}

impl<A: ByPosition, B: ByPosition, C: ByPosition, D: ByPosition> ByPosition for (A, B, C, D) {
    const WIDTH: usize = A::WIDTH + B::WIDTH + C::WIDTH + D::WIDTH;

    fn by_position(row: &QueryResult, start: usize) -> Result<Self, DbErr> {
        let (b, c) = (start + A::WIDTH, start + A::WIDTH + B::WIDTH);
        let d = c + C::WIDTH;
        Ok((A::by_position(row, start)?, B::by_position(row, b)?, C::by_position(row, c)?, D::by_position(row, d)?))
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::{DbBackend, EntityTrait, QueryTrait};

    #[test]
    fn the_positions_are_those_of_the_statements() {
        let columns = |sql: String| {
            let list = sql.strip_prefix("SELECT ").unwrap().split(" FROM ").next().unwrap().to_owned();
            list.split(", ").map(|column| column.split('"').nth(3).unwrap().to_owned()).collect::<Vec<_>>().join(" ")
        };
        let of = |select: String| columns(select);
        let interview = crate::storage::entities::interview::Entity::find().build(DbBackend::Postgres).to_string();
        assert_eq!(
            of(interview),
            "id company_id driver_id interviewee_id interviewer_id kind status start_at end_at amend_start_at amend_end_at \
             amended_by amended_from location reason absent allow_overlap version created_at updated_at"
        );
        let interviewee = crate::storage::entities::interviewee::Entity::find().build(DbBackend::Postgres).to_string();
        assert_eq!(of(interviewee), "id company_id driver_id kind updated_at");
        let user = crate::storage::entities::user::Entity::find().build(DbBackend::Sqlite).to_string();
        assert_eq!(of(user), "id role company_id title image phone_number contact_phone_number deactivated_at");
    }
}
