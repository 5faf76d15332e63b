//! `If-Match` and `If-None-Match` on changes (RFC 9110, 13.1.1, 13.1.2 and 13.2.2), also with tags as proxies change
//! them.

use crate::api::rest::response::errors;
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::actor::{Actor, Answer};
use crate::support::people::{JUDE_WITH_LUISA, JUDE_WITH_PIET};
use crate::support::rest::{etag, interview_path};
use rstest::rstest;
use serde_json::{Value, json};

const CURRENT: i32 = 3;

/// An interview at the version [`CURRENT`].
async fn at_current_version(database: Database) -> Option<TestApp> {
    let app = TestApp::start(database).await?;
    for version in 2..=CURRENT {
        let answer = app.staff().patch(JUDE_WITH_LUISA, &location(&format!("Gate {version}"))).await;
        assert_eq!(answer.header("etag"), etag(JUDE_WITH_LUISA, version));
    }
    Some(app)
}

fn location(text: &str) -> Value {
    json!({"interview": {"location": text}})
}

/// The status and the errors of a change with these headers.
fn outcome(answer: &Answer) -> (u16, Vec<String>) {
    (answer.status.as_u16(), if answer.status.is_success() { Vec::new() } else { errors(answer) })
}

fn stale() -> (u16, Vec<String>) {
    (412, vec!["STALE_VERSION If-Match".to_owned()])
}

fn excluded() -> (u16, Vec<String>) {
    (412, vec!["PRECONDITION_FAILED If-None-Match".to_owned()])
}

fn done() -> (u16, Vec<String>) {
    (200, Vec::new())
}

/// Makes a change with these headers and with no effect on the interview, so that its version stays the same.
async fn without_effect(who: &Actor, method: &str, headers: &[(&str, &str)]) -> Answer {
    who.rest_with(method, &interview_path(JUDE_WITH_LUISA), &json!({"interview": {}}), headers).await
}

#[rstest]
#[tokio::test]
async fn if_none_match_refuses_the_versions_that_it_names(#[values(Sqlite, Postgres)] database: Database) {
    let Some(app) = at_current_version(database).await else { return };
    let of_another = etag(JUDE_WITH_PIET, CURRENT);
    for (lines, expected) in [
        (&["*"][..], excluded()),
        (&[r#"W/"27-3""#], excluded()),
        (&[r#""27-3""#], excluded()),
        (&["27-3"], excluded()),
        (&[r#""27-2", W/"27-3""#], excluded()),
        (&[r#""27-2""#, r#""27-3""#], excluded()),
        (&[r#""27-2""#, "*"], excluded()),
        (&[r#""27-3-gzip""#], excluded()),
        (&[r#"W/"27-3;br""#], excluded()),
        (&[r#"W/"27-2""#], done()),
        (&[r#""27-2", "27-4""#], done()),
        (&[of_another.as_str()], done()),
        (&[r#""3""#], done()),
        (&["nonsense"], done()),
        (&[r#""*""#], done()),
        (&[""], done()),
    ] {
        let headers: Vec<_> = lines.iter().map(|line| ("if-none-match", *line)).collect();
        for method in ["PATCH", "PUT"] {
            let answer = without_effect(&app.staff(), method, &headers).await;
            assert_eq!(outcome(&answer), expected, "{method} {lines:?}");
        }
    }
    let before = app.staff().interview(JUDE_WITH_LUISA).await;
    let answer = app.staff().patch_with(JUDE_WITH_LUISA, &location("Gate 9"), &[("if-none-match", "*")]).await;
    assert_json!(answer.json(), @r#"
    {
      "errors": [
        {
          "code": "PRECONDITION_FAILED",
          "message": "This interview still has a version that the request excludes.",
          "path": ["If-None-Match"]
        }
      ]
    }
    "#);
    assert_eq!(app.staff().interview(JUDE_WITH_LUISA).await, before);
}

#[tokio::test]
async fn if_match_takes_tags_that_came_through_a_compressing_proxy() {
    let app = at_current_version(Sqlite).await.unwrap();
    for (tag, expected) in [
        (r#"W/"27-3""#, done()),
        (r#""27-3""#, done()),
        (r#""27-3-gzip""#, done()),
        (r#"W/"27-3-gzip""#, done()),
        (r#""27-3--gzip""#, done()),
        (r#""27-3;gzip""#, done()),
        (r#""27-3;br""#, done()),
        (r#"W/"27-3-br""#, done()),
        (r#""27-3-zstd""#, done()),
        (r#""27-2-gzip", "27-3-gzip""#, done()),
        (r#"W/"27-2-gzip""#, stale()),
        (r#""27-3-other""#, stale()),
        (r#""27-3gzip""#, stale()),
        (r#""27-3-""#, stale()),
        (r#""27-+3""#, stale()),
        (r#""27-03""#, stale()),
        (r#""27--3""#, stale()),
        (r#""x,27-3""#, stale()),
        (r#""27-3"x"#, stale()),
        (r#""127-3""#, stale()),
        (r#""*""#, stale()),
    ] {
        let answer = without_effect(&app.staff(), "PATCH", &[("if-match", tag)]).await;
        assert_eq!(outcome(&answer), expected, "{tag}");
    }
}

#[tokio::test]
async fn if_match_is_checked_before_if_none_match_and_both_after_the_permission() {
    let app = at_current_version(Sqlite).await.unwrap();
    let (old, current) = (r#""27-2""#, r#""27-3""#);
    for (required, excluding, expected) in [
        (current, old, done()),
        (current, current, excluded()),
        (old, current, stale()),
        (old, "*", stale()),
        ("*", "*", excluded()),
        ("*", old, done()),
        (old, old, stale()),
    ] {
        let headers = [("if-match", required), ("if-none-match", excluding)];
        let answer = without_effect(&app.staff(), "PATCH", &headers).await;
        assert_eq!(outcome(&answer), expected, "{headers:?}");
        for (who, code) in [(app.other_staff(), (404, "NOT_FOUND id")), (app.anonymous(), (401, "UNAUTHENTICATED "))] {
            let answer = without_effect(&who, "PATCH", &headers).await;
            assert_eq!(outcome(&answer), (code.0, vec![code.1.to_owned()]), "{headers:?}");
        }
    }
}

#[tokio::test]
async fn every_change_checks_if_none_match() {
    let app = start!(Sqlite);
    let body = json!({"interview": {"amend_start_at": "2025-04-01T10:00:00Z", "amend_end_at": "2025-04-01T11:00:00Z"}});
    let steps = [
        (app.driver(), "/api/v1/users/interviews/27/amend"),
        (app.staff(), "/api/v1/interviews/27/accept"),
        (app.driver(), "/api/v1/users/interviews/27/reject"),
    ];
    for (version, (who, path)) in (1..).zip(steps) {
        for refused in ["*".to_owned(), etag(JUDE_WITH_LUISA, version)] {
            let answer = who.rest_with("POST", path, &body, &[("if-none-match", &refused)]).await;
            assert_eq!(outcome(&answer), excluded(), "{path} {refused}");
        }
        let answer =
            who.rest_with("POST", path, &body, &[("if-none-match", &etag(JUDE_WITH_LUISA, version - 1))]).await;
        assert_eq!(outcome(&answer), done(), "{path}");
    }
    // A new interview has no version yet.
    let booking = json!({"interview": {
        "kind": "in_person", "start_at": "2025-04-03T10:30:00Z", "end_at": "2025-04-03T11:30:00Z",
        "interviewee_id": 277, "interviewer_id": 1001
    }});
    let answer = app.staff().rest_with("POST", "/api/v1/interviews", &booking, &[("if-none-match", "*")]).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
}

#[tokio::test]
async fn query_is_not_sent_again_when_the_tag_came_through_a_proxy() {
    let app = start!(Sqlite);
    let get = async |known: &str| {
        let request = axum::http::Request::get("/graphql?query=%7B__typename%7D").header("if-none-match", known);
        app.staff().send(request.body(axum::body::Body::empty()).unwrap()).await
    };
    let tag = get("").await.header("etag").to_owned();
    let text = tag.trim_start_matches("W/").trim_matches('"');
    for (known, status) in [
        (tag.clone(), 304),
        (format!("\"{text}\""), 304),
        (format!("\"{text}-gzip\""), 304),
        (format!("W/\"{text};br\", \"x\""), 304),
        (format!("\"x,{text}\""), 200),
        (format!("\"{text}x\""), 200),
    ] {
        assert_eq!(get(&known).await.status, status, "{known}");
    }
}
