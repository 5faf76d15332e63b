//! The columns that a change of an interview writes, with their values.

use crate::domain::{Interview, Timing};
use crate::storage::entities::stored_interview::{self, Column};
use sea_orm::{ActiveModelTrait, IdenStatic, Iterable, Value};

/// In the order of their parameters.
pub(super) fn columns() -> impl Iterator<Item = Column> {
    Column::iter().filter(|column| stored_interview::is_changeable(*column))
}

/// The number of parameters.
pub(super) fn count() -> usize {
    columns().count()
}

/// What an `UPDATE` sets, with the given value of each column.
pub(super) fn assignments(given: impl Fn(Column) -> String) -> String {
    let assign = |column: Column| format!("{} = {}", column.as_str(), stored_interview::assigned(column, &given));
    columns().map(assign).collect::<Vec<_>>().join(", ")
}

/// The same with parameters that are numbered from this one on.
pub(super) fn assignments_of_parameters(first: usize) -> String {
    assignments(|wanted| {
        let is_wanted = |column: Column| column.as_str() == wanted.as_str();
        let number = columns().zip(first..).find_map(|(column, number)| is_wanted(column).then_some(number));
        number.map_or_else(String::new, |number| format!("${number}"))
    })
}

/// The values of the parameters.
pub(super) fn values(interview: &Interview, timing: Timing) -> impl Iterator<Item = Value> {
    let row = stored_interview::changed(interview, timing);
    columns().filter_map(move |column| row.get(column).into_value())
}
