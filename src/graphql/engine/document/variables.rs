//! Checks all variables against their declared types before an operation runs
//! (<https://spec.graphql.org/October2021/#sec-Coercing-Variable-Values>).

use crate::graphql::engine::document::diagnostics::{MAX_ERRORS, truncate};
use crate::graphql::engine::document::{CustomScalar, custom_scalar};
use crate::graphql::engine::error::{Code, RequestError};
use apollo_compiler::Schema;
use apollo_compiler::ast::Type;
use apollo_compiler::executable::Operation;
use apollo_compiler::schema::ExtendedType;
use async_graphql::{ServerError, Value, Variables};

/// # Errors
/// `BAD_USER_INPUT`: one error for each wrong variable, with its name, the path in its value and the expected type.
pub fn check(
    schema: &Schema,
    scalars: &[CustomScalar],
    operation: &Operation,
    variables: &Variables,
) -> Result<(), RequestError> {
    let check = Check { schema, scalars };
    let mut errors = Vec::new();
    for definition in &operation.variables {
        let path = format!("${}", definition.name);
        let problem = match variables.get(definition.name.as_str()) {
            Some(value) => check.problem(&definition.ty, value, &path),
            None if definition.ty.is_non_null() && definition.default_value.is_none() => {
                Some(format!("`{path}` is missing: expected `{}`", definition.ty))
            }
            None => None,
        };
        errors.extend(problem.map(|message| ServerError::new(truncate(message), None)));
    }
    errors.truncate(MAX_ERRORS);
    if errors.is_empty() { Ok(()) } else { Err(RequestError::with(Code::BadUserInput, errors)) }
}

struct Check<'a> {
    schema: &'a Schema,
    scalars: &'a [CustomScalar],
}

impl Check<'_> {
    /// The first problem of a value and where it is; `None` when it has the type.
    fn problem(&self, ty: &Type, value: &Value, path: &str) -> Option<String> {
        if *value == Value::Null {
            return ty.is_non_null().then(|| format!("`{path}` is null: expected `{ty}`"));
        }
        let name = match ty {
            Type::List(of) | Type::NonNullList(of) => {
                let Value::List(items) = value else { return self.problem(of, value, path) }; // a list of one
                let mut items = items.iter().enumerate();
                return items.find_map(|(index, item)| self.problem(of, item, &format!("{path}[{index}]")));
            }
            Type::Named(name) | Type::NonNullNamed(name) => name,
        };
        let expected = |fits: bool| (!fits).then(|| format!("`{path}` is not valid: expected `{ty}`"));
        match (self.schema.types.get(name), value) {
            (Some(ExtendedType::Enum(of)), Value::String(text)) => expected(of.values.contains_key(text.as_str())),
            (Some(ExtendedType::Enum(of)), Value::Enum(text)) => expected(of.values.contains_key(text.as_str())),
            (Some(ExtendedType::InputObject(of)), Value::Object(given)) => {
                if let Some(unknown) = given.keys().find(|key| !of.fields.contains_key(key.as_str())) {
                    return Some(format!("`{path}` has an unknown field `{unknown}`: expected `{ty}`"));
                }
                of.fields.iter().find_map(|(field, definition)| {
                    let path = format!("{path}.{field}");
                    match given.get(field.as_str()) {
                        Some(value) => self.problem(&definition.ty, value, &path),
                        None if definition.is_required() => {
                            Some(format!("`{path}` is missing: expected `{}`", definition.ty))
                        }
                        None => None,
                    }
                })
            }
            (Some(ExtendedType::Scalar(_)), value) => match (name.as_str(), value) {
                ("Int", Value::Number(number)) => expected(number.as_i64().is_some_and(|it| i32::try_from(it).is_ok())),
                ("Float", Value::Number(_)) | ("String" | "ID", Value::String(_)) | ("Boolean", Value::Boolean(_)) => {
                    None
                }
                ("ID", Value::Number(number)) => expected(number.is_i64()),
                (name, Value::String(text)) => match custom_scalar(self.scalars, name) {
                    Some(scalar) => (scalar.check)(text)
                        .err()
                        .map(|problem| format!("`{path}` is not valid: expected `{ty}`: {problem}")),
                    None => expected(false),
                },
                _ => expected(false),
            },
            _ => expected(false),
        }
    }
}
