//! The field `description` of `__schema`. The executor resolves it to a text about introspection itself, which tools
//! would show as the description of this schema. The schema has none.

use crate::graphql::engine::document::Document;
use apollo_compiler::ExecutableDocument;
use apollo_compiler::executable::{Field, Selection, SelectionSet};
use async_graphql::Value;
use std::sync::Arc;

/// An operation that selects the schema itself.
pub struct SelectedSchema {
    document: Arc<Document>,
    operation: Option<String>,
}

impl SelectedSchema {
    /// The operation of this name, or the only one.
    pub fn new(document: Arc<Document>, operation: Option<String>) -> Self {
        Self { document, operation }
    }

    /// Replaces the description of the schema by null in the response.
    pub fn remove_description(&self, data: &mut Value) {
        let document = self.document.checked();
        let (Value::Object(root), Ok(operation)) = (data, document.operations.get(self.operation.as_deref())) else {
            return;
        };
        for_each(document, &operation.selection_set, "__schema", &mut |schema| {
            let Some(Value::Object(fields)) = root.get_mut(schema.response_key().as_str()) else { return };
            for_each(document, &schema.selection_set, "description", &mut |description| {
                if let Some(text) = fields.get_mut(description.response_key().as_str()) {
                    *text = Value::Null;
                }
            });
        });
    }
}

/// Visits the fields with this name of an object, also those in fragments.
fn for_each(document: &ExecutableDocument, set: &SelectionSet, name: &str, visit: &mut dyn FnMut(&Field)) {
    for selection in &set.selections {
        match selection {
            Selection::Field(field) if field.name == name => visit(field),
            Selection::Field(_) => {}
            Selection::InlineFragment(fragment) => for_each(document, &fragment.selection_set, name, visit),
            Selection::FragmentSpread(spread) => {
                if let Some(fragment) = document.fragments.get(&spread.fragment_name) {
                    for_each(document, &fragment.selection_set, name, visit);
                }
            }
        }
    }
}
