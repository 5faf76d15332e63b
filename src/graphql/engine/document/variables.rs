//! Checks all variables against their declared types before an operation runs, and coerces them
//! (<https://spec.graphql.org/October2021/#sec-Coercing-Variable-Values>).

use crate::graphql::engine::document::one_of::{EXACTLY_ONE, is_one_of};
use crate::graphql::engine::document::problems::{PathPart, Problems};
use crate::graphql::engine::document::suggestions::{Names, did_you_mean};
use crate::graphql::engine::document::{CustomScalar, custom_scalar, whole_numbers};
use crate::graphql::engine::error::RequestError;
use apollo_compiler::ast::Type;
use apollo_compiler::executable::Operation;
use apollo_compiler::schema::{EnumType, ExtendedType, InputObjectType};
use apollo_compiler::{Name as SchemaName, Schema};
use async_graphql::indexmap::IndexMap;
use async_graphql::{Name, Number, Value, Variables};

/// # Errors
/// `BAD_USER_INPUT`, with the problems of all variables at once.
pub fn coerce(
    schema: &Schema,
    scalars: &[CustomScalar],
    operation: &Operation,
    variables: &mut Variables,
    names: Names,
) -> Result<(), RequestError> {
    let mut check = Check { schema, scalars, names, problems: Problems::default(), has_whole_numbers: false };
    for definition in &operation.variables {
        let name = definition.name.as_str();
        match variables.get(name) {
            Some(value) => check.at(PathPart::Field(name), |check| check.value(&definition.ty, value)),
            None if definition.ty.is_non_null() && definition.default_value.is_none() => {
                check.at(PathPart::Field(name), |check| check.problems.add(MISSING));
            }
            None => {}
        }
    }
    let Check { problems, has_whole_numbers, .. } = check;
    problems.into_result()?;
    if has_whole_numbers {
        whole_numbers::replace(schema, operation, variables);
    }
    Ok(())
}

/// The longest text of an id, in bytes. The ids of this server are shorter; a position of the log has up to 80 bytes.
const MAX_ID: usize = 128;

const MISSING: &str = "A value is required.";
const NULL: &str = "The value cannot be null.";

struct Check<'a> {
    schema: &'a Schema,
    scalars: &'a [CustomScalar],
    names: Names,
    problems: Problems<'a>,
    /// Whether a number with a fraction is to become an integer.
    has_whole_numbers: bool,
}

impl<'a> Check<'a> {
    fn at(&mut self, part: PathPart<'a>, check: impl FnOnce(&mut Self)) {
        self.problems.enter(part);
        check(self);
        self.problems.leave();
    }

    fn value(&mut self, ty: &'a Type, value: &'a Value) {
        if self.problems.are_full() {
            return;
        }
        if *value == Value::Null {
            if ty.is_non_null() {
                self.problems.add(NULL);
            }
            return;
        }
        match ty {
            Type::List(of) | Type::NonNullList(of) => match value {
                Value::List(items) => {
                    for (index, item) in items.iter().enumerate() {
                        self.at(PathPart::Index(index), |check| check.value(of, item));
                    }
                }
                value => self.value(of, value), // a list of one
            },
            Type::Named(name) | Type::NonNullNamed(name) => match (self.schema.types.get(name), value) {
                (Some(ExtendedType::Enum(of)), Value::String(text)) => self.enum_value(of, text),
                (Some(ExtendedType::Enum(of)), Value::Enum(text)) => self.enum_value(of, text),
                (Some(ExtendedType::Enum(of)), _) => self.enum_value(of, ""),
                (Some(ExtendedType::InputObject(of)), Value::Object(given)) => self.input_object(of, given),
                (Some(ExtendedType::Scalar(_)), value) => {
                    if let Err(explanation) = self.scalar(name, value) {
                        self.problems.add(explanation);
                    }
                }
                _ => self.problems.add(format!("The value has to be an object of the type `{name}`.")),
            },
        }
    }

    fn enum_value(&mut self, of: &EnumType, text: &str) {
        if of.values.contains_key(text) {
            return;
        }
        let values = match self.names {
            Names::Shown => of.values.keys().map(SchemaName::as_str).collect::<Vec<_>>().join(", "),
            Names::Hidden => format!("the values of `{}`", of.name),
        };
        self.problems.add(format!("The value has to be one of {values}."));
    }

    fn input_object(&mut self, of: &'a InputObjectType, given: &'a IndexMap<Name, Value>) {
        if is_one_of(of) && (given.len() != 1 || given.values().any(|value| *value == Value::Null)) {
            self.problems.add(EXACTLY_ONE);
        }
        for unknown in given.keys().filter(|field| !of.fields.contains_key(field.as_str())) {
            if self.problems.are_full() {
                return;
            }
            let suggestion = did_you_mean(unknown, of.fields.keys().map(SchemaName::as_str), self.names);
            self.at(PathPart::Field(unknown), |check| {
                check.problems.add(format!("The type `{}` has no such field.{suggestion}", of.name));
            });
        }
        for (field, definition) in &of.fields {
            match given.get(field.as_str()) {
                Some(value) => self.at(PathPart::Field(field), |check| check.value(&definition.ty, value)),
                None if definition.is_required() => {
                    self.at(PathPart::Field(field), |check| check.problems.add(MISSING));
                }
                None => {}
            }
        }
    }

    fn integer(&mut self, number: &Number) -> Option<i64> {
        number.as_i64().or_else(|| {
            let integer = whole_numbers::integer(number)?;
            self.has_whole_numbers = true;
            Some(integer)
        })
    }

    fn scalar(&mut self, name: &str, value: &Value) -> Result<(), String> {
        let is_valid = match (name, value) {
            ("Int", Value::Number(number)) => self.integer(number).is_some_and(|it| i32::try_from(it).is_ok()),
            ("ID", Value::String(text)) if text.len() > MAX_ID => {
                return Err(format!("An id has at most {MAX_ID} bytes."));
            }
            ("Float", Value::Number(_)) | ("String" | "ID", Value::String(_)) | ("Boolean", Value::Boolean(_)) => true,
            ("ID", Value::Number(number)) => self.integer(number).is_some(),
            (name, Value::String(text)) => match custom_scalar(self.scalars, name) {
                Some(scalar) => return (scalar.check)(text),
                None => false,
            },
            _ => false,
        };
        let expected = match name {
            "Int" => "a whole number from -2147483648 to 2147483647",
            "Float" => "a number",
            "String" => "a text",
            "Boolean" => "true or false",
            "ID" => "an id: a text or a whole number",
            custom => return if is_valid { Ok(()) } else { Err(format!("The value has to be a `{custom}`, a text.")) },
        };
        if is_valid { Ok(()) } else { Err(format!("The value has to be {expected}.")) }
    }
}
