//! Times of clients: every reader of them takes the same texts.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::feed::{self, NEW_DRIVER};
use crate::support::people::JUDE_WITH_LUISA;
use crate::support::rest::interview_path;
use crate::support::shell::Shell;
use chrono::{DateTime, Utc};
use rstest::rstest;
use serde_json::{Value, json};

/// Texts that are no times, with the reason.
const REFUSED: [(&str, &str); 9] = [
    // A second 60 where there can be no leap second.
    ("2025-03-20T10:32:60Z", NO_LEAP_SECOND),
    ("2025-03-20T23:59:60Z", NO_LEAP_SECOND),
    ("2026-06-30T23:58:60Z", NO_LEAP_SECOND),
    ("2026-06-30T23:59:60+02:00", NO_LEAP_SECOND),
    // Signs and digits that are not ASCII.
    ("2025-03-20T10:32:08\u{2212}01:00", MALFORMED),
    ("2025-03-20T10:32:08\u{ff0b}01:00", MALFORMED),
    ("2025\u{2011}03-20T10:32:08Z", MALFORMED),
    ("2025-03-20T10:32:0\u{668}Z", MALFORMED),
    ("\u{ff12}\u{ff10}25-03-20T10:32:08Z", MALFORMED),
];

const NO_LEAP_SECOND: &str = "A second 60 is a leap second: it exists only as 23:59:60 in UTC, at the end of a month.";
const MALFORMED: &str = "Enter a date and a time with an offset as in RFC 3339, such as \"2025-03-20T10:32:08Z\" or \
    \"2025-03-20T11:32:08.500+01:00\".";

/// Leap seconds, and what is stored.
const LEAP_SECONDS: [(&str, &str); 4] = [
    ("2026-06-30T23:59:60Z", "2026-07-01T00:00:00.000Z"),
    ("2026-12-31T18:59:60-05:00", "2027-01-01T00:00:00.000Z"),
    ("2026-12-31T23:59:60.25Z", "2027-01-01T00:00:00.250Z"),
    ("2027-01-01T05:44:60.999999+05:45", "2027-01-01T00:00:00.999Z"),
];

/// Every input of type `DateTime` of the schema, as an operation with the time `$t`.
const READERS: [&str; 14] = [
    "mutation($t: DateTime!) { createInterview(input: {kind: IN_PERSON, startAt: $t, endAt: $t, \
     intervieweeId: 277, interviewerId: 1001}) { userErrors { code } } }",
    "mutation($t: DateTime!) { updateInterview(id: 27, input: {startAt: $t}) { userErrors { code } } }",
    "mutation($t: DateTime!) { updateInterview(id: 27, input: {endAt: $t}) { userErrors { code } } }",
    "mutation($t: DateTime!) { amendInterview(id: 27, input: {startAt: $t, endAt: $t, as: INTERVIEWER}) \
     { userErrors { code } } }",
    "query($t: DateTime!) { interviews(first: 1, filter: {startAt: {gte: $t}}) { nodes { id } } }",
    "query($t: DateTime!) { interviews(first: 1, filter: {updatedAt: {lt: $t}}) { nodes { id } } }",
    "query($t: DateTime!) { interviews(first: 1, filter: {overlaps: {startAt: $t, endAt: $t}}) { nodes { id } } }",
    "query($t: DateTime!) { interviewChanges(first: 1, filter: {startAt: {lt: $t}}) { nodes { id } } }",
    "subscription($t: DateTime!) { interviewChanged(filter: {updatedAt: {gte: $t}}) { type } }",
    "mutation($t: DateTime!) { syncCompanies(companies: [{id: 9000, sourceUpdatedAt: $t}]) { userErrors { code } } }",
    "mutation($t: DateTime!) { syncUsers(users: [{id: 9001, sourceUpdatedAt: $t}]) { userErrors { code } } }",
    "mutation($t: DateTime!) { syncUsers(users: [{id: 9001, sourceUpdatedAt: \"2025-03-20T10:00:00Z\", \
     deactivatedAt: $t}]) { userErrors { code } } }",
    "mutation($t: DateTime!) { syncInterviewees(interviewees: [{id: 9003, sourceUpdatedAt: $t}]) \
     { userErrors { code } } }",
    "mutation($t: DateTime!) { revokeTokens(input: {token: {jti: \"x\", expiresAt: $t}}) { userErrors { code } } }",
];

/// The operation with the time in its text.
fn with_literal(reader: &str, time: &str) -> String {
    reader.replacen("($t: DateTime!)", "", 1).replace("$t", &format!("{time:?}"))
}

#[tokio::test]
async fn graphql_refuses_other_texts_as_variables_and_as_literals() {
    let app = start!(Sqlite);
    // Over server-sent events, the transport that executes every kind of operation.
    let ask = async |operation: Value| {
        let answer = app.admin().rest_with("POST", "/graphql", &operation, &[("accept", "text/event-stream")]).await;
        let data = answer.text.lines().find_map(|line| line.strip_prefix("data: ")).unwrap_or(&answer.text);
        let error = serde_json::from_str::<Value>(data).unwrap()["errors"][0].take();
        (error["extensions"]["code"].clone(), error["message"].as_str().unwrap_or_default().to_owned())
    };
    for reader in READERS {
        for (text, reason) in REFUSED {
            let (code, message) = ask(json!({"query": reader, "variables": {"t": text}})).await;
            assert_eq!(code, "BAD_USER_INPUT", "{reader} {text}");
            assert!(message.ends_with(reason), "{reader} {text}: {message}");
            let (code, message) = ask(json!({"query": with_literal(reader, text)})).await;
            assert_eq!(code, "GRAPHQL_VALIDATION_FAILED", "{reader} {text}");
            assert!(message.ends_with(reason), "{reader} {text}: {message}");
        }
    }
}

#[tokio::test]
async fn rest_refuses_other_texts() {
    let app = start!(Sqlite);
    let (path, other) = (interview_path(JUDE_WITH_LUISA), "2026-06-30T10:00:00Z");
    let people = json!({"kind": "in_person", "interviewee_id": 277, "interviewer_id": 1001});
    let whole = |start: &str, end: &str| feed::with(people.clone(), &json!({"start_at": start, "end_at": end}));
    for (text, _) in REFUSED {
        for (method, path, fields, field) in [
            ("PATCH", &path, json!({"start_at": text}), "start_at"),
            ("PATCH", &path, json!({"end_at": text}), "end_at"),
            ("POST", &"/api/v1/interviews".to_owned(), whole(text, other), "start_at"),
            ("POST", &"/api/v1/interviews".to_owned(), whole(other, text), "end_at"),
            (
                "POST",
                &format!("{path}/amend"),
                json!({"amend_start_at": text, "amend_end_at": other}),
                "amend_start_at",
            ),
            ("POST", &format!("{path}/amend"), json!({"amend_start_at": other, "amend_end_at": text}), "amend_end_at"),
        ] {
            let answer = app.staff().rest(method, path, &json!({"interview": fields})).await;
            let error = &answer.json()["errors"][0];
            assert_eq!(answer.status, 422, "{text}: {}", answer.text);
            assert_eq!((&error["code"], &error["path"][1]), (&json!("BAD_USER_INPUT"), &json!(field)), "{text}");
        }
    }
}

#[tokio::test]
async fn import_refuses_other_texts() {
    let shell = Shell::on_demo_data(Sqlite).await.unwrap();
    let interview = |field: &str, text: &str| {
        let mut row = json!({
            "type": "interview", "id": "9001", "intervieweeId": "277", "interviewerId": "1001", "kind": "IN_PERSON",
            "status": "PENDING", "startAt": "2026-06-30T10:00:00Z", "endAt": "2026-06-30T10:30:00Z",
            "createdAt": "2025-03-20T10:00:00Z",
        });
        row[field] = json!(text);
        ("interviews", row, field.to_owned())
    };
    let mut rows = Vec::new();
    for (text, _) in REFUSED {
        let company = json!({"type": "company", "id": "9000", "name": "Alpine", "sourceUpdatedAt": text});
        let user = json!({"type": "user", "id": "9001", "role": "DRIVER", "title": "Timo", "deactivatedAt": text});
        rows.push(("companies", company, "sourceUpdatedAt".to_owned()));
        rows.push(("users", user, "deactivatedAt".to_owned()));
        rows.extend(["startAt", "endAt", "createdAt"].map(|field| interview(field, text)));
    }
    let finished = shell.import(&rows.iter().map(|(_, row, _)| format!("{row}\n")).collect::<String>());
    let refusals: Vec<&str> = finished.stderr.lines().filter(|line| line.starts_with("line ")).collect();
    let expected = rows.iter().enumerate();
    let expected =
        expected.map(|(index, (kind, _, field))| format!("line {}: {kind} INVALID_VALUE {field}", index + 1));
    assert_eq!(refusals, expected.collect::<Vec<_>>());
}

#[rstest]
#[tokio::test]
async fn leap_second_is_stored_as_the_next_second(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    for (text, stored) in LEAP_SECONDS {
        let input = json!({"startAt": text, "endAt": &stored.replace("00:0", "08:0")});
        let updated = app.staff().update(JUDE_WITH_LUISA, input).await;
        assert_eq!(updated["interview"]["startAt"], stored, "{updated}");
        assert_eq!(app.staff().interview(JUDE_WITH_LUISA).await["startAt"], stored);
        let query = "query($t: DateTime!) { interviews(first: 9, filter: {startAt: {gte: $t}, overlaps: \
                     {startAt: $t, endAt: \"2027-01-02T00:00:00Z\"}}) { nodes { startAt } } }";
        let listed = app.staff().ask(query, json!({"t": text})).await;
        assert_eq!(listed["interviews"]["nodes"][0]["startAt"], stored);
    }
    let fields = json!({"interview": {"start_at": "2026-11-30T23:59:60Z", "end_at": "2026-12-01T00:30:00Z"}});
    let answer = app.staff().patch(JUDE_WITH_LUISA, &fields).await;
    assert_eq!(answer.json()["interview"]["start_at"], "2026-12-01T00:00:00.000Z", "{}", answer.text);
    for (text, stored) in LEAP_SECONDS {
        let row = feed::with(feed::driver(NEW_DRIVER), &json!({"sourceUpdatedAt": text}));
        assert!(app.service().sync("users", &[row]).await["userErrors"].as_array().unwrap().is_empty());
        let sql = format!("SELECT source_updated_at FROM users WHERE id = {NEW_DRIVER}");
        let at: DateTime<Utc> = app.database.value(&sql).await;
        assert_eq!(at, stored.parse::<DateTime<Utc>>().unwrap(), "{text}");
    }
}
