//! The rate limit: what costs points, and what happens when they are spent.

use crate::support::Database::Sqlite;
use crate::support::TestApp;
use crate::support::actor::{Actor, Answer};
use crate::support::events::{cursor, insert_events, relocate};
use crate::support::http_client;
use crate::support::listening_server::{ListeningServer, subscribe};
use crate::support::people::{ADA, JUDE_WITH_LUISA, KOFI, LUISA, MONA};
use crate::support::websocket_client::{SUBPROTOCOL, WebSocketClient};
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use std::net::IpAddr;

async fn with(flags: &[&str]) -> TestApp {
    TestApp::start_with(Sqlite, flags).await.unwrap()
}

async fn post(actor: &Actor, accept: &str, query: &str) -> Answer {
    let request = Request::post("/graphql").header("content-type", "application/json").header("accept", accept);
    actor.send(request.body(Body::from(json!({"query": query}).to_string())).unwrap()).await
}

fn code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn operation_beyond_the_rate_limit_is_rate_limited() {
    let app = with(&["--rate-limit", "50"]).await;
    let (own, staff) = ("application/graphql-response+json", app.staff());
    let list = "{ interviews(first: 20) { nodes { id } } }"; // 41 points
    assert_eq!(post(&staff, own, list).await.status, 200);
    let answer = post(&staff, own, list).await;
    assert_eq!((answer.status.as_u16(), code(&answer.json())), (429, "RATE_LIMITED"));
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(post(&staff, "application/json", list).await.status, 200, "request errors have status 200");
    // Each user has a limit of their own, and a cheaper operation is within the rest of it.
    app.driver().ask(list, json!({})).await;
    assert_eq!(post(&staff, own, "{ viewer { id } }").await.status, 200);
    // An operation that costs more than the whole limit is too complex.
    let answer = post(&staff, own, "{ interviews(first: 100) { nodes { id } } }").await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (400, ""));
    assert_eq!(code(&answer.json()), "QUERY_TOO_COMPLEX");
}

#[tokio::test]
async fn rest_request_costs_ten_points() {
    let app = with(&["--rate-limit", "100"]).await;
    let staff = app.staff();
    for number in 0..10 {
        let body = json!({"interview": {"location": format!("Gate {number}")}});
        assert_eq!(staff.patch(JUDE_WITH_LUISA, &body).await.status, 200);
    }
    let answer = staff.patch(JUDE_WITH_LUISA, &json!({"interview": {"location": "Gate 10"}})).await;
    assert_eq!(answer.status, 429);
    assert!((1..=60).contains(&answer.header("retry-after").parse::<u64>().unwrap()));
    assert_json!(answer.json(), @r#"
    {
      "errors": [
        {
          "code": "RATE_LIMITED",
          "message": "You have asked for too much in too short a time. Wait a moment.",
          "path": []
        }
      ]
    }
    "#);
    // GraphQL has the same limit, and other users have their own.
    assert_eq!(code(&staff.graphql("{ viewer { id } }", json!({})).await), "RATE_LIMITED");
    assert_eq!(app.user(LUISA).interview(JUDE_WITH_LUISA).await["location"], "Gate 9");
}

#[tokio::test]
async fn request_that_is_refused_costs_ten_points() {
    let unknown_hash = json!({"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0".repeat(64)}}});
    let with_variable = json!({"query": "query($id: ID!) { interview(id: $id) { id } }", "variables": {"id": [1]}});
    for (refused, expected) in [
        (json!({"query": "{"}), "GRAPHQL_PARSE_FAILED"),
        (json!({"query": "{ nothing }"}), "GRAPHQL_VALIDATION_FAILED"),
        (json!({"query": format!("{{ {} }}", "__typename ".repeat(10_000))}), "QUERY_TOO_COMPLEX"),
        (json!({"query": "query A { __typename } query B { __typename }"}), "BAD_REQUEST"),
        (with_variable, "BAD_USER_INPUT"),
        (unknown_hash, "PERSISTED_QUERY_NOT_FOUND"),
    ] {
        let app = with(&["--rate-limit", "100"]).await;
        for actor in [app.staff(), app.anonymous()] {
            if expected == "BAD_USER_INPUT" && actor.token().is_empty() {
                continue; // it is unauthenticated
            }
            let mut codes = Vec::new();
            for _ in 0..12 {
                codes.push(code(&actor.rest("POST", "/graphql", &refused).await.json()).to_owned());
            }
            assert_eq!(codes[..10], [expected; 10], "{refused}");
            assert_eq!(codes[10..], ["RATE_LIMITED"; 2], "{refused}");
        }
    }
}

#[tokio::test]
async fn operation_of_a_batch_that_is_refused_costs_points_too() {
    let app = with(&["--rate-limit", "50"]).await;
    let batch = json!(vec![json!({"query": "{ nothing }"}); 6]);
    let answers = app.staff().rest("POST", "/graphql", &batch).await.json();
    let codes: Vec<_> = answers.as_array().unwrap().iter().map(code).collect();
    assert_eq!(codes[..5], ["GRAPHQL_VALIDATION_FAILED"; 5]);
    assert_eq!(codes[5], "RATE_LIMITED");
}

#[tokio::test]
async fn repeated_refusal_by_the_rate_limit_costs_nothing() {
    let app = with(&["--rate-limit", "50"]).await;
    let list = "{ interviews(first: 20) { nodes { id } } }"; // 41 points
    app.staff().ask(list, json!({})).await;
    for _ in 0..5 {
        assert_eq!(code(&app.staff().graphql(list, json!({})).await), "RATE_LIMITED");
    }
    app.staff().ask("{ viewer { id } }", json!({})).await; // within the rest
    // But a document that the server has to parse for it does.
    let other = "{ interviews(first: 20) { nodes { version } } }";
    assert_eq!(code(&app.staff().graphql(other, json!({})).await), "RATE_LIMITED");
    assert_eq!(code(&app.staff().graphql("{ viewer { id } }", json!({})).await), "RATE_LIMITED");
}

#[tokio::test]
async fn anonymous_clients_of_one_address_share_a_limit() {
    let server = ListeningServer::start(Sqlite, &["--rate-limit", "100"]).await.unwrap();
    let introspect = async |from: &str, token: Option<&str>| {
        let address: IpAddr = from.parse().unwrap();
        let client = http_client::builder().local_address(address).build().unwrap();
        let request = client.post(format!("http://{}/graphql", server.address));
        let request = token.into_iter().fold(request, reqwest::RequestBuilder::bearer_auth);
        let query = json!({"query": "{ __schema { types { name } } }"});
        let answer: Value = request.json(&query).send().await.unwrap().json().await.unwrap();
        code(&answer).to_owned()
    };
    let mut codes = Vec::new();
    while codes.len() < 100 && codes.last().is_none_or(String::is_empty) {
        codes.push(introspect("127.0.0.1", None).await);
    }
    assert_eq!(codes.last().map(String::as_str), Some("RATE_LIMITED"), "{codes:?}");
    assert_eq!(introspect("127.0.0.1", None).await, "RATE_LIMITED", "also on another connection");
    assert_eq!(introspect("127.0.0.2", None).await, "", "another address");
    assert_eq!(introspect("127.0.0.1", Some(server.app.staff().token())).await, "", "with a token");
}

/// A subscription that costs 34 points, and as many for each event.
fn history(arguments: &str) -> Value {
    let selection = "interview { history(first: 10) { nodes { id type } } }";
    subscribe("1", &format!("subscription {{ interviewChanged{arguments} {{ type {selection} }} }}"))
}

#[tokio::test]
async fn subscriber_who_catches_up_pays_for_each_event_and_then_waits() {
    let server = ListeningServer::start(Sqlite, &["--rate-limit", "50", "--viewer-ttl", "100ms"]).await.unwrap();
    let database = &server.app.database;
    let start: i64 = database.value("SELECT max(id) FROM interview_events").await;
    let since = cursor(database, start).await;
    database.execute(&insert_events(JUDE_WITH_LUISA, MONA, "'2025-03-01 10:00:00.000'", 20)).await;
    let mut client = server.staff().await;
    client.send(history(&format!("(since: \"{since}\")"))).await;
    let mut count = 0;
    let is_limited = async || {
        let answer = server.app.staff().graphql("{ viewer { id } }", json!({})).await;
        code(&answer) == "RATE_LIMITED"
    };
    while !is_limited().await {
        assert_eq!(client.receive().await["type"], "next");
        count += 1;
    }
    // An event that is paid for can be on its way.
    client.send(json!({"type": "ping"})).await;
    while client.receive().await["type"] == "next" {
        count += 1;
    }
    client.expect_nothing().await;
    assert!(count == 1, "{count} events arrived");
    // Those points are gone for the user's other operations, and nobody else's.
    assert!(is_limited().await);
    server.app.user(LUISA).ask("{ viewer { id } }", json!({})).await;
    // A subscriber who waits still learns that the token is revoked.
    database.execute(&format!("UPDATE users SET deactivated_at = '2025-01-01 00:00:00' WHERE id = {MONA}")).await;
    client.expect_close(4403, "TOKEN_INVALID").await;
}

#[tokio::test]
async fn live_event_costs_the_subscriber_for_whom_it_is_executed() {
    let server = ListeningServer::start(Sqlite, &["--rate-limit", "110"]).await.unwrap();
    let mut client = server.staff().await;
    client.send(history("")).await;
    client.expect_nothing().await;
    let staff = server.app.staff();
    for user in [ADA, LUISA, KOFI] {
        relocate(&server.app.user(user), JUDE_WITH_LUISA, &format!("Gate {user}")).await;
        client.receive().await;
    }
    let list = "{ interviews(first: 20) { nodes { id } } }"; // 41 points
    assert_eq!(code(&staff.graphql(list, json!({})).await), "RATE_LIMITED");
    server.app.user(LUISA).ask(list, json!({})).await;
}

#[tokio::test]
async fn subscribers_with_equal_selections_pay_for_an_event_together() {
    let server = ListeningServer::start(Sqlite, &["--rate-limit", "50"]).await.unwrap();
    let users = [MONA, LUISA];
    let mut clients = Vec::new();
    for user in users {
        let mut client = WebSocketClient::sign_in(server.address, server.app.user(user).token()).await;
        client.send(history("")).await; // 34 points
        client.expect_nothing().await;
        clients.push(client);
    }
    relocate(&server.app.admin(), JUDE_WITH_LUISA, "Gate 1").await;
    for client in &mut clients {
        client.receive().await;
    }
    let mut limited = 0;
    for user in users {
        let answer = server.app.user(user).graphql("{ viewer { id } }", json!({})).await;
        limited += usize::from(code(&answer) == "RATE_LIMITED");
    }
    assert_eq!(limited, 1, "one of them has paid");
}

#[tokio::test]
async fn signing_in_on_a_websocket_costs_ten_points() {
    let server = ListeningServer::start(Sqlite, &["--rate-limit", "100"]).await.unwrap();
    for _ in 0..10 {
        server.staff().await;
    }
    let mut client = WebSocketClient::connect(server.address, &[SUBPROTOCOL]).await.unwrap();
    let token = format!("Bearer {}", server.app.staff().token());
    client.send(json!({"type": "connection_init", "payload": {"authorization": token}})).await;
    client.expect_close(1013, "You have asked for too much in too short a time").await;
    assert_eq!(code(&server.app.staff().graphql("{ viewer { id } }", json!({})).await), "RATE_LIMITED");
    WebSocketClient::sign_in(server.address, server.app.user(LUISA).token()).await;
}
