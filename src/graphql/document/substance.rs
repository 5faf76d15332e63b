//! What a subscription asks about each event, apart from which events it wants: the arguments of its root field do not count, nor do the
//! variables that stand nowhere else. Those whose subscriptions are the same in substance can share answers, wherever each of them is in
//! the log.

use super::Hash;
use apollo_compiler::Node;
use apollo_compiler::executable::{ExecutableDocument, Operation, Selection};
use async_graphql::Variables;
use sha2::{Digest, Sha256};
use std::collections::HashSet;

pub fn of(document: &ExecutableDocument, operation: &Node<Operation>, variables: &Variables) -> Hash {
    let mut operation = operation.clone();
    let bare = operation.make_mut();
    bare.name = None;
    let declared = std::mem::take(&mut bare.variables);
    for selection in &mut bare.selection_set.selections {
        if let Selection::Field(field) = selection {
            field.make_mut().arguments.clear();
        }
    }
    let mut text = operation.serialize().no_indent().to_string();
    for fragment in document.fragments.values() {
        text += &fragment.serialize().no_indent().to_string();
    }
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let named = |rest: &str| rest.find(|c| !is_of_name(c)).map_or(rest.len(), |end| end);
    let used: HashSet<&str> = text.split('$').skip(1).map(|rest| &rest[..named(rest)]).collect();
    let mut hash = Sha256::new_with_prefix(&text);
    for variable in declared.iter().filter(|variable| used.contains(variable.name.as_str())) {
        let default = variable.default_value.as_ref().map(|value| value.serialize().no_indent().to_string());
        hash.update(format!("\0{}\0{default:?}\0{:?}", variable.name, variables.get(variable.name.as_str())));
    }
    hash.finalize().into()
}
