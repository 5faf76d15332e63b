//! Errors of the REST API: `{"errors": [{"code", "message", "path"}]}` with the status of the code. Nothing is written.

use crate::api::rest::response::errors;
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::actor::{Actor, Answer};
use crate::support::booking::at;
use crate::support::lifecycle::interview_of;
use crate::support::people::{
    BRUNA, CHIDI, DANA, JUDE, JUDE_COASTAL_APPLICATION, JUDE_WITH_LUISA, JUDE_WITH_PIET, LUISA, UNKNOWN_INTERVIEW,
};
use crate::support::rest::interview_path;
use axum::body::Body;
use axum::http::Request;
use chrono::TimeDelta;
use rstest::rstest;
use serde_json::{Value, json};
use std::fmt::Display;

const UPDATES: &str = "SELECT count(*) FROM interview_events WHERE type = 'updated'";

/// Sends a body as it is, with `content-type: application/json`.
async fn patch(actor: &Actor, id: impl Display, body: impl Into<Body>) -> Answer {
    let request = Request::patch(interview_path(id)).header("content-type", "application/json");
    actor.send(request.body(body.into()).unwrap()).await
}

async fn assert_nothing_written(app: &TestApp) {
    assert_eq!(app.database.value::<i64>(UPDATES).await, 0);
    assert_eq!(app.staff().interview(JUDE_WITH_LUISA).await["version"], 1);
}

#[tokio::test]
async fn unreadable_body_is_a_bad_request() {
    let app = start!(Sqlite);
    let documented = json!({"interview": {"location": "https://google.meet", "interviewer_id": LUISA.0}}).to_string();
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
        b"7",
        b"[]",
        b"{}",
        b"{\"interview\": null}",
        b"{\"interview\": []}",
        b"{\"location\": \"not within interview\"}",
    ];
    for body in bodies {
        let answer = patch(&app.staff(), JUDE_WITH_LUISA, body.to_vec()).await;
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
    let answer = patch(&app.staff(), JUDE_WITH_LUISA, Body::from_stream(broken)).await;
    assert_eq!((answer.status.as_u16(), errors(&answer)), (400, vec!["BAD_REQUEST ".to_owned()]));
    assert!(!answer.text.contains("10.0.0.7"));
    assert_nothing_written(&app).await;
}

#[tokio::test]
async fn missing_or_invalid_token_is_unauthenticated() {
    let app = start!(Sqlite);
    let invalid = r#"Bearer error="invalid_token", error_description="The token is not valid.""#;
    for (actor, body, challenge) in [
        (app.anonymous(), r#"{"interview": {}}"#, "Bearer"),
        (app.anonymous(), "not JSON: the token is checked first", "Bearer"),
        (app.bearer("abc"), r#"{"interview": {}}"#, invalid),
    ] {
        let answer = patch(&actor, JUDE_WITH_LUISA, body).await;
        assert_eq!((answer.status.as_u16(), errors(&answer)), (401, vec!["UNAUTHENTICATED ".to_owned()]));
        assert_eq!(answer.header("www-authenticate"), challenge);
    }
}

#[tokio::test]
async fn update_by_the_driver_is_forbidden() {
    let app = start!(Sqlite);
    let answer = patch(&app.driver(), JUDE_WITH_LUISA, r#"{"interview": {"location": "Home"}}"#).await;
    assert_eq!((answer.status.as_u16(), errors(&answer)), (403, vec!["FORBIDDEN id".to_owned()]));
    assert_eq!(answer.header("www-authenticate"), "");
    // An update that would change nothing is forbidden, too.
    let answer = patch(&app.driver(), JUDE_WITH_LUISA, r#"{"interview": {}}"#).await;
    assert_eq!(answer.status, 403);
    assert_nothing_written(&app).await;
}

#[tokio::test]
async fn invisible_or_unknown_interview_is_not_found() {
    let app = start!(Sqlite);
    let mut bodies = Vec::new();
    let id = JUDE_WITH_LUISA;
    let malformed = [format!("-{id}"), format!("+{id}"), format!("0{id}"), format!("{id}.0"), format!("{id}x")];
    let nothing = ["0", "abc", "9223372036854775808", "%00", "%ff", "2%377"].map(str::to_owned);
    // The last one is of Coastal Freight.
    let invisible = [UNKNOWN_INTERVIEW, JUDE_WITH_PIET].map(|id| id.to_string());
    for id in malformed.into_iter().chain(nothing).chain(invisible) {
        let answer = patch(&app.staff(), &id, r#"{"interview": {}}"#).await;
        assert_eq!((answer.status.as_u16(), errors(&answer)), (404, vec!["NOT_FOUND id".to_owned()]), "{id}");
        bodies.push(answer.text);
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]), "the response reveals which interviews exist: {bodies:?}");
    // A driver does not see the interviews of other drivers, even in the same company.
    let of_dana = app.book(DANA, LUISA).at("10:00").await;
    let answer = patch(&app.driver(), of_dana, r#"{"interview": {}}"#).await;
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
    for (id, state) in [
        (completed, "is completed"),
        (cancelled, "was cancelled"),
        (no_show, "was marked as a no-show"),
        (rejected, "was rejected"),
    ] {
        let answer = patch(&app.staff(), id, r#"{"interview": {"location": "Dock 4"}}"#).await;
        assert_eq!((answer.status.as_u16(), errors(&answer)), (409, vec!["INVALID_STATE id".to_owned()]), "{state}");
        let message = format!("This is not possible, because the interview {state}.");
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
    let answer = patch(&app.staff(), JUDE_WITH_LUISA, request.to_string()).await;
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
        let mut request = Request::patch(interview_path(JUDE_WITH_LUISA));
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
        let request = Request::patch(interview_path(JUDE_WITH_LUISA)).header("content-type", content_type);
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
        "interviewee_id": 1.5,
        "interviewer_id": {"id": LUISA.0},
        "location": ["https://google.meet"]
    }});
    let answer = patch(&app.staff(), JUDE_WITH_LUISA, request.to_string()).await;
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
    let answer = patch(&app.staff(), JUDE_WITH_LUISA, request.to_string()).await;
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
    let answer = patch(&app.staff(), JUDE_WITH_LUISA, json!({"interview": nulls}).to_string()).await;
    assert_eq!(answer.status, 422);
    assert_eq!(errors(&answer), fields.map(|field| format!("NULL_NOT_ALLOWED interview.{field}")));
    assert_nothing_written(&app).await;
}
