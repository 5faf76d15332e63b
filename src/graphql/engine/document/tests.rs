//! Which documents and variables are accepted, and with which code others are rejected.

use super::checked_document::{INTROSPECTION_FACTOR, PreparedDocument};
use super::diagnostics::MAX_ERRORS;
use super::*;
use crate::graphql::engine::allowance::Allowance;
use crate::graphql::engine::error::Code;
use async_graphql::parser::types::{DocumentOperations, Selection};
use async_graphql::{ID, Json, Variables};
use serde_json::json;
use std::collections::HashSet;
use std::sync::LazyLock;

static DEFINITION: LazyLock<Valid<Schema>> = LazyLock::new(|| parse_schema(include_str!("../../../../schema.graphql")));

fn documents() -> Documents {
    documents_with(DocumentLimits::default())
}

fn documents_with(limits: DocumentLimits) -> Documents {
    let check = |text: &str| match chrono::DateTime::parse_from_rfc3339(text) {
        Ok(_) => Ok(()),
        Err(_) => Err("This is no time.".to_owned()),
    };
    let rules = SchemaRules {
        definition: &DEFINITION,
        cost: CostRules {
            page_sizes: PageSizes { default: 20, max: 100 },
            free_texts: &[("Interview", "location")],
            scans: &[],
            lists: &[],
        },
        scalars: Box::leak(Box::new([CustomScalar { name: "DateTime", check }])),
    };
    Documents::new(&rules, limits)
}

fn allowance(documents: &Documents) -> Allowance {
    Allowance::new(documents.limits.complexity, usize::MAX)
}

fn rejected(text: &str) -> (Code, String) {
    let rejected =
        documents().parse_and_validate(text, Caching::Insert).err().unwrap_or_else(|| panic!("accepted: {text}"));
    (rejected.code, rejected.errors[0].message.clone())
}

#[test]
fn deeply_nested_documents_are_rejected() {
    for (open, close) in [("[", "]"), ("{a:", "}")] {
        for depth in [50, 2000, 6900, 100_000] {
            let nested = format!("{}{}", open.repeat(depth), close.repeat(depth));
            assert_eq!(rejected(&format!("{{ __type(name: {nested}) {{ name }} }}")).0, Code::QueryTooComplex);
            assert_eq!(
                rejected(&format!("query($a: String = {nested}) {{ __type(name: $a) {{ name }} }}")).0,
                Code::QueryTooComplex
            );
        }
    }
    let selections = format!("{}id{}", "{ viewer ".repeat(5000), "}".repeat(5000));
    assert_eq!(rejected(&selections).0, Code::QueryTooComplex);
    let types = format!("query($a: {}Int{}) {{ __typename }}", "[".repeat(3000), "]".repeat(3000));
    assert_eq!(rejected(&types).0, Code::QueryTooComplex);
}

#[test]
fn selections_of_multiplying_fragments_are_limited() {
    let fragment = |n| format!("fragment F{n} on Query {{ ...F{0} ...F{0} }}", n + 1);
    let fragments = (0..26).map(fragment).collect::<Vec<_>>().join(" ");
    let bomb = format!("{{ ...F0 }} {fragments} fragment F26 on Query {{ viewer {{ id }} }}");
    assert_eq!(rejected(&bomb), (Code::QueryTooComplex, "The document has more than 3000 selections.".to_owned()));
    let cycle = "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }";
    assert_eq!(rejected(cycle).0, Code::GraphqlValidationFailed);
}

#[test]
fn documents_that_violate_the_specification_are_rejected() {
    for text in [
        // conflicting fields, also across fragments
        "{ x: viewer { id } ...F } fragment F on Query { x: interviews { totalCount } }",
        "{ ...A ...B } fragment A on Query { interview(id: 1) { id } } fragment B on Query { interview(id: 2) { id } }",
        // a field twice in an input object
        r#"mutation { updateInterview(id: "27", input: {location: "a", location: "b"}) { interview { id } } }"#,
        // literals of a custom scalar
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
        assert_eq!(rejected(text).0, Code::GraphqlValidationFailed, "{text}");
    }
    for text in ["", "{", "{ viewer { id ", "query { viewer { id } } }", "{ interview(id: ) { id } }", "# nothing"] {
        assert_eq!(rejected(text).0, Code::GraphqlParseFailed, "{text}");
    }
}

#[test]
fn errors_of_a_wrong_document_are_limited_in_number_and_length() {
    let unknown = format!("{{ {} }}", "nope ".repeat(1000));
    assert!(documents().parse_and_validate(&unknown, Caching::Insert).err().unwrap().errors.len() <= MAX_ERRORS);
    let (_, message) = rejected(&format!("{{ {} }}", "n".repeat(200)));
    assert!(message.len() < 400, "{message}");
    assert_eq!(rejected(&format!("{{ {}: viewer {{ id }} }}", "n".repeat(100_000))).0, Code::QueryTooComplex);
}

#[test]
fn valid_documents_of_signed_in_users_are_cached() {
    let documents = documents();
    let parse = |text: &str, caching| documents.parse_and_validate(text, caching).ok();
    let is_cached = |text: &str| documents.cache.get(&hash(text)).is_some();
    assert!(parse("{ viewer { id } }", Caching::ReadOnly).is_some() && !is_cached("{ viewer { id } }"));
    let first = parse("{ viewer { id } }", Caching::Insert).unwrap();
    assert!(is_cached("{ viewer { id } }"));
    let again = parse("{ viewer { id } }", Caching::ReadOnly).unwrap();
    assert!(Arc::ptr_eq(&first, &again), "others find it there");
    assert!(parse("{ nope }", Caching::Insert).is_none() && !is_cached("{ nope }"));
}

#[test]
fn cache_is_limited_in_bytes() {
    let capacity = 1_000_000;
    let documents = documents_with(DocumentLimits { cache: capacity, ..DocumentLimits::default() });
    let insert = |text: String| {
        let document = documents.parse_and_validate(&text, Caching::Insert).unwrap_or_else(|error| panic!("{error:?}"));
        assert!(documents.cached_memory() <= capacity as u64);
        document.memory()
    };
    let mut memory = 0;
    for number in 0..40 {
        memory += insert(format!("{{ a{number}: __typename {} }}", "__typename ".repeat(200)));
        memory += insert(format!("{{ __type(name: \"{number}{}\") {{ name }} }}", "a".repeat(60_000)));
    }
    assert!(memory > 10 * capacity);
    assert!(documents.cached_memory() > capacity as u64 / 2, "the cache is used");
    let larger_than_the_cache = format!("{{ {} }}", "__typename ".repeat(2900));
    assert!(insert(larger_than_the_cache) > capacity);
}

#[test]
fn document_that_is_too_long_is_rejected() {
    let padded = |length: usize| format!("{{ viewer {{ id }} }}{}", " ".repeat(length - 17));
    assert!(documents().parse_and_validate(&padded(64 * 1024), Caching::Insert).is_ok());
    let message = "The document has more than 65536 bytes.".to_owned();
    assert_eq!(rejected(&padded(64 * 1024 + 1)), (Code::QueryTooComplex, message.clone()));
    let long = padded(64 * 1024 + 1);
    let persisted = documents().parse_and_validate_persisted(&long, hash(&long), Caching::Insert);
    assert_eq!(persisted.err().unwrap().errors[0].message, message);
}

#[test]
fn operations_of_one_request_share_an_allowance() {
    let documents = documents_with(DocumentLimits { complexity: 10, ..DocumentLimits::default() });
    let mut allowance = allowance(&documents);
    let mut spend = |text: &str| {
        let document = documents.parse_and_validate(text, Caching::Insert).unwrap_or_else(|error| panic!("{error:?}"));
        let operation = document.operation(None).unwrap();
        let prepared = document.prepare(&documents, operation, &mut Variables::default(), &mut allowance, Names::Shown);
        prepared.map(|prepared| prepared.cost).map_err(|error| error.errors[0].message.clone())
    };
    let alone = "The operation costs more than 10 points. Ask for shorter lists or fewer fields.";
    assert_eq!(spend("{ interviews(first: 5) { nodes { id } } }"), Err(alone.to_owned()), "11 points");
    assert_eq!(spend("{ interview(id: 1) { location } }"), Ok(6), "a free text costs 5");
    let introspection = format!("{{ {} }}", "__typename ".repeat(2 * INTROSPECTION_FACTOR));
    assert_eq!(spend(&introspection), Ok(2 * INTROSPECTION_FACTOR), "2 points for what it may cost");
    let together = "The operations of the batch cost more than 10 points together. Send fewer at a time.";
    assert_eq!(spend("{ viewer { id role } }"), Err(together.to_owned()));
    assert_eq!(spend("{ viewer { id } }"), Ok(2));
    assert_eq!(spend("{ __typename }"), Err(together.to_owned()));
}

#[test]
fn subscriptions_with_equal_selections_have_equal_hashes() {
    let documents = documents();
    let selection_hash = |text: &str, given: serde_json::Value| {
        let document = documents
            .parse_and_validate(text, Caching::Insert)
            .unwrap_or_else(|rejected| panic!("{text}: {:?}", rejected.errors));
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
            "subscription($n: Int = {default}) {{ \
             interviewChanged {{ interview {{ history(first: $n) {{ totalCount }} }} }} }}"
        )
    };
    assert_ne!(
        selection_hash(&with_default(1), json!({})),
        selection_hash(&with_default(2), json!({})),
        "defaults count"
    );
    let hashes: HashSet<_> = [json!({}), json!({"n": null}), json!({"n": 1}), json!({"n": 2})]
        .map(|given| selection_hash(&with_default(1), given))
        .into();
    assert_eq!(hashes.len(), 4, "variables count where they are used below the root");
    let in_a_fragment =
        "subscription($since: ID) { ...F } fragment F on Subscription { interviewChanged(since: $since) { id } }";
    assert_eq!(selection_hash(in_a_fragment, json!({"since": 1})), selection_hash(in_a_fragment, json!({"since": 2})));
}

#[test]
fn a_selection_keeps_only_the_variables_that_it_uses() {
    let documents = documents();
    let text = "subscription($since: ID, $kept: Int) { \
                interviewChanged(since: $since) { interview { history(first: $kept) { totalCount } } } }";
    let document =
        documents.parse_and_validate(text, Caching::Insert).unwrap_or_else(|rejected| panic!("{:?}", rejected.errors));
    let given = Variables::from_json(json!({"since": "5", "kept": 3, "unknown": [1, 2, 3]}));
    let kept = document.selection_hash(document.operation(None).unwrap(), &given).variables;
    assert_eq!(json!(kept), json!({"kept": 3}));
}

fn prepared(text: &str, given: serde_json::Value) -> PreparedDocument {
    let documents = documents();
    let document = documents
        .parse_and_validate(text, Caching::Insert)
        .unwrap_or_else(|error| panic!("{text}: {:?}", error.errors));
    let operation = document.operation(None).unwrap();
    let mut variables = Variables::from_json(given);
    let prepared = document.prepare(&documents, operation, &mut variables, &mut allowance(&documents), Names::Shown);
    prepared.unwrap_or_else(|error| panic!("{error:?}"))
}

#[test]
fn root_fields_of_mutations_are_merged_unless_directives_remove_them() {
    let text = "mutation($skipped: Boolean = true) { \
                ...First a: cancelInterview(id: 1) @skip(if: $skipped) { interview { version } } \
                b: cancelInterview(id: 2) @include(if: false) { interview { id } } } \
                fragment First on Mutation { a: cancelInterview(id: 1) { interview { id } } }";
    let selections = |given| {
        let document = prepared(text, given);
        let DocumentOperations::Single(operation) = document.executable.operations else { panic!("one operation") };
        let fields = operation.node.selection_set.node.items.into_iter().map(|selection| match selection.node {
            Selection::Field(field) => field.node.selection_set.node.items.len(),
            _ => panic!("fragments are collected"),
        });
        fields.collect::<Vec<_>>()
    };
    assert_eq!(selections(json!({})), [1], "the default of the variable");
    assert_eq!(selections(json!({"skipped": true})), [1]);
    assert_eq!(selections(json!({"skipped": false})), [2]);
}

#[test]
fn arguments_of_a_subscription_have_their_variables_substituted() {
    let text = "subscription($since: ID = \"5\", $kind: InterviewKind, $driver: ID) { ...Root } \
                fragment Root on Subscription { \
                interviewChanged(since: $since, filter: {kind: [VIDEO_CALL, $kind], driverId: $driver}) { id } }";
    let arguments = |given| {
        let field = prepared(text, given).root_field.unwrap();
        let since: Option<ID> = field.argument("since").unwrap();
        let filter: Json<serde_json::Value> = field.argument("filter").unwrap();
        (field.name().to_owned(), since.map(|id| id.0), filter.0)
    };
    let name = "interviewChanged".to_owned();
    let kinds = json!({"kind": ["VIDEO_CALL", "IN_PERSON"]});
    assert_eq!(arguments(json!({"kind": "IN_PERSON"})), (name.clone(), Some("5".to_owned()), kinds));
    let with_driver = json!({"kind": ["VIDEO_CALL", "PHONE_CALL"], "driverId": "7"});
    let given = json!({"since": null, "kind": "PHONE_CALL", "driver": "7"});
    assert_eq!(arguments(given), (name, None, with_driver));
}

#[test]
fn arguments_count_for_each_field_that_may_run() {
    let long = "x".repeat(10_000);
    let people = "interviewees(search: $s) { nodes { id } }";
    for (query, uses) in [
        (format!("query($s: String) {{ {people} }}"), 1),
        (format!("query($s: String) {{ a: {people} b: {people} c: {people} }}"), 3),
        (format!("query($s: String) {{ ...F ...F ... {{ ...F }} }} fragment F on Query {{ {people} }}"), 3),
        (
            "query($s: String) { interviewees(first: 5) { nodes { interviews(after: $s) { nodes { id } } } } }"
                .to_owned(),
            5,
        ),
        ("query($s: DateTime) { interviews(filter: {startAt: {gte: $s, lt: $s}}) { totalCount } }".to_owned(), 2),
    ] {
        let memory = |given| prepared(&query, given).memory;
        let expected = uses * (long.len() - 20);
        let short = "2026-01-01T00:00:00Z";
        let padded = format!("2026-01-01T00:00:00.{}Z", "0".repeat(long.len() - 21));
        assert_eq!(memory(json!({"s": padded})) - memory(json!({"s": short})), expected, "{query}");
        let with_default = query.replacen(')', &format!(" = \"{padded}\")"), 1);
        let memory = |given| prepared(&with_default, given).memory;
        assert_eq!(memory(json!({})) - memory(json!({"s": short})), expected, "{with_default}");
    }
    let numbers = |count: usize| {
        let list = "query($s: [InterviewStatus!]) { a: interviews(filter: {status: $s}) { totalCount } }";
        prepared(list, json!({"s": vec!["PENDING"; count]})).memory
    };
    assert!(numbers(1000) - numbers(0) >= 1000 * ("PENDING".len() + size_of::<async_graphql::Value>()));
}

#[test]
fn introspection_may_cost_as_much_as_that_of_graphiql() {
    let cost = prepared(include_str!("../../../../tests/suite/support/introspection.graphql"), json!({})).cost;
    let limit = |factor: usize| factor * DocumentLimits::default().complexity;
    assert!((limit(INTROSPECTION_FACTOR - 1)..limit(INTROSPECTION_FACTOR)).contains(&cost), "{cost}");
}
