//! Substitution of variables in the arguments of the executor's document.

use async_graphql::parser::types::{Directive, Field, OperationDefinition, VariableDefinition};
use async_graphql::{Name, Pos, Positioned, Value, Variables};
use std::convert::Infallible;

/// The variables of a request with the defaults that its operation declares.
#[derive(Clone, Copy)]
pub struct VariableValues<'a> {
    given: &'a Variables,
    definitions: &'a [Positioned<VariableDefinition>],
}

impl<'a> VariableValues<'a> {
    pub fn new(given: &'a Variables, operation: &'a OperationDefinition) -> Self {
        Self { given, definitions: &operation.variable_definitions }
    }

    /// The value of a directive's argument; `None` when it is undefined.
    pub fn argument_of(self, directive: &Directive, name: &str) -> Option<Value> {
        let argument = directive.get_argument(name)?.node.clone();
        let Ok(value) = argument.into_const_with(|name| Ok::<_, Infallible>(self.value(&name)));
        defined(value)
    }

    /// The arguments of a field with their positions. An argument that is an undefined variable has no value.
    pub fn arguments_of(self, field: &Field) -> Vec<(Name, Pos, Option<Value>)> {
        let arguments = field.arguments.iter().map(|(name, argument)| {
            let Ok(value) = argument.node.clone().into_const_with(|name| Ok::<_, Infallible>(self.value(&name)));
            (name.node.clone(), argument.pos, defined(value))
        });
        arguments.collect()
    }

    fn value(self, name: &Name) -> Value {
        let default = || {
            let definition = self.definitions.iter().find(|definition| definition.node.name.node == *name)?;
            definition.node.default_value.as_ref().map(|value| value.node.clone())
        };
        self.given.get(name).cloned().or_else(default).unwrap_or_else(undefined)
    }
}

/// Marks an undefined variable while values are substituted: neither a document nor JSON has a binary value.
fn undefined() -> Value {
    Value::Binary(Vec::new().into())
}

/// Removes undefined variables: fields of an input object are left out, items of a list are null
/// (<https://spec.graphql.org/October2021/#sec-Input-Objects.Input-Coercion>).
fn defined(value: Value) -> Option<Value> {
    Some(match value {
        Value::Binary(_) => return None,
        Value::List(items) => Value::List(items.into_iter().map(|item| defined(item).unwrap_or_default()).collect()),
        Value::Object(fields) => {
            Value::Object(fields.into_iter().filter_map(|(name, value)| Some((name, defined(value)?))).collect())
        }
        value => value,
    })
}
