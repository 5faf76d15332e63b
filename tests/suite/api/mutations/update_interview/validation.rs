//! `updateInterview`: every mistake is told, all of them at once, and nothing is written.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::actor::refusals;
use rstest::rstest;
use serde_json::{Value, json};

/// How many changes all histories tell of.
const EVENTS: &str = "SELECT count(*) FROM interview_events";

/// Fails if this input changes interview 27, or if what is wrong with it is told otherwise.
async fn assert_refused(app: &TestApp, input: Value, expected: &[&str]) {
    let before = (app.staff().interview(27).await, app.database.value::<i64>(EVENTS).await);
    let payload = app.staff().update(27, input.clone()).await;
    assert_eq!(refusals(&payload), expected, "{input}");
    assert_eq!(payload["interview"], json!(null));
    assert_eq!((app.staff().interview(27).await, app.database.value::<i64>(EVENTS).await), before);
}

#[rstest]
#[tokio::test]
async fn null_is_refused_elsewhere_by_name(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let fields = ["kind", "startAt", "endAt", "intervieweeId", "interviewerId", "allowOverlap"];
    for field in fields {
        assert_refused(&app, json!({field: null}), &[&format!("NULL_NOT_ALLOWED input.{field}")]).await;
    }
    let all: serde_json::Map<_, _> = fields.map(|field| (field.to_owned(), Value::Null)).into_iter().collect();
    let expected = fields.map(|field| format!("NULL_NOT_ALLOWED input.{field}"));
    assert_refused(&app, all.into(), &expected.each_ref().map(String::as_str)).await;
}

#[rstest]
#[tokio::test]
async fn an_update_is_judged_on_the_merged_record(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    // Stored: from 09:00 to 09:30 on the 20th.
    for (input, refusal) in [
        (json!({"startAt": "2025-03-20T09:30:00Z"}), "END_NOT_AFTER_START input.startAt"),
        (json!({"startAt": "2025-03-20T10:00:00Z"}), "END_NOT_AFTER_START input.startAt"),
        (json!({"endAt": "2025-03-20T09:00:00Z"}), "END_NOT_AFTER_START input.endAt"),
        (
            json!({"startAt": "2025-03-20T10:00:00Z", "endAt": "2025-03-20T09:59:59.999Z"}),
            "END_NOT_AFTER_START input.endAt",
        ),
        // The same moment, written in two zones; and less than a millisecond apart.
        (
            json!({"startAt": "2025-03-20T10:00:00Z", "endAt": "2025-03-20T11:00:00+01:00"}),
            "END_NOT_AFTER_START input.endAt",
        ),
        (
            json!({"startAt": "2025-03-20T10:00:00.0001Z", "endAt": "2025-03-20T10:00:00.0009Z"}),
            "END_NOT_AFTER_START input.endAt",
        ),
        (json!({"startAt": "2025-03-19T09:29:59.999Z"}), "TOO_LONG input.startAt"),
        (json!({"endAt": "2025-03-21T09:00:00.001Z"}), "TOO_LONG input.endAt"),
        (json!({"startAt": "0001-01-01T00:00:00Z", "endAt": "9999-12-31T23:59:59Z"}), "TOO_LONG input.endAt"),
    ] {
        assert_refused(&app, input, &[refusal]).await;
    }
    // Together the two are right, though each alone would not be.
    let input = json!({"startAt": "2025-03-20T10:00:00Z", "endAt": "2025-03-20T10:00:00.001Z"});
    assert_eq!(refusals(&app.staff().update(27, input).await), [""; 0]);
}

#[rstest]
#[tokio::test]
async fn the_expected_version_has_to_be_the_stored_one(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let update = async |version: &str, location: &str| {
        let arguments = format!("id: 27, input: {{location: \"{location}\"}}, expectedVersion: {version}");
        app.staff().mutate("updateInterview", &arguments).await
    };
    assert_eq!(update("1", "first").await["interview"]["version"], 2);
    let events = app.database.value::<i64>(EVENTS).await;
    for stale in ["1", "3", "0", "-1", "2147483647"] {
        let payload = update(stale, "second").await;
        assert_eq!(
            payload,
            json!({"interview": null, "userErrors": [{
                "__typename": "StaleVersionError",
                "code": "STALE_VERSION",
                "message": "the interview has changed meanwhile: it is at version 2",
                "path": ["expectedVersion"],
                "current": {"version": 2}
            }]}),
            "{stale}"
        );
    }
    // Nor does what would change nothing pass.
    assert_eq!(refusals(&update("1", "first").await), ["STALE_VERSION expectedVersion"]);
    assert_eq!(app.database.value::<i64>(EVENTS).await, events);
    assert_eq!(update("2", "second").await["interview"]["version"], 3);
    assert_eq!(update("null", "third").await["interview"]["version"], 4);
}

#[rstest]
#[tokio::test]
async fn people_have_to_be_of_the_interviews_company(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    app.database.execute("UPDATE users SET deactivated_at = '2025-01-01T00:00:00+00:00' WHERE id = 2001").await;
    // 1050 is an application of the same driver to the second company.
    for interviewee in ["1050", "997", "0", "-277", "0277", "277 ", "x", "", "9223372036854775808"] {
        let input = json!({"intervieweeId": interviewee});
        assert_refused(&app, input, &["INTERVIEWEE_NOT_FOUND input.intervieweeId"]).await;
    }
    // Staff of the second company; somebody who left; a driver; an admin; nobody.
    for interviewer in ["1002", "2001", "997", "1", "424242", "0", "2000x"] {
        let input = json!({"interviewerId": interviewer});
        assert_refused(&app, input, &["INTERVIEWER_NOT_FOUND input.interviewerId"]).await;
    }
    // An admin sees both companies, and cannot mix them either.
    let input = json!({"intervieweeId": "1050", "interviewerId": "1002"});
    let expected = ["INTERVIEWEE_NOT_FOUND input.intervieweeId", "INTERVIEWER_NOT_FOUND input.interviewerId"];
    assert_eq!(refusals(&app.admin().update(27, input).await), expected);
}

#[rstest]
#[tokio::test]
async fn an_interviewer_who_left_stays_until_replaced(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    app.database.execute("UPDATE users SET deactivated_at = '2025-01-01T00:00:00+00:00' WHERE id = 1001").await;
    let payload = app.staff().update(27, json!({"location": "Dock 4", "interviewerId": "1001"})).await;
    assert_eq!(payload["interview"]["location"], "Dock 4");
    let payload = app.staff().update(27, json!({"interviewerId": "1000"})).await;
    assert_eq!(payload["interview"]["interviewerId"], "1000");
    assert_refused(&app, json!({"interviewerId": "1001"}), &["INTERVIEWER_NOT_FOUND input.interviewerId"]).await;
}

#[rstest]
#[tokio::test]
async fn a_location_is_a_line_of_text(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    for blank in ["", " ", "\u{a0}\u{2003}", "\t"] {
        assert_refused(&app, json!({"location": blank}), &["INVALID_LOCATION input.location"]).await;
    }
    for control in ['\0', '\u{1}', '\u{8}', '\t', '\n', '\r', '\u{1b}', '\u{7f}', '\u{85}', '\u{9b}'] {
        let input = json!({"location": format!("Dock{control}4")});
        assert_refused(&app, input, &["INVALID_LOCATION input.location"]).await;
    }
    // Characters are counted, and not bytes.
    for character in ["x", "ü", "🚚"] {
        assert_refused(&app, json!({"location": character.repeat(2001)}), &["TOO_LONG input.location"]).await;
        let longest = character.repeat(2000);
        app.staff().update(27, json!({"location": longest})).await;
        assert_eq!(app.staff().interview(27).await["location"], longest);
    }
    for text in
        ["'; DROP TABLE interviews; --", "<script>alert(1)</script>", "null", "e\u{301}", "مرحبا \u{202e}x", "\\0"]
    {
        app.staff().update(27, json!({"location": text})).await;
        assert_eq!(app.staff().interview(27).await["location"], text);
    }
}

#[rstest]
#[tokio::test]
async fn all_mistakes_are_told_at_once(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let input = json!({
        "kind": null, "startAt": "2025-03-20T10:00:00Z", "endAt": "2025-03-22T10:00:00Z", "intervieweeId": "1050",
        "interviewerId": "1002", "location": "\0", "allowOverlap": null
    });
    let expected = [
        "NULL_NOT_ALLOWED input.kind",
        "TOO_LONG input.endAt",
        "NULL_NOT_ALLOWED input.allowOverlap",
        "INVALID_LOCATION input.location",
        "INTERVIEWEE_NOT_FOUND input.intervieweeId",
        "INTERVIEWER_NOT_FOUND input.interviewerId",
    ];
    assert_refused(&app, input, &expected).await;
}
