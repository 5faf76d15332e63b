//! Random requests to `/graphql`: no panic, no status 5xx, always a well-formed response.

use crate::support::Database::Sqlite;
use crate::support::TestApp;
use crate::support::people::JUDE_WITH_LUISA;
use axum::body::Body;
use axum::http::Request;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

/// Documents that are mutated. `{id}` is an interview.
const SEEDS: [&str; 7] = [
    "query List($first: Int = 5, $filter: InterviewFilter) { interviews(first: $first, filter: $filter) \
        { totalCount nodes { id startAt interviewee { kind driver { title } } } } }",
    "{ interview(id: \"{id}\") { ...F history(first: 3) { nodes { type changes { field from to } } } } } \
        fragment F on Interview { id status @include(if: true) }",
    "mutation M($id: ID!, $input: UpdateInterviewInput!) { updateInterview(id: $id, input: $input) \
        { interview { id version } userErrors { __typename code path } } }",
    "mutation { amendInterview(id: \"{id}\", input: {startAt: \"2025-03-20T10:00:00Z\", \
        endAt: \"2025-03-20T11:00:00Z\"}) { userErrors { message } } }",
    "{ __schema { types { name fields { name args { name defaultValue } } } } }",
    r#"{ a: interviewees(search: "%_\\") { nodes { id } } b: interviewers(first: 0) { pageInfo { endCursor } } }"#,
    "\u{feff}query ($v: [InterviewStatus!] = [PENDING]) { interviews(filter: {status: $v, overlaps: null}) \
        { edges { cursor } } } # end",
];

const PIECES: [&str; 24] = [
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "\"",
    "\"\"\"",
    "...",
    "$",
    "@skip(if: true)",
    ":",
    "!",
    "null",
    "-1",
    "99999999999",
    "1e400",
    "\\u0000",
    "\u{0}",
    "fragment",
    "on",
    "id",
    "__typename",
    "\u{1f980}",
];

#[derive(Clone, Debug)]
enum Mutation {
    Remove(prop::sample::Index, usize),
    Insert(prop::sample::Index, &'static str),
    Repeat(prop::sample::Index, usize),
}

fn mutations() -> impl Strategy<Value = Vec<Mutation>> {
    let at = any::<prop::sample::Index>;
    prop::collection::vec(
        prop_oneof![
            (at(), 1..12_usize).prop_map(|(at, length)| Mutation::Remove(at, length)),
            (at(), prop::sample::select(&PIECES[..])).prop_map(|(at, piece)| Mutation::Insert(at, piece)),
            (at(), 2..60_usize).prop_map(|(at, times)| Mutation::Repeat(at, times)),
        ],
        0..6,
    )
}

fn mutated(seed: &str, mutations: &[Mutation]) -> String {
    let mut text: Vec<char> = seed.chars().collect();
    for mutation in mutations {
        match mutation {
            Mutation::Remove(at, length) if !text.is_empty() => {
                let at = at.index(text.len());
                text.drain(at..(at + length).min(text.len()));
            }
            Mutation::Insert(at, piece) => {
                let at = at.index(text.len() + 1);
                text.splice(at..at, piece.chars());
            }
            Mutation::Repeat(at, times) if !text.is_empty() => {
                let at = at.index(text.len());
                let piece: Vec<char> = text[at..(at + 8).min(text.len())].repeat(*times);
                text.splice(at..at, piece);
            }
            _ => {}
        }
    }
    text.into_iter().collect()
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(vec!["PENDING", "2025-03-20T10:00:00Z", "2025-03-20", "", "\u{0}", "ä"])
            .prop_map(Value::from),
        Just(Value::from(JUDE_WITH_LUISA.to_string())),
        ".{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let name = prop::sample::select(vec![
            "first", "filter", "id", "input", "startAt", "location", "status", "gte", "x", "",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..4)
                .prop_map(|fields| fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Value>()),
        ]
    })
}

/// A request: its method, the body or the query string, its headers.
fn requests() -> impl Strategy<Value = (bool, Value, Vec<(&'static str, &'static str)>, usize)> {
    let seed = prop::sample::select(&SEEDS[..]).prop_map(|seed| seed.replace("{id}", &JUDE_WITH_LUISA.to_string()));
    let query = prop_oneof![
        9 => (seed, mutations()).prop_map(|(seed, mutations)| Value::from(mutated(&seed, &mutations))),
        1 => json_value(),
    ];
    let body = (query, json_value(), prop::option::of(json_value()), prop::option::of(json_value())).prop_map(
        |(query, variables, operation_name, extensions)| {
            let mut body = json!({"query": query, "variables": variables});
            if let Some(name) = operation_name {
                body["operationName"] = name;
            }
            if let Some(extensions) = extensions {
                body["extensions"] = json!({"persistedQuery": extensions});
            }
            body
        },
    );
    let headers = prop::collection::vec(
        prop::sample::select(vec![
            ("accept", "application/graphql-response+json"),
            ("accept", "application/json;q=abc, */*;q=0"),
            ("accept", ";;,"),
            ("content-type", "application/json"),
            ("content-type", "multipart/form-data"),
            ("accept-encoding", "gzip;q=0, *"),
            ("if-none-match", "*"),
            ("authorization", "Bearer x.y.z"),
            ("x-request-id", "\t"),
            ("origin", "null"),
        ]),
        0..4,
    );
    (any::<bool>(), body, headers, prop_oneof![Just(0_usize), 1..40_usize])
}

#[test]
fn every_request_has_a_well_formed_response() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let app = runtime.block_on(TestApp::start(Sqlite)).unwrap();
    let staff = app.staff();
    let mut runner = TestRunner::new(Config { cases: 600, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&requests(), |(by_get, body, headers, cut)| {
        let request = if by_get {
            let text = |name: &str| body[name].as_str().map_or_else(|| body[name].to_string(), str::to_owned);
            let query = form_urlencoded::Serializer::new(String::new())
                .append_pair("query", &text("query"))
                .append_pair("variables", &body["variables"].to_string())
                .append_pair("operationName", &text("operationName"))
                .finish();
            Request::get(format!("/graphql?{query}")).body(Body::empty())
        } else {
            let body = body.to_string();
            let kept = body.chars().count().saturating_sub(cut);
            Request::post("/graphql")
                .header("content-type", "application/json")
                .body(Body::from(body.chars().take(kept).collect::<String>()))
        };
        let Ok(mut request) = request else { return Ok(()) }; // no client could send it
        for (name, value) in headers {
            request.headers_mut().append(name, value.parse().unwrap());
        }
        let answer = runtime.block_on(staff.send_anything(request));
        prop_assert!(answer.status.as_u16() < 500, "{}: {}", answer.status, answer.text);
        if answer.status == 304 {
            return Ok(());
        }
        let json: Value = serde_json::from_str(&answer.text).map_err(|_| TestCaseError::fail(answer.text.clone()))?;
        let errors = json["errors"].as_array().cloned().unwrap_or_default();
        prop_assert!(json.get("data").is_some() || !errors.is_empty(), "{json}");
        for error in errors {
            prop_assert!(error["message"].is_string() && error["extensions"]["code"].is_string(), "{error}");
        }
        Ok(())
    });
    outcome.unwrap();
    runtime.block_on(async { drop(staff.ask("{ viewer { id } }", json!({})).await) });
}
