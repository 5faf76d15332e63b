//! After an erasure no dump of the database holds a text of the person.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::feed::{CHANGED, with};
use crate::support::lifecycle::{history, interview_of};
use crate::support::people::{JUDE, JUDE_APPLICATION, LUISA};
use crate::support::shell::is_installed;
use rstest::rstest;
use serde_json::{Value, json};
use std::process::Command;

const STRINGS: [&str; 8] = [
    "Zaphod Quillfeather-Straße",
    // As searches compare the name.
    "zaphod quillfeather-strasse",
    "quillfeather-portrait.png",
    "+49 151 7777001",
    "+49 151 7777002",
    "zaphod@quillfeather.example",
    "Antarctica/Troll",
    "because of Quillfeather reasons",
];

/// All that the database holds, as a dump has it. None where `pg_dump` is not installed.
async fn dump(app: &TestApp, database: Database) -> Option<String> {
    let url = app.database.options().url;
    if database == Postgres {
        if !is_installed("pg_dump") {
            return None;
        }
        let output = Command::new("pg_dump").args(["--dbname", &url]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        return Some(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db");
    app.database.execute(&format!("VACUUM INTO '{}'", copy.display())).await;
    Some(String::from_utf8_lossy(&std::fs::read(copy).unwrap()).into_owned())
}

#[rstest]
#[tokio::test]
async fn no_dump_holds_a_text_of_an_erased_person(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let [title, _, image, phone, contact, email, zone, reason] = STRINGS;
    let row = json!({
        "id": JUDE.to_string(), "sourceUpdatedAt": CHANGED, "title": title,
        "image": format!("https://cdn.example/{image}"), "phoneNumber": phone,
        "contactPhoneNumber": contact, "email": email, "timeZone": zone,
    });
    app.service().write("users", with(row, &json!({}))).await;
    let rejected = app.book(JUDE, LUISA).at("10:00").await;
    let payload = app.driver().mutate("rejectInterview", &format!("id: {rejected}, reason: {}", json!(reason))).await;
    interview_of(&payload);
    let Some(before) = dump(&app, database).await else { return };
    for text in STRINGS {
        assert!(before.contains(text), "{text} is stored before");
    }

    assert_eq!(app.service().erase(JUDE, true).await["userErrors"], json!([]));
    let after = dump(&app, database).await.unwrap();
    for text in STRINGS {
        assert!(!after.contains(text), "{text} is stored after the erasure");
    }
    let event = history(&app.staff(), rejected).await.pop().unwrap();
    let changes = event["changes"].as_array().unwrap();
    let of_reason: Vec<&Value> = changes.iter().filter(|change| change["field"] == "reason").collect();
    assert_eq!(of_reason, [&json!({"field": "reason", "from": null, "to": "[erased]"})]);
    assert!(changes.len() > 1, "other changes stay: {changes:?}");
    let query = format!("{{ interview(id: {rejected}) {{ status reason interviewee {{ id }} }} }}");
    let interview = app.staff().ask(&query, json!({})).await["interview"].take();
    assert_eq!(
        interview,
        json!({"status": "REJECTED", "reason": null, "interviewee": {"id": JUDE_APPLICATION.to_string()}})
    );
}
