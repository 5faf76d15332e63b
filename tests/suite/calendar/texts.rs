//! Texts that try to be more than texts: no property can be added, and no character is lost or split.

use super::{Property, entry, lines, value};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::people::{JUDE, JUDE_WITH_LUISA, NORTHERN_HAULAGE};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use rstest::rstest;
use serde_json::json;

/// Stores texts as no client can: rows of another system may have them.
async fn store(app: &TestApp, location: &str, name: &str) {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let (location, name) = (quoted(location), quoted(name));
    for sql in [
        format!("UPDATE interviews SET location = {location}, kind = 'phone_call' WHERE id = {JUDE_WITH_LUISA}"),
        format!("UPDATE users SET title = {name}, phone_number = {location} WHERE id = {JUDE}"),
        format!("UPDATE companies SET name = {name} WHERE id = {NORTHERN_HAULAGE}"),
    ] {
        app.database.execute(&sql).await;
    }
}

/// The text that a property stands for (RFC 5545, section 3.3.11).
fn unescaped(value: &str) -> String {
    let (mut text, mut characters) = (String::new(), value.chars());
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('n' | 'N') => text.push('\n'),
                Some(escaped @ ('\\' | ';' | ',')) => text.push(escaped),
                other => panic!("no escape: {other:?} in {value}"),
            },
            ';' | ',' => panic!("{character} ends the value in {value}"),
            _ => text.push(character),
        }
    }
    text
}

/// What is left of a text: all that ends a line for some program is a line feed, and controls are gone.
fn expected(text: &str) -> String {
    let text = ["\r\n", "\r", "\u{b}", "\u{c}", "\u{85}", "\u{2028}", "\u{2029}"]
        .iter()
        .fold(text.to_owned(), |text, end_of_line| text.replace(end_of_line, "\n"));
    text.replace(['\u{1}', '\u{1b}', '\u{7f}'], "")
}

fn assert_texts(entry: &[Property], location: &str, summary: &str, description: &str) {
    assert_eq!(unescaped(value(entry, "LOCATION")), expected(location));
    assert_eq!(unescaped(value(entry, "SUMMARY")), expected(summary));
    assert_eq!(unescaped(value(entry, "DESCRIPTION")), expected(description));
}

/// A text of what matters to readers of calendars, and of lengths around that of a line.
fn hostile() -> impl Strategy<Value = String> {
    let parts = vec![
        "\r\n",
        "\r",
        "\n",
        "\n ",
        "\u{b}",
        "\u{c}",
        "\u{85}",
        "\u{2028}",
        "\u{2029}",
        "\u{1}",
        "\u{1b}",
        "\u{7f}",
        "\t",
        ";",
        ",",
        "\\",
        "\\n",
        ":",
        "\"",
        "'",
        " ",
        "BEGIN:VEVENT",
        "END:VEVENT",
        "END:VCALENDAR",
        "ATTENDEE:mailto:a@example.com",
        "\u{202e}",
        "\u{2067}שלום\u{2069}",
        "👩‍🚀",
        "🇸🇪",
        "e\u{301}",
        "ü",
        "x",
        "0123456789",
        "0123456789012345678901234567890123456789012345678901234567890123456789",
    ];
    prop::collection::vec(prop::sample::select(parts), 1..30).prop_map(|parts| parts.concat())
}

#[rstest]
#[tokio::test]
async fn texts_add_no_property_and_lose_nothing(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let mut runner = TestRunner::new(Config::default());
    let strategy = (hostile(), hostile());
    for _ in 0..40 {
        let (location, name) = strategy.new_tree(&mut runner).unwrap().current();
        store(&app, &location, &name).await;
        let of_staff = entry(&app.staff(), JUDE_WITH_LUISA).await;
        assert_texts(&of_staff, &location, &format!("Interview: {name}"), &format!("Phone call: {location}"));
        let of_driver = entry(&app.driver(), JUDE_WITH_LUISA).await;
        assert_eq!(unescaped(value(&of_driver, "SUMMARY")), expected(&format!("Interview with {name}")));
    }
}

#[tokio::test]
async fn text_that_a_client_sends_is_shown_as_it_is() {
    let app = start!(Sqlite);
    let staff = app.staff();
    for location in [
        r"a;b,c\d",
        r"\n",
        "BEGIN:VEVENT",
        "END:VCALENDAR",
        "\u{2067}שלום\u{2069}",
        &"👩‍🚀".repeat(40),
        &"ü".repeat(2000),
        &format!("{} {}", "x".repeat(64), " y".repeat(90)),
    ] {
        let payload = staff.update(JUDE_WITH_LUISA, json!({"location": location})).await;
        assert_eq!(payload["userErrors"], json!([]), "{payload}");
        let entry = entry(&staff, JUDE_WITH_LUISA).await;
        assert_eq!(unescaped(value(&entry, "LOCATION")), location);
        assert_eq!(value(&entry, "URL"), "");
    }
    for hostile in ["Gate\r\nATTENDEE:mailto:a@example.com", "Gate\u{2028}2", "\u{202e}Gate", "Gate\0"] {
        let payload = staff.update(JUDE_WITH_LUISA, json!({"location": hostile})).await;
        assert_eq!(payload["userErrors"][0]["code"], "INVALID_LOCATION", "{payload}");
    }
}

#[tokio::test]
async fn location_that_is_a_web_address_is_the_url_too() {
    let app = start!(Sqlite);
    let staff = app.staff();
    for (location, url) in [
        ("https://example.com/room?a=1,2;b#c", "https://example.com/room?a=1,2;b#c"),
        ("HTTP://EXAMPLE.com/ü", "http://example.com/%C3%BC"),
        ("https://example.com/room (code 12)", ""),
        ("https://me:key@example.com/room", ""),
        ("https:/example.com", ""),
        ("http:room", ""),
        ("javascript:alert(1)", ""),
        ("ftp://example.com", ""),
        ("Gate 2, https://example.com", ""),
    ] {
        staff.update(JUDE_WITH_LUISA, json!({"location": location})).await;
        assert_eq!(value(&entry(&staff, JUDE_WITH_LUISA).await, "URL"), url);
    }
}

#[rstest]
#[tokio::test]
async fn texts_of_ten_thousand_characters_are_whole(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    for text in ["Ж👍,".repeat(3334), "x".repeat(10_000), "👩‍🚀".repeat(3334), " \n".repeat(5000)] {
        store(&app, &text, &text).await;
        let entry = entry(&app.staff(), JUDE_WITH_LUISA).await;
        assert_texts(&entry, &text, &format!("Interview: {text}"), &format!("Phone call: {text}"));
        let name = lines(&super::file(&app.staff(), JUDE_WITH_LUISA).await);
        let name = name.iter().find_map(|line| line.strip_prefix("NAME:")).unwrap().to_owned();
        assert_eq!(unescaped(&name), expected(&format!("Interview: {text}")));
    }
}
