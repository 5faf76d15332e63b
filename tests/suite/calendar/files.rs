//! What is in a file.

use super::{entry, file, lines, set_namespace, value};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::people::{JUDE, JUDE_WITH_LUISA, JUDE_WITH_PIET, LUISA};
use axum::body::Body;
use axum::http::Request;
use rstest::rstest;
use serde_json::json;

/// The file of the interview 27 for its driver.
const FILE: [&str; 22] = [
    "BEGIN:VCALENDAR",
    "VERSION:2.0",
    "PRODID:-//interviews//EN",
    "CALSCALE:GREGORIAN",
    "NAME:Interview with Northern Haulage",
    "X-WR-CALNAME:Interview with Northern Haulage",
    "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
    "X-PUBLISHED-TTL:PT1H",
    "BEGIN:VEVENT",
    "UID:1dc1f82f-5f51-56be-8912-6e24f70d1526",
    "DTSTAMP:20250319T162041Z",
    "CREATED:20250319T162041Z",
    "LAST-MODIFIED:20250319T162041Z",
    "SEQUENCE:0",
    "DTSTART:20250320T090000Z",
    "DTEND:20250320T093000Z",
    "SUMMARY:Interview with Northern Haulage",
    "DESCRIPTION:Video call",
    "STATUS:TENTATIVE",
    "TRANSP:OPAQUE",
    "END:VEVENT",
    "END:VCALENDAR",
];

#[rstest]
#[tokio::test]
async fn file_of_an_interview_names_the_other_side(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    set_namespace(&app).await;
    let answer = app.driver().read(&format!("/calendar/interviews/{JUDE_WITH_LUISA}.ics")).await;
    assert_eq!(answer.header("content-type"), "text/calendar; charset=utf-8");
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"interview-27.ics\"");
    assert_eq!(answer.header("cache-control"), "private, max-age=300");
    assert_eq!(answer.header("vary"), "authorization");
    assert_eq!(lines(&answer.text), FILE);
    assert_eq!(value(&entry(&app.staff(), JUDE_WITH_LUISA).await, "SUMMARY"), "Interview: Jude Howell");
}

#[rstest]
#[tokio::test]
async fn file_of_an_interview_that_is_not_visible_does_not_exist(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let path = |id: &str| format!("/calendar/interviews/{id}");
    assert_eq!(app.anonymous().read(&path("27.ics")).await.status, 401);
    for id in ["251.ics", "404.ics", "27", "027.ics", "x.ics", "27.ics.ics", ".ics", "%FF.ics"] {
        let answer = app.staff().read(&path(id)).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["errors"][0]["code"].take()),
            (404, json!("BAD_REQUEST")),
            "{id}"
        );
    }
    for actor in [app.driver(), app.other_staff(), app.admin(), app.service()] {
        file(&actor, JUDE_WITH_PIET).await;
    }
}

#[tokio::test]
async fn status_says_whether_the_interview_takes_place() {
    let app = start!(Sqlite);
    let staff = app.staff();
    let shown = async |id| {
        let entry = entry(&staff, id).await;
        format!("{} {}", value(&entry, "STATUS"), value(&entry, "DTSTART"))
    };
    let pending = app.book(JUDE, LUISA).at("10:00").await;
    assert_eq!(shown(pending).await, "TENTATIVE 20250401T100000Z");
    staff.propose(pending, "11:00", "11:30").await;
    assert_eq!(shown(pending).await, "TENTATIVE 20250401T100000Z");
    app.driver().reject(pending).await;
    assert_eq!(shown(pending).await, "CANCELLED 20250401T100000Z");
    let scheduled = app.book(JUDE, LUISA).at("14:00").accepted().await;
    assert_eq!(shown(scheduled).await, "CONFIRMED 20250401T140000Z");
    staff.propose(scheduled, "15:00", "15:30").await;
    assert_eq!(shown(scheduled).await, "CONFIRMED 20250401T140000Z", "the time to which both sides have agreed");
    app.driver().accept(scheduled).await;
    assert_eq!(shown(scheduled).await, "CONFIRMED 20250401T150000Z");
    staff.cancel(scheduled).await;
    assert_eq!(shown(scheduled).await, "CANCELLED 20250401T150000Z");
}

#[rstest]
#[tokio::test]
async fn client_that_has_the_file_gets_304_until_it_changes(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (staff, path) = (app.staff(), format!("/calendar/interviews/{JUDE_WITH_LUISA}.ics"));
    let read = async |method: &str, tag: &str| {
        let request = Request::builder().method(method).uri(&path).header("if-none-match", tag);
        staff.send(request.body(Body::empty()).unwrap()).await
    };
    let first = read("GET", "\"other\"").await;
    let tag = first.header("etag").to_owned();
    assert_eq!((first.status.as_u16(), first.header("last-modified")), (200, "Wed, 19 Mar 2025 16:20:41 GMT"));
    for method in ["GET", "HEAD"] {
        let same = read(method, &tag).await;
        assert_eq!((same.status.as_u16(), same.header("etag"), same.text.as_str()), (304, tag.as_str(), ""));
    }
    let head = read("HEAD", "\"other\"").await;
    assert_eq!((head.status.as_u16(), head.header("etag"), head.text.as_str()), (200, tag.as_str(), ""));
    staff.update(JUDE_WITH_LUISA, json!({"location": "Gate 2"})).await;
    let changed = read("GET", &tag).await;
    assert_eq!(changed.status, 200);
    assert_ne!(changed.header("etag"), tag);
}
