//! Finds documents in which values have to be merged: two fields with the same response key and selections of their own
//! (<https://spec.graphql.org/October2021/#sec-Field-Selection-Merging>). Two leaf fields have the same value, so one
//! of them is enough.

use apollo_compiler::executable::{ExecutableDocument, Selection, SelectionSet};
use std::collections::HashSet;

/// Whether a selection of any operation has such fields. The number of selections is limited before (see `limits`), so
/// that fragments can be followed.
pub fn in_any_selection(document: &ExecutableDocument) -> bool {
    let mut operations = document.operations.iter();
    operations.any(|operation| in_selection(document, &operation.selection_set, &mut HashSet::new()))
}

fn in_selection<'a>(document: &'a ExecutableDocument, set: &'a SelectionSet, keys: &mut HashSet<&'a str>) -> bool {
    set.selections.iter().any(|selection| match selection {
        Selection::Field(field) if field.selection_set.selections.is_empty() => false,
        Selection::Field(field) => {
            !keys.insert(field.response_key().as_str())
                || in_selection(document, &field.selection_set, &mut HashSet::new())
        }
        Selection::InlineFragment(fragment) => in_selection(document, &fragment.selection_set, keys),
        Selection::FragmentSpread(spread) => document
            .fragments
            .get(&spread.fragment_name)
            .is_some_and(|fragment| in_selection(document, &fragment.selection_set, keys)),
    })
}
