//! What an operation costs, with its variables: the measure of limits and rates.

use crate::graphql::relay::cursor::{DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE};
use apollo_compiler::ast::Value;
use apollo_compiler::executable::{ExecutableDocument, Field, Operation, Selection, SelectionSet};
use async_graphql::{Value as Variable, Variables};

/// A field is one; a connection costs what is selected in it as often as it may have items. The number of selections is bounded before
/// (see `measure`), so that fragments may simply be followed.
pub fn of(document: &ExecutableDocument, operation: &Operation, variables: &Variables) -> usize {
    Cost { document, variables }.of(&operation.selection_set)
}

struct Cost<'a> {
    document: &'a ExecutableDocument,
    variables: &'a Variables,
}

impl Cost<'_> {
    fn of(&self, set: &SelectionSet) -> usize {
        let costs = set.selections.iter().map(|selection| match selection {
            Selection::Field(field) => {
                self.of(&field.selection_set).saturating_mul(self.items(field)).saturating_add(1)
            }
            Selection::InlineFragment(fragment) => self.of(&fragment.selection_set),
            Selection::FragmentSpread(spread) => {
                let fragment = self.document.fragments.get(&spread.fragment_name);
                fragment.map_or(0, |fragment| self.of(&fragment.selection_set))
            }
        });
        costs.fold(0, usize::saturating_add)
    }

    /// How many items a field may have; one where it is no connection.
    fn items(&self, field: &Field) -> usize {
        // Introspection has no page sizes: about as many as there are in our schema.
        match (field.definition.ty.inner_named_type().as_str(), field.name.as_str()) {
            ("__Type", "types") => return 60,
            ("__Field", "fields") => return 8,
            ("__InputValue" | "__EnumValue" | "__Directive", _) | ("__Type", "possibleTypes") => return 4,
            (name, _) if !name.ends_with("Connection") => return 1,
            _ => {}
        }
        let given = ["first", "last"].iter().find_map(|name| self.number(field.specified_argument_by_name(name)?));
        let size = given.unwrap_or(DEFAULT_PAGE_SIZE.into()).clamp(1, MAX_PAGE_SIZE.into());
        usize::try_from(size).unwrap_or(1)
    }

    fn number(&self, value: &Value) -> Option<i64> {
        match value {
            Value::Variable(name) => match self.variables.get(name.as_str())? {
                Variable::Number(number) => number.as_i64(),
                _ => None,
            },
            Value::Int(_) => value.to_i32().map(i64::from),
            _ => None,
        }
    }
}
