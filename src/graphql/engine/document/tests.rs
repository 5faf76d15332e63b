//! What passes, and what is refused with which code.

use super::*;
use crate::graphql::sdl;
use async_graphql::Variables;
use serde_json::json;
use std::collections::HashSet;

fn documents() -> Documents {
    Documents::new(&sdl(), DocumentLimits::default())
}

fn refused(text: &str) -> (Code, String) {
    let refused = documents().parse_and_validate(text).err().unwrap_or_else(|| panic!("accepted: {text}"));
    (refused.code, refused.errors[0].message.clone())
}

#[test]
fn a_text_that_would_overflow_a_parsers_stack_is_refused() {
    for (open, close) in [("[", "]"), ("{a:", "}")] {
        for depth in [50, 2000, 6900, 100_000] {
            let nested = format!("{}{}", open.repeat(depth), close.repeat(depth));
            assert_eq!(refused(&format!("{{ __type(name: {nested}) {{ name }} }}")).0, Code::QueryTooComplex);
            assert_eq!(
                refused(&format!("query($a: String = {nested}) {{ __type(name: $a) {{ name }} }}")).0,
                Code::QueryTooComplex
            );
        }
    }
    let selections = format!("{}id{}", "{ viewer ".repeat(5000), "}".repeat(5000));
    assert_eq!(refused(&selections).0, Code::QueryTooComplex);
    let types = format!("query($a: {}Int{}) {{ __typename }}", "[".repeat(3000), "]".repeat(3000));
    assert_eq!(refused(&types).0, Code::QueryTooComplex);
}

#[test]
fn fragments_that_multiply_are_counted_and_not_expanded() {
    let fragment = |n| format!("fragment F{n} on Query {{ ...F{0} ...F{0} }}", n + 1);
    let fragments = (0..26).map(fragment).collect::<Vec<_>>().join(" ");
    let bomb = format!("{{ ...F0 }} {fragments} fragment F26 on Query {{ viewer {{ id }} }}");
    assert_eq!(refused(&bomb), (Code::QueryTooComplex, "the document has more than 3000 selections".to_owned()));
    let cycle = "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }";
    assert_eq!(refused(cycle).0, Code::GraphqlValidationFailed);
}

#[test]
fn what_the_specification_forbids_is_refused() {
    for text in [
        // conflicting fields, also across fragments
        "{ x: viewer { id } ...F } fragment F on Query { x: interviews { totalCount } }",
        r#"{ ...A ...B } fragment A on Query { interview(id: "1") { id } } fragment B on Query { interview(id: "2") { id } }"#,
        // a field twice in an input object
        r#"mutation { updateInterview(id: "27", input: {location: "a", location: "b"}) { interview { id } } }"#,
        // literals of a scalar of ours
        r#"{ interviews(filter: {startAt: {gte: "yesterday"}}) { totalCount } }"#,
        "{ interviews(filter: {startAt: {gte: 20250320}}) { totalCount } }",
        r#"query($t: DateTime = "2025-03-20") { interviews(filter: {startAt: {gte: $t}}) { totalCount } }"#,
        // integers out of range
        "{ interviews(first: 2147483648) { totalCount } }",
        "{ nope }",
        "query A { __typename } query A { __typename }",
        "query($a: Int) { __typename }",
        "type T { a: Int }",
    ] {
        assert_eq!(refused(text).0, Code::GraphqlValidationFailed, "{text}");
    }
    for text in ["", "{", "{ viewer { id ", "query { viewer { id } } }", "{ interview(id: ) { id } }", "# nothing"] {
        assert_eq!(refused(text).0, Code::GraphqlParseFailed, "{text}");
    }
}

#[test]
fn an_answer_is_not_larger_than_its_question() {
    let unknown = format!("{{ {} }}", "nope ".repeat(1000));
    assert!(documents().parse_and_validate(&unknown).err().unwrap().errors.len() <= MOST_ERRORS);
    let (_, message) = refused(&format!("{{ {} }}", "n".repeat(200)));
    assert!(message.len() < 400, "{message}");
    assert_eq!(refused(&format!("{{ {}: viewer {{ id }} }}", "n".repeat(100_000))).0, Code::QueryTooComplex);
}

fn variables(text: &str, given: serde_json::Value) -> Result<(), String> {
    let documents = documents();
    let document = documents.parse_and_validate(text).map_err(|refused| refused.errors[0].message.clone())?;
    let operation = document.operation(None).unwrap();
    let given = Variables::from_json(given);
    document.prepare(&documents, operation, &given).map(drop).map_err(|refused| {
        assert_eq!(refused.code, Code::BadUserInput);
        refused.errors.iter().map(|error| error.message.clone()).collect::<Vec<_>>().join("; ")
    })
}

#[test]
fn variables_are_checked_before_anything_runs() {
    let update = "mutation($id: ID!, $input: UpdateInterviewInput!) { updateInterview(id: $id, input: $input) { interview { id } } }";
    assert_eq!(variables(update, json!({"id": "27", "input": {"location": null}})), Ok(()));
    assert_eq!(variables(update, json!({"id": 27, "input": {}})), Ok(()));
    for (given, message) in [
        (json!({"input": {}}), "`$id` is missing: expected `ID!`"),
        (json!({"id": null, "input": {}}), "`$id` is null: expected `ID!`"),
        (json!({"id": 1.5, "input": {}}), "`$id` is not valid: expected `ID!`"),
        (json!({"id": "27", "input": {"kind": "FAX"}}), "`$input.kind` is not valid: expected `InterviewKind`"),
        (
            json!({"id": "27", "input": {"colour": 1}}),
            "`$input` has an unknown field `colour`: expected `UpdateInterviewInput!`",
        ),
        (json!({"id": "27", "input": {"location": 5}}), "`$input.location` is not valid: expected `String`"),
        (json!({"id": "27", "input": "x"}), "`$input` is not valid: expected `UpdateInterviewInput!`"),
    ] {
        assert_eq!(variables(update, given), Err(message.to_owned()));
    }
    let message = variables(update, json!({"id": "27", "input": {"startAt": "2025-03-20"}})).unwrap_err();
    assert!(message.starts_with("`$input.startAt` is not valid: expected `DateTime`: not an RFC 3339"), "{message}");
    let list = "query($s: [InterviewStatus!], $n: Int) { interviews(first: $n, filter: {status: $s}) { totalCount } }";
    assert_eq!(variables(list, json!({"s": "PENDING"})), Ok(()), "a list of one");
    let message = "`$s[1]` is null: expected `InterviewStatus!`; `$n` is not valid: expected `Int`";
    assert_eq!(variables(list, json!({"s": ["PENDING", null], "n": 3_000_000_000_i64})), Err(message.to_owned()));
}

#[test]
fn a_valid_document_is_understood_once() {
    let documents = documents();
    let first = documents.parse_and_validate("{ viewer { id } }").unwrap();
    assert!(Arc::ptr_eq(&first, &documents.parse_and_validate("{ viewer { id } }").unwrap()));
    assert!(documents.parse_and_validate("{ nope }").is_err());
    assert!(documents.known.get(&hash("{ nope }")).is_none());
}

#[test]
fn subscriptions_are_the_same_in_substance_whichever_events_they_want() {
    let documents = documents();
    let selection_hash = |text: &str, given: serde_json::Value| {
        let document =
            documents.parse_and_validate(text).unwrap_or_else(|refused| panic!("{text}: {:?}", refused.errors));
        document.selection_hash(document.operation(None).unwrap(), &Variables::from_json(given)).hash
    };
    let plain = selection_hash("subscription { interviewChanged { id } }", json!({}));
    let since = "subscription Dashboard($since: ID, $filter: InterviewFilter) { \
                 interviewChanged(since: $since, filter: $filter) { id } }";
    for given in [json!({}), json!({"since": "5"}), json!({"since": "6", "filter": {"kind": "IN_PERSON"}})] {
        assert_eq!(selection_hash(since, given), plain);
    }
    assert_eq!(selection_hash("subscription { interviewChanged(since: 7) {\n  id\n} }", json!({})), plain);
    for other in [
        "subscription { interviewChanged { id at } }",
        "subscription { interviewChanged { x: id } }",
        "subscription { x: interviewChanged { id } }",
        "subscription { interviewChanged { id @include(if: true) } }",
        "subscription { interviewChanged { ...F } } fragment F on InterviewEvent { id }",
    ] {
        assert_ne!(selection_hash(other, json!({})), plain, "{other}");
    }
    let in_fragments = |field: &str| {
        let text = format!("subscription {{ interviewChanged {{ ...F }} }} fragment F on InterviewEvent {{ {field} }}");
        selection_hash(&text, json!({}))
    };
    assert_ne!(in_fragments("id"), in_fragments("at"));
    let with_default = |default: i32| {
        format!(
            "subscription($n: Int = {default}) {{ interviewChanged {{ interview {{ history(first: $n) {{ totalCount }} }} }} }}"
        )
    };
    assert_ne!(
        selection_hash(&with_default(1), json!({})),
        selection_hash(&with_default(2), json!({})),
        "defaults count"
    );
    let to_server_errors: HashSet<_> = [json!({}), json!({"n": null}), json!({"n": 1}), json!({"n": 2})]
        .map(|given| selection_hash(&with_default(1), given))
        .into();
    assert_eq!(to_server_errors.len(), 4, "variables count that are used beneath the root");
    let in_a_fragment =
        "subscription($since: ID) { ...F } fragment F on Subscription { interviewChanged(since: $since) { id } }";
    assert_eq!(selection_hash(in_a_fragment, json!({"since": 1})), selection_hash(in_a_fragment, json!({"since": 2})));
}

#[test]
fn of_a_subscriptions_variables_only_those_are_kept_that_are_used_for_each_event() {
    let documents = documents();
    let text = "subscription($since: ID, $kept: Int) { \
                interviewChanged(since: $since) { interview { history(first: $kept) { totalCount } } } }";
    let document = documents.parse_and_validate(text).unwrap_or_else(|refused| panic!("{:?}", refused.errors));
    let given = Variables::from_json(json!({"since": "5", "kept": 3, "unknown": [1, 2, 3]}));
    let kept = document.selection_hash(document.operation(None).unwrap(), &given).variables;
    assert_eq!(json!(kept), json!({"kept": 3}));
}
