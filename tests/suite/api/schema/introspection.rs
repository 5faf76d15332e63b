//! Introspection as current tools ask for it.

use crate::support::Database::Sqlite;
use crate::support::transports::{Transport, Transports};
use serde_json::{Value, json};

#[tokio::test]
async fn current_fields_of_introspection_are_answered_on_every_transport() {
    let transports = Transports::start().await;
    let query = json!(
        "{ target: __type(name: \"RevokeTokensInput\") { isOneOf specifiedByURL \
             inputFields(includeDeprecated: true) { name isDeprecated deprecationReason } } \
           input: __type(name: \"CompanyInput\") { isOneOf } \
           time: __type(name: \"DateTime\") { isOneOf specifiedByURL } \
           object: __type(name: \"Viewer\") { isOneOf fields(includeDeprecated: true) { \
             name isDeprecated deprecationReason args(includeDeprecated: true) { isDeprecated } } } \
           __schema { description directives { name isRepeatable args(includeDeprecated: true) { name } } } }"
    )
    .to_string();
    let first = transports.answer(Transport::Post, &[("query", &query)]).await;
    let data = &first["data"];
    assert_eq!(data["target"]["isOneOf"], true, "{first}");
    let field = json!({"name": "token", "isDeprecated": false, "deprecationReason": null});
    assert_eq!(data["target"]["inputFields"][0], field);
    assert_eq!((&data["input"]["isOneOf"], &data["time"]["isOneOf"]), (&json!(false), &Value::Null));
    assert_eq!(data["time"]["specifiedByURL"], "https://www.rfc-editor.org/rfc/rfc3339");
    assert_eq!(data["object"]["fields"][0]["isDeprecated"], false);
    assert_eq!(data["__schema"]["description"], Value::Null, "the schema has none");
    assert!(data["__schema"]["directives"].as_array().unwrap().iter().all(|it| it["isRepeatable"] == false), "{data}");
    for transport in Transport::ALL {
        assert_eq!(transports.answer(transport, &[("query", &query)]).await, first, "{transport:?}");
    }
}

#[tokio::test]
async fn schema_has_no_description_wherever_it_is_selected() {
    let app = start!(Sqlite);
    let query = "query A { a: __schema { ...S d: description } \
            __schema { description ... @include(if: true) { ...S } } \
            ...Q __type(name: \"Viewer\") { description } } \
        query B { __typename } \
        fragment Q on Query { b: __schema { description queryType { description } } } \
        fragment S on __Schema { ... on __Schema { e: description } }";
    let body = json!({"query": query, "operationName": "A"});
    let data = app.staff().rest("POST", "/graphql", &body).await.json()["data"].take();
    assert_eq!(data["a"], json!({"e": null, "d": null}));
    assert_eq!(data["__schema"], json!({"description": null, "e": null}));
    assert_eq!(data["b"]["description"], Value::Null);
    for described in [&data["b"]["queryType"]["description"], &data["__type"]["description"]] {
        assert!(described.as_str().is_some_and(|text| !text.is_empty()), "{data}");
    }
}

#[tokio::test]
async fn field_that_introspection_does_not_have_is_refused() {
    let app = start!(Sqlite);
    for query in ["{ __type(name: \"Viewer\") { isTwoOf } }", "{ viewer { isOneOf } }", "{ __schema { isOneOf } }"] {
        let answer = app.staff().graphql(query, json!({})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED", "{query}");
    }
}
