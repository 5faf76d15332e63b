//! The cache of documents is limited in bytes, and anonymous clients insert nothing.

use super::client::Client;
use crate::support::Database::Sqlite;
use crate::support::listening_server::ListeningServer;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Valid documents for every client. One of 30 KB takes more than a megabyte of memory.
fn large_document(number: usize) -> String {
    format!("{{ x{number}: __typename {} }}", "__typename ".repeat(2900))
}

fn persisted(query: Option<&str>, of: &str) -> String {
    let hash: String = Sha256::digest(of).iter().map(|byte| format!("{byte:02x}")).collect();
    let mut body = json!({"extensions": {"persistedQuery": {"version": 1, "sha256Hash": hash}}});
    if let Some(query) = query {
        body["query"] = json!(query);
    }
    body.to_string()
}

#[tokio::test]
async fn documents_of_anonymous_clients_are_not_kept() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let anonymous = Client::anonymous(&server);
    for number in 0..3 {
        let document = large_document(number);
        assert!(anonymous.query(&document).await.get("errors").is_none());
        let (status, _) = anonymous.post(persisted(Some(&document), &document)).await;
        assert_eq!(status, 200);
        let (_, by_hash) = anonymous.post(persisted(None, &document)).await;
        assert_eq!(by_hash["errors"][0]["extensions"]["code"], "PERSISTED_QUERY_NOT_FOUND");
    }
    assert_eq!(server.app.app.engine().cached_document_memory(), 0);
}

#[tokio::test]
async fn documents_of_users_are_kept_within_the_limit() {
    let limit = 7_000_000;
    let server = ListeningServer::start(Sqlite, &["--document-cache", &limit.to_string()]).await.unwrap();
    let (staff, engine) = (Client::staff(&server), server.app.app.engine());
    let mut memory = Vec::new();
    for number in 0..4 {
        assert!(staff.query(&large_document(number)).await.get("errors").is_none());
        memory.push(engine.cached_document_memory());
    }
    assert!(memory.iter().all(|memory| *memory <= limit), "{memory:?}");
    assert!(memory[1] > memory[0] && memory[0] > 1_000_000, "{memory:?}");
}

#[tokio::test]
async fn anonymous_clients_do_not_evict_persisted_queries() {
    let server = ListeningServer::start(Sqlite, &["--document-cache", "4000000"]).await.unwrap();
    let (staff, anonymous) = (Client::staff(&server), Client::anonymous(&server));
    let query = "{ viewer { title } }";
    staff.post(persisted(Some(query), query)).await;
    for number in 0..3 {
        anonymous.query(&large_document(number)).await;
    }
    let (_, answer) = staff.post(persisted(None, query)).await;
    assert_eq!(answer, json!({"data": {"viewer": {"title": "Mona Berg"}}}));
}

#[tokio::test]
async fn document_longer_than_max_document_is_query_too_complex() {
    let server = ListeningServer::start(Sqlite, &["--max-document", "1000"]).await.unwrap();
    let anonymous = Client::anonymous(&server);
    let long = |length: usize| {
        [
            format!("{{ __typename }}{}", " ".repeat(length - 14)),
            format!("{{ __typename }}#{}", "c".repeat(length - 15)),
            format!("{{ __type(name: \"{}\") {{ name }} }}", "A".repeat(length - 29)),
        ]
    };
    for document in long(1000) {
        assert!(anonymous.query(&document).await.get("errors").is_none(), "{document}");
    }
    for document in long(1001) {
        let expected: Value = json!([{
            "message": "The document has more than 1000 bytes.",
            "extensions": {"code": "QUERY_TOO_COMPLEX", "cost": null, "limit": 1000}
        }]);
        assert_eq!(anonymous.query(&document).await["errors"], expected);
        let (_, answer) = anonymous.post(persisted(Some(&document), &document)).await;
        assert_eq!(answer["errors"], expected);
    }
}
