//! Operations over a socket.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::listening_server::{MOVE, Server, moved, subscribe};
use rstest::rstest;
use serde_json::{Value, json};

#[rstest]
#[tokio::test]
async fn queries_and_mutations_are_answered_once(#[values(Sqlite, Postgres)] database: Database) {
    let Some(server) = Server::start(database, &[]).await else { return };
    let mut client = server.staff().await;
    client.say(subscribe("1", "{ interview(id: 27) { id version driver: interviewee { id } } }")).await;
    let interview = json!({"id": "27", "version": 1, "driver": {"id": "277"}});
    let next = json!({"id": "1", "type": "next", "payload": {"data": {"interview": interview}}});
    client.hears_only(&[next, json!({"id": "1", "type": "complete"})]).await;

    client.say(subscribe("1", MOVE)).await;
    client.hears_only(&moved("1")).await;
    assert_eq!(server.app.staff().interview(27).await["location"], "moved");
}

#[tokio::test]
async fn requests_have_all_their_parts() {
    let server = Server::start(Sqlite, &[]).await.unwrap();
    let mut client = server.staff().await;
    let query = "query A($id: ID!) { interview(id: $id) { id } } query B { viewer { id } }";
    let payload = json!({"query": query, "operationName": "A", "variables": {"id": "27"}, "extensions": {"x": 1}});
    client.say(json!({"id": "1", "type": "subscribe", "payload": payload})).await;
    assert_eq!(client.hear().await["payload"], json!({"data": {"interview": {"id": "27"}}}));
    assert_eq!(client.hear().await, json!({"id": "1", "type": "complete"}));
    // Null is as good as nothing.
    let payload = json!({"query": "{ __typename }", "operationName": null, "variables": null, "extensions": null});
    client.say(json!({"id": "2", "type": "subscribe", "payload": payload, "more": true})).await;
    assert_eq!(client.hear().await["payload"], json!({"data": {"__typename": "Query"}}));
    assert_eq!(client.hear().await, json!({"id": "2", "type": "complete"}));
}

#[tokio::test]
async fn what_fails_while_it_runs_is_an_answer() {
    let server = Server::start(Sqlite, &[]).await.unwrap();
    let mut client = server.staff().await;
    client.say(subscribe("1", "{ interviews(after: \"nonsense\") { totalCount } }")).await;
    let next = client.hear().await;
    assert_eq!((&next["type"], &next["payload"]["data"]), (&json!("next"), &Value::Null), "{next}");
    assert_eq!(next["payload"]["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{next}");
    assert_eq!(client.hear().await, json!({"id": "1", "type": "complete"}));
}

#[tokio::test]
async fn what_fails_before_it_runs_is_one_error_and_no_more() {
    let server = Server::start(Sqlite, &["--max-complexity", "100"]).await.unwrap();
    let mut client = server.staff().await;
    let id = "query($id: ID!) { interview(id: $id) { id } }";
    for (payload, codes) in [
        (json!({"query": "{"}), json!(["GRAPHQL_PARSE_FAILED"])),
        (json!({"query": ""}), json!(["GRAPHQL_PARSE_FAILED"])),
        (json!({"query": "{ a b }"}), json!(["GRAPHQL_VALIDATION_FAILED", "GRAPHQL_VALIDATION_FAILED"])),
        (json!({"query": id}), json!(["BAD_USER_INPUT"])),
        (json!({"query": id, "variables": {"id": {}}}), json!(["BAD_USER_INPUT"])),
        (json!({"query": id, "variables": {"id": 27}, "operationName": "X"}), json!(["BAD_REQUEST"])),
        (json!({"query": "{ interviews(first: 100) { nodes { id } } }"}), json!(["QUERY_TOO_COMPLEX"])),
        (
            json!({"query": "", "extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0".repeat(64)}}}),
            json!(["PERSISTED_QUERY_NOT_FOUND"]),
        ),
    ] {
        let errors = client.fail(payload.clone()).await;
        let found: Vec<_> = errors.as_array().unwrap().iter().map(|error| &error["extensions"]["code"]).collect();
        assert_eq!(json!(found), codes, "{payload}: {errors}");
        // As over HTTP.
        let mut answer = server.app.staff().rest("POST", "/graphql", &payload).await.json();
        assert_eq!(answer["errors"].take(), errors);
    }
}

#[rstest]
#[tokio::test]
async fn operations_do_not_wait_for_one_another(#[values(Sqlite, Postgres)] database: Database) {
    let Some(server) = Server::start(database, &[]).await else { return };
    let other = server.holding_interview_27().await;
    let mut client = server.staff().await;
    client.say(subscribe("slow", MOVE)).await;
    client.say(subscribe("quick", "{ interview(id: 27) { version } }")).await;
    let next = json!({"id": "quick", "type": "next", "payload": {"data": {"interview": {"version": 1}}}});
    client.hears_only(&[next, json!({"id": "quick", "type": "complete"})]).await;
    other.rollback().await.unwrap();
    client.hears_only(&moved("slow")).await;
}

#[rstest]
#[tokio::test]
async fn completing_is_giving_up_and_is_not_answered(#[values(Sqlite, Postgres)] database: Database) {
    let Some(server) = Server::start(database, &[]).await else { return };
    let other = server.holding_interview_27().await;
    let mut client = server.staff().await;
    client.say(subscribe("1", MOVE)).await;
    client.say(json!({"id": "1", "type": "complete"})).await;
    client.hears_nothing().await;
    // The id is free again at once.
    client.say(subscribe("1", "{ __typename }")).await;
    let next = json!({"id": "1", "type": "next", "payload": {"data": {"__typename": "Query"}}});
    client.hears_only(&[next, json!({"id": "1", "type": "complete"})]).await;
    // It is over: there is nothing to complete, and that is no mistake.
    for id in ["1", "never there"] {
        client.say(json!({"id": id, "type": "complete"})).await;
    }
    client.hears_nothing().await;
    other.rollback().await.unwrap();
    assert_eq!(client.ask("{ interview(id: 27) { version } }").await, json!({"interview": {"version": 1}}));
}

#[tokio::test]
async fn pings_are_answered_and_pongs_are_not() {
    let server = Server::start(Sqlite, &[]).await.unwrap();
    let mut client = server.staff().await;
    for (ping, pong) in [
        (json!({"type": "ping"}), json!({"type": "pong"})),
        (json!({"type": "ping", "payload": null}), json!({"type": "pong"})),
        (json!({"type": "ping", "payload": {"x": [1]}}), json!({"type": "pong", "payload": {"x": [1]}})),
    ] {
        client.say(json!({"type": "pong"})).await;
        client.say(json!({"type": "pong", "payload": {}})).await;
        client.say(ping).await;
        client.hears_only(&[pong]).await;
    }
}

#[rstest]
#[tokio::test]
async fn a_connection_has_so_many_operations_and_no_more(#[values(Sqlite, Postgres)] database: Database) {
    let Some(server) = Server::start(database, &["--max-subscriptions", "1"]).await else { return };
    let other = server.holding_interview_27().await;
    let mut client = server.staff().await;
    client.say(subscribe("1", MOVE)).await;
    let errors = client.fail(json!({"query": "{ __typename }"})).await;
    assert_eq!(errors[0]["extensions"]["code"], "TOO_MANY_SUBSCRIPTIONS", "{errors}");
    // Of other connections it is not the business.
    assert_eq!(server.staff().await.ask("{ __typename }").await, json!({"__typename": "Query"}));
    other.rollback().await.unwrap();
    client.hears_only(&moved("1")).await;
    assert_eq!(client.ask("{ __typename }").await, json!({"__typename": "Query"}));
}

#[rstest]
#[tokio::test]
async fn they_take_the_same_room_as_requests(#[values(Sqlite, Postgres)] database: Database) {
    let Some(server) = Server::start(database, &["--max-in-flight", "1"]).await else { return };
    let other = server.holding_interview_27().await;
    let mut client = server.staff().await;
    client.say(subscribe("1", MOVE)).await;
    let errors = client.fail(json!({"query": "{ __typename }"})).await;
    assert_eq!(errors, json!([{"message": "the server is busy: try again", "extensions": {"code": "OVERLOADED"}}]));
    assert_eq!(server.status_of("{ __typename }").await, 503);
    client.say(json!({"id": "1", "type": "complete"})).await;
    client.hears_nothing().await;
    assert_eq!(client.ask("{ __typename }").await, json!({"__typename": "Query"}));
    other.rollback().await.unwrap();
}

#[rstest]
#[tokio::test]
async fn they_have_the_same_time_as_requests(#[values(Sqlite, Postgres)] database: Database) {
    let Some(server) = Server::start(database, &["--request-timeout", "1s"]).await else { return };
    let other = server.holding_interview_27().await;
    let mut client = server.staff().await;
    let errors = client.fail(json!({"query": MOVE})).await;
    assert_eq!(errors, json!([{"message": "the request took too long", "extensions": {"code": "TIMEOUT"}}]));
    other.rollback().await.unwrap();
    assert_eq!(client.ask("{ interview(id: 27) { version } }").await, json!({"interview": {"version": 1}}));
}

#[rstest]
#[tokio::test]
async fn a_client_that_leaves_takes_its_operations_along(#[values(Sqlite, Postgres)] database: Database) {
    let Some(server) = Server::start(database, &["--max-in-flight", "1"]).await else { return };
    let other = server.holding_interview_27().await;
    for abruptly in [false, true] {
        let mut client = server.staff().await;
        client.say(subscribe("1", MOVE)).await;
        client.hears_nothing().await;
        assert_eq!(server.status_of("{ __typename }").await, 503);
        if abruptly {
            drop(client);
        } else {
            client.leave().await;
        }
        while server.status_of("{ __typename }").await != 200 {
            tokio::task::yield_now().await;
        }
    }
    other.rollback().await.unwrap();
    assert_eq!(server.app.staff().interview(27).await["version"], 1);
}

#[tokio::test]
async fn an_internal_error_tells_no_more_than_the_id_of_the_handshake() {
    let server = Server::start(Sqlite, &["--viewer-ttl", "1h"]).await.unwrap();
    let mut client = server.staff().await;
    server.app.app.services().db().close().await.unwrap();
    client.say(subscribe("1", "{ interview(id: 27) { id } }")).await;
    let next = client.hear().await;
    let error = &next["payload"]["errors"][0];
    assert_eq!((&error["message"], &error["extensions"]["code"]), (&json!("internal error"), &json!("INTERNAL")));
    let id = error["extensions"]["requestId"].as_str().unwrap();
    assert!(client.head.contains(&format!("x-request-id: {id}\r\n")), "{}", client.head);
}
