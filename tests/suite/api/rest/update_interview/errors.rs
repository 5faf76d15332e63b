//! Errors of the REST API: `{"errors": [{"code", "message", "path"}]}` with the status of the code. Nothing is written.

use crate::api::rest::response::errors;
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::actor::{Actor, Answer};
use crate::support::booking::at;
use crate::support::lifecycle::interview_of;
use crate::support::people::{
    BRUNA, CHIDI, DANA, JUDE, JUDE_COASTAL_APPLICATION, JUDE_WITH_LUISA, JUDE_WITH_PIET, LUISA,
};
use axum::body::Body;
use axum::http::{Method, Request};
use chrono::TimeDelta;
use rstest::rstest;
use serde_json::{Value, json};

const PATH: &str = "/api/v1/interviews/27";
const UPDATES: &str = "SELECT count(*) FROM interview_events WHERE type = 'updated'";

/// Sends a body as it is, with `content-type: application/json`.
async fn patch(actor: &Actor, path: &str, body: impl Into<Body>) -> Answer {
    let request = Request::builder().method(Method::PATCH).uri(path).header("content-type", "application/json");
    actor.send(request.body(body.into()).unwrap()).await
}

async fn assert_nothing_written(app: &TestApp) {
    assert_eq!(app.database.value::<i64>(UPDATES).await, 0);
    assert_eq!(app.staff().interview(JUDE_WITH_LUISA).await["version"], 1);
}

#[tokio::test]
async fn unreadable_body_is_a_bad_request() {
    let app = start!(Sqlite);
    let documented = json!({"interview": {"location": "https://google.meet", "interviewer_id": 1001}}).to_string();
    let half = documented[..documented.len() / 2].to_owned();
    let deep = "[".repeat(100_000);
    let bodies: [&[u8]; 14] = [
        b"",
        half.as_bytes(),
        deep.as_bytes(),
        b"{\"interview\": {\"location\": \"\xff\xfe\"}}",
        b"{\"interview\": {\"location\": \"\\ud800\"}}",
        b"{\"interview\": {}} {}",
        b"interview[location]=x",
        b"null",
        b"27",
        b"[]",
        b"{}",
        b"{\"interview\": null}",
        b"{\"interview\": []}",
        b"{\"location\": \"not within interview\"}",
    ];
    for body in bodies {
        let answer = patch(&app.staff(), PATH, body.to_vec()).await;
        assert_eq!(answer.status, 400, "{}", String::from_utf8_lossy(body));
        assert_eq!(errors(&answer), ["BAD_REQUEST "]);
    }
    assert_nothing_written(&app).await;
}

#[tokio::test]
async fn interrupted_body_is_a_bad_request() {
    let app = start!(Sqlite);
    let broken = futures_util::stream::iter([
        Ok(r#"{"interview": {"location": "Dock 4"}}"#),
        Err(std::io::Error::other("connection reset by 10.0.0.7")),
    ]);
    let answer = patch(&app.staff(), PATH, Body::from_stream(broken)).await;
    assert_eq!((answer.status.as_u16(), errors(&answer)), (400, vec!["BAD_REQUEST ".to_owned()]));
    assert!(!answer.text.contains("10.0.0.7"));
    assert_nothing_written(&app).await;
}

#[tokio::test]
async fn missing_or_invalid_token_is_unauthenticated() {
    let app = start!(Sqlite);
    for (actor, body) in [
        (app.anonymous(), r#"{"interview": {}}"#),
        (app.anonymous(), "not JSON: the token is checked first"),
        (app.bearer("abc"), r#"{"interview": {}}"#),
    ] {
        let answer = patch(&actor, PATH, body).await;
        assert_eq!((answer.status.as_u16(), errors(&answer)), (401, vec!["UNAUTHENTICATED ".to_owned()]));
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
}

#[tokio::test]
async fn update_by_the_driver_is_forbidden() {
    let app = start!(Sqlite);
    let answer = patch(&app.driver(), PATH, r#"{"interview": {"location": "Home"}}"#).await;
    assert_eq!((answer.status.as_u16(), errors(&answer)), (403, vec!["FORBIDDEN id".to_owned()]));
    assert_eq!(answer.header("www-authenticate"), "");
    // An update that would change nothing is forbidden, too.
    let answer = patch(&app.driver(), PATH, r#"{"interview": {}}"#).await;
    assert_eq!(answer.status, 403);
    assert_nothing_written(&app).await;
}

#[tokio::test]
async fn invisible_or_unknown_interview_is_not_found() {
    let app = start!(Sqlite);
    let mut bodies = Vec::new();
    // The last one is of Coastal Freight.
    let nothing =
        ["0", "-27", "+27", "027", "27.0", "27x", "abc", "99999", "9223372036854775808", "%00", "%ff", "2%377"];
    for id in nothing.into_iter().chain([JUDE_WITH_PIET.to_string().as_str()]) {
        let answer = patch(&app.staff(), &format!("/api/v1/interviews/{id}"), r#"{"interview": {}}"#).await;
        assert_eq!((answer.status.as_u16(), errors(&answer)), (404, vec!["NOT_FOUND id".to_owned()]), "{id}");
        bodies.push(answer.text);
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]), "the response reveals which interviews exist: {bodies:?}");
    // A driver does not see the interviews of other drivers, even in the same company.
    let of_dana = app.book(DANA, LUISA).at("10:00").await;
    let answer = patch(&app.driver(), &format!("/api/v1/interviews/{of_dana}"), r#"{"interview": {}}"#).await;
    assert_eq!(answer.status, 404);
}

#[tokio::test]
async fn interview_in_a_final_state_is_a_conflict() {
    let app = start!(Sqlite);
    let completed = app.book(DANA, LUISA).at("10:00").accepted().await;
    let no_show = app.book(BRUNA, LUISA).at("12:00").accepted().await;
    let cancelled = app.book(CHIDI, LUISA).at("14:00").await;
    let rejected = app.book(JUDE, LUISA).at("16:00").await;
    interview_of(&app.staff().cancel(cancelled).await);
    interview_of(&app.driver().reject(rejected).await);
    app.clock.advance(TimeDelta::days(13));
    interview_of(&app.staff().complete(completed).await);
    interview_of(&app.staff().mark_no_show(no_show, "INTERVIEWEE").await);
    for (id, state) in
        [(completed, "completed"), (cancelled, "cancelled"), (no_show, "no_show"), (rejected, "rejected")]
    {
        let path = format!("/api/v1/interviews/{id}");
        let answer = patch(&app.staff(), &path, r#"{"interview": {"location": "Dock 4"}}"#).await;
        assert_eq!((answer.status.as_u16(), errors(&answer)), (409, vec!["INVALID_STATE id".to_owned()]), "{state}");
        let message = format!("this cannot be done now: the interview is {state}");
        assert_eq!(answer.json()["errors"][0]["message"], message);
    }
    assert_nothing_written(&app).await;
}

#[rstest]
#[tokio::test]
async fn busy_driver_and_interviewer_are_a_conflict(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    app.book(JUDE, LUISA).at("10:00").await;
    let request = json!({"interview": {"start_at": at("10:30"), "end_at": at("11:30")}});
    let answer = patch(&app.staff(), PATH, request.to_string()).await;
    assert_eq!(answer.status, 409);
    // One error for each person.
    assert_eq!(errors(&answer), ["SCHEDULE_CONFLICT interview.start_at"; 2]);
    assert_nothing_written(&app).await;
}

#[tokio::test]
async fn other_content_types_are_rejected() {
    let app = start!(Sqlite);
    for content_type in [
        None,
        Some("application/x-www-form-urlencoded"),
        Some("multipart/form-data; boundary=x"),
        Some("text/plain; charset=utf-8"),
        Some("application/json-patch+json"),
        Some("application/jsonx"),
        Some("text/plain, application/json"),
    ] {
        let mut request = Request::builder().method(Method::PATCH).uri(PATH);
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        let body = json!({"interview": {"location": "Dock 4"}}).to_string();
        let answer = app.staff().send(request.body(Body::from(body)).unwrap()).await;
        assert_eq!((answer.status.as_u16(), errors(&answer)), (415, vec!["BAD_REQUEST ".to_owned()]));
        assert_nothing_written(&app).await;
    }
}

#[tokio::test]
async fn content_type_may_have_parameters() {
    let app = start!(Sqlite);
    for content_type in ["application/json", "application/json; charset=utf-8", "Application/JSON ;charset=UTF-8"] {
        let request = Request::builder().method(Method::PATCH).uri(PATH).header("content-type", content_type);
        let answer = app.staff().send(request.body(Body::from(r#"{"interview": {}}"#)).unwrap()).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
}

#[tokio::test]
async fn every_value_of_a_wrong_type_is_reported() {
    let app = start!(Sqlite);
    let request = json!({"interview": {
        "kind": "VIDEO_CALL",
        "start_at": "2025-03-20",
        "end_at": 1_742_466_728,
        "interviewee_id": 277.5,
        "interviewer_id": {"id": 1001},
        "location": ["https://google.meet"]
    }});
    let answer = patch(&app.staff(), PATH, request.to_string()).await;
    assert_eq!(answer.status, 422);
    let fields = ["kind", "start_at", "end_at", "interviewee_id", "interviewer_id", "location"];
    assert_eq!(errors(&answer), fields.map(|field| format!("BAD_USER_INPUT interview.{field}")));
    assert_nothing_written(&app).await;
}

#[tokio::test]
async fn all_errors_are_reported_at_once() {
    let app = start!(Sqlite);
    let request = json!({"interview": {
        "kind": null,
        "start_at": "2025-03-20T12:00:00Z",
        "end_at": "2025-03-20T12:00:00+01:00",
        "interviewee_id": JUDE_COASTAL_APPLICATION.0,
        "interviewer_id": "nobody",
        "location": " \t"
    }});
    let answer = patch(&app.staff(), PATH, request.to_string()).await;
    assert_eq!(answer.status, 422);
    assert_eq!(
        errors(&answer),
        [
            "NULL_NOT_ALLOWED interview.kind",
            "END_NOT_AFTER_START interview.end_at",
            "INVALID_LOCATION interview.location",
            "INTERVIEWEE_NOT_FOUND interview.interviewee_id",
            "INTERVIEWER_NOT_FOUND interview.interviewer_id",
        ]
    );
    assert_nothing_written(&app).await;
}

#[tokio::test]
async fn null_is_allowed_for_the_location_only() {
    let app = start!(Sqlite);
    let fields = ["kind", "start_at", "end_at", "interviewee_id", "interviewer_id"];
    let nulls: serde_json::Map<_, _> = fields.map(|field| (field.to_owned(), Value::Null)).into_iter().collect();
    let answer = patch(&app.staff(), PATH, json!({"interview": nulls}).to_string()).await;
    assert_eq!(answer.status, 422);
    assert_eq!(errors(&answer), fields.map(|field| format!("NULL_NOT_ALLOWED interview.{field}")));
    assert_nothing_written(&app).await;
}
