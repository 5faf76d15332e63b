//! `Interview.calendarLinks`.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::people::JUDE_WITH_LUISA;
use rstest::rstest;
use serde_json::{Value, json};
use url::Url;

const LINKS: &str = "calendarLinks { google outlook office365 ics }";

/// The address and the parameters of a link.
fn parts(link: &Value) -> (String, Vec<(String, String)>) {
    let link = link.as_str().unwrap();
    assert!(!link.contains('+'), "Outlook shows a + as it is: {link}");
    let link = Url::parse(link).unwrap();
    let parameters = link.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    (link.as_str().split('?').next().unwrap().to_owned(), parameters)
}

fn pairs(parameters: &[(&str, &str)]) -> Vec<(String, String)> {
    parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[rstest]
#[tokio::test]
async fn links_have_the_interview_as_the_viewer_knows_it(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let location = "Gate 2 & 3, C+D = ü #1";
    app.staff().update(JUDE_WITH_LUISA, json!({"location": location})).await;
    let query = format!("{{ interview(id: {JUDE_WITH_LUISA}) {{ {LINKS} }} }}");
    let links = app.driver().ask(&query, json!({})).await["interview"]["calendarLinks"].take();
    let google = [
        ("action", "TEMPLATE"),
        ("text", "Interview with Northern Haulage"),
        ("dates", "20250320T090000Z/20250320T093000Z"),
        ("details", "Video call"),
        ("location", location),
    ];
    let outlook = [
        ("path", "/calendar/action/compose"),
        ("rru", "addevent"),
        ("subject", "Interview with Northern Haulage"),
        ("startdt", "2025-03-20T09:00:00Z"),
        ("enddt", "2025-03-20T09:30:00Z"),
        ("body", "Video call"),
        ("location", location),
    ];
    for (name, address, parameters) in [
        ("google", "https://calendar.google.com/calendar/render", &google[..]),
        ("outlook", "https://outlook.live.com/calendar/0/deeplink/compose", &outlook),
        ("office365", "https://outlook.office.com/calendar/0/deeplink/compose", &outlook),
        ("ics", "http://127.0.0.1:8000/calendar/interviews/27.ics", &[]),
    ] {
        assert_eq!(parts(&links[name]), (address.to_owned(), pairs(parameters)));
    }
    let links = app.staff().ask(&query, json!({})).await["interview"]["calendarLinks"].take();
    assert_eq!(parts(&links["google"]).1[1], ("text".to_owned(), "Interview: Jude Howell".to_owned()));
}

#[tokio::test]
async fn location_that_is_too_long_for_a_link_is_left_out() {
    let app = start!(Sqlite);
    let query = format!("{{ interview(id: {JUDE_WITH_LUISA}) {{ {LINKS} }} }}");
    for (length, is_in_link) in [(125, true), (126, false)] {
        app.staff().update(JUDE_WITH_LUISA, json!({"location": "😀".repeat(length)})).await;
        let links = app.staff().ask(&query, json!({})).await["interview"]["calendarLinks"].take();
        for name in ["google", "outlook", "office365"] {
            let (_, parameters) = parts(&links[name]);
            assert_eq!(parameters.iter().any(|(name, _)| name == "location"), is_in_link, "{name} {length}");
        }
    }
}

#[rstest]
#[tokio::test]
async fn links_of_a_list_take_as_many_statements_as_for_one(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    staff.ask("{ viewer { id } }", json!({})).await;
    let mut counts = Vec::new();
    for first in [1, 50] {
        let query = format!("{{ interviews(first: {first}) {{ nodes {{ id {LINKS} }} }} }}");
        counts.push(app.counting(staff.ask(&query, json!({}))).await.1);
    }
    assert_eq!(counts[0], counts[1]);
}

#[tokio::test]
async fn links_begin_with_the_public_url_and_never_with_the_host_of_a_request() {
    let app = crate::support::TestApp::start_with(Sqlite, &["--public-url", "https://example.com/hr/"]).await.unwrap();
    let body = json!({"query": format!("{{ interview(id: {JUDE_WITH_LUISA}) {{ calendarLinks {{ ics }} }} }}")});
    let request = axum::http::Request::post("/graphql")
        .header("content-type", "application/json")
        .header("host", "attacker.example")
        .header("x-forwarded-host", "attacker.example");
    let answer = app.staff().send(request.body(body.to_string().into()).unwrap()).await.json();
    let ics = &answer["data"]["interview"]["calendarLinks"]["ics"];
    assert_eq!(ics, "https://example.com/hr/calendar/interviews/27.ics");
    let feed = app.staff().create_feed("MINE").await;
    assert!(feed["url"].as_str().unwrap().starts_with("https://example.com/hr/calendar/feeds/"), "{feed}");
}
