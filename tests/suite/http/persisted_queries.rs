//! Automatic persisted queries: a document that was sent once can be named by its SHA-256 hash.

use crate::support::Database::Sqlite;
use crate::support::TestApp;
use crate::support::actor::Actor;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const QUERY: &str = "{ viewer { title } }";

/// The answer to a request with this hash and perhaps a query.
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
async fn unknown_hash_is_not_found() {
    let app = start!(Sqlite);
    assert_json!(persisted(&app.staff(), None, &hash(QUERY)).await, @r#"
    {
      "errors": [{"extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"}, "message": "PersistedQueryNotFound"}]
    }
    "#);
}

#[tokio::test]
async fn query_that_was_sent_with_its_hash_can_be_named_by_it() {
    let app = start!(Sqlite);
    let staff = app.staff();
    for (query, hash) in [(Some(QUERY), hash(QUERY)), (None, hash(QUERY)), (None, hash(QUERY).to_uppercase())] {
        assert_json!(persisted(&staff, query, &hash).await, @r#"
        {
          "data": {"viewer": {"title": "Mona Berg"}}
        }
        "#);
    }
}

#[tokio::test]
async fn query_that_was_sent_without_a_hash_can_be_named_by_it() {
    let app = start!(Sqlite);
    let staff = app.staff();
    staff.ask(QUERY, json!({})).await;
    assert_json!(persisted(&staff, None, &hash(QUERY)).await, @r#"
    {
      "data": {"viewer": {"title": "Mona Berg"}}
    }
    "#);
}

#[tokio::test]
async fn invalid_query_is_not_stored() {
    let app = start!(Sqlite);
    let staff = app.staff();
    let invalid = "{ nope }";
    let answer = persisted(&staff, Some(invalid), &hash(invalid)).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED");
    let answer = persisted(&staff, None, &hash(invalid)).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "PERSISTED_QUERY_NOT_FOUND");
}

#[tokio::test]
async fn hash_of_another_text_or_malformed_hash_is_a_bad_request() {
    let app = start!(Sqlite);
    for (query, hash) in [(Some(QUERY), hash("another")), (None, "abc".to_owned()), (None, "ä".repeat(32))] {
        let answer = persisted(&app.staff(), query, &hash).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_REQUEST", "{hash}");
    }
}

#[tokio::test]
async fn memory_of_stored_queries_is_limited() {
    // Each of these documents uses between 4 and 8 KB.
    let app = TestApp::start_with(Sqlite, &["--document-cache", "40000"]).await.unwrap();
    let staff = app.staff();
    let query = |number: usize| format!("{{ a{number}: __typename }}");
    for number in 0..100 {
        staff.ask(&query(number), json!({})).await;
    }
    let mut stored = 0;
    for number in 0..100 {
        stored += usize::from(persisted(&staff, None, &hash(&query(number))).await.get("data").is_some());
    }
    assert!((1..=10).contains(&stored), "{stored}");
}
