//! Checks all variables against their declared types before anything runs
//! (<https://spec.graphql.org/October2021/#sec-Coercing-Variable-Values>).

use crate::domain::time;
use crate::graphql::engine::document::RequestError;
use crate::graphql::engine::error::Code;
use apollo_compiler::Schema;
use apollo_compiler::ast::Type;
use apollo_compiler::executable::Operation;
use apollo_compiler::schema::ExtendedType;
use async_graphql::{ServerError, Value, Variables};

/// # Errors
/// [`RequestError`] with `BAD_USER_INPUT`: one error a variable, which names the variable, the path in it and the expected type.
pub fn check(schema: &Schema, operation: &Operation, variables: &Variables) -> Result<(), RequestError> {
    let mut errors = Vec::new();
    for definition in &operation.variables {
        let path = format!("${}", definition.name);
        let given = variables.get(definition.name.as_str());
        let problem = match given {
            Some(value) => problem(schema, &definition.ty, value, &path),
            None if definition.ty.is_non_null() && definition.default_value.is_none() => {
                Some(format!("`{path}` is missing: expected `{}`", definition.ty))
            }
            None => None,
        };
        errors
            .extend(problem.map(|message| ServerError::new(crate::graphql::engine::document::truncate(message), None)));
    }
    errors.truncate(crate::graphql::engine::document::MOST_ERRORS);
    if errors.is_empty() { Ok(()) } else { Err(RequestError::with(Code::BadUserInput, errors)) }
}

/// What is wrong with the value at this path.
fn problem(schema: &Schema, ty: &Type, value: &Value, path: &str) -> Option<String> {
    if *value == Value::Null {
        return ty.is_non_null().then(|| format!("`{path}` is null: expected `{ty}`"));
    }
    let name = match ty {
        Type::List(of) | Type::NonNullList(of) => {
            let Value::List(items) = value else { return problem(schema, of, value, path) }; // a list of one
            let mut items = items.iter().enumerate();
            return items.find_map(|(index, item)| problem(schema, of, item, &format!("{path}[{index}]")));
        }
        Type::Named(name) | Type::NonNullNamed(name) => name,
    };
    let expected = |fits: bool| (!fits).then(|| format!("`{path}` is not valid: expected `{ty}`"));
    match (schema.types.get(name), value) {
        (Some(ExtendedType::Enum(of)), Value::String(text)) => expected(of.values.contains_key(text.as_str())),
        (Some(ExtendedType::Enum(of)), Value::Enum(text)) => expected(of.values.contains_key(text.as_str())),
        (Some(ExtendedType::InputObject(of)), Value::Object(given)) => {
            if let Some(unknown) = given.keys().find(|key| !of.fields.contains_key(key.as_str())) {
                return Some(format!("`{path}` has an unknown field `{unknown}`: expected `{ty}`"));
            }
            of.fields.iter().find_map(|(field, definition)| {
                let path = format!("{path}.{field}");
                match given.get(field.as_str()) {
                    Some(value) => problem(schema, &definition.ty, value, &path),
                    None if definition.is_required() => {
                        Some(format!("`{path}` is missing: expected `{}`", definition.ty))
                    }
                    None => None,
                }
            })
        }
        (Some(ExtendedType::Scalar(_)), value) => match (name.as_str(), value) {
            ("Int", Value::Number(number)) => expected(number.as_i64().is_some_and(|it| i32::try_from(it).is_ok())),
            ("Float", Value::Number(_)) | ("String" | "ID", Value::String(_)) | ("Boolean", Value::Boolean(_)) => None,
            ("ID", Value::Number(number)) => expected(number.is_i64()),
            ("DateTime", Value::String(text)) => {
                time::parse(text).err().map(|error| format!("`{path}` is not valid: expected `{ty}`: {error}"))
            }
            _ => expected(false),
        },
        _ => expected(false),
    }
}
