//! Who may read the schema by introspection.

use crate::support::Database::Sqlite;
use crate::support::TestApp;
use serde_json::{Value, json};

const SCHEMA: [&str; 5] = [
    "{ __schema { queryType { name } } }",
    "{ __type(name: \"Interview\") { name } }",
    "{ ...F } fragment F on Query { s: __schema { queryType { name } } }",
    "{ ... on Query { __type(name: \"Interview\") { name } } }",
    "query A { __typename } query B { __typename __schema { queryType { name } } }",
];

/// The codes of the responses to every query for the schema, as anonymous and as Mona; null without errors.
async fn codes(setting: &str) -> Value {
    let app = TestApp::start_with(Sqlite, &["--introspection", setting]).await.unwrap();
    let mut codes = Vec::new();
    for actor in [app.anonymous(), app.staff()] {
        let mut of_actor = Vec::new();
        for query in SCHEMA {
            let body = json!({"query": query, "operationName": query.starts_with("query A").then_some("B")});
            let answer = actor.rest("POST", "/graphql", &body).await.json();
            of_actor.push(answer["errors"][0]["extensions"]["code"].clone());
        }
        of_actor.dedup();
        codes.push(json!(of_actor));
        assert_eq!(actor.ask("{ __typename }", json!({})).await, json!({"__typename": "Query"}));
    }
    json!({"anonymous": codes[0], "staff": codes[1]})
}

#[tokio::test]
async fn introspection_is_for_everyone_by_default() {
    assert_json!(codes("on").await, @r#"{"anonymous": [null], "staff": [null]}"#);
}

#[tokio::test]
async fn introspection_can_be_limited_to_clients_with_a_token() {
    assert_json!(codes("signed-in").await, @r#"
    {
      "anonymous": ["UNAUTHENTICATED"],
      "staff": [null]
    }
    "#);
}

#[tokio::test]
async fn introspection_can_be_switched_off() {
    assert_json!(codes("off").await, @r#"
    {
      "anonymous": ["GRAPHQL_VALIDATION_FAILED"],
      "staff": ["GRAPHQL_VALIDATION_FAILED"]
    }
    "#);
    let app = TestApp::start_with(Sqlite, &["--introspection", "off"]).await.unwrap();
    let mixed = app.staff().graphql("{ viewer { id } __schema { queryType { name } } }", json!({})).await;
    assert_json!(mixed, @r#"
    {
      "errors": [
        {
          "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"},
          "message": "Introspection is switched off on this server. Only `__typename` is left of it."
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn introspection_of_users_counts_for_the_rate_limit() {
    let app = TestApp::start_with(Sqlite, &["--rate-limit", "100"]).await.unwrap();
    let staff = app.staff();
    let query = "{ __schema { types { name } } }"; // 61 points
    staff.ask(query, json!({})).await;
    let answer = staff.graphql(query, json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "RATE_LIMITED");
}
