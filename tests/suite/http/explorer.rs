//! The explorer: what browsers get at `/graphql`, all of it from this server, under a strict content security policy.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::actor::Answer;
use axum::body::Body;
use axum::http::Request;
use rstest::rstest;
use serde_json::{Value, json};

/// What browsers say they accept.
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

async fn page(app: &TestApp) -> Answer {
    app.anonymous().send(Request::get("/graphql").header("accept", BROWSER).body(Body::empty()).unwrap()).await
}

/// The addresses that the page asks for; its icon is in the page itself.
fn links(page: &str) -> Vec<&str> {
    let of = |attribute| page.split(attribute).skip(1).map(|rest| rest.split('"').next().unwrap());
    of(" src=\"").chain(of(" href=\"")).filter(|link| !link.starts_with("data:")).collect()
}

#[rstest]
#[tokio::test]
async fn browsers_get_the_explorer_without_a_token(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let page = page(&app).await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert_eq!(page.header("cache-control"), "no-store");
    let (_, config) = page.text.split_once("id=\"explorer-config\">").unwrap();
    let config: Value = serde_json::from_str(config.split_once("</script>").unwrap().0).unwrap();
    assert_eq!(config, json!({"endpoint": "/graphql", "token": null, "examples": []}));
    // Whoever types the address alone gets there too.
    let root = app.anonymous().send(Request::get("/").body(Body::empty()).unwrap()).await;
    assert_eq!((root.status.as_u16(), root.header("location")), (307, "/graphql"));
}

#[rstest]
#[tokio::test]
async fn other_clients_have_to_ask_something(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    for accept in ["application/json", "application/graphql-response+json", "*/*"] {
        let request = Request::get("/graphql").header("accept", accept).body(Body::empty()).unwrap();
        let answer = app.anonymous().send(request).await;
        let expected = json!({"errors": [{"message": "`query` is missing", "extensions": {"code": "BAD_REQUEST"}}]});
        assert_eq!((answer.status.as_u16(), answer.json()), (400, expected), "{accept}");
    }
}

#[rstest]
#[tokio::test]
async fn the_policy_lets_nothing_in_from_elsewhere(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let page = page(&app).await;
    assert_eq!(page.headers.get_all("content-security-policy").iter().count(), 1);
    let policy = page.header("content-security-policy");
    let mut directives: Vec<(&str, Vec<&str>)> = policy
        .split(';')
        .map(|directive| {
            let mut words = directive.split_whitespace();
            (words.next().unwrap(), words.collect())
        })
        .collect();
    directives.sort_unstable();
    let names: Vec<_> = directives.iter().map(|(name, _)| *name).collect();
    let expected = [
        "base-uri",
        "connect-src",
        "default-src",
        "font-src",
        "form-action",
        "frame-ancestors",
        "img-src",
        "script-src",
        "style-src",
    ];
    assert_eq!(names, expected);
    let of = |name| &directives.iter().find(|(directive, _)| *directive == name).unwrap().1;
    assert_eq!(of("default-src"), &["'none'"]);
    assert_eq!(of("script-src"), &["'self'"], "neither inline nor by eval");
    assert_eq!(of("connect-src"), &["'self'"]);
    for source in directives.iter().flat_map(|(_, sources)| sources) {
        let harmless = ["'self'", "'none'", "data:"].contains(source) || source.starts_with("'sha256-");
        assert!(harmless, "{source}");
    }
}

#[rstest]
#[tokio::test]
async fn every_file_of_the_page_comes_from_here(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
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
        // Browsers keep it and ask again: a new server may have a new one.
        assert_eq!(file.header("cache-control"), "no-cache");
        let unchanged = app.anonymous().send(get(file.header("etag"))).await;
        assert_eq!((unchanged.status.as_u16(), unchanged.text.as_str()), (304, ""));
        assert_eq!(unchanged.header("etag"), file.header("etag"));
    }
}
