//! Server-sent events, for one operation a connection.

use crate::support::Database::Sqlite;
use crate::support::actor::{Actor, Answer};
use crate::support::listening_server::{ListeningServer, set_location, subscribe};
use crate::support::people::JUDE_WITH_LUISA;
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

const EVENTS: &str = "text/event-stream";

async fn post(actor: &Actor, accept: &str, body: impl Into<Body>) -> Answer {
    let request = Request::post("/graphql").header("content-type", "application/json").header("accept", accept);
    actor.send(request.body(body.into()).unwrap()).await
}

async fn ask(actor: &Actor, query: &str) -> Answer {
    post(actor, EVENTS, json!({"query": query}).to_string()).await
}

async fn get(actor: &Actor, query: &str) -> Answer {
    let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("query", query).finish();
    let request = Request::get(format!("/graphql?{query}")).header("accept", EVENTS);
    actor.send(request.body(Body::empty()).unwrap()).await
}

/// The only event of a stream that is complete.
fn only(answer: &Answer) -> Value {
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "text/event-stream; charset=utf-8"));
    assert_eq!((answer.header("cache-control"), answer.header("x-accel-buffering")), ("no-store", "no"));
    let next = answer
        .text
        .strip_prefix("event: next\ndata: ")
        .and_then(|it| it.strip_suffix("\n\nevent: complete\ndata:\n\n"));
    serde_json::from_str(next.unwrap_or_else(|| panic!("not one answer: {}", answer.text))).unwrap()
}

#[tokio::test]
async fn query_and_mutation_have_one_event() {
    let app = start!(Sqlite);
    let staff = app.staff();
    let by_id = format!("{{ interview(id: {JUDE_WITH_LUISA}) {{ id }} }}");
    assert_json!(only(&ask(&staff, &by_id).await), @r#"{"data": {"interview": {"id": "27"}}}"#);
    assert_json!(only(&get(&staff, "{ viewer { id } }").await), @r#"{"data": {"viewer": {"id": "1000"}}}"#);
    assert_json!(only(&ask(&staff, &set_location()).await), @r#"
    {
      "data": {"updateInterview": {"interview": {"location": "Gate 9"}}}
    }
    "#);
    assert_eq!(staff.interview(JUDE_WITH_LUISA).await["location"], "Gate 9");
}

#[tokio::test]
async fn request_error_is_an_event() {
    let app = start!(Sqlite);
    let (staff, nobody) = (app.staff(), app.anonymous());
    for (answer, code) in [
        (ask(&staff, "{").await, "GRAPHQL_PARSE_FAILED"),
        (ask(&staff, "{ unknown }").await, "GRAPHQL_VALIDATION_FAILED"),
        (ask(&staff, "query($id: ID!) { interview(id: $id) { id } }").await, "BAD_USER_INPUT"),
        (get(&staff, &set_location()).await, "BAD_REQUEST"),
        (ask(&nobody, "{ viewer { id } }").await, "UNAUTHENTICATED"),
        (ask(&app.bearer("x.y.z"), "{ viewer { id } }").await, "UNAUTHENTICATED"),
        (get(&app.bearer("x.y.z"), "{ __typename }").await, "UNAUTHENTICATED"),
    ] {
        let answer = only(&answer);
        assert_eq!(answer["errors"][0]["extensions"]["code"], code, "{answer}");
        assert!(answer.get("data").is_none());
    }
    assert_json!(only(&ask(&nobody, "{ __typename }").await), @r#"{"data": {"__typename": "Query"}}"#);
    assert_eq!(staff.interview(JUDE_WITH_LUISA).await["version"], 1);
}

#[tokio::test]
async fn malformed_request_is_answered_without_events() {
    let app = start!(Sqlite);
    let staff = app.staff();
    for body in ["", "x", "1", "{}", r#"{"query": 1}"#, r#"{"query": "{ x }", "variables": []}"#, "[]"] {
        assert_eq!(post(&staff, EVENTS, body).await.status, 400, "{body}");
    }
    let batch = post(&staff, EVENTS, r#"[{"query": "{ __typename }"}]"#).await;
    assert_eq!((batch.status.as_u16(), &batch.json()["errors"][0]["extensions"]["code"]), (400, &json!("BAD_REQUEST")));
    let form = Request::post("/graphql").header("content-type", "text/plain").header("accept", EVENTS);
    assert_eq!(staff.send(form.body(Body::from(r#"{"query": "{ __typename }"}"#)).unwrap()).await.status, 415);
}

#[tokio::test]
async fn preferred_media_type_is_used() {
    let app = start!(Sqlite);
    let body = json!({"query": "{ __typename }"}).to_string();
    for (accept, content_type) in [
        ("text/event-stream, application/json;q=0.5", "text/event-stream; charset=utf-8"),
        ("application/json, text/event-stream", "application/json; charset=utf-8"),
        ("application/graphql-response+json, text/event-stream", "application/graphql-response+json; charset=utf-8"),
        ("*/*", "application/json; charset=utf-8"),
    ] {
        let answer = post(&app.anonymous(), accept, body.clone()).await;
        assert_eq!(answer.header("content-type"), content_type, "{accept}");
    }
}

#[tokio::test]
async fn events_are_not_compressed() {
    let app = start!(Sqlite);
    let query = "{ __schema { types { name description } } }";
    for (accept, expected) in [("application/json", Some("gzip")), (EVENTS, None)] {
        let request = Request::post("/graphql").header("content-type", "application/json").header("accept", accept);
        let request = request.header("accept-encoding", "gzip").body(Body::from(json!({"query": query}).to_string()));
        assert_eq!(app.anonymous().encoding_of(request.unwrap()).await.as_deref(), expected);
    }
}

#[tokio::test]
async fn body_and_in_flight_limits_apply_to_events() {
    let server = ListeningServer::start(Sqlite, &["--max-body", "1000", "--max-in-flight", "1"]).await.unwrap();
    let large = json!({"query": "{ __typename }".repeat(100)}).to_string();
    assert_eq!(post(&server.app.staff(), EVENTS, large).await.status, 413);
    let (lock, mut client) = (server.lock(JUDE_WITH_LUISA).await, server.staff().await);
    client.send(subscribe("1", &set_location())).await;
    client.expect_nothing().await;
    let answer = ask(&server.app.staff(), "{ __typename }").await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, "1"));
    lock.rollback().await.unwrap();
}
