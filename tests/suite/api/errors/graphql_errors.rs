//! Every top-level GraphQL error has `extensions.code`, whichever part of the request is invalid.

use crate::support::Database::Sqlite;
use crate::support::actor::{Actor, Answer};
use crate::support::people::JUDE_WITH_LUISA;
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

const MEDIA_TYPE: &str = "application/graphql-response+json";

/// Sends a body unchanged.
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

/// An operation that updates Jude's interview with Luisa, with these arguments.
fn update(operation: &str, arguments: &str) -> String {
    format!("{operation} {{ updateInterview(id: {JUDE_WITH_LUISA} {arguments}) {{ interview {{ id }} }} }}")
}

/// The codes of the errors. Fails unless every error has a code and a message.
fn codes(answer: &Value) -> Vec<&str> {
    let errors = answer["errors"].as_array().unwrap_or_else(|| panic!("{answer:#}"));
    let code = |error: &'_ Value| {
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{answer:#}");
        assert!(error["extensions"]["code"].is_string(), "{answer:#}");
    };
    errors.iter().for_each(code);
    errors.iter().map(|error| error["extensions"]["code"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn unparsable_document_is_graphql_parse_failed() {
    let app = start!(Sqlite);
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
        // A client without a token gets the same error.
        assert_eq!(codes(&app.anonymous().graphql(query, json!({})).await), ["GRAPHQL_PARSE_FAILED"]);
        let plain = post(&app.staff(), "application/json", None, body).await;
        assert_eq!((plain.status.as_u16(), plain.json()), (200, answer.json()));
    }
}

#[tokio::test]
async fn invalid_document_is_graphql_validation_failed() {
    let app = start!(Sqlite);
    for query in [
        "{ nothing }",
        "{ nothing neither }",
        "{ viewer }",
        "{ viewer { id { x } } }",
        "{ interview { id } }",
        &format!("{{ interview(id: {JUDE_WITH_LUISA}, x: 1) {{ id }} }}"),
        "{ interview(id: {}) { id } }",
        "{ interviews(filter: {status: [NOPE]}) { totalCount } }",
        &update("mutation", "input: {kind: NOPE}"),
        &update("mutation", "input: {status: COMPLETED}"),
        &update("mutation", ""),
        &format!("mutation {{ deleteInterview(id: {JUDE_WITH_LUISA}) {{ id }} }}"),
        "subscription { x }",
        "{ ...nothing }",
        "{ ...a } fragment a on Query { ...a }",
        "{ interview(id: $id) { id } }",
        "{ viewer @nothing { id } }",
        "{ interviews(filter: {startAt: {gte: \"tomorrow\"}}) { totalCount } }",
    ] {
        let body = json!({"query": query}).to_string();
        let answer = post(&app.staff(), "application/json", Some(MEDIA_TYPE), body).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
        assert!(answer.json().get("data").is_none(), "nothing ran");
        let json = answer.json();
        let mut codes = codes(&json);
        codes.dedup();
        assert_eq!(codes, ["GRAPHQL_VALIDATION_FAILED"], "{}", answer.text);
        assert_eq!(app.staff().interview(JUDE_WITH_LUISA).await["version"], 1);
    }
}

#[tokio::test]
async fn unknown_operation_name_is_a_bad_request() {
    let app = start!(Sqlite);
    for name in [json!("C"), json!(""), json!("a")] {
        let document = update("query A { a: __typename } mutation B", "input: {kind: IN_PERSON}");
        let send = async |name: &Value| {
            let body = json!({"query": document, "operationName": name}).to_string();
            post(&app.staff(), "application/json", Some(MEDIA_TYPE), body).await
        };
        let answer = send(&name).await;
        assert_eq!((answer.status.as_u16(), codes(&answer.json())), (400, vec!["BAD_REQUEST"]));
        assert_eq!(send(&json!("A")).await.json(), json!({"data": {"a": "Query"}}));
        assert_eq!(app.staff().interview(JUDE_WITH_LUISA).await["version"], 1);
    }
}

#[tokio::test]
async fn invalid_argument_value_is_bad_user_input() {
    let app = start!(Sqlite);
    for (query, variables) in [
        ("{ interviews(first: 101) { totalCount } }", json!({})),
        ("{ interviews(last: -1) { totalCount } }", json!({})),
        ("{ interviews(first: 1, last: 1) { totalCount } }", json!({})),
        ("{ interviews(after: \"x\") { totalCount } }", json!({})),
        (
            "{ interviews(filter: {overlaps: {startAt: \"2025-01-02T00:00:00Z\", endAt: \"2025-01-01T00:00:00Z\"}}) \
        { totalCount } }",
            json!({}),
        ),
        ("query($n: Int) { interviews(first: $n) { totalCount } }", json!({"n": 3_000_000_000_i64})),
        (
            "query($t: DateTime) { interviews(filter: {updatedAt: {lt: $t}}) { totalCount } }",
            json!({"t": "2025-01-01"}),
        ),
        (
            update("mutation($input: UpdateInterviewInput!)", "input: $input").as_str(),
            json!({"input": {"startAt": "2025-03-20T10:32:08"}}),
        ),
        ("query($id: ID!) { interview(id: $id) { id } }", json!({})),
    ] {
        let answer = app.staff().graphql(query, variables).await;
        assert_eq!(codes(&answer), ["BAD_USER_INPUT"], "{answer:#}");
        assert_eq!(answer["data"], json!(null));
        assert_eq!(app.staff().interview(JUDE_WITH_LUISA).await["version"], 1);
    }
}

#[tokio::test]
async fn variable_of_another_type_is_bad_user_input() {
    let app = start!(Sqlite);
    let id = JUDE_WITH_LUISA.0;
    for id in [json!(null), json!([id]), json!(1.5), json!({"id": id})] {
        let answer = app.staff().graphql("query($id: ID!) { interview(id: $id) { id } }", json!({"id": id})).await;
        assert_eq!(codes(&answer), ["BAD_USER_INPUT"], "{answer:#}");
        assert_eq!(answer["data"], json!(null));
    }
}

#[tokio::test]
async fn error_in_one_field_keeps_the_other_fields() {
    let app = start!(Sqlite);
    let query =
        format!("{{ viewer {{ id }} interview(id: {JUDE_WITH_LUISA}) {{ id history(first: 101) {{ totalCount }} }} }}");
    assert_json!(app.staff().graphql(&query, json!({})).await, @r#"
    {
      "data": {"interview": null, "viewer": {"id": "1000"}},
      "errors": [
        {
          "extensions": {"code": "BAD_USER_INPUT"},
          "locations": [{"column": 40, "line": 1}],
          "message": "The argument `first` has to be from 0 to 100.",
          "path": ["interview", "history"]
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn malformed_request_body_is_a_bad_request() {
    let app = start!(Sqlite);
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

#[tokio::test]
async fn body_of_another_content_type_is_rejected() {
    let app = start!(Sqlite);
    for content_type in [
        "",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain",
        "application/graphql",
        "application/json-seq",
        "text/plain; application/json",
    ] {
        let mutation = update("mutation", "input: {kind: IN_PERSON}");
        let json = json!({"query": mutation}).to_string();
        let form = format!(
            "--x\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n{json}\r\n--x\r\n\
             Content-Disposition: form-data; name=\"map\"\r\n\r\n{{}}\r\n--x--\r\n"
        );
        for body in [json, form, mutation] {
            let answer = post(&app.staff(), content_type, None, body).await;
            assert_eq!((answer.status.as_u16(), codes(&answer.json())), (415, vec!["BAD_REQUEST"]));
        }
        assert_eq!(app.staff().interview(JUDE_WITH_LUISA).await["version"], 1);
    }
}
