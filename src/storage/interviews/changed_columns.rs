//! The columns that a change of an interview writes, with their values.

use crate::domain::{Interview, Timing};
use crate::storage::entities::stored_interview::{self, Column};
use sea_orm::{ActiveModelTrait, IdenStatic, Iterable, Value};

/// In the order of their parameters.
fn columns() -> impl Iterator<Item = Column> {
    Column::iter().filter(|column| stored_interview::is_changeable(*column))
}

/// The number of parameters.
pub(super) fn count() -> usize {
    columns().count()
}

/// What an `UPDATE` sets, with parameters that are numbered from this one on.
pub(super) fn assignments(first: usize) -> String {
    let parameter = |wanted| {
        let number = columns().zip(first..).find_map(|(column, number)| (column.as_str() == wanted).then_some(number));
        number.map_or_else(String::new, |number| format!("${number}"))
    };
    let assign = |column: Column| {
        let value = stored_interview::assigned(column, |column| parameter(column.as_str()));
        format!("{} = {value}", column.as_str())
    };
    columns().map(assign).collect::<Vec<_>>().join(", ")
}

/// The values of the parameters.
pub(super) fn values(interview: &Interview, timing: Timing) -> impl Iterator<Item = Value> {
    let row = stored_interview::changed(interview, timing);
    columns().filter_map(move |column| row.get(column).into_value())
}
