//! The header `Idempotency-Key` of the REST API.

use super::{booking, keyed, keys};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::refusals;
use crate::support::booking::at;
use crate::support::lifecycle::write_counts;
use crate::support::people::{BRUNA_APPLICATION, JUDE_WITH_LUISA, LUISA};
use crate::support::rest::etag;
use rstest::rstest;
use serde_json::{Value, json};

const KEY: &str = "idempotency-key";

fn relocation() -> Value {
    json!({"interview": {"location": "Gate 7"}})
}

#[rstest]
#[tokio::test]
async fn request_is_made_once(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    let create = json!({"interview": {"kind": "phone_call", "start_at": at("10:00"), "end_at": at("11:00"),
        "interviewee_id": BRUNA_APPLICATION.0, "interviewer_id": LUISA.0}});
    let (path, first_version) = (format!("/api/v1/interviews/{JUDE_WITH_LUISA}"), etag(JUDE_WITH_LUISA, 1));
    let headers = [(KEY, "\"a\""), ("if-match", first_version.as_str())];
    for (method, path, body, headers) in [
        ("PATCH", path.as_str(), relocation(), &headers[..]),
        ("POST", "/api/v1/interviews", create, &[(KEY, "b")]),
        ("POST", &format!("{path}/cancel"), json!({}), &[(KEY, "c")]),
    ] {
        let first = staff.rest_with(method, path, &body, headers).await;
        assert_eq!((first.status.is_success(), first.header("idempotency-replayed")), (true, ""), "{}", first.text);
        let written = write_counts(&app).await;
        let second = staff.rest_with(method, path, &body, headers).await;
        assert_eq!(
            (second.status, &second.text, second.header("etag")),
            (first.status, &first.text, first.header("etag"))
        );
        assert_eq!(second.header("idempotency-replayed"), "true", "{path}");
        assert_eq!(write_counts(&app).await, written);
    }
    assert_eq!(keys(&app).await, 3);
}

#[rstest]
#[tokio::test]
async fn key_of_another_request_is_refused(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    // The same change by a mutation is another request.
    let update = format!("id: {JUDE_WITH_LUISA}, input: {{location: \"Gate 7\"}}");
    keyed(&staff, "updateInterview", &update, "k").await;
    let answer = staff.patch_with(JUDE_WITH_LUISA, &relocation(), &[(KEY, "k")]).await;
    assert_eq!((answer.status.as_u16(), answer.header("idempotency-replayed")), (422, ""));
    assert_json!(answer.json(), @r#"
    {
      "errors": [
        {
          "code": "IDEMPOTENCY_KEY_REUSED",
          "message": "This idempotency key was used for another request. Choose a new one.",
          "path": ["Idempotency-Key"]
        }
      ]
    }
    "#);
    staff.patch_with(JUDE_WITH_LUISA, &json!({"interview": {"location": "Gate 8"}}), &[(KEY, "l")]).await;
    let payload = keyed(&staff, "createInterview", &booking("10:00", "11:00"), "l").await;
    assert_eq!(refusals(&payload), ["IDEMPOTENCY_KEY_REUSED idempotencyKey"]);
}

#[tokio::test]
async fn malformed_key_is_a_bad_request() {
    let app = start!(Sqlite);
    let before = write_counts(&app).await;
    let too_long = "k".repeat(256);
    for headers in [
        &[(KEY, "")][..],
        &[(KEY, "\"\"")],
        &[(KEY, "\"a")],
        &[(KEY, "\"a\"; b")],
        &[(KEY, "é")],
        &[(KEY, too_long.as_str())],
        &[(KEY, "a"), (KEY, "a")],
    ] {
        let answer = app.staff().patch_with(JUDE_WITH_LUISA, &relocation(), headers).await;
        assert_eq!(answer.status, 400, "{headers:?}");
        let error = json!([{
            "code": "INVALID_IDEMPOTENCY_KEY",
            "message": "An idempotency key has to have 1 to 255 printable ASCII characters.",
            "path": ["Idempotency-Key"],
        }]);
        assert_eq!(answer.json()["errors"], error);
    }
    assert_eq!(write_counts(&app).await, before);
}
