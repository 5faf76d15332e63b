//! Root fields of a mutation that share a response key run once (<https://spec.graphql.org/October2021/#sec-Field-Collection>). The
//! executor runs each occurrence; so they are merged into one before. The root field of a subscription may stand in a fragment, where
//! the executor does not look: the same rewriting takes it out.

use async_graphql::parser::types::{
    Directive, DocumentOperations, ExecutableDocument, Field, FragmentDefinition, Selection, SelectionSet,
};
use async_graphql::{Name, Positioned, Value, Variables};
use std::collections::HashMap;

/// Rewrites the operation's root so that each response key occurs once, where it occurred first.
pub fn root_fields(document: &mut ExecutableDocument, name: Option<&str>, variables: &Variables) {
    let operation = match (&mut document.operations, name) {
        (DocumentOperations::Single(operation), _) => Some(operation),
        (DocumentOperations::Multiple(operations), Some(name)) => operations.get_mut(name),
        (DocumentOperations::Multiple(operations), None) => operations.values_mut().next(),
    };
    let Some(operation) = operation else { return };
    let root = &mut operation.node.selection_set.node;
    let mut collected = Collected { fields: Vec::new(), fragments: &document.fragments, variables };
    collected.collect(root);
    let field = |field: Positioned<Field>| Positioned::new(Selection::Field(field.clone()), field.pos);
    root.items = collected.fields.into_iter().map(field).collect();
}

/// Drops the arguments of every operation's root fields.
pub fn drop_root_arguments(document: &mut ExecutableDocument) {
    let operations = match &mut document.operations {
        DocumentOperations::Single(operation) => vec![operation],
        DocumentOperations::Multiple(operations) => operations.values_mut().collect(),
    };
    for selection in operations.into_iter().flat_map(|operation| &mut operation.node.selection_set.node.items) {
        if let Selection::Field(field) = &mut selection.node {
            field.node.arguments.clear();
        }
    }
}

struct Collected<'a> {
    fields: Vec<Positioned<Field>>,
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    variables: &'a Variables,
}

impl Collected<'_> {
    fn collect(&mut self, set: &SelectionSet) {
        for selection in &set.items {
            if selection.node.directives().iter().any(|directive| self.skips(&directive.node)) {
                continue;
            }
            match &selection.node {
                Selection::Field(field) => self.add(field),
                Selection::InlineFragment(fragment) => self.collect(&fragment.node.selection_set.node),
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.fragments.get(&spread.node.fragment_name.node) {
                        self.collect(&fragment.node.selection_set.node);
                    }
                }
            }
        }
    }

    /// The same key means the same field with the same arguments: the document is valid.
    fn add(&mut self, field: &Positioned<Field>) {
        let same = |known: &&mut Positioned<Field>| known.node.response_key().node == field.node.response_key().node;
        match self.fields.iter_mut().find(same) {
            Some(known) => {
                known.node.selection_set.node.items.extend(field.node.selection_set.node.items.iter().cloned());
            }
            None => self.fields.push(field.clone()),
        }
    }

    fn skips(&self, directive: &Directive) -> bool {
        let skipped_if = match directive.name.node.as_str() {
            "skip" => true,
            "include" => false,
            _ => return false,
        };
        let condition = directive.get_argument("if").map(|value| value.node.clone());
        let condition =
            condition.and_then(|it| it.into_const_with(|name| self.variables.get(&name).cloned().ok_or(())).ok());
        condition == Some(Value::Boolean(skipped_if))
    }
}
