//! `POST /api/v1/interviews`

use crate::api::rest::response::errors;
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::inspect::all_rows;
use crate::support::lifecycle::only;
use crate::support::people::{DANA_APPLICATION, JUDE_APPLICATION, JUDE_WITH_LUISA, KOFI, LUISA, PIET};
use crate::support::rest::etag;
use rstest::rstest;
use serde_json::{Value, json};

const PATH: &str = "/api/v1/interviews";

fn booking() -> Value {
    json!({"interview": {
        "kind": "phone_call",
        "start_at": "2025-04-01T12:00:00+02:00",
        "end_at": "2025-04-01T11:00:00Z",
        "interviewee_id": JUDE_APPLICATION.0,
        "interviewer_id": LUISA.0,
        "location": "Gate 3"
    }})
}

/// The booking with another value of one field.
fn but(field: &str, value: Value) -> Value {
    let mut booking = booking();
    booking["interview"][field] = value;
    booking
}

#[rstest]
#[tokio::test]
async fn staff_can_create_an_interview(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let answer = app.staff().rest("POST", PATH, &booking()).await;
    assert_eq!(answer.status, 201);
    let id = answer.json()["interview"]["id"].as_i64().unwrap();
    assert_eq!(answer.header("etag"), etag(id, 1));
    assert_fields!(answer, @r#"
    {"interview":{"id":271,
    "amend_end_at":null,
    "amend_start_at":null,
    "amended_by":null,
    "end_at":"2025-04-01T11:00:00.000Z",
    "interviewee":{"id":277,
    "driver":{"id":997,
    "image":null,
    "phone_number":"123",
    "title":"Jude Howell"},
    "kind":"interview",
    "updated_at":"2025-03-20T10:02:08.958Z"},
    "interviewee_id":277,
    "interviewer":{"id":1001,
    "contact_phone_number":null,
    "image":null,
    "title":"Luisa Hintz"},
    "interviewer_id":1001,
    "kind":"phone_call",
    "location":"Gate 3",
    "start_at":"2025-04-01T10:00:00.000Z",
    "status":"pending"}}
    "#);
    let seen = app.driver().interview(id).await;
    assert_json!(only(&seen, "status version allowOverlap"), @r#"
    {
      "allowOverlap": false,
      "status": "PENDING",
      "version": 1
    }
    "#);
}

#[tokio::test]
async fn location_is_optional_and_unknown_fields_are_ignored() {
    let app = start!(Sqlite);
    let mut bare = booking();
    bare["interview"].as_object_mut().unwrap().remove("location");
    let answer = app.staff().rest("POST", PATH, &bare).await;
    assert_eq!(answer.json()["interview"]["location"], json!(null));
    let mut again = but("location", json!(null));
    again["interview"]["allow_overlap"] = json!(true);
    assert_eq!(app.staff().rest("POST", PATH, &again).await.status, 201);
    // Ids as text; unknown fields and fields that the server sets are ignored.
    let mut form = but("interviewee_id", json!(DANA_APPLICATION.to_string()));
    form["interview"]["interviewer_id"] = json!(KOFI.to_string());
    form["interview"]["status"] = json!("completed");
    form["interview"]["id"] = json!(JUDE_WITH_LUISA.0);
    form["interview"]["version"] = json!(9);
    let answer = app.staff().rest("POST", PATH, &form).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["interview"]["status"]), (201, &json!("pending")));
    assert_ne!(answer.json()["interview"]["id"], JUDE_WITH_LUISA.0);
}

#[tokio::test]
async fn all_errors_of_a_creation_are_reported_at_once() {
    let app = start!(Sqlite);
    let before = all_rows(&app.database).await;
    let required = ["kind", "start_at", "end_at", "interviewee_id", "interviewer_id"];
    let all_missing: Vec<String> = required.iter().map(|field| format!("NULL_NOT_ALLOWED interview.{field}")).collect();
    let answer = app.staff().rest("POST", PATH, &json!({"interview": {}})).await;
    assert_eq!((answer.status.as_u16(), errors(&answer)), (422, all_missing));
    for field in required {
        let answer = app.staff().rest("POST", PATH, &but(field, json!(null))).await;
        assert_eq!(
            (answer.status.as_u16(), errors(&answer)),
            (422, vec![format!("NULL_NOT_ALLOWED interview.{field}")])
        );
        let answer = app.staff().rest("POST", PATH, &but(field, json!({}))).await;
        assert_eq!((answer.status.as_u16(), errors(&answer)), (422, vec![format!("BAD_USER_INPUT interview.{field}")]));
    }
    let mut wrong = but("interviewer_id", json!(PIET.0));
    wrong["interview"]["end_at"] = json!("2025-04-01T09:00:00Z");
    wrong["interview"]["location"] = json!(" ");
    let answer = app.staff().rest("POST", PATH, &wrong).await;
    let expected = [
        "END_NOT_AFTER_START interview.end_at",
        "INVALID_LOCATION interview.location",
        "INTERVIEWER_NOT_FOUND interview.interviewer_id",
    ];
    assert_eq!((answer.status.as_u16(), errors(&answer)), (422, expected.map(str::to_owned).to_vec()));
    for body in [json!(null), json!({}), json!({"interview": 7}), json!("interview")] {
        let answer = app.staff().rest("POST", PATH, &body).await;
        assert_eq!((answer.status.as_u16(), errors(&answer)), (400, vec!["BAD_REQUEST ".to_owned()]));
    }
    assert_eq!(all_rows(&app.database).await, before);
}

#[tokio::test]
async fn only_staff_of_the_company_and_admins_can_create() {
    let app = start!(Sqlite);
    let before = all_rows(&app.database).await;
    let answer = app.driver().rest("POST", PATH, &booking()).await;
    assert_eq!((answer.status.as_u16(), errors(&answer)), (403, vec!["FORBIDDEN interview".to_owned()]));
    let answer = app.anonymous().rest("POST", PATH, &booking()).await;
    assert_eq!((answer.status.as_u16(), errors(&answer)), (401, vec!["UNAUTHENTICATED ".to_owned()]));
    let answer = app.other_staff().rest("POST", PATH, &booking()).await;
    // Staff see the people of their own company only.
    let expected = ["INTERVIEWEE_NOT_FOUND interview.interviewee_id", "INTERVIEWER_NOT_FOUND interview.interviewer_id"];
    assert_eq!((answer.status.as_u16(), errors(&answer)), (422, expected.map(str::to_owned).to_vec()));
    let answer = app.driver().rest("POST", PATH, &json!({"interview": {}})).await;
    assert_eq!((answer.status.as_u16(), errors(&answer)), (403, vec!["FORBIDDEN interview".to_owned()]));
    assert_eq!(all_rows(&app.database).await, before);
    assert_eq!(app.admin().rest("POST", PATH, &booking()).await.status, 201);
}
