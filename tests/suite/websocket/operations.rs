//! Operations over a WebSocket: messages, errors, limits and cancellation.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::lifecycle::only;
use crate::support::listening_server::{ListeningServer, location_set, set_location, subscribe};
use crate::support::people::{JUDE_APPLICATION, JUDE_WITH_LUISA};
use crate::support::polling::until;
use rstest::rstest;
use serde_json::{Value, json};

const TYPENAME: &str = "{ __typename }";

/// The two messages that answer [`TYPENAME`].
fn typename(id: &str) -> [Value; 2] {
    [
        json!({"id": id, "type": "next", "payload": {"data": {"__typename": "Query"}}}),
        json!({"id": id, "type": "complete"}),
    ]
}

fn version_query() -> String {
    format!("{{ interview(id: {JUDE_WITH_LUISA}) {{ version }} }}")
}

#[tokio::test]
async fn query_is_answered_by_next_and_complete() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let mut client = server.staff().await;
    let query = format!("{{ interview(id: {JUDE_WITH_LUISA}) {{ id version application: interviewee {{ id }} }} }}");
    client.send(subscribe("1", &query)).await;
    let interview = json!({
        "id": JUDE_WITH_LUISA.to_string(), "version": 1, "application": {"id": JUDE_APPLICATION.to_string()}
    });
    let next = json!({"id": "1", "type": "next", "payload": {"data": {"interview": interview}}});
    client.expect_only(&[next, json!({"id": "1", "type": "complete"})]).await;
}

#[tokio::test]
async fn mutation_is_executed_and_answered_once() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let mut client = server.staff().await;
    client.send(subscribe("1", &set_location())).await;
    client.expect_only(&location_set("1")).await;
    let interview = server.app.staff().interview(JUDE_WITH_LUISA).await;
    assert_json!(only(&interview, "location version"), @r#"{"location": "Gate 9", "version": 2}"#);
}

#[tokio::test]
async fn operation_name_and_variables_are_used() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let mut client = server.staff().await;
    let query = "query A($id: ID!) { interview(id: $id) { id } } query B { viewer { id } }";
    let id = JUDE_WITH_LUISA.to_string();
    let payload = json!({"query": query, "operationName": "A", "variables": {"id": id}, "extensions": {"x": 1}});
    client.send(json!({"id": "1", "type": "subscribe", "payload": payload})).await;
    let next = json!({"id": "1", "type": "next", "payload": {"data": {"interview": {"id": id}}}});
    client.expect_only(&[next, json!({"id": "1", "type": "complete"})]).await;
}

#[tokio::test]
async fn null_fields_of_a_request_mean_absent_and_unknown_fields_are_ignored() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let mut client = server.staff().await;
    let payload = json!({"query": TYPENAME, "operationName": null, "variables": null, "extensions": null});
    client.send(json!({"id": "2", "type": "subscribe", "payload": payload, "more": true})).await;
    client.expect_only(&typename("2")).await;
}

#[tokio::test]
async fn error_during_execution_is_a_next_message_with_errors() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let mut client = server.staff().await;
    client.send(subscribe("1", "{ interviews(after: \"nonsense\") { totalCount } }")).await;
    assert_json!(client.receive().await, @r#"
    {
      "id": "1",
      "payload": {
        "data": null,
        "errors": [
          {
            "extensions": {"code": "BAD_USER_INPUT"},
            "locations": [{"column": 3, "line": 1}],
            "message": "The argument `after` is not a cursor of this list in this order.",
            "path": ["interviews"]
          }
        ]
      },
      "type": "next"
    }
    "#);
    assert_json!(client.receive().await, @r#"{"id": "1", "type": "complete"}"#);
}

#[tokio::test]
async fn error_before_execution_is_one_error_message_with_the_errors_of_http() {
    let server = ListeningServer::start(Sqlite, &["--max-complexity", "100"]).await.unwrap();
    let mut client = server.staff().await;
    let by_id = "query($id: ID!) { interview(id: $id) { id } }";
    for (payload, codes) in [
        (json!({"query": "{"}), json!(["GRAPHQL_PARSE_FAILED"])),
        (json!({"query": ""}), json!(["GRAPHQL_PARSE_FAILED"])),
        (json!({"query": "{ a b }"}), json!(["GRAPHQL_VALIDATION_FAILED", "GRAPHQL_VALIDATION_FAILED"])),
        (json!({"query": by_id}), json!(["BAD_USER_INPUT"])),
        (json!({"query": by_id, "variables": {"id": {}}}), json!(["BAD_USER_INPUT"])),
        (json!({"query": by_id, "variables": {"id": 1}, "operationName": "X"}), json!(["BAD_REQUEST"])),
        (json!({"query": "{ interviews(first: 100) { nodes { id } } }"}), json!(["QUERY_TOO_COMPLEX"])),
        (
            json!({"query": "", "extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0".repeat(64)}}}),
            json!(["PERSISTED_QUERY_NOT_FOUND"]),
        ),
    ] {
        let errors = client.errors_of(payload.clone()).await;
        let found: Vec<_> = errors.as_array().unwrap().iter().map(|error| &error["extensions"]["code"]).collect();
        assert_eq!(json!(found), codes, "{payload}: {errors}");
        let mut over_http = server.app.staff().rest("POST", "/graphql", &payload).await.json();
        assert_eq!(over_http["errors"].take(), errors);
    }
}

#[rstest]
#[tokio::test]
async fn operations_of_a_connection_run_concurrently(#[values(Sqlite, Postgres)] database: Database) {
    let Some(server) = ListeningServer::start(database, &[]).await else { return };
    let lock = server.lock(JUDE_WITH_LUISA).await;
    let mut client = server.staff().await;
    client.send(subscribe("slow", &set_location())).await;
    client.send(subscribe("quick", &version_query())).await;
    let next = json!({"id": "quick", "type": "next", "payload": {"data": {"interview": {"version": 1}}}});
    client.expect_only(&[next, json!({"id": "quick", "type": "complete"})]).await;
    lock.rollback().await.unwrap();
    client.expect_only(&location_set("slow")).await;
}

#[rstest]
#[tokio::test]
async fn complete_cancels_the_operation_and_releases_its_id(#[values(Sqlite, Postgres)] database: Database) {
    let Some(server) = ListeningServer::start(database, &[]).await else { return };
    let lock = server.lock(JUDE_WITH_LUISA).await;
    let mut client = server.staff().await;
    client.send(subscribe("1", &set_location())).await;
    if database == Postgres {
        // The first attempt is one statement, which waits for no lock. If it were still on its way when the lock is
        // released, the change would be made.
        let waiting =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        until(async || server.app.database.value::<i64>(waiting).await == 1).await;
    }
    client.send(json!({"id": "1", "type": "complete"})).await;
    client.expect_nothing().await;
    client.send(subscribe("1", TYPENAME)).await;
    client.expect_only(&typename("1")).await;
    lock.rollback().await.unwrap();
    assert_eq!(client.ask(&version_query()).await["interview"]["version"], 1);
}

#[tokio::test]
async fn complete_of_an_unknown_or_ended_operation_is_ignored() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let mut client = server.staff().await;
    client.send(subscribe("ended", TYPENAME)).await;
    client.expect_only(&typename("ended")).await;
    for id in ["ended", "unknown"] {
        client.send(json!({"id": id, "type": "complete"})).await;
    }
    client.expect_nothing().await;
}

#[tokio::test]
async fn ping_is_answered_with_its_payload_and_pong_is_ignored() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let mut client = server.staff().await;
    for (ping, pong) in [
        (json!({"type": "ping"}), json!({"type": "pong"})),
        (json!({"type": "ping", "payload": null}), json!({"type": "pong"})),
        (json!({"type": "ping", "payload": {"x": [1]}}), json!({"type": "pong", "payload": {"x": [1]}})),
    ] {
        client.send(json!({"type": "pong"})).await;
        client.send(json!({"type": "pong", "payload": {}})).await;
        client.send(ping).await;
        client.expect_only(&[pong]).await;
    }
}

#[tokio::test]
async fn operations_over_the_limit_of_a_connection_are_rejected() {
    let server = ListeningServer::start(Sqlite, &["--max-subscriptions", "1"]).await.unwrap();
    let lock = server.lock(JUDE_WITH_LUISA).await;
    let mut client = server.staff().await;
    client.send(subscribe("1", &set_location())).await;
    assert_json!(client.errors_of(json!({"query": TYPENAME})).await, @r#"
    [
      {
        "extensions": {"code": "TOO_MANY_SUBSCRIPTIONS"},
        "message": "There are too many operations on this connection. Complete one first."
      }
    ]
    "#);
    // Other connections have a limit of their own.
    assert_json!(server.staff().await.ask(TYPENAME).await, @r#"{"__typename": "Query"}"#);
    lock.rollback().await.unwrap();
    client.expect_only(&location_set("1")).await;
    assert_json!(client.ask(TYPENAME).await, @r#"{"__typename": "Query"}"#);
}

#[tokio::test]
async fn operations_and_requests_share_the_limit_of_the_server() {
    let server = ListeningServer::start(Sqlite, &["--max-in-flight", "1"]).await.unwrap();
    let lock = server.lock(JUDE_WITH_LUISA).await;
    let mut client = server.staff().await;
    client.send(subscribe("1", &set_location())).await;
    assert_json!(client.errors_of(json!({"query": TYPENAME})).await, @r#"
    [
      {
        "extensions": {"code": "OVERLOADED", "retryAfter": 1, "retryable": true},
        "message": "The server is busy. Try again in a moment."
      }
    ]
    "#);
    assert_eq!(server.http_status(TYPENAME).await, 503);
    client.send(json!({"id": "1", "type": "complete"})).await;
    client.expect_nothing().await;
    assert_json!(client.ask(TYPENAME).await, @r#"{"__typename": "Query"}"#);
    lock.rollback().await.unwrap();
}

#[tokio::test]
async fn operation_that_takes_longer_than_the_request_timeout_is_cancelled() {
    let server = ListeningServer::start(Sqlite, &["--request-timeout", "1s"]).await.unwrap();
    let lock = server.lock(JUDE_WITH_LUISA).await;
    let mut client = server.staff().await;
    assert_json!(client.errors_of(json!({"query": set_location()})).await, @r#"
    [
      {
        "extensions": {"code": "TIMEOUT", "retryAfter": 1, "retryable": true},
        "message": "The request took too long."
      }
    ]
    "#);
    lock.rollback().await.unwrap();
    assert_eq!(client.ask(&version_query()).await["interview"]["version"], 1);
}

#[rstest]
#[tokio::test]
async fn end_of_the_connection_cancels_its_operations(#[values(Sqlite, Postgres)] database: Database) {
    let Some(server) = ListeningServer::start(database, &["--max-in-flight", "1"]).await else { return };
    let lock = server.lock(JUDE_WITH_LUISA).await;
    for closes_properly in [true, false] {
        let mut client = server.staff().await;
        client.send(subscribe("1", &set_location())).await;
        client.expect_nothing().await;
        assert_eq!(server.http_status(TYPENAME).await, 503);
        if closes_properly {
            client.close().await;
        } else {
            drop(client);
        }
        until(async || server.http_status(TYPENAME).await == 200).await;
    }
    lock.rollback().await.unwrap();
    assert_eq!(server.app.staff().interview(JUDE_WITH_LUISA).await["version"], 1);
}

#[tokio::test]
async fn internal_error_shows_nothing_but_the_request_id_of_the_handshake() {
    let server = ListeningServer::start(Sqlite, &["--viewer-ttl", "1h"]).await.unwrap();
    let mut client = server.staff().await;
    server.app.database.execute("ALTER TABLE interviews RENAME TO gone").await;
    client.send(subscribe("1", &version_query())).await;
    let mut next = client.receive().await;
    let request_id = next["payload"]["errors"][0]["extensions"]["requestId"].take();
    assert!(client.head.contains(&format!("x-request-id: {}\r\n", request_id.as_str().unwrap())), "{}", client.head);
    assert_json!(next, @r#"
    {
      "id": "1",
      "payload": {
        "data": {"interview": null},
        "errors": [
          {
            "extensions": {"code": "INTERNAL", "requestId": null},
            "locations": [{"column": 3, "line": 1}],
            "message": "Something went wrong on the server.",
            "path": ["interview"]
          }
        ]
      },
      "type": "next"
    }
    "#);
}
