//! `extensions.retryAfter`: when to repeat a request, also where a response has no header for it.

use crate::support::Database::Sqlite;
use crate::support::actor::{Actor, Answer};
use crate::support::listening_server::{ListeningServer, set_location, subscribe};
use crate::support::people::JUDE_WITH_LUISA;
use crate::support::websocket_client::{SUBPROTOCOL, WebSocketClient};
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

/// 41 points.
const LIST: &str = "{ interviews(first: 20) { nodes { id } } }";

async fn post(actor: &Actor, accept: &str, body: &Value) -> Answer {
    let request = Request::post("/graphql").header("content-type", "application/json").header("accept", accept);
    actor.send(request.body(Body::from(body.to_string())).unwrap()).await
}

/// The seconds of an error with this code.
fn seconds(answer: &Value, code: &str) -> u64 {
    let extensions = &answer["errors"][0]["extensions"];
    assert_eq!((&extensions["code"], &extensions["retryable"]), (&json!(code), &json!(true)), "{answer}");
    extensions["retryAfter"].as_u64().unwrap_or_else(|| panic!("not an integer: {answer}"))
}

#[tokio::test]
async fn rate_limited_request_has_the_seconds_to_wait_over_every_transport() {
    let server = ListeningServer::start(Sqlite, &["--rate-limit", "60"]).await.unwrap();
    let (staff, operation) = (server.app.staff(), json!({"query": LIST}));
    staff.ask(LIST, json!({})).await;
    let limited = |answer: &Value| {
        // 22 of 60 points are missing, and 10 more after a WebSocket has signed in.
        let seconds = seconds(answer, "RATE_LIMITED");
        assert!((10..=32).contains(&seconds), "{answer}");
        seconds
    };

    for accept in ["application/graphql-response+json", "application/json"] {
        let answer = post(&staff, accept, &operation).await;
        assert_eq!(answer.header("retry-after"), limited(&answer.json()).to_string());
    }
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("query", LIST).finish();
    let get = staff.send(Request::get(format!("/graphql?{query}")).body(Body::empty()).unwrap()).await;
    assert_eq!(get.header("retry-after"), limited(&get.json()).to_string());

    let batch = post(&staff, "application/json", &json!([operation, operation])).await;
    assert_eq!((batch.status.as_u16(), batch.header("retry-after")), (200, ""));
    assert_eq!(batch.json().as_array().unwrap().iter().map(limited).count(), 2);

    let events = post(&staff, "text/event-stream", &operation).await;
    let data = events.text.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
    limited(&serde_json::from_str(data).unwrap());

    let errors = server.staff().await.errors_of(operation).await;
    limited(&json!({"errors": errors}));
}

#[tokio::test]
async fn request_beyond_the_limit_of_concurrency_has_the_seconds_to_wait() {
    let server = ListeningServer::start(Sqlite, &["--max-in-flight", "1"]).await.unwrap();
    let (lock, mut client) = (server.lock(JUDE_WITH_LUISA).await, server.staff().await);
    client.send(subscribe("1", &set_location())).await;
    client.expect_nothing().await;
    let operation = json!({"query": "{ viewer { id } }"});
    let answer = post(&server.app.staff(), "application/json", &operation).await;
    assert_eq!((answer.header("retry-after"), seconds(&answer.json(), "OVERLOADED")), ("1", 1));
    // A WebSocket is refused with a response over HTTP.
    let rejected = WebSocketClient::connect(server.address, &[SUBPROTOCOL]).await.err().unwrap();
    assert!(rejected.head.contains("retry-after: 1\r\n"), "{}", rejected.head);
    assert_eq!(seconds(&rejected.body, "OVERLOADED"), 1);
    lock.rollback().await.unwrap();
}

#[tokio::test]
async fn request_that_takes_too_long_has_the_seconds_to_wait() {
    let server = ListeningServer::start(Sqlite, &["--request-timeout", "50ms"]).await.unwrap();
    let lock = server.lock(JUDE_WITH_LUISA).await;
    let operation = json!({"query": set_location()});
    let answer = post(&server.app.staff(), "application/json", &operation).await;
    assert_eq!((answer.header("retry-after"), seconds(&answer.json(), "TIMEOUT")), ("1", 1));
    let errors = server.staff().await.errors_of(operation).await;
    assert_eq!(seconds(&json!({"errors": errors}), "TIMEOUT"), 1);
    lock.rollback().await.unwrap();
}
