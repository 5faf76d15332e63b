//! The routes of staff and of the driver: responses, permissions, `If-Match` and request bodies.

use crate::api::rest::response::errors;
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::actor::{Actor, Answer};
use crate::support::lifecycle::only;
use crate::support::people::{ADA, JUDE_APPLICATION, JUDE_WITH_LUISA, JUDE_WITH_PIET, LUISA};
use crate::support::rest::etag;
use axum::body::Body;
use axum::http::Request;
use rstest::rstest;
use serde_json::{Value, json};
use std::fmt::Display;

const CREATE: &str = "/api/v1/interviews";
const STAFF_AMEND: &str = "/api/v1/interviews/{id}/amend";
const STAFF_ACCEPT: &str = "/api/v1/interviews/{id}/accept";
const CANCEL: &str = "/api/v1/interviews/{id}/cancel";
const DRIVER_AMEND: &str = "/api/v1/users/interviews/{id}/amend";
const DRIVER_ACCEPT: &str = "/api/v1/users/interviews/{id}/accept";
const REJECT: &str = "/api/v1/users/interviews/{id}/reject";

fn at_ten() -> Value {
    json!({"interview": {"amend_start_at": "2025-04-01T10:00:00Z", "amend_end_at": "2025-04-01T11:00:00Z"}})
}

/// The path of a route for this interview.
fn path(route: &str, id: impl Display) -> String {
    route.replace("{id}", &id.to_string())
}

/// Calls a route for Jude's interview with Luisa.
async fn post(who: &Actor, route: &str, body: &Value) -> Answer {
    post_with(who, route, body, &[]).await
}

/// The same with further headers.
async fn post_with(who: &Actor, route: &str, body: &Value, headers: &[(&str, &str)]) -> Answer {
    who.rest_with("POST", &path(route, JUDE_WITH_LUISA), body, headers).await
}

#[rstest]
#[tokio::test]
async fn negotiation_has_the_documented_responses(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let answer = post(&app.driver(), DRIVER_AMEND, &at_ten()).await;
    assert_eq!((answer.status.as_u16(), answer.header("etag")), (200, etag(JUDE_WITH_LUISA, 2).as_str()));
    assert_fields!(answer, @r#"
    {"interview":{"id":27,
    "amend_end_at":"2025-04-01T11:00:00.000Z",
    "amend_start_at":"2025-04-01T10:00:00.000Z",
    "amended_by":"interviewee",
    "end_at":"2025-03-20T09:30:00.000Z",
    "interviewee":{"id":277,
    "driver":{"id":997,
    "image":null,
    "phone_number":"123",
    "title":"Jude Howell"},
    "kind":"verified",
    "updated_at":"2025-03-20T10:02:08.958Z"},
    "interviewee_id":277,
    "interviewer":{"id":1001,
    "contact_phone_number":null,
    "image":null,
    "title":"Luisa Hintz"},
    "interviewer_id":1001,
    "kind":"video_call",
    "location":null,
    "start_at":"2025-03-20T09:00:00.000Z",
    "status":"amended"}}
    "#);
    let answer = post(&app.staff(), STAFF_ACCEPT, &json!({})).await;
    assert_eq!((answer.status.as_u16(), answer.header("etag")), (200, etag(JUDE_WITH_LUISA, 3).as_str()));
    assert_fields!(answer, @r#"
    {"interview":{"id":27,
    "amend_end_at":null,
    "amend_start_at":null,
    "amended_by":null,
    "end_at":"2025-04-01T11:00:00.000Z",
    "interviewee":{"id":277,
    "driver":{"id":997,
    "image":null,
    "phone_number":"123",
    "title":"Jude Howell"},
    "kind":"verified",
    "updated_at":"2025-03-20T10:02:08.958Z"},
    "interviewee_id":277,
    "interviewer":{"id":1001,
    "contact_phone_number":null,
    "image":null,
    "title":"Luisa Hintz"},
    "interviewer_id":1001,
    "kind":"video_call",
    "location":null,
    "start_at":"2025-04-01T10:00:00.000Z",
    "status":"scheduled"}}
    "#);
    let answer = post(&app.driver(), REJECT, &json!({})).await;
    assert_eq!((answer.status.as_u16(), answer.header("etag")), (200, etag(JUDE_WITH_LUISA, 4).as_str()));
    assert_fields!(answer, @r#"
    {"interview":{"id":27,
    "amend_end_at":null,
    "amend_start_at":null,
    "amended_by":null,
    "end_at":"2025-04-01T11:00:00.000Z",
    "interviewee":{"id":277,
    "driver":{"id":997,
    "image":null,
    "phone_number":"123",
    "title":"Jude Howell"},
    "kind":"rejected",
    "updated_at":"2025-03-20T10:02:08.958Z"},
    "interviewee_id":277,
    "interviewer":{"id":1001,
    "contact_phone_number":null,
    "image":null,
    "title":"Luisa Hintz"},
    "interviewer_id":1001,
    "kind":"video_call",
    "location":null,
    "start_at":"2025-04-01T10:00:00.000Z",
    "status":"rejected"}}
    "#);
}

#[rstest]
#[tokio::test]
async fn staff_can_propose_and_cancel(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let status = |answer: &Answer| answer.json()["interview"]["status"].as_str().unwrap().to_owned();
    let answer = post(&app.staff(), STAFF_AMEND, &at_ten()).await;
    assert_eq!(answer.json()["interview"]["amended_by"], "interviewer");
    let answer = post(&app.driver(), DRIVER_ACCEPT, &json!({})).await;
    assert_eq!(status(&answer), "scheduled");
    let answer = post(&app.staff(), CANCEL, &json!({})).await;
    assert_eq!((status(&answer), answer.header("etag")), ("cancelled".to_owned(), etag(JUDE_WITH_LUISA, 4).as_str()));
    let seen = app.staff().interview(JUDE_WITH_LUISA).await;
    assert_json!(only(&seen, "status reason"), @r#"{"reason": null, "status": "CANCELLED"}"#);
}

#[tokio::test]
async fn response_has_the_documented_headers() {
    let app = start!(Sqlite);
    let done = post(&app.driver(), DRIVER_ACCEPT, &json!({})).await;
    let refused = post(&app.driver(), DRIVER_ACCEPT, &json!({})).await;
    assert_eq!((done.status.as_u16(), refused.status.as_u16()), (200, 409));
    for answer in [&done, &refused] {
        for (name, value) in [
            ("content-type", "application/json; charset=utf-8"),
            ("cache-control", "max-age=0, private, must-revalidate"),
            ("vary", "Accept, Origin"),
            ("x-frame-options", "SAMEORIGIN"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "strict-origin-when-cross-origin"),
        ] {
            assert_eq!(answer.header(name), value, "{name}");
        }
        assert!(answer.header("x-runtime").parse::<f64>().unwrap() >= 0.0);
        assert!(!answer.header("x-request-id").is_empty());
    }
    assert_eq!(refused.header("etag"), "");
}

#[tokio::test]
async fn route_of_the_other_side_is_forbidden() {
    let app = start!(Sqlite);
    for (who, theirs) in
        [(app.driver(), [STAFF_AMEND, STAFF_ACCEPT, CANCEL]), (app.staff(), [DRIVER_AMEND, DRIVER_ACCEPT, REJECT])]
    {
        for route in theirs {
            let answer = post(&who, route, &at_ten()).await;
            assert_eq!((answer.status.as_u16(), errors(&answer)), (403, vec!["FORBIDDEN id".to_owned()]), "{route}");
        }
    }
    // A pending interview awaits the driver, so staff cannot accept it on their own route either.
    let answer = post(&app.staff(), STAFF_ACCEPT, &json!({})).await;
    assert_eq!((answer.status.as_u16(), errors(&answer)), (403, vec!["FORBIDDEN id".to_owned()]));
    assert_eq!(app.staff().interview(JUDE_WITH_LUISA).await["version"], 1);
}

#[tokio::test]
async fn admin_acts_for_the_side_of_the_route() {
    let app = start!(Sqlite);
    let admin = app.admin();
    let answer = post(&admin, STAFF_AMEND, &at_ten()).await;
    assert_eq!(answer.json()["interview"]["amended_by"], "interviewer");
    assert_eq!(errors(&post(&admin, STAFF_ACCEPT, &json!({})).await), ["FORBIDDEN id"]);
    assert_eq!(post(&admin, DRIVER_ACCEPT, &json!({})).await.json()["interview"]["status"], "scheduled");
    assert_eq!(post(&admin, CANCEL, &json!({})).await.status, 200);
    let sql = format!(
        "SELECT count(*) FROM interview_events \
         WHERE interview_id = {JUDE_WITH_LUISA} AND actor_id = {ADA} AND actor_side = 'interviewer'"
    );
    assert_eq!(app.database.value::<i64>(&sql).await, 2);
}

#[tokio::test]
async fn invisible_interview_is_not_found_and_missing_token_is_unauthenticated() {
    let app = start!(Sqlite);
    for route in [STAFF_AMEND, STAFF_ACCEPT, CANCEL, DRIVER_AMEND, DRIVER_ACCEPT, REJECT] {
        let answer = post(&app.other_staff(), route, &at_ten()).await;
        assert_eq!((answer.status.as_u16(), errors(&answer)), (404, vec!["NOT_FOUND id".to_owned()]), "{route}");
        for id in ["0", &format!("0{JUDE_WITH_LUISA}"), "99999999999999999999", "x", "%ff", "%27"] {
            let answer = app.admin().rest("POST", &path(route, id), &at_ten()).await;
            assert_eq!((answer.status.as_u16(), errors(&answer)), (404, vec!["NOT_FOUND id".to_owned()]), "{id}");
        }
        let answer = post(&app.anonymous(), route, &at_ten()).await;
        assert_eq!((answer.status.as_u16(), errors(&answer)), (401, vec!["UNAUTHENTICATED ".to_owned()]));
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    assert_eq!(app.staff().interview(JUDE_WITH_LUISA).await["version"], 1);
}

#[tokio::test]
async fn every_route_checks_if_match() {
    let app = start!(Sqlite);
    let steps = [
        (app.staff(), STAFF_AMEND),
        (app.driver(), DRIVER_ACCEPT),
        (app.driver(), DRIVER_AMEND),
        (app.staff(), STAFF_ACCEPT),
        (app.staff(), CANCEL),
    ];
    for (version, (who, route)) in (1..).zip(&steps) {
        // Another time in each step, because a proposal of the current times is an error.
        let body = at_ten().to_string().replace("T10", &format!("T0{version}"));
        let body: Value = serde_json::from_str(&body).unwrap();
        let (later, of_another) = (etag(JUDE_WITH_LUISA, version + 1), etag(JUDE_WITH_PIET, version));
        for stale in [later.as_str(), &of_another, "nonsense", ""] {
            let answer = post_with(who, route, &body, &[("if-match", stale)]).await;
            assert_eq!((answer.status.as_u16(), errors(&answer)), (412, vec!["STALE_VERSION If-Match".to_owned()]));
        }
        let answer = post_with(who, route, &body, &[("if-match", &etag(JUDE_WITH_LUISA, version))]).await;
        assert_eq!(answer.status, 200, "{route}: {}", answer.text);
    }
    let answer = post_with(&app.driver(), REJECT, &json!({}), &[("if-match", &etag(JUDE_WITH_LUISA, 6))]).await;
    assert_eq!((answer.status.as_u16(), errors(&answer)), (409, vec!["INVALID_STATE id".to_owned()]));
}

#[tokio::test]
async fn all_errors_of_a_proposal_are_reported_at_once() {
    let app = start!(Sqlite);
    let proposal = |start: Value, end: Value| json!({"interview": {"amend_start_at": start, "amend_end_at": end}});
    let (ten, nine) = ("2025-04-01T10:00:00Z", "2025-04-01T09:00:00Z");
    let (start, end) = ("interview.amend_start_at", "interview.amend_end_at");
    for (body, status, expected) in [
        (json!({"interview": {}}), 422, vec![format!("NULL_NOT_ALLOWED {start}"), format!("NULL_NOT_ALLOWED {end}")]),
        (proposal(json!(null), json!(ten)), 422, vec![format!("NULL_NOT_ALLOWED {start}")]),
        (
            proposal(json!("2025-04-01"), json!(7)),
            422,
            vec![format!("BAD_USER_INPUT {start}"), format!("BAD_USER_INPUT {end}")],
        ),
        (
            proposal(json!("tomorrow"), json!(null)),
            422,
            vec![format!("BAD_USER_INPUT {start}"), format!("NULL_NOT_ALLOWED {end}")],
        ),
        (proposal(json!(ten), json!(nine)), 422, vec![format!("END_NOT_AFTER_START {end}")]),
        (proposal(json!(ten), json!("2025-04-02T10:00:00.001Z")), 422, vec![format!("DURATION_TOO_LONG {end}")]),
        (
            proposal(json!("2025-03-20T09:00:00Z"), json!("2025-03-20T10:30:00+01:00")),
            422,
            vec![format!("AMENDMENT_UNCHANGED {start}")],
        ),
        (json!({"amend_start_at": ten, "amend_end_at": ten}), 400, vec!["BAD_REQUEST ".to_owned()]),
        (json!([]), 400, vec!["BAD_REQUEST ".to_owned()]),
    ] {
        for (who, route) in [(app.staff(), STAFF_AMEND), (app.driver(), DRIVER_AMEND)] {
            let answer = post(&who, route, &body).await;
            assert_eq!((answer.status.as_u16(), errors(&answer)), (status, expected.clone()), "{body}");
        }
    }
    assert_eq!(app.staff().interview(JUDE_WITH_LUISA).await["version"], 1);
}

#[rstest]
#[tokio::test]
async fn taken_time_is_a_schedule_conflict(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    post(&app.driver(), DRIVER_AMEND, &at_ten()).await;
    let booking = json!({"interview": {
        "kind": "in_person", "start_at": "2025-04-01T10:30:00Z", "end_at": "2025-04-01T11:30:00Z",
        "interviewee_id": JUDE_APPLICATION.0, "interviewer_id": LUISA.0
    }});
    assert_eq!(post(&app.staff(), CREATE, &booking).await.status, 201);
    let answer = post(&app.staff(), STAFF_ACCEPT, &json!({})).await;
    assert_eq!(answer.status, 409);
    assert_json!(answer.json(), @r#"
    {
      "errors": [
        {
          "code": "SCHEDULE_CONFLICT",
          "message": "The interviewer has another interview at that time.",
          "path": ["id"]
        },
        {
          "code": "SCHEDULE_CONFLICT",
          "message": "The driver has another interview at that time.",
          "path": ["id"]
        }
      ]
    }
    "#);
    let again = post(&app.staff(), CREATE, &booking).await;
    assert_eq!(
        (again.status.as_u16(), errors(&again)),
        (409, vec!["SCHEDULE_CONFLICT interview.start_at".to_owned(); 2])
    );
}

#[rstest]
#[tokio::test]
async fn accept_reject_and_cancel_ignore_the_body(
    #[values("", "{}", "null", "not json", r#"{"interview": {"status": "completed", "start_at": "x"}}"#)]
    body: &'static str,
) {
    let app = start!(Sqlite);
    let bare = async |who: Actor, route: &str| {
        who.send(Request::post(path(route, JUDE_WITH_LUISA)).body(Body::from(body)).unwrap()).await
    };
    assert_eq!(bare(app.driver(), DRIVER_ACCEPT).await.json()["interview"]["status"], "scheduled");
    assert_eq!(bare(app.driver(), REJECT).await.json()["interview"]["status"], "rejected");
    assert_eq!(bare(app.staff(), CANCEL).await.status, 409);
}

#[tokio::test]
async fn routes_accept_post_only() {
    let app: TestApp = start!(Sqlite);
    for route in [CREATE, STAFF_AMEND, STAFF_ACCEPT, CANCEL, DRIVER_AMEND, DRIVER_ACCEPT, REJECT] {
        for method in ["GET", "PUT", "PATCH", "DELETE"] {
            let answer = app.admin().rest(method, &path(route, JUDE_WITH_LUISA), &at_ten()).await;
            assert_eq!(answer.status, 405, "{method} {route}");
            assert_eq!(errors(&answer), ["BAD_REQUEST "]);
            assert_eq!(answer.header("allow"), "POST");
        }
    }
    for route in
        ["/api/v1/users/interviews/{id}/cancel", "/api/v1/interviews/{id}/reject", "/api/v1/interviews/{id}/complete"]
    {
        assert_eq!(post(&app.admin(), route, &json!({})).await.status, 404, "{route}");
    }
    assert_eq!(app.staff().interview(JUDE_WITH_LUISA).await["version"], 1);
}
