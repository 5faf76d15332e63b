//! The addresses and methods that the older API had: PUT for PATCH, a slash at the end, the suffix `.json`; and what
//! each address says of its methods.

use crate::api::rest::response::errors;
use crate::support::Database::Sqlite;
use crate::support::TestApp;
use crate::support::actor::Answer;
use crate::support::people::JUDE_WITH_LUISA;
use axum::body::Body;
use axum::http::Request;
use serde_json::json;

/// The methods and the paths of all routes, with an id.
const ROUTES: [(&str, &str, &str); 8] = [
    ("POST", "/api/v1/interviews", "POST"),
    ("PATCH", "/api/v1/interviews/27", "PATCH,PUT"),
    ("POST", "/api/v1/interviews/27/amend", "POST"),
    ("POST", "/api/v1/interviews/27/accept", "POST"),
    ("POST", "/api/v1/interviews/27/cancel", "POST"),
    ("POST", "/api/v1/users/interviews/27/amend", "POST"),
    ("POST", "/api/v1/users/interviews/27/accept", "POST"),
    ("POST", "/api/v1/users/interviews/27/reject", "POST"),
];

/// What the older API allowed at the end of a path.
const ENDINGS: [&str; 4] = ["", "/", ".json", ".json/"];

async fn send(app: &TestApp, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let body = json!({"interview": {"amend_start_at": "2025-04-01T10:00:00Z", "amend_end_at": "2025-04-01T11:00:00Z"}});
    app.admin().rest_with(method, path, &body, headers).await
}

#[tokio::test]
async fn every_route_has_the_addresses_of_the_older_api() {
    let app = start!(Sqlite);
    for (method, path, _) in ROUTES {
        for ending in ENDINGS {
            let path = format!("{path}{ending}");
            let methods: &[&str] = if method == "PATCH" { &["PATCH", "PUT"] } else { &[method] };
            for method in methods {
                // With a tag of no version: the route is found, and so is the interview.
                let answer = send(&app, method, &path, &[("if-match", "\"none\"")]).await;
                let expected = if path.starts_with("/api/v1/interviews/27") || path.contains("users") {
                    (412, vec!["STALE_VERSION If-Match".to_owned()])
                } else {
                    (422, errors(&send(&app, "POST", "/api/v1/interviews", &[]).await))
                };
                assert_eq!((answer.status.as_u16(), errors(&answer)), expected, "{method} {path}");
            }
        }
    }
}

#[tokio::test]
async fn other_endings_are_no_address() {
    let app = start!(Sqlite);
    for (method, path, _) in ROUTES {
        for ending in [".json//", ".xml", ".JSON", ".json.json", "%2Ejson", ".", ".json/x", "%2F", "//", "/.json"] {
            if path == "/api/v1/interviews" && ending.starts_with('/') {
                continue; // an interview with that as its id
            }
            let path = format!("{path}{ending}");
            let answer = send(&app, method, &path, &[("if-match", "\"none\"")]).await;
            assert_eq!(answer.status, 404, "{method} {path}");
        }
    }
    for path in ["/api/v1/interviews/27.json/accept", "/api/v1/interviews/27.json/accept.json"] {
        assert_eq!(send(&app, "POST", path, &[]).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn put_changes_as_patch_does() {
    let app = start!(Sqlite);
    for (version, (method, ending)) in
        (2..).zip(["PATCH", "PUT"].into_iter().flat_map(|it| ENDINGS.map(|end| (it, end))))
    {
        let location = format!("Gate {version}");
        let path = format!("/api/v1/interviews/{JUDE_WITH_LUISA}{ending}");
        let tag = format!("W/\"27-{}\"", version - 1);
        let body = json!({"interview": {"location": location}});
        let answer = app.staff().rest_with(method, &path, &body, &[("if-match", &tag)]).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["interview"]["location"]), (200, &json!(location)));
        assert_eq!(answer.header("etag"), format!("W/\"27-{version}\""), "{method} {path}");
    }
}

#[tokio::test]
async fn address_says_which_methods_it_has() {
    let cors = TestApp::start_with(Sqlite, &["--cors-origins", "https://app.example"]).await.unwrap();
    for app in [start!(Sqlite), cors] {
        let others = ["/graphql", "/graphql/"].map(|path| ("", path, "GET,HEAD,POST"));
        let health = ["/livez", "/readyz", "/graphiql/explorer.js"].map(|path| ("", path, "GET,HEAD"));
        for (_, path, allow) in ROUTES.into_iter().chain(others).chain(health) {
            for ending in if path.starts_with("/api/") { &ENDINGS[..] } else { &[""] } {
                let path = format!("{path}{ending}");
                let options = send(&app, "OPTIONS", &path, &[]).await;
                assert_eq!((options.status.as_u16(), options.text.as_str()), (204, ""), "{path}");
                assert_eq!(options.header("allow"), allow, "{path}");
                // An origin alone makes no preflight.
                let options = send(&app, "OPTIONS", &path, &[("origin", "https://app.example")]).await;
                assert_eq!((options.status.as_u16(), options.header("allow")), (204, allow), "{path}");
                for method in ["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "TRACE", "PROPFIND"] {
                    if allow.split(',').any(|allowed| allowed == method) {
                        continue;
                    }
                    let answer = send(&app, method, &path, &[]).await;
                    assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, allow), "{method} {path}");
                    assert_eq!(answer.text.is_empty(), method == "HEAD", "{method} {path}: {}", answer.text);
                }
            }
        }
        assert_eq!(send(&app, "OPTIONS", "/nothing", &[]).await.status, 404);
    }
}

#[tokio::test]
async fn page_of_an_allowed_origin_may_use_put() {
    let app = TestApp::start_with(Sqlite, &["--cors-origins", "https://app.example"]).await.unwrap();
    let path = format!("/api/v1/interviews/{JUDE_WITH_LUISA}");
    let preflight = [("origin", "https://app.example"), ("access-control-request-method", "PUT")];
    let answer = send(&app, "OPTIONS", &path, &preflight).await;
    assert_eq!(answer.header("access-control-allow-origin"), "https://app.example");
    assert!(answer.header("access-control-allow-methods").split(',').any(|it| it.trim() == "PUT"), "{answer:?}");
    let request = Request::put(path).header("origin", "https://app.example").header("content-type", "application/json");
    let body = json!({"interview": {"location": "Gate 3"}}).to_string();
    let answer = app.staff().send(request.body(Body::from(body)).unwrap()).await;
    assert_eq!((answer.status.as_u16(), answer.header("access-control-allow-origin")), (200, "https://app.example"));
}
