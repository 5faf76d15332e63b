//! Where the token of a feed is, and where it is not.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::http_client;
use crate::support::people::MONA;
use crate::support::shell::Shell;
use axum::body::Body;
use axum::http::Request;
use rstest::rstest;
use serde_json::json;

#[rstest]
#[tokio::test]
async fn token_is_stored_as_a_hash(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let path = app.staff().new_feed("MINE").await;
    let token = path.strip_prefix("/calendar/feeds/").unwrap().strip_suffix(".ics").unwrap();
    assert_eq!(token.len(), 43, "256 bits");
    let stored: String = app.database.value("SELECT token_hash FROM calendar_feeds").await;
    assert!(stored.len() == 64 && stored.bytes().all(|byte| byte.is_ascii_hexdigit()), "{stored}");
    let file = app.anonymous().read(&path).await.text;
    assert!(!file.contains(token) && !file.contains(&stored));
    // Knowing the hash does not help.
    assert_eq!(app.anonymous().read(&format!("/calendar/feeds/{stored}.ics")).await.status, 404);
}

#[tokio::test]
async fn token_is_in_no_line_of_the_log_and_in_no_error() {
    let shell = Shell::on_demo_data(Sqlite).await.unwrap();
    let shell = shell.set("LOG", "trace,access=info").set("LOG_FORMAT", "json");
    let server = shell.start("serve");
    let created = server.graphql(&shell.token(MONA), "mutation { createCalendarFeed { url feed { id } } }").await;
    let url = created["data"]["createCalendarFeed"]["url"].as_str().unwrap().to_owned();
    let token = url.rsplit_once('/').unwrap().1.strip_suffix(".ics").unwrap().to_owned();
    let origin = format!("http://{}", server.address);
    assert_eq!(url, format!("{origin}/calendar/feeds/{token}.ics"));
    let mut statuses = Vec::new();
    let mut read = async |method: &str, path: &str| {
        let request = http_client::client().request(method.parse().unwrap(), format!("{origin}{path}"));
        let response = request.header("referer", "https://example.com/").send().await.unwrap();
        let status = response.status().as_u16();
        assert_eq!(response.headers()["referrer-policy"], "no-referrer", "{status} {method} {path}");
        let text = response.text().await.unwrap();
        assert!(!text.contains(&token), "{text}");
        statuses.push(status);
    };
    let path = format!("/calendar/feeds/{token}.ics");
    let spaced = format!("/calendar/%66eeds/{token}.ics");
    for (method, path) in [
        ("GET", path.clone()),
        ("HEAD", path.clone()),
        ("POST", path.clone()),
        ("OPTIONS", path.clone()),
        ("GET", spaced),
        ("GET", format!("{path}?{token}={token}")),
        ("GET", format!("/calendar//feeds/{token}.ics")),
        ("GET", format!("/calendar/FEEDS/{token}.ics")),
        ("GET", format!("/calendar/feeds/{token}")),
        ("GET", format!("/calendar/feeds/{token}.ics/more")),
        ("GET", format!("/calendar/feeds/{token}{}.ics", "x".repeat(5000))),
    ] {
        read(method, &path).await;
    }
    // A failure is logged with its cause.
    shell.database().execute("ALTER TABLE calendar_feeds RENAME TO hidden_feeds").await;
    read("GET", &path).await;
    shell.database().execute("ALTER TABLE hidden_feeds RENAME TO calendar_feeds").await;
    let id = created["data"]["createCalendarFeed"]["feed"]["id"].as_str().unwrap();
    let revoke = format!("mutation {{ revokeCalendarFeed(id: {id}) {{ userErrors {{ code }} }} }}");
    server.graphql(&shell.token(MONA), &revoke).await;
    read("GET", &path).await;
    assert_eq!(statuses, [200, 200, 405, 204, 404, 200, 404, 404, 404, 404, 404, 500, 404]);
    server.signal("TERM");
    let (_, log) = server.ended();
    assert!(log.iter().any(|line| line.contains("/calendar/feeds/…")), "the log is on");
    assert!(log.iter().any(|line| line.contains("no such table")), "the failure is logged");
    assert_eq!(log.iter().find(|line| line.contains(&token)), None);
}

/// A browser that opens an address does not pass it on, whether the server finds something there or not.
#[tokio::test]
async fn every_answer_below_calendar_has_a_referrer_policy() {
    let app = start!(Sqlite);
    let path = app.staff().new_feed("MINE").await;
    for (actor, method, path, status) in [
        (app.anonymous(), "GET", path.as_str(), 200),
        (app.anonymous(), "DELETE", path.as_str(), 405),
        (app.anonymous(), "GET", "/calendar/feeds/x.ics", 404),
        (app.anonymous(), "GET", "/calendar/interviews/27.ics", 401),
        (app.staff(), "GET", "/calendar/interviews/27.ics", 200),
        (app.staff(), "GET", "/calendar/other", 404),
    ] {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let answer = actor.send(request).await;
        assert_eq!((answer.status.as_u16(), answer.header("referrer-policy")), (status, "no-referrer"), "{path}");
    }
    app.app.hold_requests();
    let answer = app.anonymous().read(&path).await;
    assert_eq!((answer.status.as_u16(), answer.header("referrer-policy")), (503, "no-referrer"));
    assert_eq!(answer.json()["errors"][0]["code"], json!("UNAVAILABLE"));
}
