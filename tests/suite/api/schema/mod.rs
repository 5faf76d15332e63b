//! The schema: it is committed, every element has a description, and the public contract is complete.

mod access_contract;
mod calendar_contract;
mod contract;
mod idempotency_contract;
mod introspection;
mod normalised_objects;
mod provisioning_contract;
mod settings_contract;
mod webhooks_contract;

use crate::support::Database::Sqlite;
use crate::support::TestApp;
use interviews::graphql;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write;

/// All elements of the schema with their descriptions and types.
const INTROSPECTION: &str = "{ __schema { queryType { name } mutationType { name } types { ...type } } } \
    fragment type on __Type { kind name description specifiedByURL possibleTypes { name } interfaces { name } \
        fields(includeDeprecated: true) { ...field } \
        inputFields(includeDeprecated: true) { ...input } enumValues(includeDeprecated: true) { name description } } \
    fragment field on __Field { name description args(includeDeprecated: true) { ...input } type { ...ref } } \
    fragment input on __InputValue { name description type { ...ref } } \
    fragment ref on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

/// The types that this server defines: neither introspection's own nor the scalars that every schema has.
async fn types() -> Vec<Value> {
    let app = TestApp::start(Sqlite).await.unwrap();
    let mut data = app.anonymous().ask(INTROSPECTION, json!({})).await;
    let Value::Array(types) = data["__schema"]["types"].take() else { panic!("{data}") };
    let built_in = |name: &str| name.starts_with("__") || ["Int", "Float", "String", "Boolean", "ID"].contains(&name);
    types.into_iter().filter(|it| !built_in(text(&it["name"]))).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A type as the definition language writes it: `[Interview!]!`.
fn reference(of: &Value) -> String {
    match text(&of["kind"]) {
        "NON_NULL" => format!("{}!", reference(&of["ofType"])),
        "LIST" => format!("[{}]", reference(&of["ofType"])),
        _ => text(&of["name"]).to_owned(),
    }
}

/// Fields with their arguments, input fields, enum values, interfaces: a line each, as the contract lists them.
async fn lines() -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for it in types().await {
        let name = text(&it["name"]);
        if it["kind"] == "SCALAR" {
            lines.insert(format!("scalar {name}"));
        }
        for field in list(&it["fields"]) {
            let mut arguments = String::new();
            for argument in list(&field["args"]) {
                let separator = if arguments.is_empty() { "" } else { ", " };
                write!(arguments, "{separator}{}: {}", text(&argument["name"]), reference(&argument["type"])).unwrap();
            }
            let arguments = if arguments.is_empty() { arguments } else { format!("({arguments})") };
            lines.insert(format!("{name}.{}{arguments}: {}", text(&field["name"]), reference(&field["type"])));
        }
        for field in list(&it["inputFields"]) {
            lines.insert(format!("input {name}.{}: {}", text(&field["name"]), reference(&field["type"])));
        }
        for value in list(&it["enumValues"]) {
            lines.insert(format!("enum {name}.{}", text(&value["name"])));
        }
        for interface in list(&it["interfaces"]) {
            lines.insert(format!("{name} implements {}", text(&interface["name"])));
        }
    }
    lines
}

#[test]
fn committed_schema_is_the_served_schema() {
    let committed = include_str!("../../../../schema.graphql");
    let served = graphql::sdl();
    let same = committed.lines().zip(served.lines()).take_while(|(committed, served)| committed == served).count();
    assert!(
        committed == served,
        "schema.graphql is not what the server serves: run `cargo run -- schema > schema.graphql`\n\
         line {}: it has {:?}, the server {:?}",
        same + 1,
        committed.lines().nth(same),
        served.lines().nth(same)
    );
}

#[tokio::test]
async fn schema_describes_every_element() {
    let mut without_description = Vec::new();
    let mut check = |what: String, it: &Value| {
        if text(&it["description"]).trim().is_empty() {
            without_description.push(what);
        }
    };
    for it in types().await {
        let name = text(&it["name"]);
        check(name.to_owned(), &it);
        for field in list(&it["fields"]) {
            let field_name = format!("{name}.{}", text(&field["name"]));
            check(field_name.clone(), field);
            for argument in list(&field["args"]) {
                check(format!("{field_name}({})", text(&argument["name"])), argument);
            }
        }
        for part in list(&it["inputFields"]).iter().chain(list(&it["enumValues"])) {
            check(format!("{name}.{}", text(&part["name"])), part);
        }
    }
    assert_eq!(without_description, Vec::<String>::new());
}

#[tokio::test]
async fn schema_has_every_element_of_the_contract() {
    let served = lines().await;
    let core = contract::CORE.iter().chain(provisioning_contract::PROVISIONING).chain(access_contract::ACCESS);
    let core = core.chain(settings_contract::SETTINGS).chain(webhooks_contract::WEBHOOKS);
    let core = core.chain(calendar_contract::CALENDARS).chain(idempotency_contract::ELEMENTS);
    let missing: Vec<&str> = core.copied().filter(|line| !served.contains(*line)).collect();
    assert_eq!(missing, Vec::<&str>::new(), "of the contract, in the schema as\n{served:#?}");
    assert_eq!(contract::CORE.iter().collect::<BTreeSet<_>>().len(), contract::CORE.len(), "each line once");
}

#[tokio::test]
async fn schema_has_no_other_element_than_the_listed_ones() {
    let contract: BTreeSet<&str> = contract::CORE
        .iter()
        .chain(provisioning_contract::PROVISIONING)
        .chain(access_contract::ACCESS)
        .chain(settings_contract::SETTINGS)
        .chain(webhooks_contract::WEBHOOKS)
        .chain(calendar_contract::CALENDARS)
        .chain(idempotency_contract::ELEMENTS)
        .chain(contract::BEYOND)
        .copied()
        .collect();
    let served = lines().await;
    let more: Vec<&String> = served.iter().filter(|line| !contract.contains(line.as_str())).collect();
    assert_eq!(more, Vec::<&String>::new(), "new in the schema: list it in `contract::BEYOND`, or it was not meant");
    let gone: Vec<_> = contract::BEYOND.iter().filter(|line| !served.contains(**line)).collect();
    assert_eq!(gone, Vec::<&&str>::new(), "no longer in the schema");
}

#[tokio::test]
async fn every_error_type_implements_user_error() {
    let types = types().await;
    let user_error = types.iter().find(|it| it["name"] == "UserError").unwrap();
    let possible: BTreeSet<&str> = list(&user_error["possibleTypes"]).iter().map(|it| text(&it["name"])).collect();
    let expected = [
        "ValidationError",
        "NotFoundError",
        "ForbiddenError",
        "InvalidStateError",
        "ScheduleConflictError",
        "StaleVersionError",
        "OpenInterviewsError",
        "VersionError",
        "WebhookStateError",
    ];
    assert_eq!(possible, BTreeSet::from(expected));
}

#[tokio::test]
async fn time_zone_names_its_specification() {
    let types = types().await;
    let zone = types.iter().find(|it| it["name"] == "TimeZone").unwrap();
    assert_eq!(zone["specifiedByURL"], "https://www.iana.org/time-zones");
}

#[tokio::test]
async fn date_time_describes_its_format() {
    let types = types().await;
    let time = types.iter().find(|it| it["name"] == "DateTime").unwrap();
    assert_eq!(time["specifiedByURL"], "https://www.rfc-editor.org/rfc/rfc3339");
    assert!(text(&time["description"]).contains("2025-03-20T10:32:08.000Z"), "{time}");
}
