//! Interviews that are written at once are written exactly as the executor would: with every kind of selection, and where it fails.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use axum::http::header;
use rstest::rstest;
use serde_json::{Value, json};

const FRAGMENTS: &str = "fragment Person on Interviewer { title contactPhoneNumber } \
    fragment Whole on Interview { id interviewer { id ...Person } ...Times } \
    fragment Times on Interview { startAt endAt }";

/// What is selected of an interview. `$yes` and `$no` are what they say.
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
    "a: id b: id c: status who: interviewer { name: title title } interviewee { whose: driver { id } other: driver { image } }",
    "...Whole",
    "... on Interview { id ... { kind } } ... { version }",
    "interviewee { ... on Interviewee { id driver { ... on Driver { title } } } }",
    "id @skip(if: $yes) kind @include(if: $yes) interviewer @skip(if: $no) { id title @include(if: $no) }",
    "interviewer @include(if: $no) { id } interviewee { driver @skip(if: $yes) { id } id }",
    "... @include(if: $no) { id } ... @include(if: $yes) { version } ...Times @skip(if: $yes)",
    // From here on something has to be executed or merged.
    "id availableActions",
    "id history(first: 2) { totalCount nodes { type at } }",
    "interviewee { id interviews(first: 1) { nodes { id } } }",
    "interviewee { driver { id } ... on Interviewee { driver { title } } }",
    "interviewer { id } interviewer { title } id id",
    "interviewee { interviews(first: 2) { nodes { id interviewer { title } interviewee { driver { id } } } } }",
    "...Whole ...Times",
    "id ... on Interview { interviewer { image } } interviewer { id }",
];

/// The whole answer's text.
async fn ask(app: &TestApp, query: &str) -> String {
    let body = json!({"query": query, "variables": {"yes": true, "no": false}});
    app.staff().rest_with("POST", "/graphql", &body, &[("x-request-id", "the-same")]).await.text
}

/// The same query as it is, and with two objects of one response key, which sends all of it through the executor.
async fn both(app: &TestApp, field: &str, fragments: &str) -> [String; 2] {
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
async fn every_selection_reads_as_the_executor_writes_it(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    // Texts that have to be escaped, and every nullable field both ways.
    app.database.execute("UPDATE users SET title = 'Ann \"Q\" \\ O''Neill', image = NULL WHERE id = 997").await;
    app.staff().update(28, json!({"location": "Gate\t9 \u{1F6AA} <b>"})).await;
    app.staff()
        .mutate("amendInterview", "id: 27, input: {startAt: \"2030-01-01T10:00:00Z\", endAt: \"2030-01-01T11:00:00Z\"}")
        .await;
    for selection in SELECTIONS {
        for field in [
            format!("interviews(first: 100) {{ nodes {{ {selection} }} }}"),
            format!("interviews(first: 3) {{ edges {{ cursor node {{ {selection} }} }} pageInfo {{ endCursor }} }}"),
            format!("interviews(first: 0) {{ nodes {{ {selection} }} }}"),
            format!("interview(id: 27) {{ {selection} }}"),
            format!("interview(id: 9999) {{ {selection} }}"),
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
async fn a_person_who_is_missing_fails_where_the_executor_says(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let gone = match database {
        Sqlite => "PRAGMA foreign_keys = OFF; UPDATE interviews SET interviewer_id = 999999 WHERE id = 27",
        Postgres => {
            "ALTER TABLE interviews DISABLE TRIGGER ALL; UPDATE interviews SET interviewer_id = 999999 WHERE id = 27"
        }
    };
    app.database.execute(gone).await;
    for field in [
        "interview(id: 27) { id interviewer { title } }",
        "interviews(first: 100) { nodes { id interviewer { title } } }",
        "interviews(first: 100) { edges { node { id interviewer { title } } } }",
    ] {
        let [direct, executed] = both(&app, field, "").await;
        assert_eq!(direct, executed, "{field}");
        let answer: Value = serde_json::from_str(&direct).unwrap();
        assert_eq!(answer["errors"][0]["extensions"]["code"], "INTERNAL", "{direct}");
    }
    // Who is not asked for is not missed.
    let [direct, executed] = both(&app, "interview(id: 27) { id interviewerId interviewee { id } }", "").await;
    assert_eq!(direct, executed);
    assert!(!direct.contains("errors"), "{direct}");
}

#[rstest]
#[tokio::test]
async fn a_batch_and_a_kept_answer_hold_them_too(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let one = "{ interview(id: 27) { id interviewer { title } } }";
    let text = ask(&app, one).await;
    let batch =
        app.staff().rest_with("POST", "/graphql", &json!([{"query": one}, {"query": "{"}, {"query": one}]), &[]).await;
    let answers = batch.json();
    assert!(
        batch.text.starts_with(&format!("[{text},")) && batch.text.ends_with(&format!(",{text}]")),
        "{}",
        batch.text
    );
    assert_eq!(answers[1]["errors"][0]["extensions"]["code"], "GRAPHQL_PARSE_FAILED");
    let get = axum::http::Request::get("/graphql?query=%7Binterview(id:27)%7Bid%20interviewer%7Btitle%7D%7D%7D");
    let get =
        app.staff().send(get.header(header::ACCEPT, "application/json").body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!(get.text, text);
    assert!(get.header("etag").starts_with("W/"));
}
