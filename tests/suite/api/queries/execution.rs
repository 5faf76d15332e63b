//! Execution as the GraphQL specification says: merged root fields, and validation before any field runs.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::people::JUDE_WITH_LUISA;
use rstest::rstest;
use serde_json::{Value, json};

#[rstest]
#[tokio::test]
async fn root_field_that_is_selected_twice_runs_once(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let query = format!(
        r#"mutation($no: Boolean = false) {{
          updateInterview(id: {JUDE_WITH_LUISA}, input: {{location: "once"}}) {{ interview {{ version }} }}
          ...Again
          ... on Mutation {{
            updateInterview(id: {JUDE_WITH_LUISA}, input: {{location: "once"}}) {{ userErrors {{ code }} }}
          }}
          skipped: updateInterview(id: {JUDE_WITH_LUISA}, input: {{location: "never"}}) @include(if: $no) {{
            interview {{ id }}
          }}
        }}
        fragment Again on Mutation {{
          updateInterview(id: {JUDE_WITH_LUISA}, input: {{location: "once"}}) {{
            interview {{ location history {{ totalCount }} }}
          }}
        }}"#
    );
    assert_json!(app.staff().graphql(&query, json!({})).await, @r#"
    {
      "data": {
        "updateInterview": {
          "interview": {"history": {"totalCount": 2}, "location": "once", "version": 2},
          "userErrors": []
        }
      }
    }
    "#);
}

#[rstest]
#[tokio::test]
async fn root_field_with_two_aliases_runs_twice(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let query = format!(
        r#"mutation {{
          a: updateInterview(id: {JUDE_WITH_LUISA}, input: {{location: "a"}}) {{ interview {{ version location }} }}
          b: updateInterview(id: {JUDE_WITH_LUISA}, input: {{location: "b"}}) {{ interview {{ version location }} }}
        }}"#
    );
    assert_json!(app.staff().graphql(&query, json!({})).await, @r#"
    {
      "data": {
        "a": {"interview": {"location": "a", "version": 2}},
        "b": {"interview": {"location": "b", "version": 3}}
      }
    }
    "#);
}

/// A mutation of two fields; the arguments of the second are wrong.
fn mutation_of_two(variables: &str, second: &str) -> String {
    format!(
        r#"mutation{variables} {{
          first: updateInterview(id: {JUDE_WITH_LUISA}, input: {{location: "written"}}) {{ interview {{ id }} }}
          second: updateInterview({second}) {{ interview {{ id }} }}
        }}"#
    )
}

#[tokio::test]
async fn invalid_variable_stops_the_operation_before_its_first_field() {
    let app = start!(Sqlite);
    let query = mutation_of_two("($id: ID!, $at: DateTime)", "id: $id, input: {startAt: $at}");
    for variables in [
        json!({}),
        json!({"id": null}),
        json!({"id": "1", "at": "tomorrow"}),
        json!({"id": ["1"]}),
        json!({"id": u64::MAX}),
    ] {
        let (answer, statements) = app.counting(app.staff().graphql(&query, variables.clone())).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{variables}");
        assert!(answer.get("data").is_none());
        assert!(statements <= 1, "more than the viewer: {:?}", app.statements());
    }
    assert_eq!(app.staff().interview(JUDE_WITH_LUISA).await["location"], Value::Null);
}

#[tokio::test]
async fn invalid_literal_stops_the_operation_before_its_first_field() {
    let app = start!(Sqlite);
    for second in [
        "id: 99999999999999999999999, input: {}".to_owned(),
        "id: {}, input: {}".to_owned(),
        format!("id: {JUDE_WITH_LUISA}, input: {{startAt: \"tomorrow\"}}"),
    ] {
        let answer = app.staff().graphql(&mutation_of_two("", &second), json!({})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED", "{answer}");
        assert!(answer.get("data").is_none());
    }
    assert_eq!(app.staff().interview(JUDE_WITH_LUISA).await["location"], Value::Null);
}
