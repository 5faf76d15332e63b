//! The documented REST request: its response, headers, `If-Match` and request body. Its errors are in `errors`.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::lifecycle::interview_of;
use crate::support::people::{
    BRUNA, BRUNA_APPLICATION, COASTAL_FREIGHT, JUDE, JUDE_APPLICATION, JUDE_WITH_LUISA, JUDE_WITH_PIET, KOFI, LUISA,
};
use crate::support::rest::{etag, interview_path};
use axum::body::Body;
use axum::http::{HeaderValue, Request};
use chrono::TimeDelta;
use rstest::rstest;
use serde_json::{Value, json};

/// How often interviews were edited, by their histories.
const UPDATES: &str = "SELECT count(*) FROM interview_events WHERE type = 'updated'";

/// The entity tag of Jude's interview with Luisa.
fn tag(version: u64) -> String {
    etag(JUDE_WITH_LUISA, version)
}

fn documented() -> Value {
    json!({"interview": {
        "location": "https://google.meet",
        "start_at": "2025-03-20T10:32:08Z",
        "end_at": "2025-03-20T11:02:08Z",
        "interviewer_id": LUISA.0,
        "interviewee_id": JUDE_APPLICATION.0
    }})
}

fn location(text: &str) -> Value {
    json!({"interview": {"location": text}})
}

#[rstest]
#[tokio::test]
async fn documented_request_has_the_documented_response(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let answer = app.staff().patch(JUDE_WITH_LUISA, &documented()).await;
    assert_eq!(answer.status, 200);
    assert_fields!(answer, @r#"
    {"interview":{"id":27,
    "amend_end_at":null,
    "amend_start_at":null,
    "amended_by":null,
    "end_at":"2025-03-20T11:02:08.000Z",
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
    "location":"https://google.meet",
    "start_at":"2025-03-20T10:32:08.000Z",
    "status":"pending"}}
    "#);
    assert_eq!(answer.text.len(), 520, "the documented content-length");
}

#[tokio::test]
async fn response_has_each_documented_header_once() {
    let app = start!(Sqlite);
    let id = "01a4d000-fd61-402a-a34d-7269899c4bd9";
    let answer = app.staff().patch_with(JUDE_WITH_LUISA, &documented(), &[("x-request-id", id)]).await;
    assert_eq!(answer.status, 200);
    let etag = tag(2);
    for (name, value) in [
        ("x-frame-options", "SAMEORIGIN"),
        ("x-xss-protection", "0"),
        ("x-content-type-options", "nosniff"),
        ("x-permitted-cross-domain-policies", "none"),
        ("referrer-policy", "strict-origin-when-cross-origin"),
        ("content-type", "application/json; charset=utf-8"),
        ("vary", "Accept, Origin"),
        ("etag", etag.as_str()),
        ("cache-control", "max-age=0, private, must-revalidate"),
        ("x-request-id", id),
    ] {
        let given: Vec<_> = answer.headers.get_all(name).iter().map(|it| it.to_str().unwrap()).collect();
        assert_eq!(given, [value], "{name}");
    }
    let (seconds, decimals) = answer.header("x-runtime").split_once('.').unwrap();
    assert!(seconds.parse::<u32>().is_ok() && decimals.len() == 6 && decimals.parse::<u32>().is_ok());
}

#[rstest]
#[tokio::test]
async fn repeated_request_changes_nothing(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let first = app.staff().patch(JUDE_WITH_LUISA, &documented()).await;
    app.clock.advance(TimeDelta::minutes(5));
    let second = app.staff().patch(JUDE_WITH_LUISA, &documented()).await;
    assert_eq!((second.status, &second.text), (first.status, &first.text));
    assert_eq!([first.header("etag"), second.header("etag")], [tag(2), tag(2)]);
    assert_eq!(app.database.value::<i64>(UPDATES).await, 1);
}

#[rstest]
#[case::the_current_version(vec![tag(1)])]
#[case::the_current_version_as_a_strong_tag(vec![tag(1).replace("W/", "")])]
#[case::any_version(vec!["*".to_owned()])]
#[case::one_of_a_list(vec![format!(r#"{}, {} ,"other""#, tag(7), tag(1))])]
#[case::one_of_several_headers(vec![tag(7), tag(1)])]
#[tokio::test]
async fn if_match_with_the_current_version_is_accepted(#[case] tags: Vec<String>) {
    let app = start!(Sqlite);
    let headers: Vec<_> = tags.iter().map(|tag| ("if-match", tag.as_str())).collect();
    let answer = app.staff().patch_with(JUDE_WITH_LUISA, &location("Dock 4"), &headers).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("etag"), tag(2));
    assert_eq!(app.database.value::<i64>(UPDATES).await, 1);
}

#[tokio::test]
async fn if_match_with_another_version_is_rejected() {
    let app = start!(Sqlite);
    for tag in [
        tag(2).as_str(),
        &format!("{}, {}", tag(0), tag(3)),
        &etag(JUDE_WITH_PIET, 1),
        r#"W/"55f92a4fb00a7d14bfc9287b0362a925""#,
        &etag(JUDE_WITH_LUISA, "99999999999999999999"),
        r#""""#,
        "",
        "é~,,;W/",
    ] {
        let tag = HeaderValue::from_bytes(tag.as_bytes()).unwrap();
        let request = Request::patch(interview_path(JUDE_WITH_LUISA))
            .header("content-type", "application/json")
            .header("if-match", tag);
        let answer = app.staff().send(request.body(Body::from(location("Dock 4").to_string())).unwrap()).await;
        assert_eq!(answer.status, 412, "{}", answer.text);
        assert_json!(answer.json(), @r#"
        {
          "errors": [
            {
              "code": "STALE_VERSION",
              "message": "This interview has changed in the meantime. Look at it again before you decide.",
              "path": ["If-Match"]
            }
          ]
        }
        "#);
        assert_eq!(app.database.value::<i64>(UPDATES).await, 0);
    }
}

#[rstest]
#[tokio::test]
async fn second_writer_of_the_same_version_is_rejected(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    // An update that changes nothing reads the interview: REST has no GET route.
    let read = app.staff().patch(JUDE_WITH_LUISA, &json!({"interview": {}})).await;
    let lock = [("if-match", read.header("etag"))];
    let first = app.staff().patch_with(JUDE_WITH_LUISA, &location("Dock 4"), &lock).await;
    let second = app.admin().patch_with(JUDE_WITH_LUISA, &location("Dock 5"), &lock).await;
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (200, 412));
    assert_eq!(app.staff().interview(JUDE_WITH_LUISA).await["location"], "Dock 4");
    // With the new tag the second writer succeeds.
    let lock = [("if-match", first.header("etag"))];
    let third = app.admin().patch_with(JUDE_WITH_LUISA, &location("Dock 5"), &lock).await;
    assert_eq!((third.status.as_u16(), third.header("etag")), (200, tag(3).as_str()));
}

#[tokio::test]
async fn if_match_does_not_reveal_an_invisible_interview() {
    let app = start!(Sqlite);
    for tag in ["*", &tag(1), &tag(9)] {
        let answer = app.other_staff().patch_with(JUDE_WITH_LUISA, &location("Dock 4"), &[("if-match", tag)]).await;
        assert_eq!(answer.status, 404, "{tag}");
    }
}

#[tokio::test]
async fn ids_may_be_sent_as_text() {
    let app = start!(Sqlite);
    let request =
        json!({"interview": {"interviewer_id": KOFI.to_string(), "interviewee_id": BRUNA_APPLICATION.to_string()}});
    let answer = app.staff().patch(JUDE_WITH_LUISA, &request).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let interview = &answer.json()["interview"];
    assert_eq!(interview["interviewer_id"], KOFI.0);
    assert_eq!(interview["interviewer"]["id"], KOFI.0);
    assert_eq!(interview["interviewee"]["id"], BRUNA_APPLICATION.0);
    assert_eq!(interview["interviewee"]["driver"]["id"], BRUNA.0);
}

#[tokio::test]
async fn undocumented_fields_are_ignored() {
    let app = start!(Sqlite);
    let before = app.staff().interview(JUDE_WITH_LUISA).await;
    let request = json!({
        "id": JUDE_WITH_PIET.0,
        "interview": {
            "id": JUDE_WITH_PIET.0, "status": "completed", "version": 99,
            "company_id": COASTAL_FREIGHT.0, "driver_id": BRUNA.0,
            "amended_by": "interviewer", "amend_start_at": "2025-03-20T10:32:08Z",
            "amend_end_at": "2025-03-20T11:02:08Z", "reason": "none",
            "created_at": null, "updated_at": "2030-01-01T00:00:00Z", "interviewee": {"kind": "accepted"}, "x": [{}]
        }
    });
    let answer = app.staff().patch(JUDE_WITH_LUISA, &request).await;
    assert_eq!((answer.status.as_u16(), answer.header("etag")), (200, tag(1).as_str()));
    assert_eq!(app.staff().interview(JUDE_WITH_LUISA).await, before);
    assert_eq!(app.database.value::<i64>(UPDATES).await, 0);
}

#[rstest]
#[tokio::test]
async fn open_proposal_and_cleared_location_are_in_the_response(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = app.book(JUDE, LUISA).at("10:00").await;
    interview_of(&app.staff().update(id, json!({"location": "Dock 4"})).await);
    interview_of(&app.staff().propose(id, "14:00", "15:00").await);
    let answer = app.staff().patch(id, &json!({"interview": {"location": null}})).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_json!(answer.json(), @r#"
    {
      "interview": {
        "amend_end_at": "2025-04-01T15:00:00.000Z",
        "amend_start_at": "2025-04-01T14:00:00.000Z",
        "amended_by": "interviewer",
        "end_at": "2025-04-01T11:00:00.000Z",
        "id": 271,
        "interviewee": {
          "driver": {"id": 997, "image": null, "phone_number": "123", "title": "Jude Howell"},
          "id": 277,
          "kind": "interview",
          "updated_at": "2025-03-20T10:02:08.958Z"
        },
        "interviewee_id": 277,
        "interviewer": {"contact_phone_number": null, "id": 1001, "image": null, "title": "Luisa Hintz"},
        "interviewer_id": 1001,
        "kind": "phone_call",
        "location": null,
        "start_at": "2025-04-01T10:00:00.000Z",
        "status": "amended"
      }
    }
    "#);
}
