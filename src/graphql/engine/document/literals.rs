//! Checks of literals that the validator does not make: the text of custom scalars, fields given twice in one input
//! object, and the number of fields where exactly one is given.

use crate::graphql::engine::document::diagnostics::position;
use crate::graphql::engine::document::one_of::{check_literal, is_one_of};
use crate::graphql::engine::document::{CustomScalar, custom_scalar};
use crate::graphql::engine::error::{Code, RequestError};
use apollo_compiler::ast::{Type, Value};
use apollo_compiler::executable::{Directive, ExecutableDocument, Selection, SelectionSet};
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::validation::Valid;
use apollo_compiler::{Node, Schema};
use std::collections::HashSet;

struct Check<'a> {
    schema: &'a Schema,
    document: &'a ExecutableDocument,
    scalars: &'a [CustomScalar],
}

/// # Errors
/// `GRAPHQL_VALIDATION_FAILED`
pub fn check(
    schema: &Valid<Schema>,
    document: &Valid<ExecutableDocument>,
    scalars: &[CustomScalar],
) -> Result<(), RequestError> {
    let check = Check { schema, document, scalars };
    for operation in document.operations.iter() {
        for variable in &operation.variables {
            if let Some(default) = &variable.default_value {
                check.value(&variable.ty, default)?;
            }
        }
        check.selections(&operation.selection_set)?;
    }
    document.fragments.values().try_for_each(|fragment| check.selections(&fragment.selection_set))
}

impl Check<'_> {
    fn selections(&self, set: &SelectionSet) -> Result<(), RequestError> {
        for selection in &set.selections {
            self.directives(selection.directives())?;
            match selection {
                Selection::Field(field) => {
                    for argument in &field.arguments {
                        if let Some(definition) = field.definition.argument_by_name(&argument.name) {
                            self.value(&definition.ty, &argument.value)?;
                        }
                    }
                    self.selections(&field.selection_set)?;
                }
                Selection::InlineFragment(fragment) => self.selections(&fragment.selection_set)?,
                Selection::FragmentSpread(_) => {} // checked with its definition
            }
        }
        Ok(())
    }

    fn directives(&self, directives: &[Node<Directive>]) -> Result<(), RequestError> {
        for directive in directives {
            let definition = self.schema.directive_definitions.get(&directive.name);
            for argument in &directive.arguments {
                if let Some(definition) = definition.and_then(|it| it.argument_by_name(&argument.name)) {
                    self.value(&definition.ty, &argument.value)?;
                }
            }
        }
        Ok(())
    }

    fn value(&self, ty: &Type, value: &Node<Value>) -> Result<(), RequestError> {
        let named = ty.inner_named_type();
        match (&**value, self.schema.types.get(named)) {
            (Value::List(items), _) => items.iter().try_for_each(|item| self.value(ty.item_type(), item)),
            (Value::Object(fields), Some(ExtendedType::InputObject(object))) => {
                let mut seen = HashSet::new();
                for (name, field) in fields {
                    if !seen.insert(name) {
                        return Err(self.invalid(format!("The field `{name}` is given twice in one `{named}`."), field));
                    }
                    if let Some(definition) = object.fields.get(name) {
                        self.value(&definition.ty, field)?;
                    }
                }
                if is_one_of(object) {
                    check_literal(self.document, fields).map_err(|message| self.invalid(message, value))?;
                }
                Ok(())
            }
            (Value::Variable(_) | Value::Null, _) => Ok(()),
            (Value::Int(number), _) if named == "ID" && number.as_str().parse::<i64>().is_err() => {
                Err(self.invalid("The value has to be an ID: a string, or an integer of 64 bits.".to_owned(), value))
            }
            (literal, _) => match (custom_scalar(self.scalars, named), literal) {
                (None, _) => Ok(()),
                (Some(scalar), Value::String(text)) => (scalar.check)(text)
                    .map_err(|problem| self.invalid(format!("The value has to be a `{named}`. {problem}"), value)),
                (Some(_), _) => Err(self.invalid(format!("The value has to be a `{named}`, a string."), value)),
            },
        }
    }

    fn invalid(&self, message: String, value: &Node<Value>) -> RequestError {
        let at = value.location().and_then(|span| span.line_column_range(&self.document.sources));
        RequestError::new(Code::GraphqlValidationFailed, message, position(at))
    }
}
