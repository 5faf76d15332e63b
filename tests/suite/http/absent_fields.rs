//! What stands for a field that a client does not set is the same on every transport: nothing, null, or the empty text.

use crate::support::Database::Sqlite;
use crate::support::TestApp;
use crate::support::people::JUDE_WITH_LUISA;
use crate::support::transports::{Transport, Transports};
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

const QUERY: (&str, &str) =
    ("query", r#""query Page($size: Int = 1) { interviews(first: $size) { nodes { __typename } } }""#);

/// The fields of an operation without those that have no value here.
fn fields<'a>(optional: &[(&'a str, Option<&'a str>)]) -> Vec<(&'a str, &'a str)> {
    let given = optional.iter().filter_map(|(name, value)| Some((*name, (*value)?)));
    [QUERY].into_iter().chain(given).collect()
}

fn message(answer: &Value) -> &str {
    answer["errors"][0]["message"].as_str().unwrap_or_else(|| panic!("no error: {answer}"))
}

#[tokio::test]
async fn absent_null_and_empty_fields_are_equal_on_every_transport() {
    let transports = Transports::start().await;
    let expected = json!({"data": {"interviews": {"nodes": [{"__typename": "Interview"}]}}});
    let empty_text = Some(r#""""#);
    for transport in Transport::ALL {
        // Null of a text has no form in an address.
        let names =
            [None, empty_text, Some("null")].into_iter().filter(|it| !transport.is_by_get() || *it != Some("null"));
        for name in names {
            for variables in [None, Some("null"), empty_text, Some("{}")] {
                for extensions in [None, Some("null"), empty_text, Some("{}"), Some(r#"{"persistedQuery":null}"#)] {
                    let optional = [("operationName", name), ("variables", variables), ("extensions", extensions)];
                    let answer = transports.answer(transport, &fields(&optional)).await;
                    assert_eq!(answer, expected, "{transport:?} {optional:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn empty_name_names_none_of_several_operations() {
    let transports = Transports::start().await;
    let two = ("query", r#""query A { __typename } query B { __typename }""#);
    for transport in Transport::ALL {
        let answer = transports.answer(transport, &[two, ("operationName", r#""""#)]).await;
        let expected = "The document has several operations. Name one of them in `operationName`.";
        assert_eq!(message(&answer), expected, "{transport:?}");
        for name in [r#"" ""#, r#""null""#, r#""C""#] {
            let answer = transports.answer(transport, &[two, ("operationName", name)]).await;
            let expected = "The value of `operationName` names no operation of the document.";
            assert_eq!(message(&answer), expected, "{transport:?} {name}");
        }
    }
}

#[tokio::test]
async fn query_that_is_absent_or_null_needs_a_hash() {
    let transports = Transports::start().await;
    let unknown = format!(r#"{{"persistedQuery":{{"version":1,"sha256Hash":"{}"}}}}"#, "0".repeat(64));
    for transport in Transport::ALL {
        for query in [None, Some(r#""""#), Some("null")] {
            if transport.is_by_get() && query == Some("null") {
                continue; // a document
            }
            let query: Vec<_> = query.map(|query| ("query", query)).into_iter().collect();
            let with_hash = [&query[..], &[("extensions", unknown.as_str())]].concat();
            let answer = transports.answer(transport, &with_hash).await;
            assert_eq!(message(&answer), "PersistedQueryNotFound", "{transport:?} {query:?}");
            if query != [("query", r#""""#)] {
                assert_eq!(message(&transports.answer(transport, &query).await), "The field `query` is missing.");
            }
        }
    }
}

#[tokio::test]
async fn other_values_are_refused_on_every_transport() {
    let transports = Transports::start().await;
    for transport in Transport::ALL {
        let kind = if transport.is_by_get() { "a JSON object" } else { "an object" };
        for value in [r#"" ""#, r#""{}""#, r#""null ""#, "[]", "5", "false"] {
            for name in ["variables", "extensions"] {
                if transport.is_by_get() && value.starts_with('"') && value != r#"" ""# {
                    continue; // the text itself is the JSON
                }
                let answer = transports.answer(transport, &fields(&[(name, Some(value))])).await;
                assert_eq!(message(&answer), format!("The field `{name}` has to be {kind}."), "{transport:?} {value}");
            }
        }
        if !transport.is_by_get() {
            for value in ["5", "{}", "[]", "false"] {
                let answer = transports.answer(transport, &fields(&[("operationName", Some(value))])).await;
                assert_eq!(message(&answer), "The field `operationName` has to be a string.", "{transport:?} {value}");
            }
        }
    }
}

#[tokio::test]
async fn one_byte_order_mark_before_a_body_or_a_message_is_skipped() {
    let transports = Transports::start().await;
    let body = r#"{"query":"{ __typename }"}"#;
    let expected = json!({"data": {"__typename": "Query"}});
    for transport in [Transport::Post, Transport::EventsByPost] {
        let answer = transports.answer_to_body(transport, &format!("\u{feff}{body}")).await;
        assert_eq!(answer, expected, "{transport:?}");
        for twice in [format!("\u{feff}\u{feff}{body}"), format!(" \u{feff}{body}"), "\u{feff}".to_owned()] {
            let answer = transports.answer_to_body(transport, &twice).await;
            assert_eq!(message(&answer), "The body is not JSON.", "{transport:?} {twice:?}");
        }
    }
    let subscribe = format!(r#"{{"id":"1","type":"subscribe","payload":{body}}}"#);
    assert_eq!(transports.answer_to_message(&format!("\u{feff}{subscribe}")).await, expected);
    let answer = transports.answer_to_message(&format!("\u{feff}\u{feff}{subscribe}")).await;
    assert_eq!(message(&answer), "The message is not JSON.");
    for transport in [Transport::Get, Transport::EventsByGet] {
        let answer = transports.answer(transport, &fields(&[("variables", Some("\u{feff}{\"size\":1}"))])).await;
        assert_eq!(answer["data"]["interviews"]["nodes"], json!([{"__typename": "Interview"}]), "{transport:?}");
    }
    let staff = transports.server.app.staff();
    let send = async |method: &str, path: String, body: String| {
        let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        staff.send(request.body(Body::from(body)).unwrap()).await
    };
    let batch = send("POST", "/graphql".to_owned(), format!("\u{feff}[{body}]")).await;
    assert_eq!(batch.json(), json!([expected]));
    let path = || format!("/api/v1/interviews/{JUDE_WITH_LUISA}");
    let update = r#"{"interview":{"location":"Gate 7"}}"#;
    assert_eq!(send("PATCH", path(), format!("\u{feff}{update}")).await.json()["interview"]["location"], "Gate 7");
    assert_eq!(send("PATCH", path(), format!("\u{feff}\u{feff}{update}")).await.status, 400);
}

#[tokio::test]
async fn persisted_query_can_be_named_with_a_version_that_has_a_fraction() {
    let app: TestApp = start!(Sqlite);
    for (version, code) in
        [("1", "PERSISTED_QUERY_NOT_FOUND"), ("1.0", "PERSISTED_QUERY_NOT_FOUND"), ("1.5", "BAD_REQUEST")]
    {
        let hash = "0".repeat(64);
        let body = format!(r#"{{"extensions":{{"persistedQuery":{{"version":{version},"sha256Hash":"{hash}"}}}}}}"#);
        let request = Request::post("/graphql").header("content-type", "application/json");
        let answer = app.staff().send(request.body(Body::from(body)).unwrap()).await.json();
        assert_eq!(answer["errors"][0]["extensions"]["code"], code, "{version}");
    }
}
