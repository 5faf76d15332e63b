//! Texts of clients: every field refuses what misleads a reader, takes what writing needs, and knows an invisible text
//! for a blank one.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::actor::refusals;
use crate::support::feed::{self, NEW_APPLICATION, NEW_COMPANY, NEW_DRIVER, application, company, driver};
use crate::support::people::{JUDE, JUDE_WITH_LUISA, LUISA, NORTHERN_HAULAGE};
use crate::support::rest::interview_path;
use crate::support::shell::Shell;
use rstest::rstest;
use serde_json::{Value, json};

/// What no field takes.
const MISLEADING: [&str; 13] = [
    // Changes of direction without their counterparts.
    "a\u{202A}b",
    "a\u{202E}b",
    "a\u{2066}b",
    "a\u{2068}b",
    "a\u{202C}b",
    "a\u{2069}b",
    "\u{202E}a\u{2069}",
    // Noncharacters, and marks of interlinear annotations.
    "a\u{FFFE}b",
    "a\u{FDD0}",
    "\u{10FFFF}a",
    "a\u{FFF9}b",
    // Control characters.
    "a\0b",
    "a\u{85}b",
];

/// What fields of one line do not take.
const SEPARATORS: [&str; 2] = ["a\u{2028}b", "a\u{2029}b"];

/// Texts without anything visible.
const BLANK: [&str; 9] = [
    " ",
    "\u{200B}",
    "\u{FEFF}",
    "\u{3164}",
    "\u{2800}",
    "\u{AD}\u{200D}",
    "\u{FE0F}",
    "\u{E0067}\u{E007F}",
    "\u{A0}\u{200B} \u{2060}",
];

/// What every field takes.
const KEPT: [&str; 8] = [
    "می\u{200C}خواهم",
    "क\u{94D}\u{200D}ष",
    "👨\u{200D}👩\u{200D}👧",
    "🏴\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F}",
    "☎\u{FE0F}",
    "\u{2067}שלום\u{2069} a",
    "\u{202B}مرحبا\u{202C}\u{200F}",
    "e\u{301}",
];

/// The fields of the platform's rows, with the code of a refusal and a text around theirs.
const ROW_FIELDS: [(&str, &str, &str, &str); 7] = [
    ("companies", "name", "INVALID_TITLE", "TEXT"),
    ("companies", "image", "INVALID_IMAGE", "https://cdn.example/TEXT"),
    ("users", "title", "INVALID_TITLE", "TEXT"),
    ("users", "phoneNumber", "INVALID_TEXT", "TEXT"),
    ("users", "contactPhoneNumber", "INVALID_TEXT", "TEXT"),
    ("users", "email", "INVALID_EMAIL", "TEXT@example.test"),
    ("interviewees", "title", "INVALID_TITLE", "TEXT"),
];

fn row(rows: &str) -> Value {
    match rows {
        "companies" => company(NEW_COMPANY),
        "users" => driver(NEW_DRIVER),
        _ => application(NEW_APPLICATION, NORTHERN_HAULAGE.0, JUDE.0),
    }
}

type RowField = (&'static str, &'static str, &'static str, &'static str);

/// What is wrong with this text in a field of a row that was changed at this minute.
async fn row_refusals(app: &TestApp, field: RowField, text: &str, minute: usize) -> Vec<String> {
    let (rows, name, _, around) = field;
    let changed = format!("2025-03-20T09:{minute:02}:00Z");
    let row = feed::with(row(rows), &json!({name: around.replace("TEXT", text), "sourceUpdatedAt": changed}));
    refusals(&app.service().sync(rows, &[row]).await)
}

/// The code with which a REST request with this location is refused.
async fn rest_refusal(app: &TestApp, method: &str, path: &str, location: &str) -> Value {
    let fields = json!({
        "kind": "in_person", "start_at": "2026-06-30T10:00:00Z", "end_at": "2026-06-30T10:30:00Z",
        "interviewee_id": 277, "interviewer_id": 1001, "location": location,
    });
    let answer = app.staff().rest(method, path, &json!({"interview": fields})).await;
    assert_eq!(answer.status, 422, "{location:?} {}", answer.text);
    answer.json()["errors"][0]["code"].take()
}

#[tokio::test]
async fn misleading_and_blank_locations_and_reasons_are_refused() {
    let app = start!(Sqlite);
    let cancel = "mutation($r: String) { cancelInterview(id: 27, reason: $r) { userErrors { code path } } }";
    let reject = "mutation($r: String) { rejectInterview(id: 27, reason: $r) { userErrors { code path } } }";
    let create = "mutation($l: String) { createInterview(input: {kind: IN_PERSON, startAt: \"2026-06-30T10:00:00Z\", \
                  endAt: \"2026-06-30T10:30:00Z\", intervieweeId: 277, interviewerId: 1001, location: $l}) \
                  { userErrors { code path } } }";
    for text in MISLEADING.into_iter().chain(SEPARATORS).chain(BLANK) {
        let location = ["INVALID_LOCATION input.location"];
        let payload = app.staff().update(JUDE_WITH_LUISA, json!({"location": text})).await;
        assert_eq!(refusals(&payload), location, "{text:?}");
        let payload = app.staff().ask(create, json!({"l": text})).await["createInterview"].take();
        assert_eq!(refusals(&payload), location, "{text:?}");
        for (method, path) in [("PATCH", interview_path(JUDE_WITH_LUISA)), ("POST", "/api/v1/interviews".to_owned())] {
            assert_eq!(rest_refusal(&app, method, &path, text).await, "INVALID_LOCATION", "{method} {text:?}");
        }
        if SEPARATORS.contains(&text) {
            continue; // a reason may have several lines
        }
        for (actor, field, query) in
            [(app.staff(), "cancelInterview", cancel), (app.driver(), "rejectInterview", reject)]
        {
            let payload = actor.ask(query, json!({"r": text})).await[field].take();
            assert_eq!(refusals(&payload), ["INVALID_REASON reason"], "{text:?}");
        }
    }
    assert_eq!(app.staff().interview(JUDE_WITH_LUISA).await["version"], 1);
}

#[tokio::test]
async fn misleading_texts_of_rows_are_refused() {
    let app = start!(Sqlite);
    for text in MISLEADING.into_iter().chain(SEPARATORS) {
        for field in ROW_FIELDS {
            let (rows, name, code, _) = field;
            assert_eq!(row_refusals(&app, field, text, 0).await, [format!("{code} {rows}.0.{name}")], "{text:?}");
        }
    }
    for (index, text) in BLANK.into_iter().enumerate() {
        for (place, field) in (2 * index..).zip(ROW_FIELDS) {
            let (rows, name, code, _) = field;
            match code {
                // A blank telephone number is none. A row counts if it is newer than the stored one.
                "INVALID_TEXT" => assert_eq!(row_refusals(&app, field, text, place).await, [""; 0], "{text:?}"),
                // A path may be invisible.
                "INVALID_IMAGE" => {}
                _ => {
                    let refused = [format!("{code} {rows}.0.{name}")];
                    assert_eq!(row_refusals(&app, field, text, 59).await, refused, "{text:?}");
                }
            }
        }
    }
    let query = "{ users(first: 1, search: \"Timo Raab\") { nodes { phoneNumber contactPhoneNumber } } }";
    let stored = app.service().ask(query, json!({})).await;
    assert_eq!(stored["users"]["nodes"], json!([{"phoneNumber": null, "contactPhoneNumber": null}]));
}

#[tokio::test]
async fn misleading_texts_of_a_file_are_refused() {
    let shell = Shell::on_demo_data(Sqlite).await.unwrap();
    let (mut lines, mut expected) = (Vec::new(), Vec::new());
    for text in MISLEADING.into_iter().chain(SEPARATORS) {
        for (rows, field, code, around) in ROW_FIELDS {
            let kind = match rows {
                "companies" => "company",
                "users" => "user",
                _ => "interviewee",
            };
            lines.push(feed::with(row(rows), &json!({"type": kind, field: around.replace("TEXT", text)})));
            expected.push(format!("line {}: {rows} {code} {field}", lines.len()));
        }
        for (field, code) in [("location", "INVALID_LOCATION"), ("reason", "INVALID_REASON")] {
            lines.push(json!({
                "type": "interview", "id": 9001 + lines.len(), "intervieweeId": "277", "interviewerId": "1001",
                "kind": "IN_PERSON", "status": "CANCELLED", "startAt": "2025-06-30T10:00:00Z",
                "endAt": "2025-06-30T10:30:00Z", "createdAt": "2025-03-20T10:00:00Z", field: text,
            }));
            if field == "location" || !SEPARATORS.contains(&text) {
                expected.push(format!("line {}: interviews {code} {field}", lines.len()));
            }
        }
    }
    let finished = shell.import(&lines.iter().map(|line| format!("{line}\n")).collect::<String>());
    let refusals: Vec<&str> = finished.stderr.lines().filter(|line| line.starts_with("line ")).collect();
    assert_eq!(refusals, expected);
}

#[rstest]
#[tokio::test]
async fn what_writing_needs_is_stored_as_it_is(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    for (index, text) in KEPT.into_iter().enumerate() {
        let payload = app.staff().update(JUDE_WITH_LUISA, json!({"location": text})).await;
        assert_eq!(payload["interview"]["location"], text);
        assert_eq!(app.staff().interview(JUDE_WITH_LUISA).await["location"], text);
        let path = interview_path(JUDE_WITH_LUISA);
        let answer = app.staff().rest("PATCH", &path, &json!({"interview": {"location": format!("{text}!")}})).await;
        assert_eq!(answer.json()["interview"]["location"], format!("{text}!"));
        let booked = app.book(JUDE, LUISA).at("10:00").await;
        let reason = format!("{text}\n{text}\u{2028}{text}");
        let query = "mutation($id: ID!, $r: String) { cancelInterview(id: $id, reason: $r) { interview { reason } } }";
        let payload = app.staff().ask(query, json!({"id": booked.to_string(), "r": reason})).await;
        assert_eq!(payload["cancelInterview"]["interview"]["reason"], reason);
        for field in ROW_FIELDS {
            let (rows, name, _, around) = field;
            let changed = format!("2025-03-20T09:00:{:02}Z", index + 1);
            let changes = json!({"sourceUpdatedAt": changed, name: around.replace("TEXT", text)});
            let payload = app.service().sync(rows, &[feed::with(row(rows), &changes)]).await;
            assert_eq!(payload["userErrors"], json!([]), "{name} {text:?}");
        }
        let query = "query($s: String) { users(first: 9, search: $s) { nodes { title } } }";
        let found = app.service().ask(query, json!({"s": text})).await;
        assert!(found.to_string().contains(&json!(text).to_string()), "{text:?}: {found}");
    }
}

#[tokio::test]
async fn misleading_searches_are_refused_and_blank_ones_list_all() {
    let app = start!(Sqlite);
    for list in ["users", "companies", "interviewers", "interviewees"] {
        let query = format!("query($s: String) {{ {list}(first: 100, search: $s) {{ nodes {{ id }} }} }}");
        let all = app.admin().ask(&query, json!({"s": null})).await;
        for blank in BLANK.into_iter().chain([""]) {
            assert_eq!(app.admin().ask(&query, json!({"s": blank})).await, all, "{list} {blank:?}");
        }
        for text in MISLEADING.into_iter().chain(SEPARATORS) {
            let answer = app.admin().graphql(&query, json!({"s": text})).await;
            assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{list} {text:?}: {answer}");
            let message = answer["errors"][0]["message"].as_str().unwrap();
            assert!(message.starts_with("The argument `search` cannot contain "), "{message}");
        }
    }
}
