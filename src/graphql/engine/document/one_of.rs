//! Input objects with exactly one field, which is not null
//! (<https://spec.graphql.org/September2025/#sec-OneOf-Input-Objects>). The validator does not know them.

use apollo_compiler::ast::Value;
use apollo_compiler::executable::ExecutableDocument;
use apollo_compiler::schema::InputObjectType;
use apollo_compiler::{Name, Node};

/// The message for an object that does not have exactly one field.
pub const EXACTLY_ONE: &str = "Exactly one field has to be given, and not null.";

pub fn is_one_of(object: &InputObjectType) -> bool {
    object.directives.has("oneOf")
}

/// Checks the fields of a literal.
///
/// # Errors
/// The message.
pub fn check_literal(document: &ExecutableDocument, fields: &[(Name, Node<Value>)]) -> Result<(), String> {
    match fields {
        [(_, value)] => match &**value {
            Value::Null => Err(EXACTLY_ONE.to_owned()),
            Value::Variable(name) if is_nullable(document, name) => {
                Err(format!("The variable `${name}` cannot be null here: declare its type with `!`."))
            }
            _ => Ok(()),
        },
        _ => Err(EXACTLY_ONE.to_owned()),
    }
}

/// Whether an operation declares the variable with a type that permits null.
fn is_nullable(document: &ExecutableDocument, name: &Name) -> bool {
    let variables = document.operations.iter().flat_map(|operation| &operation.variables);
    variables.into_iter().any(|variable| variable.name == *name && !variable.ty.is_non_null())
}

#[cfg(test)]
mod tests {
    use crate::graphql::engine::document::literals;
    use crate::graphql::engine::document::suggestions::Names;
    use crate::graphql::engine::document::variables;
    use apollo_compiler::validation::Valid;
    use apollo_compiler::{ExecutableDocument, Schema};
    use async_graphql::Variables;
    use serde_json::{Value, json};

    fn schema() -> Valid<Schema> {
        let sdl = "directive @oneOf on INPUT_OBJECT
            input Target @oneOf { user: ID, token: Token }
            input Token { jti: String! }
            type Query { end(target: Target!, targets: [Target!]): Boolean }";
        Schema::parse_and_validate(sdl, "schema").unwrap()
    }

    fn document(text: &str) -> Result<Valid<ExecutableDocument>, String> {
        let schema = schema();
        let document = ExecutableDocument::parse_and_validate(&schema, text, "document").unwrap();
        let checked = literals::check(&schema, &document, &[]);
        checked.map(|()| document).map_err(|error| error.errors[0].message.clone())
    }

    #[test]
    fn literal_has_exactly_one_field() {
        for target in ["{user: 1}", "{token: {jti: \"a\"}}"] {
            document(&format!("{{ end(target: {target}) }}")).unwrap();
            document(&format!("{{ end(target: {{user: 1}}, targets: [{target}]) }}")).unwrap();
        }
        for target in ["{}", "{user: null}", "{user: 1, token: null}", "{user: 1, token: {jti: \"a\"}}"] {
            for arguments in [format!("target: {target}"), format!("target: {{user: 1}}, targets: [{target}]")] {
                assert_eq!(
                    document(&format!("{{ end({arguments}) }}")).unwrap_err(),
                    super::EXACTLY_ONE,
                    "{arguments}"
                );
            }
            let default = document(&format!("query($t: Target! = {target}) {{ end(target: $t) }}"));
            assert_eq!(default.unwrap_err(), super::EXACTLY_ONE, "{target}");
        }
    }

    #[test]
    fn variable_in_a_literal_cannot_be_null() {
        document("query($id: ID!) { end(target: {user: $id}) }").unwrap();
        let refused = "The variable `$id` cannot be null here: declare its type with `!`.";
        for text in [
            "query($id: ID) { end(target: {user: $id}) }",
            "query($id: ID) { ...F } fragment F on Query { end(target: {user: $id}) }",
            "query($id: ID = 1) { end(target: {user: $id}) }",
        ] {
            assert_eq!(document(text).unwrap_err(), refused, "{text}");
        }
    }

    #[test]
    fn variable_has_exactly_one_field() {
        let (schema, document) = (schema(), document("query($t: Target!) { end(target: $t) }").unwrap());
        let problems = |target: Value| {
            let operation = document.operations.get(None).unwrap();
            let mut variables = Variables::from_json(json!({ "t": target }));
            variables::coerce(&schema, &[], operation, &mut variables, Names::Shown)
        };
        for target in [json!({"user": 1}), json!({"token": {"jti": "a"}})] {
            problems(target).unwrap();
        }
        for target in [
            json!({}),
            json!({"user": null}),
            json!({"user": 1, "token": null}),
            json!({"user": 1, "token": {"jti": "a"}}),
        ] {
            let message = problems(target.clone()).unwrap_err().errors[0].message.clone();
            assert!(message.contains(super::EXACTLY_ONE), "{target}: {message}");
        }
    }
}
