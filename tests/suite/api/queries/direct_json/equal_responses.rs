//! Objects that are written directly are the same, byte for byte, as those of the executor, and so are the errors.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::people::{JUDE, JUDE_APPLICATION, JUDE_WITH_LUISA, UNKNOWN_INTERVIEW, UNKNOWN_USER};
use axum::http::header;
use rstest::rstest;
use serde_json::{Value, json};

const FRAGMENTS: &str = "fragment Person on Interviewer { title contactPhoneNumber } \
    fragment Whole on Interview { id interviewer { id ...Person } ...Times } \
    fragment Times on Interview { startAt endAt }";

/// Selections on `Interview`. The variable `$yes` is true and `$no` is false.
const SELECTIONS: [&str; 22] = [
    "id",
    "id kind status startAt endAt amendStartAt amendEndAt amendedBy location intervieweeId interviewerId awaiting \
     allowOverlap reason absent version createdAt updatedAt",
    "updatedAt status id",
    "__typename interviewee { __typename id kind driverId updatedAt driver { __typename id title image phoneNumber } } \
     interviewer { __typename id title image contactPhoneNumber }",
    "interviewer { title }",
    "interviewee { kind }",
    "interviewee { driver { title } }",
    "a: id b: id c: status who: interviewer { name: title title } \
     interviewee { whose: driver { id } other: driver { image } }",
    "...Whole",
    "... on Interview { id ... { kind } } ... { version }",
    "interviewee { ... on Interviewee { id driver { ... on Driver { title } } } }",
    "id @skip(if: $yes) kind @include(if: $yes) interviewer @skip(if: $no) { id title @include(if: $no) }",
    "interviewer @include(if: $no) { id } interviewee { driver @skip(if: $yes) { id } id }",
    "... @include(if: $no) { id } ... @include(if: $yes) { version } ...Times @skip(if: $yes)",
    // Some fields are executed.
    "id availableActions",
    "id history(first: 2) { totalCount nodes { type at } }",
    "interviewee { id interviews(first: 1) { nodes { id } } }",
    "interviewee { driver { id } ... on Interviewee { driver { title } } }",
    "interviewer { id } interviewer { title } id id",
    "interviewee { interviews(first: 2) { nodes { id interviewer { title } interviewee { driver { id } } } } }",
    "...Whole ...Times",
    "id ... on Interview { interviewer { image } } interviewer { id }",
];

/// The text of the response.
async fn ask(app: &TestApp, query: &str) -> String {
    let body = json!({"query": query, "variables": {"yes": true, "no": false}});
    app.staff().rest_with("POST", "/graphql", &body, &[("x-request-id", "the-same")]).await.text
}

/// The same query as it is, and with two objects of one response key, which sends all of it through the executor.
async fn both(app: &TestApp, field: &str, fragments: &str) -> [String; 2] {
    let field = field
        .replace("JUDE_WITH_LUISA", &JUDE_WITH_LUISA.to_string())
        .replace("JUDE_APPLICATION", &JUDE_APPLICATION.to_string());
    let query = |rest: &str| {
        format!(
            "query($yes: Boolean!, $no: Boolean!) {{ {field} {rest} }} {fragments} \
        fragment Unused on Query {{ a: __typename @skip(if: $yes) b: __typename @skip(if: $no) }}"
        )
    };
    let spread = "... on Query { ...Unused @include(if: $no) }";
    let direct = ask(app, &query(&format!("{spread} again: viewer {{ id }}"))).await;
    let executed = ask(app, &query(&format!("{spread} again: viewer {{ id }} again: viewer {{ id }}"))).await;
    [direct, executed]
}

fn fragments_of(selection: &str) -> &'static str {
    if selection.contains("...Whole") {
        FRAGMENTS
    } else if selection.contains("...Times") {
        "fragment Times on Interview { startAt endAt }"
    } else {
        ""
    }
}

#[rstest]
#[tokio::test]
async fn every_selection_equals_that_of_the_executor(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    // Texts with characters to escape, and each nullable field with and without a value.
    let title = "UPDATE users SET title = 'Ann \"Q\" \\ O''Neill', image = NULL WHERE id =";
    app.database.execute(&format!("{title} {JUDE}")).await;
    app.staff().update(JUDE_WITH_LUISA, json!({"location": "Gate\t9 \u{1F6AA} <b>"})).await;
    let proposal = "input: {startAt: \"2030-01-01T10:00:00Z\", endAt: \"2030-01-01T11:00:00Z\"}";
    app.staff().mutate("amendInterview", &format!("id: {JUDE_WITH_LUISA}, {proposal}")).await;
    for selection in SELECTIONS {
        for field in [
            format!("interviews(first: 100) {{ nodes {{ {selection} }} }}"),
            format!("interviews(first: 3) {{ edges {{ cursor node {{ {selection} }} }} pageInfo {{ endCursor }} }}"),
            format!("interviews(first: 0) {{ nodes {{ {selection} }} }}"),
            format!("interview(id: {JUDE_WITH_LUISA}) {{ {selection} }}"),
            format!("interview(id: {UNKNOWN_INTERVIEW}) {{ {selection} }}"),
        ] {
            let [direct, executed] = both(&app, &field, fragments_of(selection)).await;
            assert_eq!(direct, executed, "{field}");
            let answer: Value = serde_json::from_str(&direct).unwrap();
            assert!(answer.get("errors").is_none(), "{field}: {direct}");
        }
    }
}

#[rstest]
#[tokio::test]
async fn a_missing_person_is_the_same_error(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let without_references = match database {
        Sqlite => "PRAGMA foreign_keys = OFF",
        Postgres => "ALTER TABLE interviews DISABLE TRIGGER ALL",
    };
    let update = format!("UPDATE interviews SET interviewer_id = {UNKNOWN_USER} WHERE id = {JUDE_WITH_LUISA}");
    app.database.execute(&format!("{without_references}; {update}")).await;
    for field in [
        "interview(id: JUDE_WITH_LUISA) { id interviewer { title } }",
        "interviews(first: 100) { nodes { id interviewer { title } } }",
        "interviews(first: 100) { edges { node { id interviewer { title } } } }",
        "interview(id: JUDE_WITH_LUISA) { id availableActions interviewer { title } history(first: 1) { totalCount } }",
        "interviews(first: 100) { nodes { id availableActions interviewer { title } } }",
    ] {
        let [direct, executed] = both(&app, field, "").await;
        assert_eq!(direct, executed, "{field}");
        let answer: Value = serde_json::from_str(&direct).unwrap();
        assert_eq!(answer["errors"][0]["extensions"]["code"], "INTERNAL", "{direct}");
    }
    // A person who is not selected is no error.
    let [direct, executed] =
        both(&app, "interview(id: JUDE_WITH_LUISA) { id interviewerId interviewee { id } }", "").await;
    assert_eq!(direct, executed);
    assert!(!direct.contains("errors"), "{direct}");
}

#[tokio::test]
async fn an_error_of_an_executed_field_is_the_same() {
    let app = TestApp::start(Sqlite).await.unwrap();
    for field in [
        "interview(id: JUDE_WITH_LUISA) { id history(first: 101) { totalCount } }",
        "interview(id: JUDE_WITH_LUISA) { interviewee { interviews(first: -1) { totalCount } } interviewer { id } }",
        "interviews(first: 100) { nodes { id history(after: \"x\") { totalCount } } }",
        "interviews(first: 3) { edges { node { id history(first: 101) { totalCount } } } }",
        "interviewee(id: JUDE_APPLICATION) { id interviews(first: 101) { totalCount } }",
    ] {
        let [direct, executed] = both(&app, field, "").await;
        assert_eq!(direct, executed, "{field}");
        let answer: Value = serde_json::from_str(&direct).unwrap();
        assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{direct}");
    }
}

#[rstest]
#[tokio::test]
async fn batches_and_cacheable_responses_contain_written_objects(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let one = format!("{{ interview(id: {JUDE_WITH_LUISA}) {{ id interviewer {{ title }} }} }}");
    let text = ask(&app, &one).await;
    let batch =
        app.staff().rest_with("POST", "/graphql", &json!([{"query": one}, {"query": "{"}, {"query": one}]), &[]).await;
    let answers = batch.json();
    assert!(
        batch.text.starts_with(&format!("[{text},")) && batch.text.ends_with(&format!(",{text}]")),
        "{}",
        batch.text
    );
    assert_eq!(answers[1]["errors"][0]["extensions"]["code"], "GRAPHQL_PARSE_FAILED");
    let get = axum::http::Request::get(format!(
        "/graphql?query={}",
        one.replace(' ', "%20").replace('{', "%7B").replace('}', "%7D")
    ));
    let get =
        app.staff().send(get.header(header::ACCEPT, "application/json").body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!(get.text, text);
    assert!(get.header("etag").starts_with("W/"));
}
