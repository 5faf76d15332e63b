//! The root fields of mutations and subscriptions. Fields with the same response key run once
//! (<https://spec.graphql.org/October2021/#sec-Field-Collection>), but the executor would run each occurrence. It also
//! does not look for the root field of a subscription in fragments. So the root is rewritten to its collected fields
//! before it runs.

use crate::graphql::engine::document::argument_memory::of_value;
use crate::graphql::engine::document::variable_values::VariableValues;
use crate::graphql::engine::error::{Code, RequestError};
use crate::graphql::engine::sentence::to_sentence;
use async_graphql::parser::types::{
    Directive, DocumentOperations, ExecutableDocument, Field, FragmentDefinition, Selection, SelectionSet,
};
use async_graphql::{Error, InputType, Name, PathSegment, Pos, Positioned, ServerError, Value, Variables};
use std::collections::HashMap;

/// The root field of a subscription, with its arguments.
#[derive(Debug)]
pub struct RootField {
    name: Name,
    response_key: Name,
    position: Pos,
    arguments: Vec<(Name, Pos, Option<Value>)>,
}

impl RootField {
    /// The name in the schema.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The memory of the arguments, in bytes.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.arguments.iter().filter_map(|(.., value)| value.as_ref()).map(of_value).sum()
    }

    /// Parses an argument.
    ///
    /// # Errors
    /// `BAD_USER_INPUT`
    pub fn argument<T: InputType>(&self, name: &str) -> Result<T, RequestError> {
        let argument = self.arguments.iter().find(|(argument, ..)| argument == name);
        let (position, value) =
            argument.map_or_else(Default::default, |(_, position, value)| (*position, value.clone()));
        T::parse(value).map_err(|error| {
            let mut error = error.into_server_error(position);
            error.message = to_sentence(error.message);
            self.located(Code::BadUserInput, error)
        })
    }

    /// An error of this field.
    #[must_use]
    pub fn error(&self, code: Code, error: Error) -> RequestError {
        self.located(code, error.into_server_error(self.position))
    }

    fn located(&self, code: Code, error: ServerError) -> RequestError {
        let path = vec![PathSegment::Field(self.response_key.to_string())];
        RequestError::with(code, vec![error.with_path(path)])
    }
}

/// Rewrites the root of an operation so that each response key occurs once, where it occurred first. Returns the first
/// field; `None` when `@skip` or `@include` removes all.
pub fn collect_root_fields(
    document: &mut ExecutableDocument,
    name: Option<&str>,
    variables: &Variables,
) -> Option<RootField> {
    let operation = match (&mut document.operations, name) {
        (DocumentOperations::Single(operation), _) => operation,
        (DocumentOperations::Multiple(operations), Some(name)) => operations.get_mut(name)?,
        (DocumentOperations::Multiple(operations), None) => operations.values_mut().next()?,
    };
    let values = VariableValues::new(variables, &operation.node);
    let mut collected = CollectedFields { fields: Vec::new(), fragments: &document.fragments, values };
    collected.collect(&operation.node.selection_set.node);
    let fields = collected.fields;
    let root_field = fields.first().map(|field| RootField {
        name: field.node.name.node.clone(),
        response_key: field.node.response_key().node.clone(),
        position: field.pos,
        arguments: values.arguments_of(&field.node),
    });
    let selection = |field: Positioned<Field>| Positioned::new(Selection::Field(field.clone()), field.pos);
    operation.node.selection_set.node.items = fields.into_iter().map(selection).collect();
    root_field
}

/// Whether an operation selects this root field, with `@skip` and `@include` applied.
pub fn selects(document: &ExecutableDocument, operation: Option<&str>, variables: &Variables, field: &str) -> bool {
    let is_operation = |name: Option<&Name>| operation.is_none_or(|wanted| name.is_some_and(|name| name == wanted));
    let Some((_, operation)) = document.operations.iter().find(|(name, _)| is_operation(*name)) else { return false };
    let values = VariableValues::new(variables, &operation.node);
    let mut collected = CollectedFields { fields: Vec::new(), fragments: &document.fragments, values };
    collected.collect(&operation.node.selection_set.node);
    collected.fields.iter().any(|selected| selected.node.name.node == field)
}

/// Removes the arguments of every operation's root fields.
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

struct CollectedFields<'a> {
    fields: Vec<Positioned<Field>>,
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    values: VariableValues<'a>,
}

impl CollectedFields<'_> {
    fn collect(&mut self, selection_set: &SelectionSet) {
        for selection in &selection_set.items {
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

    /// Fields with one response key are the same field with the same arguments: validation has made sure of it.
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
        self.values.argument_of(directive, "if") == Some(Value::Boolean(skipped_if))
    }
}
