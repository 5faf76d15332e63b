//! The cost of an operation with its variables: what the limit and the rate limit count, and the memory of its
//! arguments.

use crate::graphql::engine::document::argument_memory::ArgumentMemory;
use apollo_compiler::Node;
use apollo_compiler::ast::Value;
use apollo_compiler::executable::{ExecutableDocument, Field, Operation, Selection, SelectionSet};
use async_graphql::{Value as Variable, Variables};

/// The number of items that a connection may return, by its arguments `first` and `last`.
#[derive(Clone, Copy, Debug)]
pub struct PageSizes {
    /// Without either argument.
    pub default: i32,
    /// The largest value of either.
    pub max: i32,
}

/// A field with text that users write: the type that has it, and its name.
pub type FreeText = (&'static str, &'static str);

/// The cost of a field with free text. Such a text can be a hundred times as long as an id.
const FREE_TEXT_COST: usize = 5;

/// A field that makes the database read more rows than the field returns.
#[derive(Clone, Copy, Debug)]
pub struct Scan {
    /// The type that has the field.
    pub parent: &'static str,
    /// The field.
    pub field: &'static str,
    /// The argument with which it does so; none if it always does.
    pub argument: Option<&'static str>,
    /// The points that each selection of it costs in addition. A list does not multiply them: the fields of its items
    /// share one statement.
    pub cost: usize,
}

/// A field with an unpaged list.
#[derive(Clone, Copy, Debug)]
pub struct List {
    /// The type that has the field.
    pub parent: &'static str,
    /// The field. Its selection costs as much for each item.
    pub field: &'static str,
    /// The most items of the list.
    pub items: Items,
    /// The points that each item costs beside its selection. They are no part of the response.
    pub item_cost: usize,
}

/// The most items of a list.
#[derive(Clone, Copy, Debug)]
pub enum Items {
    /// As many as this argument has, which is a list.
    OfArgument(&'static str),
    /// A fixed number.
    AtMost(usize),
}

/// What the cost of a schema's fields depends on.
#[derive(Clone, Copy, Debug)]
pub struct CostRules {
    /// The number of items that connections may return.
    pub page_sizes: PageSizes,
    /// The fields with free text.
    pub free_texts: &'static [FreeText],
    /// The fields that make the database read more rows than they return.
    pub scans: &'static [Scan],
    /// The fields with unpaged lists.
    pub lists: &'static [List],
}

/// The cost: a field costs one point, or more if it is a free text, and a connection multiplies the cost of its
/// selection by the number of items that it may return. Scans are added once for each selection. The number of
/// selections is limited before (see `limits`), so that fragments can be followed.
pub fn of(
    document: &ExecutableDocument,
    operation: &Operation,
    variables: &Variables,
    rules: CostRules,
) -> OperationCost {
    let cost = Cost { document, variables, rules, arguments: ArgumentMemory::new(operation, variables) };
    let Points { fields, scans, arguments } = cost.of(&operation.selection_set);
    OperationCost {
        points: fields.saturating_add(scans),
        argument_memory: arguments,
        response_memory: fields.saturating_mul(RESPONSE_OF_POINT),
    }
}

/// What an operation costs.
#[derive(Clone, Copy, Debug)]
pub struct OperationCost {
    /// In points.
    pub points: usize,
    /// The memory of the arguments of all fields that may run, in bytes.
    pub argument_memory: usize,
    /// The most memory that the response is expected to take, in bytes.
    pub response_memory: usize,
}

/// The longest JSON of a field that costs one point, in bytes. A free text of 2000 characters takes up to 8000 bytes,
/// and costs [`FREE_TEXT_COST`].
const RESPONSE_OF_POINT: usize = 2 * 1024;

/// The cost of a selection.
#[derive(Clone, Copy, Default)]
struct Points {
    /// What a list multiplies.
    fields: usize,
    scans: usize,
    /// The memory of arguments, in bytes. A list multiplies it.
    arguments: usize,
}

impl Points {
    fn add(self, other: Self) -> Self {
        Self {
            fields: self.fields.saturating_add(other.fields),
            scans: self.scans.saturating_add(other.scans),
            arguments: self.arguments.saturating_add(other.arguments),
        }
    }
}

struct Cost<'a> {
    document: &'a ExecutableDocument,
    variables: &'a Variables,
    rules: CostRules,
    arguments: ArgumentMemory<'a>,
}

impl Cost<'_> {
    fn of(&self, set: &SelectionSet) -> Points {
        let costs = set.selections.iter().map(|selection| match selection {
            Selection::Field(field) => {
                let own = if self.is_free_text(set, field) { FREE_TEXT_COST } else { 1 };
                let Points { fields, scans, arguments } = self.of(&field.selection_set);
                let items = self.items(set, field);
                let selected = Points {
                    fields: fields.saturating_mul(items),
                    scans: scans.saturating_add(self.item_cost(set, field).saturating_mul(items)),
                    arguments: arguments.saturating_mul(items),
                };
                let arguments = self.arguments.of(field);
                selected.add(Points { fields: own, scans: self.scan(set, field), arguments })
            }
            Selection::InlineFragment(fragment) => self.of(&fragment.selection_set),
            Selection::FragmentSpread(spread) => {
                let fragment = self.document.fragments.get(&spread.fragment_name);
                fragment.map_or_else(Points::default, |fragment| self.of(&fragment.selection_set))
            }
        });
        costs.fold(Points::default(), Points::add)
    }

    fn is_free_text(&self, parent: &SelectionSet, field: &Field) -> bool {
        self.rules.free_texts.iter().any(|(ty, name)| parent.ty == *ty && field.name == *name)
    }

    fn scan(&self, parent: &SelectionSet, field: &Field) -> usize {
        let is_this = |scan: &&Scan| {
            parent.ty == *scan.parent
                && field.name == *scan.field
                && scan.argument.is_none_or(|name| self.is_given(field.specified_argument_by_name(name)))
        };
        self.rules.scans.iter().find(is_this).map_or(0, |scan| scan.cost)
    }

    /// Whether an argument is more than null or an empty object.
    fn is_given(&self, argument: Option<&Node<Value>>) -> bool {
        match argument.map(|value| &**value) {
            None | Some(Value::Null) => false,
            Some(Value::Object(fields)) => !fields.is_empty(),
            Some(Value::Variable(name)) => match self.variables.get(name.as_str()) {
                None | Some(Variable::Null) => false,
                Some(Variable::Object(fields)) => !fields.is_empty(),
                Some(_) => true,
            },
            Some(_) => true,
        }
    }

    fn list(&self, parent: &SelectionSet, field: &Field) -> Option<&List> {
        self.rules.lists.iter().find(|list| parent.ty == *list.parent && field.name == *list.field)
    }

    fn item_cost(&self, parent: &SelectionSet, field: &Field) -> usize {
        self.list(parent, field).map_or(0, |list| list.item_cost)
    }

    /// The number of items that a field may return; 1 unless it is a list.
    fn items(&self, parent: &SelectionSet, field: &Field) -> usize {
        match self.list(parent, field).map(|list| list.items) {
            Some(Items::AtMost(items)) => return items,
            Some(Items::OfArgument(name)) => {
                return field.specified_argument_by_name(name).map_or(1, |rows| self.rows(rows));
            }
            None => {}
        }
        // The lists of introspection have no page size. These are estimates for a schema of about 60 types.
        match (field.definition.ty.inner_named_type().as_str(), field.name.as_str()) {
            ("__Type", "types") => return 60,
            ("__Field", "fields") => return 8,
            ("__InputValue" | "__EnumValue" | "__Directive", _) | ("__Type", "possibleTypes") => return 4,
            (name, _) if !name.ends_with("Connection") => return 1,
            _ => {}
        }
        let given = ["first", "last"].iter().find_map(|name| self.number(field.specified_argument_by_name(name)?));
        let size = given.unwrap_or(self.rules.page_sizes.default.into()).clamp(1, self.rules.page_sizes.max.into());
        usize::try_from(size).unwrap_or(1)
    }

    /// The number of items of a list.
    fn rows(&self, value: &Value) -> usize {
        match value {
            Value::List(rows) => rows.len(),
            Value::Variable(name) => match self.variables.get(name.as_str()) {
                Some(Variable::List(rows)) => rows.len(),
                _ => 1,
            },
            _ => 1,
        }
        .max(1)
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
