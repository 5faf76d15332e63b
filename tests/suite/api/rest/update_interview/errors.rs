//! How the REST API refuses: `{"errors": [{"code", "message", "path"}]}` with the status that fits, and nothing written.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::actor::{Actor, Answer};
use axum::body::Body;
use axum::http::{Method, Request};
use rstest::rstest;
use serde_json::{Value, json};

const PATH: &str = "/api/v1/interviews/27";
const UPDATES: &str = "SELECT count(*) FROM interview_events WHERE type = 'updated'";

/// Sends a body as it is, with `content-type: application/json`.
async fn patch(actor: &Actor, path: &str, body: impl Into<Body>) -> Answer {
    let request = Request::builder().method(Method::PATCH).uri(path).header("content-type", "application/json");
    actor.send(request.body(body.into()).unwrap()).await
}

/// The codes with their paths, joined: `NULL_NOT_ALLOWED interview.kind`. Fails unless the body has the documented shape.
fn errors(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
    assert_eq!(answer.header("etag"), "", "an error has no version");
    let Value::Object(body) = answer.json() else { panic!("{}", answer.text) };
    assert_eq!(body.keys().collect::<Vec<_>>(), ["errors"]);
    let errors = body["errors"].as_array().unwrap();
    let line = |error: &Value| {
        assert_eq!(error.as_object().unwrap().keys().collect::<Vec<_>>(), ["code", "message", "path"]);
        assert!(!error["message"].as_str().unwrap().is_empty());
        let path: Vec<_> = error["path"].as_array().unwrap().iter().map(|part| part.as_str().unwrap()).collect();
        format!("{} {}", error["code"].as_str().unwrap(), path.join("."))
    };
    errors.iter().map(line).collect()
}

async fn assert_nothing_written(app: &TestApp) {
    assert_eq!(app.database.value::<i64>(UPDATES).await, 0);
    assert_eq!(app.staff().interview(27).await["version"], 1);
}

#[rstest]
#[tokio::test]
async fn a_body_that_cannot_be_read_is_a_bad_request(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
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

#[rstest]
#[tokio::test]
async fn a_body_that_breaks_off_on_the_way_is_a_bad_request(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let broken = futures_util::stream::iter([
        Ok(r#"{"interview": {"location": "Dock 4"}}"#),
        Err(std::io::Error::other("connection reset by 10.0.0.7")),
    ]);
    let answer = patch(&app.staff(), PATH, Body::from_stream(broken)).await;
    assert_eq!((answer.status.as_u16(), errors(&answer)), (400, vec!["BAD_REQUEST ".to_owned()]));
    assert!(!answer.text.contains("10.0.0.7"));
    assert_nothing_written(&app).await;
}

#[rstest]
#[tokio::test]
async fn nobody_is_told_how_to_sign_in(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    for (actor, body) in [
        (app.anonymous(), r#"{"interview": {}}"#),
        (app.anonymous(), "not even JSON: who asks comes first"),
        (app.bearer("abc"), r#"{"interview": {}}"#),
    ] {
        let answer = patch(&actor, PATH, body).await;
        assert_eq!((answer.status.as_u16(), errors(&answer)), (401, vec!["UNAUTHENTICATED ".to_owned()]));
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
}

#[rstest]
#[tokio::test]
async fn what_one_sees_and_may_not_edit_is_forbidden(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let answer = patch(&app.driver(), PATH, r#"{"interview": {"location": "Home"}}"#).await;
    assert_eq!((answer.status.as_u16(), errors(&answer)), (403, vec!["FORBIDDEN id".to_owned()]));
    assert_eq!(answer.header("www-authenticate"), "");
    // Nor by an update that would change nothing.
    let answer = patch(&app.driver(), PATH, r#"{"interview": {}}"#).await;
    assert_eq!(answer.status, 403);
    assert_nothing_written(&app).await;
}

#[rstest]
#[tokio::test]
async fn what_one_does_not_see_is_not_found(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let mut bodies = Vec::new();
    // The last one is of the second company.
    let nothing =
        ["0", "-27", "+27", "027", "27.0", "27x", "abc", "99999", "9223372036854775808", "%00", "%ff", "2%377"];
    for id in nothing.into_iter().chain(["251"]) {
        let answer = patch(&app.staff(), &format!("/api/v1/interviews/{id}"), r#"{"interview": {}}"#).await;
        assert_eq!((answer.status.as_u16(), errors(&answer)), (404, vec!["NOT_FOUND id".to_owned()]), "{id}");
        bodies.push(answer.text);
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]), "one cannot tell what exists: {bodies:?}");
    // A driver does not see what is another's, even in the same company.
    let answer = patch(&app.driver(), "/api/v1/interviews/6", r#"{"interview": {}}"#).await;
    assert_eq!(answer.status, 404);
}

#[rstest]
#[tokio::test]
async fn a_final_state_is_a_conflict(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    for (id, state) in [(3, "completed"), (4, "cancelled"), (5, "no_show"), (15, "rejected")] {
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
async fn a_busy_person_is_a_conflict(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let taken = app.staff().interview(6).await;
    let request = json!({"interview": {
        "start_at": taken["startAt"], "end_at": taken["endAt"],
        "interviewer_id": taken["interviewerId"], "interviewee_id": taken["intervieweeId"],
    }});
    let answer = patch(&app.staff(), PATH, request.to_string()).await;
    assert_eq!(answer.status, 409);
    // One for each person.
    assert_eq!(errors(&answer), ["SCHEDULE_CONFLICT interview.start_at"; 2]);
    assert_nothing_written(&app).await;
}

#[rstest]
#[case::none(None)]
#[case::a_form(Some("application/x-www-form-urlencoded"))]
#[case::a_form_with_files(Some("multipart/form-data; boundary=x"))]
#[case::text(Some("text/plain; charset=utf-8"))]
#[case::another_json(Some("application/json-patch+json"))]
#[case::something_that_begins_like_json(Some("application/jsonx"))]
#[case::several(Some("text/plain, application/json"))]
#[tokio::test]
async fn only_json_is_read(#[case] content_type: Option<&str>, #[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let mut request = Request::builder().method(Method::PATCH).uri(PATH);
    if let Some(content_type) = content_type {
        request = request.header("content-type", content_type);
    }
    let body = json!({"interview": {"location": "Dock 4"}}).to_string();
    let answer = app.staff().send(request.body(Body::from(body)).unwrap()).await;
    assert_eq!((answer.status.as_u16(), errors(&answer)), (415, vec!["BAD_REQUEST ".to_owned()]));
    assert_nothing_written(&app).await;
}

#[rstest]
#[case("application/json")]
#[case("application/json; charset=utf-8")]
#[case("Application/JSON ;charset=UTF-8")]
#[tokio::test]
async fn json_may_be_called_so(#[case] content_type: &str, #[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let request = Request::builder().method(Method::PATCH).uri(PATH).header("content-type", content_type);
    let answer = app.staff().send(request.body(Body::from(r#"{"interview": {}}"#)).unwrap()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[rstest]
#[tokio::test]
async fn every_value_that_is_of_another_type_is_named(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
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

#[rstest]
#[tokio::test]
async fn every_mistake_is_told_at_once(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let request = json!({"interview": {
        "kind": null,
        "start_at": "2025-03-20T12:00:00Z",
        "end_at": "2025-03-20T12:00:00+01:00",
        "interviewee_id": 1050,
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

#[rstest]
#[tokio::test]
async fn null_clears_the_location_alone(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let fields = ["kind", "start_at", "end_at", "interviewee_id", "interviewer_id"];
    let nulls: serde_json::Map<_, _> = fields.map(|field| (field.to_owned(), Value::Null)).into_iter().collect();
    let answer = patch(&app.staff(), PATH, json!({"interview": nulls}).to_string()).await;
    assert_eq!(answer.status, 422);
    assert_eq!(errors(&answer), fields.map(|field| format!("NULL_NOT_ALLOWED interview.{field}")));
    assert_nothing_written(&app).await;
}
