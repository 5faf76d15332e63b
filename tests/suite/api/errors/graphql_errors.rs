//! Every top-level error of GraphQL has `extensions.code`, whichever part of the request is wrong, and says nothing of the server's
//! insides.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::{Actor, Answer};
use axum::body::Body;
use axum::http::Request;
use rstest::rstest;
use serde_json::{Value, json};

const MEDIA_TYPE: &str = "application/graphql-response+json";

/// Sends a body as it is; without `accept` to a client of the plain media type.
async fn post(actor: &Actor, content_type: &str, accept: Option<&str>, body: impl Into<Body>) -> Answer {
    let mut request = Request::post("/graphql");
    if !content_type.is_empty() {
        request = request.header("content-type", content_type);
    }
    if let Some(accept) = accept {
        request = request.header("accept", accept);
    }
    actor.send(request.body(body.into()).unwrap()).await
}

/// The codes of an answer, each error of which has one and a message.
fn codes(answer: &Value) -> Vec<&str> {
    let errors = answer["errors"].as_array().unwrap_or_else(|| panic!("{answer:#}"));
    let code = |error: &'_ Value| {
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{answer:#}");
        assert!(error["extensions"]["code"].is_string(), "{answer:#}");
    };
    errors.iter().for_each(code);
    errors.iter().map(|error| error["extensions"]["code"].as_str().unwrap()).collect()
}

#[rstest]
#[tokio::test]
async fn a_document_that_is_not_graphql_cannot_be_parsed(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    for query in [
        "",
        " ",
        "# nothing",
        "{",
        "{ viewer { id }",
        "{ interview(id: ) { id } }",
        "query { } ",
        "\u{0}",
        "🚚",
        "{ a: }",
        "SELECT 1",
    ] {
        let body = json!({"query": query}).to_string();
        let answer = post(&app.staff(), "application/json", Some(MEDIA_TYPE), body.clone()).await;
        assert_eq!(answer.status, 400, "{query}");
        assert_eq!(codes(&answer.json()), ["GRAPHQL_PARSE_FAILED"], "{query}");
        assert!(answer.json().get("data").is_none(), "nothing ran");
        // Parsing comes before the token's rights, and after the token.
        assert_eq!(codes(&app.anonymous().graphql(query, json!({})).await), ["GRAPHQL_PARSE_FAILED"]);
        let plain = post(&app.staff(), "application/json", None, body).await;
        assert_eq!((plain.status.as_u16(), plain.json()), (200, answer.json()));
    }
}

#[rstest]
#[case::field("{ nothing }")]
#[case::two_fields("{ nothing neither }")]
#[case::selection_missing("{ viewer }")]
#[case::selection_too_many("{ viewer { id { x } } }")]
#[case::argument_missing("{ interview { id } }")]
#[case::argument_unknown("{ interview(id: 27, x: 1) { id } }")]
#[case::argument_of_another_type("{ interview(id: {}) { id } }")]
#[case::enum_value("{ interviews(filter: {status: [NOPE]}) { totalCount } }")]
#[case::enum_value_of_a_mutation("mutation { updateInterview(id: 27, input: {kind: NOPE}) { interview { id } } }")]
#[case::input_field("mutation { updateInterview(id: 27, input: {status: COMPLETED}) { interview { id } } }")]
#[case::input_missing("mutation { updateInterview(id: 27) { interview { id } } }")]
#[case::mutation("mutation { deleteInterview(id: 27) { id } }")]
#[case::subscription("subscription { x }")]
#[case::fragment("{ ...nothing }")]
#[case::fragment_cycle("{ ...a } fragment a on Query { ...a }")]
#[case::variable_undefined("{ interview(id: $id) { id } }")]
#[case::directive("{ viewer @nothing { id } }")]
#[case::time("{ interviews(filter: {startAt: {gte: \"tomorrow\"}}) { totalCount } }")]
#[tokio::test]
async fn a_document_that_does_not_fit_the_schema_is_not_valid(
    #[case] query: &str,
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let body = json!({"query": query}).to_string();
    let answer = post(&app.staff(), "application/json", Some(MEDIA_TYPE), body).await;
    assert_eq!(answer.status, 400, "{}", answer.text);
    assert!(answer.json().get("data").is_none(), "nothing ran");
    assert!(codes(&answer.json()).iter().all(|code| *code == "GRAPHQL_VALIDATION_FAILED"), "{}", answer.text);
    assert_eq!(app.staff().interview(27).await["version"], 1);
}

#[rstest]
#[case::unknown(json!("C"))]
#[case::empty(json!(""))]
#[case::of_another_case(json!("a"))]
#[tokio::test]
async fn the_operation_has_to_be_in_the_document(#[case] name: Value, #[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let document = "query A { a: __typename } mutation B { updateInterview(id: 27, input: {kind: IN_PERSON}) { interview { id } } }";
    let send = async |name: &Value| {
        let body = json!({"query": document, "operationName": name}).to_string();
        post(&app.staff(), "application/json", Some(MEDIA_TYPE), body).await
    };
    let answer = send(&name).await;
    assert_eq!((answer.status.as_u16(), codes(&answer.json())), (400, vec!["BAD_REQUEST"]));
    assert_eq!(send(&json!("A")).await.json(), json!({"data": {"a": "Query"}}));
    assert_eq!(app.staff().interview(27).await["version"], 1);
}

#[rstest]
#[case::page_too_large("{ interviews(first: 101) { totalCount } }", json!({}))]
#[case::page_too_small("{ interviews(last: -1) { totalCount } }", json!({}))]
#[case::both_ends("{ interviews(first: 1, last: 1) { totalCount } }", json!({}))]
#[case::cursor("{ interviews(after: \"x\") { totalCount } }", json!({}))]
#[case::slot(
    "{ interviews(filter: {overlaps: {startAt: \"2025-01-02T00:00:00Z\", endAt: \"2025-01-01T00:00:00Z\"}}) { totalCount } }",
    json!({})
)]
#[case::integer("query($n: Int) { interviews(first: $n) { totalCount } }", json!({"n": 3_000_000_000_i64}))]
#[case::date_alone(
    "query($t: DateTime) { interviews(filter: {updatedAt: {lt: $t}}) { totalCount } }",
    json!({"t": "2025-01-01"})
)]
#[case::time_of_a_mutation(
    "mutation($input: UpdateInterviewInput!) { updateInterview(id: 27, input: $input) { interview { id } } }",
    json!({"input": {"startAt": "2025-03-20T10:32:08"}})
)]
#[case::variable_missing("query($id: ID!) { interview(id: $id) { id } }", json!({}))]
#[tokio::test]
async fn an_argument_that_is_wrong_is_bad_input(
    #[case] query: &str,
    #[case] variables: Value,
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let answer = app.staff().graphql(query, variables).await;
    assert_eq!(codes(&answer), ["BAD_USER_INPUT"], "{answer:#}");
    assert_eq!(answer["data"], json!(null));
    assert_eq!(app.staff().interview(27).await["version"], 1);
}

#[rstest]
#[case(json!({"id": null}))]
#[case(json!({"id": [27]}))]
#[case(json!({"id": 1.5}))]
#[case(json!({"id": {"id": 27}}))]
#[tokio::test]
async fn a_variable_of_another_type_has_a_code_too(
    #[case] variables: Value,
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let answer = app.staff().graphql("query($id: ID!) { interview(id: $id) { id } }", variables).await;
    assert!(["BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"].contains(&codes(&answer)[0]), "{answer:#}");
    assert_eq!(answer["data"], json!(null));
}

#[rstest]
#[tokio::test]
async fn an_error_in_one_field_leaves_the_others(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let query = "{ viewer { id } interview(id: 27) { id history(first: 101) { totalCount } } }";
    let answer = app.staff().graphql(query, json!({})).await;
    assert_eq!(codes(&answer), ["BAD_USER_INPUT"]);
    assert_eq!(answer["errors"][0]["path"], json!(["interview", "history"]));
    assert_eq!(answer["data"], json!({"viewer": {"id": "1000"}, "interview": null}));
}

#[rstest]
#[tokio::test]
async fn a_body_that_is_no_request_is_a_bad_request(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let half = r#"{"query": "{ viewer { id } }", "variables": {"a"#;
    let deep = "[".repeat(100_000);
    let bodies: [&[u8]; 14] = [
        b"",
        b"null",
        b"7",
        b"\"{ viewer { id } }\"",
        b"[]",
        b"[\"{ viewer { id } }\"]",
        b"{}{}",
        half.as_bytes(),
        deep.as_bytes(),
        b"{\"query\": 7}",
        b"{\"query\": \"{ viewer { id } }\", \"variables\": []}",
        b"{\"query\": \"\xff\"}",
        b"{\"query\": \"\\ud800\"}",
        b"query=%7Bviewer%7Bid%7D%7D",
    ];
    for body in bodies {
        for accept in [None, Some(MEDIA_TYPE)] {
            let answer = post(&app.staff(), "application/json", accept, body.to_vec()).await;
            let shown = String::from_utf8_lossy(body);
            assert_eq!((answer.status.as_u16(), codes(&answer.json())), (400, vec!["BAD_REQUEST"]), "{shown}");
            let media_type = format!("{}; charset=utf-8", accept.unwrap_or("application/json"));
            assert_eq!(answer.header("content-type"), media_type);
        }
    }
}

#[rstest]
#[case::none("")]
#[case::a_form("application/x-www-form-urlencoded")]
#[case::a_form_with_files("multipart/form-data; boundary=x")]
#[case::text("text/plain")]
#[case::a_bare_document("application/graphql")]
#[case::something_that_begins_like_json("application/json-seq")]
#[case::json_behind_text("text/plain; application/json")]
#[tokio::test]
async fn only_json_is_executed(#[case] content_type: &str, #[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let mutation = "mutation { updateInterview(id: 27, input: {kind: IN_PERSON}) { interview { id } } }";
    let json = json!({"query": mutation}).to_string();
    let form = format!(
        "--x\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n{json}\r\n--x\r\nContent-Disposition: form-data; name=\"map\"\r\n\r\n{{}}\r\n--x--\r\n"
    );
    for body in [json, form, mutation.to_owned()] {
        let answer = post(&app.staff(), content_type, None, body).await;
        assert_eq!((answer.status.as_u16(), codes(&answer.json())), (415, vec!["BAD_REQUEST"]));
    }
    assert_eq!(app.staff().interview(27).await["version"], 1);
}
