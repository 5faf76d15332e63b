//! The explorer, which browsers get at `/graphql`: its page, its files and its content security policy.

use crate::support::Database::Sqlite;
use crate::support::TestApp;
use crate::support::actor::Answer;
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

/// The `Accept` header of browsers.
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

async fn page(app: &TestApp) -> Answer {
    app.anonymous().send(Request::get("/graphql").header("accept", BROWSER).body(Body::empty()).unwrap()).await
}

/// The URLs that the page requests. Its icon is part of the page.
fn links(page: &str) -> Vec<&str> {
    let of = |attribute| page.split(attribute).skip(1).map(|rest| rest.split('"').next().unwrap());
    of(" src=\"").chain(of(" href=\"")).filter(|link| !link.starts_with("data:")).collect()
}

#[tokio::test]
async fn explorer_page_needs_no_token() {
    let app = start!(Sqlite);
    let page = page(&app).await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert_eq!(page.header("cache-control"), "no-store");
    let (_, config) = page.text.split_once("id=\"explorer-config\">").unwrap();
    let config: Value = serde_json::from_str(config.split_once("</script>").unwrap().0).unwrap();
    assert_json!(config, @r#"
    {
      "endpoint": "/graphql",
      "examples": [],
      "token": null
    }
    "#);
    // The root redirects to the page.
    let root = app.anonymous().send(Request::get("/").body(Body::empty()).unwrap()).await;
    assert_eq!((root.status.as_u16(), root.header("location")), (307, "/graphql"));
}

#[tokio::test]
async fn explorer_page_is_for_its_own_origin_only() {
    for origins in ["*", "https://app.example"] {
        let app = TestApp::start_with(Sqlite, &["--cors-origins", origins]).await.unwrap();
        let get = async |path: &str, accept: &str| {
            let request = Request::get(path).header("accept", accept).header("origin", "https://app.example");
            app.anonymous().send(request.body(Body::empty()).unwrap()).await
        };
        let page = get("/graphql", BROWSER).await;
        assert_eq!((page.status.as_u16(), page.header("access-control-allow-origin")), (200, ""));
        assert_eq!(page.header("access-control-expose-headers"), "");
        let api = get("/graphql?query={__typename}", "application/json").await;
        assert_eq!(api.header("access-control-allow-origin"), origins);
    }
}

#[tokio::test]
async fn get_without_query_is_a_bad_request_for_other_clients() {
    let app = start!(Sqlite);
    for accept in ["application/json", "application/graphql-response+json", "*/*"] {
        let request = Request::get("/graphql").header("accept", accept).body(Body::empty()).unwrap();
        let answer = app.anonymous().send(request).await;
        assert_eq!(answer.status, 400, "{accept}");
        assert_json!(answer.json(), @r#"
        {
          "errors": [{"extensions": {"code": "BAD_REQUEST"}, "message": "The field `query` is missing."}]
        }
        "#);
    }
}

/// A directive with one placeholder for the hashes of inline scripts and styles, which change with the page.
fn without_hashes(directive: &str) -> String {
    let mut words: Vec<&str> = directive
        .split_whitespace()
        .map(|word| if word.starts_with("'sha256-") { "'sha256-...'" } else { word })
        .collect();
    words.dedup();
    words.join(" ")
}

#[tokio::test]
async fn content_security_policy_allows_own_sources_only() {
    let app = start!(Sqlite);
    let page = page(&app).await;
    assert_eq!(page.headers.get_all("content-security-policy").iter().count(), 1);
    let policy = page.header("content-security-policy");
    let mut directives: Vec<String> = policy.split(';').map(|it| without_hashes(it.trim())).collect();
    directives.sort_unstable();
    assert_json!(json!(directives), @r#"
    [
      "base-uri 'none'",
      "connect-src 'self'",
      "default-src 'none'",
      "font-src data:",
      "form-action 'none'",
      "frame-ancestors 'self'",
      "img-src 'self' data:",
      "script-src 'self'",
      "style-src 'self' 'sha256-...'"
    ]
    "#);
}

#[tokio::test]
async fn files_of_the_page_are_served_with_etags() {
    let app = start!(Sqlite);
    let page = page(&app).await;
    let links = links(&page.text);
    assert_eq!(links.len(), 6, "{links:?}");
    for link in links {
        assert!(link.starts_with("/graphiql/"), "{link}");
        let get = |known: &str| Request::get(link).header("if-none-match", known).body(Body::empty()).unwrap();
        let file = app.anonymous().send(get("\"another\"")).await;
        assert_eq!(file.status, 200, "{link}");
        let script = std::path::Path::new(link).extension().is_some_and(|extension| extension == "js");
        let content_type = if script { "text/javascript; charset=utf-8" } else { "text/css; charset=utf-8" };
        assert_eq!(file.header("content-type"), content_type, "{link}");
        assert!(!file.text.is_empty());
        // Browsers cache the file and revalidate it: a new version of the server may have another file.
        assert_eq!(file.header("cache-control"), "no-cache");
        let unchanged = app.anonymous().send(get(file.header("etag"))).await;
        assert_eq!((unchanged.status.as_u16(), unchanged.text.as_str()), (304, ""));
        assert_eq!(unchanged.header("etag"), file.header("etag"));
    }
}
