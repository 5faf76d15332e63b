//! Fields of inputs for which absent, null and a value are three different things.

use crate::domain::Patch;
use async_graphql::MaybeUndefined;

/// The field as the domain has it.
pub fn patch<T>(value: MaybeUndefined<T>) -> Patch<T> {
    match value {
        MaybeUndefined::Undefined => Patch::Absent,
        MaybeUndefined::Null => Patch::Null,
        MaybeUndefined::Value(value) => Patch::Value(value),
    }
}
