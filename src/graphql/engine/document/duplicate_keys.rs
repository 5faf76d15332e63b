//! Whether a document names a response key twice in one selection, so that what is answered has to be merged
//! (<https://spec.graphql.org/October2021/#sec-Field-Selection-Merging>).

use apollo_compiler::executable::{ExecutableDocument, Selection, SelectionSet};
use std::collections::HashSet;

/// Looks at every operation. The number of selections is bounded before (see `measure`), so that fragments may simply be followed.
pub fn in_any_selection(document: &ExecutableDocument) -> bool {
    let mut operations = document.operations.iter();
    operations.any(|operation| in_selection(document, &operation.selection_set, &mut HashSet::new()))
}

fn in_selection<'a>(document: &'a ExecutableDocument, set: &'a SelectionSet, keys: &mut HashSet<&'a str>) -> bool {
    set.selections.iter().any(|selection| match selection {
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
