//! Execution by the specification, and automatic persisted queries.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::Actor;
use rstest::rstest;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

#[rstest]
#[tokio::test]
async fn a_root_field_that_occurs_twice_runs_once(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let twice = r#"
        mutation($no: Boolean = false) {
          updateInterview(id: "27", input: {location: "once"}) { interview { version } }
          ...Again
          ... on Mutation { updateInterview(id: "27", input: {location: "once"}) { userErrors { code } } }
          skipped: updateInterview(id: "27", input: {location: "never"}) @include(if: $no) { interview { id } }
        }
        fragment Again on Mutation {
          updateInterview(id: "27", input: {location: "once"}) { interview { location history { totalCount } } }
        }"#;
    let answer = app.staff().graphql(twice, json!({})).await;
    let once = json!({"interview": {"version": 2, "location": "once", "history": {"totalCount": 2}}, "userErrors": []});
    assert_eq!(answer, json!({"data": {"updateInterview": once}}));
    // Under two names they are two.
    let two = r#"mutation {
        a: updateInterview(id: "27", input: {location: "a"}) { interview { version } }
        b: updateInterview(id: "27", input: {location: "b"}) { interview { version location } }
    }"#;
    let answer = app.staff().ask(two, json!({})).await;
    assert_eq!(answer["b"]["interview"], json!({"version": 4, "location": "b"}));
}

#[rstest]
#[tokio::test]
async fn a_variable_that_does_not_fit_stops_everything(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let two = r#"mutation($id: ID!, $at: DateTime) {
        first: updateInterview(id: "27", input: {location: "written"}) { interview { id } }
        second: updateInterview(id: $id, input: {startAt: $at}) { interview { id } }
    }"#;
    for variables in [json!({}), json!({"id": null}), json!({"id": "27", "at": "tomorrow"}), json!({"id": ["27"]})] {
        let (answer, statements) = app.counting(app.staff().graphql(two, variables.clone())).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{variables}");
        assert!(answer.get("data").is_none());
        assert!(statements <= 1, "nothing but the viewer: {:?}", app.statements());
    }
    for huge in ["99999999999999999999999", "{}"] {
        let two = format!(
            r#"mutation {{ a: updateInterview(id: "27", input: {{location: "written"}}) {{ interview {{ id }} }}
               b: updateInterview(id: {huge}, input: {{}}) {{ interview {{ id }} }} }}"#
        );
        let answer = app.staff().graphql(&two, json!({})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED", "{answer}");
    }
    let answer = app.staff().graphql(two, json!({"id": u64::MAX})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
    let literal = r#"mutation {
        first: updateInterview(id: "27", input: {location: "written"}) { interview { id } }
        second: updateInterview(id: "27", input: {startAt: "tomorrow"}) { interview { id } }
    }"#;
    let answer = app.staff().graphql(literal, json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED");
    assert_eq!(app.staff().interview(27).await["location"], Value::Null);
}

async fn persisted(actor: &Actor, query: Option<&str>, hash: &str) -> Value {
    let mut body = json!({"extensions": {"persistedQuery": {"version": 1, "sha256Hash": hash}}});
    if let Some(query) = query {
        body["query"] = json!(query);
    }
    actor.rest("POST", "/graphql", &body).await.json()
}

fn hash(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_query_that_was_sent_once_can_be_named_by_its_hash() {
    let app = start!(Sqlite);
    let staff = app.staff();
    let query = "{ viewer { id } }";
    let expected = json!({"data": {"viewer": {"id": "1000"}}});
    let unknown = persisted(&staff, None, &hash(query)).await;
    let error = json!({"message": "PersistedQueryNotFound", "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"}});
    assert_eq!(unknown, json!({"errors": [error]}));
    assert_eq!(persisted(&staff, Some(query), &hash(query)).await, expected);
    assert_eq!(persisted(&staff, None, &hash(query)).await, expected);
    assert_eq!(persisted(&staff, None, &hash(query).to_uppercase()).await, expected);

    // What was sent without a hash is known as well; what is not valid never is.
    staff.ask("{ viewer { title } }", json!({})).await;
    assert_eq!(persisted(&staff, None, &hash("{ viewer { title } }")).await["data"]["viewer"]["title"], "Mona Berg");
    let invalid = persisted(&staff, Some("{ nope }"), &hash("{ nope }")).await;
    assert_eq!(invalid["errors"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED");
    assert_eq!(persisted(&staff, None, &hash("{ nope }")).await["errors"][0]["message"], "PersistedQueryNotFound");

    for (query, hash) in [(Some(query), hash("another")), (None, "abc".to_owned()), (None, "ä".repeat(32))] {
        let answer = persisted(&staff, query, &hash).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_REQUEST", "{hash}");
    }
}

#[tokio::test]
async fn only_so_many_documents_are_remembered() {
    let app = crate::support::TestApp::start_with(Sqlite, &["--document-cache", "10"]).await.unwrap();
    let staff = app.staff();
    let query = |number: usize| format!("{{ a{number}: __typename }}");
    for number in 0..100 {
        staff.ask(&query(number), json!({})).await;
    }
    let mut known = 0;
    for number in 0..100 {
        known += usize::from(persisted(&staff, None, &hash(&query(number))).await.get("data").is_some());
    }
    assert!((1..=10).contains(&known), "{known}");
}
