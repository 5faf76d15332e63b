//! Feeds: who has them, what is in them, and when there is nothing at their address.

use super::{entries, lines, value};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::NOW;
use crate::support::TestApp;
use crate::support::actor::Answer;
use crate::support::people::{COASTAL_FREIGHT, JUDE, JUDE_WITH_LUISA, LUISA, MONA, NORTHERN_HAULAGE};
use crate::support::plans::plan_of;
use axum::body::Body;
use axum::http::Request;
use chrono::TimeDelta;
use futures_util::future::join_all;
use interviews::domain::calendar::FeedScope;
use interviews::domain::{Authority, InterviewId, Refusal, Viewer};
use interviews::services::ServiceError;
use rstest::rstest;
use sea_orm::DbBackend;
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[rstest]
#[tokio::test]
async fn feed_is_created_read_and_revoked(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    let mut payload = staff.create_feed("MINE").await;
    let url = payload["url"].take();
    let path = url.as_str().unwrap().strip_prefix("http://127.0.0.1:8000").unwrap();
    let created = json!({"id": "1", "scope": "MINE", "createdAt": NOW, "lastReadAt": null});
    assert_eq!(payload, json!({"feed": created, "url": null, "userErrors": []}));
    let answer = app.anonymous().read(path).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-disposition")), (200, ""));
    assert_eq!(answer.header("cache-control"), "private, max-age=300");
    let head = Request::head(path).body(Body::empty()).unwrap();
    assert_eq!(app.anonymous().send(head).await.status, 200);
    let feeds = staff.ask("{ calendarFeeds { id scope createdAt lastReadAt } }", json!({})).await;
    let read = json!({"id": "1", "scope": "MINE", "createdAt": NOW, "lastReadAt": NOW});
    assert_eq!(feeds, json!({"calendarFeeds": [read]}));
    let id = feeds["calendarFeeds"][0]["id"].as_str().unwrap();
    // Feeds of others do not exist.
    for (actor, id) in [(app.admin(), id), (app.driver(), id), (staff.clone(), "404"), (staff.clone(), "x")] {
        let payload = actor.revoke_feed(id).await;
        assert_eq!(
            (&payload["userErrors"][0]["code"], &payload["userErrors"][0]["path"]),
            (&json!("NOT_FOUND"), &json!(["id"]))
        );
    }
    let revoked = staff.revoke_feed(id).await;
    assert_eq!(
        (&revoked["feed"]["id"], &revoked["url"], &revoked["userErrors"]),
        (&json!(id), &Value::Null, &json!([]))
    );
    assert_eq!(app.anonymous().read(path).await.status, 404);
    assert_eq!(staff.ask("{ calendarFeeds { id } }", json!({})).await, json!({"calendarFeeds": []}));
}

#[rstest]
#[tokio::test]
async fn feed_is_for_those_who_have_such_interviews(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    for (actor, scope, message) in [
        (app.driver(), "COMPANY", "Only staff can have a feed of their company."),
        (app.admin(), "MINE", "Only drivers and staff can have a feed of their interviews."),
        (app.service(), "COMPANY", "Only staff can have a feed of their company."),
    ] {
        let payload = actor.create_feed(scope).await;
        let error = json!([{"code": "FORBIDDEN", "message": message, "path": []}]);
        assert_eq!((&payload["userErrors"], &payload["url"]), (&error, &Value::Null));
    }
    let ask = "mutation { createCalendarFeed(scope: OTHER) { url } }";
    let answer = app.staff().graphql(ask, json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED");
    // Null is the default.
    let payload = app.driver().create_feed("null").await;
    assert_eq!(payload["feed"]["scope"], "MINE");
}

#[rstest]
#[tokio::test]
async fn user_has_five_feeds_however_they_are_created(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    let payloads = join_all((0..8).map(|_| staff.create_feed("MINE"))).await;
    let refused: Vec<_> = payloads.iter().filter(|payload| payload["url"].is_null()).collect();
    assert_eq!(refused.len(), 3);
    for payload in refused {
        assert_eq!(payload["userErrors"][0]["code"], "TOO_MANY_FEEDS");
    }
    assert_eq!(app.driver().create_feed("MINE").await["userErrors"], json!([]));
}

/// The starts of the interviews in a feed.
fn starts(file: &str) -> Vec<String> {
    entries(file).iter().map(|entry| value(entry, "DTSTART").to_owned()).collect()
}

/// The starts of interviews from 30 days ago to 400 days ahead, as calendars write them.
async fn expected(app: &TestApp, condition: &str) -> Vec<String> {
    let query = format!(
        "SELECT start_at FROM interviews WHERE {condition} AND start_at >= '2025-02-18T10:02:08.958+00:00' \
         AND start_at < '2026-04-24T10:02:08.958+00:00' ORDER BY start_at, id"
    );
    let rows = crate::support::inspect::query(&app.database, &query).await;
    let digits = |row: &Value| {
        let text: String = row["start_at"].as_str().unwrap().chars().filter(char::is_ascii_digit).take(14).collect();
        format!("{}T{}Z", &text[..8], &text[8..])
    };
    rows.iter().map(digits).collect()
}

#[rstest]
#[tokio::test]
async fn feed_has_the_interviews_of_its_scope(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    // Just outside of the feed and just inside, at both ends.
    for start in ["2025-02-18T10", "2025-02-18T11", "2026-04-24T10", "2026-04-24T11"] {
        multiply(&app, JUDE_WITH_LUISA, start, 1).await;
    }
    let of_driver = starts(&app.anonymous().read(&app.driver().new_feed("MINE").await).await.text);
    assert_eq!(of_driver.first().map(String::as_str), Some("20250218T110000Z"));
    assert_eq!(of_driver.last().map(String::as_str), Some("20260424T100000Z"));
    for (actor, scope, condition) in [
        (app.driver(), "MINE", format!("driver_id = {JUDE}")),
        (app.staff(), "MINE", format!("interviewer_id = {MONA}")),
        (app.user(LUISA), "MINE", format!("interviewer_id = {LUISA}")),
        (app.staff(), "COMPANY", format!("company_id = {NORTHERN_HAULAGE}")),
        (app.other_staff(), "COMPANY", format!("company_id = {COASTAL_FREIGHT}")),
    ] {
        let path = actor.new_feed(scope).await;
        let file = app.anonymous().read(&path).await.text;
        let expected = expected(&app, &condition).await;
        assert_eq!(starts(&file), expected, "{condition}");
        assert!(scope == "MINE" || !expected.is_empty());
        let uids: BTreeSet<_> = entries(&file).iter().map(|entry| value(entry, "UID").to_owned()).collect();
        assert_eq!(uids.len(), expected.len());
        let name = if scope == "MINE" { "My interviews" } else { "Interviews of the company" };
        assert!(lines(&file).contains(&format!("X-WR-CALNAME:{name}")));
    }
}

/// Adds interviews like this one, at this time.
async fn multiply(app: &TestApp, id: InterviewId, start: &str, count: usize) {
    let columns =
        "company_id, driver_id, interviewee_id, interviewer_id, kind, status, version, created_at, updated_at";
    let connection = app.database.connection().await;
    let (time, numbers) = match connection.get_database_backend() {
        DbBackend::Postgres => ("timestamptz", format!("generate_series(1, {count}) AS numbers (number)")),
        _ => (
            "text",
            format!(
                "(WITH RECURSIVE n (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM n WHERE number < {count}) \
                 SELECT number FROM n)"
            ),
        ),
    };
    let sql = format!(
        "INSERT INTO interviews (allow_overlap, start_at, end_at, {columns}) \
         SELECT true, CAST('{start}:00:00+00:00' AS {time}), CAST('{start}:30:00+00:00' AS {time}), {columns} \
         FROM interviews CROSS JOIN {numbers} WHERE id = {id}"
    );
    app.database.execute(&sql).await;
}

#[rstest]
#[tokio::test]
async fn feed_takes_two_statements_and_has_at_most_a_thousand_interviews(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let others = format!(
        "UPDATE interviews SET allow_overlap = true, start_at = '2020-01-01T10:00:00+00:00', \
         end_at = '2020-01-01T11:00:00+00:00' WHERE driver_id = {JUDE} AND id <> {JUDE_WITH_LUISA}"
    );
    app.database.execute(&others).await;
    let path = app.driver().new_feed("MINE").await;
    // The first read also stores when it was, and makes the namespace.
    app.anonymous().read(&path).await;
    for (start, count, expected) in [("", 0, 1), ("2025-03-01T10", 1100, 1000), ("2025-05-01T10", 300, 1000)] {
        if count > 0 {
            multiply(&app, JUDE_WITH_LUISA, start, count).await;
        }
        let (answer, statements) = app.counting(app.anonymous().read(&path)).await;
        // That of the token and its user, and that of the interviews with their people.
        assert_eq!(statements, 2, "{:#?}", app.statements());
        let starts = starts(&answer.text);
        assert_eq!(starts.len(), expected);
        assert!(starts.is_sorted());
    }
    // What is to come comes first: the rest is of the past, and its latest part.
    let starts = starts(&app.anonymous().read(&path).await.text);
    let count = |start| starts.iter().filter(|other| *other == start).count();
    assert_eq!([count("20250501T100000Z"), count("20250320T090000Z"), count("20250301T100000Z")], [300, 1, 699]);
    let driver = app.driver();
    driver.ask("{ viewer { id } }", json!({})).await;
    let (answer, statements) = app.counting(driver.read("/calendar/interviews/27.ics")).await;
    assert_eq!((answer.status.as_u16(), statements), (200, 1), "{:#?}", app.statements());
}

/// An index leads to the token, and to the interviews in the order of their start: as many are read as are shown.
#[rstest]
#[tokio::test]
async fn read_of_a_feed_uses_indexes(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    if database == Postgres {
        // So few rows are read faster without an index.
        app.database.execute("SET enable_seqscan = off").await;
        app.database.execute("SET enable_bitmapscan = off").await;
    }
    for (actor, scope, index) in [
        (app.driver(), "MINE", "interviews_driver_id_start_at_id_idx"),
        (app.staff(), "MINE", "interviews_interviewer_id_start_at_id_idx"),
        (app.staff(), "COMPANY", "interviews_company_id_start_at_id_idx"),
    ] {
        let path = actor.new_feed(scope).await;
        app.anonymous().read(&path).await;
        app.counting(app.anonymous().read(&path)).await;
        let [token, interviews] = &app.statements()[..] else { panic!("{:#?}", app.statements()) };
        let plan = plan_of(&app.database, token).await;
        assert!(plan.contains("calendar_feeds_token_hash_idx"), "{plan}");
        let plan = plan_of(&app.database, interviews).await;
        assert_eq!(plan.matches(index).count(), 2, "{plan}");
    }
}

/// Nothing tells these apart: not the answer, and not the statements that it takes.
#[rstest]
#[tokio::test]
async fn address_without_a_feed_is_like_any_other(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (revoked, deactivated) = (app.driver().new_feed("MINE").await, app.user(LUISA).new_feed("MINE").await);
    let of_former_staff = app.other_staff().new_feed("COMPANY").await;
    let id = app.driver().ask("{ calendarFeeds { id } }", json!({})).await["calendarFeeds"][0]["id"].take();
    app.driver().revoke_feed(id.as_str().unwrap()).await;
    app.database.execute(&format!("UPDATE users SET deactivated_at = '{NOW}' WHERE id = {LUISA}")).await;
    app.database.execute("UPDATE users SET role = 'admin', company_id = NULL WHERE id = 1002").await;
    let unknown = format!("/calendar/feeds/{}.ics", "A".repeat(43));
    let nowhere = app.anonymous().read("/calendar/nothing").await;
    let names = |answer: &Answer| answer.headers.keys().map(ToString::to_string).collect::<BTreeSet<_>>();
    for path in [
        revoked.as_str(),
        &deactivated,
        &of_former_staff,
        &unknown,
        &unknown.replace(".ics", ""),
        &format!("/calendar/feeds/{}.ics", "A".repeat(5000)),
        "/calendar/feeds/.ics",
        "/calendar/feeds/x.ics",
        "/calendar/feeds/%FF.ics",
        "/calendar/feeds/%00.ics",
    ] {
        let (answer, statements) = app.counting(app.anonymous().read(path)).await;
        assert_eq!((answer.status, &answer.text), (nowhere.status, &nowhere.text), "{path}");
        assert_eq!(names(&answer), names(&nowhere));
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(statements, 1, "{path}");
    }
    assert_eq!(nowhere.status, 404);
}

#[tokio::test]
async fn feed_is_read_sixty_times_a_minute() {
    let app = start!(Sqlite);
    let (path, other) = (app.staff().new_feed("MINE").await, app.staff().new_feed("MINE").await);
    let start = std::time::Instant::now();
    let mut reads = 0;
    let refused = loop {
        let answer = app.anonymous().read(&path).await;
        if answer.status != 200 {
            break answer;
        }
        reads += 1;
        // One more for each second that passes meanwhile.
        assert!(reads <= 61 + start.elapsed().as_secs(), "there is no limit");
    };
    assert!(reads >= 60, "{reads}");
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, "1"));
    assert_eq!(refused.json()["errors"][0]["code"], "RATE_LIMITED");
    // The limit is the token's, not the client's.
    assert_eq!(app.anonymous().read(&other).await.status, 200);
}

#[rstest]
#[tokio::test]
async fn last_read_is_stored_every_five_minutes(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let path = app.staff().new_feed("MINE").await;
    let mut last = Vec::new();
    for minutes in [0, 4, 1] {
        app.clock.advance(TimeDelta::minutes(minutes));
        app.anonymous().read(&path).await;
        let feeds = app.staff().ask("{ calendarFeeds { lastReadAt } }", json!({})).await;
        last.push(feeds["calendarFeeds"][0]["lastReadAt"].as_str().unwrap().to_owned());
    }
    assert_eq!(last, ["2025-03-20T10:02:08.958Z", "2025-03-20T10:02:08.958Z", "2025-03-20T10:07:08.958Z"]);
}

#[rstest]
#[tokio::test]
async fn erasure_ends_feeds(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let path = app.driver().new_feed("MINE").await;
    app.admin()
        .ask(&format!("mutation {{ eraseUser(id: {JUDE}, cancelOpen: true) {{ userErrors {{ code }} }} }}"), json!({}))
        .await;
    assert_eq!(app.anonymous().read(&path).await.status, 404);
    assert_eq!(app.database.value::<i64>("SELECT count(*) FROM calendar_feeds").await, 0);
    // A request that was signed in before the erasure.
    let driver = Viewer {
        id: JUDE,
        title: "Jude Howell".to_owned(),
        authority: Authority::Driver,
        manager: false,
        time_zone: None,
    };
    let late = app.app.services().create_calendar_feed(&driver, FeedScope::Mine).await;
    assert!(matches!(late, Err(ServiceError::Refused(Refusal::Forbidden(_)))), "{late:?}");
}
