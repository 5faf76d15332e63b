//! The memory of arguments. The executor gives each field copies of its arguments, with the values of variables in
//! them, and the fields of an operation run concurrently: one long variable in a hundred aliases is in memory a hundred
//! times.

use apollo_compiler::ast::Value as Literal;
use apollo_compiler::executable::{Field, Operation};
use async_graphql::{Value, Variables};

/// The memory of the values of an operation's variables, with their defaults.
pub struct ArgumentMemory<'a> {
    /// By name, in bytes. Without those that take none beside the value itself.
    variables: Vec<(&'a str, usize)>,
}

/// The memory of a list for each item, beside what the item itself refers to.
const ITEM: usize = size_of::<Value>();
/// The memory of an object for each field: the value, the name and the index.
const FIELD: usize = ITEM + 64;

impl<'a> ArgumentMemory<'a> {
    pub fn new(operation: &'a Operation, variables: &Variables) -> Self {
        let memory = operation.variables.iter().map(|definition| {
            let name = definition.name.as_str();
            let default = || definition.default_value.as_ref().map_or(0, |value| of_literal(value, &|_| 0));
            (name, variables.get(name).map_or_else(default, of_value))
        });
        Self { variables: memory.filter(|(_, memory)| *memory > 0).collect() }
    }

    /// The memory of the arguments of a field, in bytes.
    pub fn of(&self, field: &Field) -> usize {
        sum(field.arguments.iter().map(|argument| of_literal(&argument.value, &|name| self.of_variable(name))))
    }

    fn of_variable(&self, name: &str) -> usize {
        self.variables.iter().find(|(variable, _)| *variable == name).map_or(0, |(_, memory)| *memory)
    }
}

/// The memory of variables, in bytes.
#[must_use]
pub fn memory_of_variables(variables: &Variables) -> usize {
    sum(variables.values().map(|value| FIELD + of_value(value)))
}

/// What a value refers to, in bytes.
#[must_use]
pub fn of_value(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::List(items) => sum(items.iter().map(|item| ITEM + of_value(item))),
        Value::Object(fields) => sum(fields.values().map(|field| FIELD + of_value(field))),
        Value::Null | Value::Number(_) | Value::Boolean(_) | Value::Binary(_) | Value::Enum(_) => 0,
    }
}

fn of_literal(literal: &Literal, of_variable: &impl Fn(&str) -> usize) -> usize {
    match literal {
        Literal::Variable(name) => of_variable(name),
        Literal::String(text) => text.len(),
        Literal::List(items) => sum(items.iter().map(|item| ITEM + of_literal(item, of_variable))),
        Literal::Object(fields) => sum(fields.iter().map(|(_, field)| FIELD + of_literal(field, of_variable))),
        Literal::Null | Literal::Enum(_) | Literal::Float(_) | Literal::Int(_) | Literal::Boolean(_) => 0,
    }
}

fn sum(memory: impl Iterator<Item = usize>) -> usize {
    memory.fold(0, usize::saturating_add)
}
