//! The hash of a subscription's selection: what it reads of each event, not which events it selects. The
//! arguments of the root field do not count, nor do variables that occur only there. Subscriptions with equal hashes
//! can share responses.

use crate::graphql::engine::document::Hash;
use apollo_compiler::Node;
use apollo_compiler::executable::{ExecutableDocument, Operation, Selection, SelectionSet};
use async_graphql::Variables;
use sha2::{Digest, Sha256};
use std::collections::HashSet;

/// A selection on events.
pub struct SelectionHash {
    /// Equal for equal selections with equal variables.
    pub hash: Hash,
    /// The variables that occur in the selection.
    pub variables: Variables,
}

pub fn of(document: &ExecutableDocument, operation: &Node<Operation>, variables: &Variables) -> SelectionHash {
    let root = &operation.selection_set.ty;
    let mut operation = operation.clone();
    let bare = operation.make_mut();
    bare.name = None;
    let declared = std::mem::take(&mut bare.variables);
    drop_arguments(&mut bare.selection_set);
    let mut text = operation.serialize().no_indent().to_string();
    for fragment in document.fragments.values() {
        let mut fragment = fragment.clone();
        if fragment.selection_set.ty == *root {
            drop_arguments(&mut fragment.make_mut().selection_set);
        }
        text += &fragment.serialize().no_indent().to_string();
    }
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let name = |rest: &str| rest.find(|c| !is_of_name(c)).unwrap_or(rest.len());
    let used: HashSet<&str> = text.split('$').skip(1).map(|rest| &rest[..name(rest)]).collect();
    let mut hash = Sha256::new_with_prefix(&text);
    let mut kept = Variables::default();
    for variable in declared.iter().filter(|variable| used.contains(variable.name.as_str())) {
        let default = variable.default_value.as_ref().map(|value| value.serialize().no_indent().to_string());
        let given = variables.get(variable.name.as_str());
        hash.update(format!("\0{}\0{default:?}\0{given:?}", variable.name));
        if let Some(given) = given {
            kept.insert(async_graphql::Name::new(&variable.name), given.clone());
        }
    }
    SelectionHash { hash: hash.finalize().into(), variables: kept }
}

/// Removes the arguments of the fields of this level.
fn drop_arguments(level: &mut SelectionSet) {
    for selection in &mut level.selections {
        match selection {
            Selection::Field(field) => field.make_mut().arguments.clear(),
            Selection::InlineFragment(fragment) => drop_arguments(&mut fragment.make_mut().selection_set),
            Selection::FragmentSpread(_) => {} // fragments have selections of their own
        }
    }
}
