//! Numbers of JSON that are written with a fraction or an exponent and are whole, such as `27.0` and `1e2`. JSON has
//! one kind of numbers, and some clients write all of them like that. So they are integers where an integer is
//! expected, as the specification has it (<https://spec.graphql.org/October2021/#sec-Int.Input-Coercion>).

use apollo_compiler::Schema;
use apollo_compiler::ast::Type;
use apollo_compiler::executable::Operation;
use apollo_compiler::schema::ExtendedType;
use async_graphql::{Number, Value, Variables};

/// The number, 2^50, up to which the parser of JSON never takes a number with a fraction for another integer. Beyond it
/// an id could be that of another object.
const MAX_EXACT: f64 = 1_125_899_906_842_624.0;

/// The integer that a number with a fraction or an exponent is; none if it is not whole or not exact.
pub fn integer(number: &Number) -> Option<i64> {
    let number = number.as_f64().filter(|_| number.is_f64())?;
    #[expect(clippy::cast_possible_truncation, reason = "the number is whole and has at most 51 bits")]
    (number.fract() == 0.0 && number.abs() <= MAX_EXACT).then_some(number as i64)
}

/// Replaces such numbers by integers in variables that have the declared types.
pub fn replace(schema: &Schema, operation: &Operation, variables: &mut Variables) {
    for definition in &operation.variables {
        if let Some(value) = variables.get_mut(definition.name.as_str()) {
            replace_in(schema, &definition.ty, value);
        }
    }
}

fn replace_in(schema: &Schema, ty: &Type, value: &mut Value) {
    let named = ty.inner_named_type();
    match value {
        Value::Number(number) if matches!(named.as_str(), "Int" | "ID") => {
            if let Some(integer) = integer(number) {
                *number = integer.into();
            }
        }
        Value::List(items) => items.iter_mut().for_each(|item| replace_in(schema, ty.item_type(), item)),
        Value::Object(fields) => {
            let Some(ExtendedType::InputObject(object)) = schema.types.get(named) else { return };
            for (name, field) in fields {
                if let Some(definition) = object.fields.get(name.as_str()) {
                    replace_in(schema, &definition.ty, field);
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graphql::engine::document::suggestions::Names;
    use crate::graphql::engine::document::variables;
    use apollo_compiler::ExecutableDocument;
    use serde_json::{Value as Json, json};

    /// The variables as the executor gets them, or the messages of what is wrong with them.
    fn coerced(declarations: &str, given: &str) -> Result<Json, String> {
        let sdl = "input Box { int: Int, id: ID, float: Float, text: String, boxes: [[Box!]] }
            type Query { field: Boolean }";
        let schema = Schema::parse_and_validate(sdl, "schema").unwrap();
        let text = format!("query({declarations}) {{ field }}");
        let document = ExecutableDocument::parse(&schema, text, "document").unwrap();
        let operation = document.operations.get(None).unwrap();
        let mut variables: Variables = serde_json::from_str(given).unwrap();
        variables::coerce(&schema, &[], operation, &mut variables, Names::Shown)
            .map(|()| json!(variables))
            .map_err(|error| error.errors[0].message.clone())
    }

    #[test]
    fn whole_number_is_an_integer_where_one_is_expected() {
        for (given, expected) in [
            ("1.0", 1),
            ("27.0", 27),
            ("1e2", 100),
            ("1.5e1", 15),
            ("-3.0", -3),
            ("-0.0", 0),
            ("0.0", 0),
            ("2147483647.0", i64::from(i32::MAX)),
            ("-2147483648.0", i64::from(i32::MIN)),
        ] {
            let variables = coerced("$n: Int!, $id: ID", &format!(r#"{{"n": {given}, "id": {given}}}"#));
            assert_eq!(variables, Ok(json!({"n": expected, "id": expected})), "{given}");
        }
        let id = |given: &str| coerced("$id: ID!", &format!(r#"{{"id": {given}}}"#));
        assert_eq!(id("2147483648.0"), Ok(json!({"id": 2_147_483_648_i64})));
        assert_eq!(id("1125899906842623.0"), Ok(json!({"id": 1_125_899_906_842_623_i64})));
        assert_eq!(id("27.000000000000000000000000"), Ok(json!({"id": 27})));
        assert_eq!(id("9223372036854775807"), Ok(json!({"id": i64::MAX})), "an integer as before");
    }

    #[test]
    fn other_number_is_refused() {
        for (ty, given) in [
            ("Int", "1.5"),
            ("Int", "0.1"),
            ("Int", "1e-1"),
            ("Int", "2147483648.0"),
            ("Int", "-2147483649.0"),
            ("Int", "1e300"),
            ("Int", "\"1.0\""),
            ("Boolean", "1.0"),
            ("String", "1.0"),
            ("ID", "27.5"),
            ("ID", "1125899906842625.0"),
            ("ID", "9007199254740991.0"),
            ("ID", "1e18"),
            ("ID", "-1e300"),
        ] {
            let refused = coerced(&format!("$v: {ty}"), &format!(r#"{{"v": {given}}}"#));
            assert!(refused.is_err(), "{ty} {given}: {refused:?}");
        }
    }

    #[test]
    fn numbers_inside_lists_and_objects_are_replaced_by_their_types() {
        let given = r#"{"box": {"int": 1.0, "id": 2.0, "float": 3.0, "boxes": [[{"int": 4.0}, {"id": 5e0}], null]},
            "list": 6.0, "lists": [[7.0, 8], null], "float": 9.0, "other": 1.0}"#;
        let expected = r#"{"box": {"int": 1, "id": 2, "float": 3.0, "boxes": [[{"int": 4}, {"id": 5}], null]},
            "list": 6, "lists": [[7, 8], null], "float": 9.0, "other": 1.0}"#;
        let variables = coerced("$box: Box, $list: [Int!], $lists: [[ID]], $float: Float", given);
        assert_eq!(variables, Ok(serde_json::from_str(expected).unwrap()));
    }
}
