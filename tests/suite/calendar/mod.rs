//! Interviews in people's own calendars: files, feeds, and links.

mod feeds;
mod files;
mod links;
mod lives;
mod secrets;
mod texts;

use crate::support::TestApp;
use crate::support::actor::{Actor, Answer};
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

/// All fields of the payload.
const PAYLOAD: &str = "feed { id scope createdAt lastReadAt } url userErrors { code message path }";

/// A property of an entry: its name and its value.
type Property = (String, String);

impl Actor {
    /// The payload of `createCalendarFeed`.
    pub async fn create_feed(&self, scope: &str) -> Value {
        let query = format!("mutation {{ createCalendarFeed(scope: {scope}) {{ {PAYLOAD} }} }}");
        self.ask(&query, json!({})).await["createCalendarFeed"].take()
    }

    /// The path of a new feed.
    pub async fn new_feed(&self, scope: &str) -> String {
        let payload = self.create_feed(scope).await;
        let url = payload["url"].as_str().unwrap_or_else(|| panic!("{payload}"));
        url.strip_prefix("http://127.0.0.1:8000").unwrap().to_owned()
    }

    /// The payload of `revokeCalendarFeed`.
    pub async fn revoke_feed(&self, id: &str) -> Value {
        let query = format!("mutation {{ revokeCalendarFeed(id: \"{id}\") {{ {PAYLOAD} }} }}");
        self.ask(&query, json!({})).await["revokeCalendarFeed"].take()
    }

    /// Reads an address below `/calendar`. Files are kept in the folder `CALENDAR_FILES`, if it is set, for
    /// `.ci/steps/clients`, which reads them with other libraries.
    pub async fn read(&self, path: &str) -> Answer {
        let answer = self.send(Request::get(path).body(Body::empty()).unwrap()).await;
        if let Some(folder) = std::env::var_os("CALENDAR_FILES").filter(|_| answer.status == 200) {
            let mut hasher = DefaultHasher::new();
            answer.text.hash(&mut hasher);
            std::fs::write(Path::new(&folder).join(format!("{:016x}.ics", hasher.finish())), &answer.text).unwrap();
        }
        answer
    }
}

/// The lines of a file, unfolded, after checks of its form (RFC 5545, section 3.1).
fn lines(file: &str) -> Vec<String> {
    let file = file.strip_suffix("\r\n").expect("the last line has an end");
    assert!(!file.replace("\r\n", "").contains(['\r', '\n']), "lines end with CRLF: {file:?}");
    for line in file.split("\r\n") {
        assert!(line.len() <= 75, "{} bytes: {line}", line.len());
    }
    let lines: Vec<String> = file.replace("\r\n ", "").split("\r\n").map(str::to_owned).collect();
    let is_mark = |line: &&String| line.starts_with("BEGIN:") || line.starts_with("END:");
    let marks: Vec<&str> = lines.iter().filter(is_mark).map(String::as_str).collect();
    assert_eq!((marks.first(), marks.last()), (Some(&"BEGIN:VCALENDAR"), Some(&"END:VCALENDAR")));
    assert!(marks[1..marks.len() - 1].chunks(2).all(|pair| pair == ["BEGIN:VEVENT", "END:VEVENT"]), "{marks:?}");
    lines
}

/// The entries of a file, each as its properties.
fn entries(file: &str) -> Vec<Vec<Property>> {
    let lines = lines(file);
    let entries = lines.split(|line| line == "BEGIN:VEVENT").skip(1);
    let properties = |entry: &[String]| -> Vec<Property> {
        let end = entry.iter().position(|line| line == "END:VEVENT").unwrap();
        let property = |line: &String| line.split_once(':').map(|(name, value)| (name.into(), value.into())).unwrap();
        let properties: Vec<Property> = entry[..end].iter().map(property).collect();
        check(&properties);
        properties
    };
    entries.map(properties).collect()
}

/// Checks the names and values of an entry that hold for every one.
fn check(entry: &[Property]) {
    const NAMES: [&str; 11] = [
        "CREATED",
        "DESCRIPTION",
        "DTEND",
        "DTSTAMP",
        "DTSTART",
        "LAST-MODIFIED",
        "SEQUENCE",
        "STATUS",
        "SUMMARY",
        "TRANSP",
        "UID",
    ];
    let mut names: Vec<&str> = entry.iter().map(|(name, _)| name.as_str()).collect();
    names.retain(|name| !["LOCATION", "URL"].contains(name));
    names.sort_unstable();
    assert_eq!(names, NAMES, "{entry:#?}");
    for name in ["CREATED", "DTEND", "DTSTAMP", "DTSTART", "LAST-MODIFIED"] {
        let time = value(entry, name);
        assert!(chrono::NaiveDateTime::parse_from_str(time, "%Y%m%dT%H%M%SZ").is_ok(), "{name} is in UTC: {time}");
    }
    assert!(value(entry, "DTEND") > value(entry, "DTSTART"));
    assert_eq!(value(entry, "DTSTAMP"), value(entry, "LAST-MODIFIED"));
    assert_eq!(value(entry, "TRANSP"), "OPAQUE");
}

/// The value of a property of an entry; an empty text if it has none.
fn value<'a>(entry: &'a [Property], name: &str) -> &'a str {
    let mut values = entry.iter().filter(|(property, _)| property == name).map(|(_, value)| value.as_str());
    let value = values.next().unwrap_or_default();
    assert_eq!(values.next(), None, "{name} occurs once");
    value
}

/// The file of one interview.
async fn file(actor: &Actor, id: impl std::fmt::Display) -> String {
    let answer = actor.read(&format!("/calendar/interviews/{id}.ics")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.text
}

/// The only entry of the file of one interview.
async fn entry(actor: &Actor, id: impl std::fmt::Display) -> Vec<Property> {
    let mut entries = entries(&file(actor, id).await);
    assert_eq!(entries.len(), 1);
    entries.remove(0)
}

/// Sets the namespace of ids, which is random otherwise.
async fn set_namespace(app: &TestApp) {
    let namespace = "INSERT INTO installation (id, calendar_namespace) \
        VALUES (1, '0b8f3a52-6f0e-4e0c-9d5e-3a1c5b7d9e11')";
    app.database.execute(namespace).await;
}
