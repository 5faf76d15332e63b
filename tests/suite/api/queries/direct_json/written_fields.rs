//! Which fields are written directly, and that requests use it.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::people::{JUDE_APPLICATION, JUDE_WITH_LUISA};
use rstest::rstest;
use serde_json::{Value, json};

/// Fields without arguments whose values are scalars, enums or lists of them, and which are executed nevertheless.
const EXECUTED: &[(&str, &str)] =
    &[("Interview.availableActions", "depends on the viewer and the clock, which its resolver reads from the context")];

/// The selection of the benchmark: fields of an interview with its people.
const WITH_PEOPLE: &str = "id kind status startAt endAt location version \
    interviewee { id kind driver { id title phoneNumber } } interviewer { id title contactPhoneNumber }";

/// The number of objects that the server writes directly for a request.
async fn written_objects(app: &TestApp, query: &str) -> u64 {
    let before = app.app.engine().embedded_objects();
    app.admin().ask(query, json!({})).await;
    app.app.engine().embedded_objects() - before
}

/// The names of the fields of a type that have no arguments and whose values have no fields of their own.
async fn leaf_fields(app: &TestApp, name: &str) -> Vec<String> {
    let query = format!(
        "{{ __type(name: \"{name}\") {{ fields {{ name args {{ name }} type {{ ...ref }} }} }} }} \
         fragment ref on __Type {{ kind ofType {{ kind ofType {{ kind ofType {{ kind }} }} }} }}"
    );
    let data = app.anonymous().ask(&query, json!({})).await;
    let fields = data["__type"]["fields"].as_array().unwrap().iter().filter(|field| {
        let mut of = &field["type"];
        while of["ofType"].is_object() {
            of = &of["ofType"];
        }
        field["args"] == json!([]) && ["SCALAR", "ENUM"].contains(&of["kind"].as_str().unwrap())
    });
    fields.map(|field| field["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn every_leaf_field_is_written_or_a_named_exception() {
    let app = TestApp::start(Sqlite).await.unwrap();
    let mut executed = Vec::new();
    for (name, before, after) in [
        ("Interview", format!("interview(id: {JUDE_WITH_LUISA}) {{ "), " }"),
        ("Interviewee", format!("interviewee(id: {JUDE_APPLICATION}) {{ "), " }"),
        ("Driver", format!("interviewee(id: {JUDE_APPLICATION}) {{ driver {{ "), " } }"),
        ("Interviewer", "interviewers(first: 1) { nodes { ".to_owned(), " } }"),
        ("User", "users(first: 1) { nodes { ".to_owned(), " } }"),
        ("Company", "companies(first: 1) { nodes { ".to_owned(), " } }"),
    ] {
        let fields = leaf_fields(&app, name).await;
        assert!(fields.len() >= 4, "{name}: {fields:?}");
        for field in fields {
            if written_objects(&app, &format!("{{ {before}{field}{after} }}")).await == 0 {
                executed.push(format!("{name}.{field}"));
            }
        }
    }
    let exceptions: Vec<&str> = EXECUTED.iter().map(|(field, _)| *field).collect();
    assert_eq!(executed, exceptions, "add the field to `written_fields!` of its type, or to `EXECUTED` with a reason");
}

/// The list, the object and the update of the benchmark, and each with a field that is executed.
#[rstest]
#[tokio::test]
async fn requests_write_their_objects_directly(
    #[values(Sqlite, Postgres)] database: Database,
    #[values("", "availableActions", "history(first: 2) { totalCount nodes { type } }")] extra: &str,
) {
    let app = start!(database);
    let selection = format!("{WITH_PEOPLE} {extra}");
    for (request, objects) in [
        (format!("query {{ interviews(first: 50) {{ nodes {{ {selection} }} }} }}"), 50),
        (format!("query {{ interviews(first: 50) {{ edges {{ node {{ {selection} }} }} }} }}"), 50),
        (format!("query {{ interview(id: {JUDE_WITH_LUISA}) {{ {selection} }} }}"), 1),
        (
            format!(
                "mutation {{ updateInterview(id: {JUDE_WITH_LUISA}, input: {{location: \"Gate 7\"}}) \
                 {{ interview {{ {selection} }} userErrors {{ code }} }} }}"
            ),
            1,
        ),
    ] {
        assert_eq!(written_objects(&app, &request).await, objects, "{request}");
    }
}

#[rstest]
#[tokio::test]
async fn an_executed_field_of_a_list_costs_no_statement_for_the_others(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let statements = async |selection: &str| {
        let query = format!("{{ interviews(first: 50) {{ nodes {{ {selection} }} }} }}");
        let staff = app.staff();
        staff.ask("{ viewer { id } }", json!({})).await;
        app.counting(staff.ask(&query, json!({}))).await.1
    };
    assert_eq!(statements(WITH_PEOPLE).await, 3);
    assert_eq!(statements(&format!("{WITH_PEOPLE} availableActions")).await, 3);
    assert_eq!(statements(&format!("{WITH_PEOPLE} history(first: 2) {{ nodes {{ type }} }}")).await, 4);
    // The interviews of the applications and their total counts; the interviewee of the row is loaded once.
    let nested = format!("{WITH_PEOPLE} a: interviewee {{ interviews(first: 1) {{ totalCount nodes {{ id }} }} }}");
    assert_eq!(statements(&nested).await, 5);
}

#[tokio::test]
async fn documents_with_objects_to_merge_are_executed() {
    let app = TestApp::start(Sqlite).await.unwrap();
    for (query, written) in [
        ("{ interviews(first: 2) { nodes { id } } }", 2),
        ("{ interviews(first: 2) { nodes { id id } totalCount totalCount } }", 2),
        ("{ interviews(first: 2) { nodes { id } nodes { kind } } }", 0),
        ("{ interviews(first: 2) { nodes { id } } ... on Query { interviews(first: 2) { nodes { kind } } } }", 0),
    ] {
        assert_eq!(written_objects(&app, query).await, written, "{query}");
    }
    let merged = app.staff().ask("{ interviews(first: 1) { nodes { id } nodes { id version } } }", json!({})).await;
    let node: &Value = &merged["interviews"]["nodes"][0];
    assert_eq!(node.as_object().unwrap().keys().collect::<Vec<_>>(), ["id", "version"]);
}
