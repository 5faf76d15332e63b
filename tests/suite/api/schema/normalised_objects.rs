//! A client with a normalised cache keeps one object for each `__typename` and `id`. So a field of a type with an id
//! has the same value on every path to the object.

use super::{INTROSPECTION, list, text};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::actor::Actor;
use crate::support::booking::proposal;
use crate::support::events::{cursor, latest_event, until_log_is_readable};
use crate::support::feed::{NEW_DRIVER, driver};
use crate::support::lifecycle::interview_of;
use crate::support::listening_server::ListeningServer;
use crate::support::people::{BRUNA_APPLICATION, JUDE, JUDE_APPLICATION, JUDE_WITH_LUISA, KOFI};
use crate::support::websocket_client::WebSocketClient;
use rstest::rstest;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Fields with several values by design, and the reason.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("InterviewEvent.matches", "whether the interview matches the filter of the field, which the event does not have"),
    ("SyncResult.outcome", "what became of a row in one request"),
];

/// Lead to every object with an id. `...Type` selects all of its fields that have no arguments. `__typename` is added
/// to each selection.
const QUERIES: &[&str] = &[
    "{ viewer { ...Viewer company { ...Company settings { ...CompanySettings } } } }",
    "{ interviews(first: 100) { nodes { ...Interview interviewee { ...Interviewee driver { ...Driver } } \
        interviewer { ...Interviewer } } edges { node { ...Interview } } } }",
    "query($interview: ID!) { interview(id: $interview) { ...Interview history(first: 100) { \
        nodes { ...InterviewEvent actor { ...Actor } interview { ...Interview } } \
        edges { node { ...InterviewEvent } } } \
        interviewee { ...Interviewee \
            interviews(first: 80) { nodes { ...Interview } edges { node { ...Interview } } } } \
        interviewer { ...Interviewer } } }",
    "query($interviewee: ID!) { interviewee(id: $interviewee) { ...Interviewee driver { ...Driver } } }",
    "query($since: ID) { interviewChanges(since: $since, first: 100) { \
        nodes { ...InterviewEvent actor { ...Actor } interview { ...Interview } } \
        edges { node { ...InterviewEvent } } } }",
    "mutation Feed { createCalendarFeed { feed { ...CalendarFeed } } }",
    "{ calendarFeeds { ...CalendarFeed } }",
];

/// For those who may list people.
const QUERIES_OF_STAFF: &[&str] = &[
    "{ interviewees(first: 100) { nodes { ...Interviewee driver { ...Driver } } edges { node { ...Interviewee } } } }",
    "{ interviewers(first: 100) { nodes { ...Interviewer } edges { node { ...Interviewer } } } }",
    "mutation($interview: ID!) { updateInterview(id: $interview, input: $same) { interview { ...Interview } } }",
    "mutation($interview: ID!) { updateInterview(id: $interview, input: $same, expectedVersion: 1) { \
        userErrors { ... on StaleVersionError { current { ...Interview } } } } }",
    "mutation($interview: ID!) { completeInterview(id: $interview) { \
        userErrors { ... on InvalidStateError { current { ...Interview } } } } }",
    "mutation { createInterview(input: $conflicting) { \
        userErrors { ... on ScheduleConflictError { conflicts { ...Interview } } } } }",
];

/// For those who administer users and companies.
const QUERIES_OF_ADMINS: &[&str] = &[
    "{ users(first: 100) { nodes { ...User company { ...Company } } edges { node { ...User } } } \
        companies(first: 100) { nodes { ...Company settings { ...CompanySettings } } edges { node { ...Company } } } }",
    "mutation($settings: CompanySettingsInput!) { updateCompanySettings(companyId: 1, input: $settings) { \
        settings { ...CompanySettings } } }",
    "mutation($webhook: CreateWebhookInput!) { createWebhook(input: $webhook) { webhook { ...Webhook } } }",
    "mutation($hook: ID!) { testWebhook(id: $hook) { delivery { ...WebhookDelivery } } }",
    "mutation($event: ID!) { replayWebhook(id: 1, since: $event) { count } }",
    "{ webhook(id: 1) { ...Webhook deliveries(first: 2) { nodes { ...WebhookDelivery } } } }",
    "{ webhooks(companyId: 1, first: 1) { nodes { ...Webhook company { ...Company } deliveries(first: 5) { \
        nodes { ...WebhookDelivery event { ...InterviewEvent } } edges { node { ...WebhookDelivery } } } } \
        edges { node { ...Webhook } } } }",
    "mutation { syncCompanies(companies: $rows) { results { ...SyncResult } } }",
    "mutation { syncCompanies(companies: $rows) { results { ...SyncResult } } }",
    "mutation($users: [UserInput!]!) { syncUsers(users: $users) { results { ...SyncResult } } }",
    "mutation($user: ID!) { eraseUser(id: $user) { user { ...User } } }",
    "mutation($driver: ID!) { eraseUser(id: $driver) { \
        userErrors { ... on OpenInterviewsError { interviews { ...Interview } } } } }",
];

/// The schema as far as objects with an id concern it.
struct Objects {
    /// The object types, by name.
    types: BTreeMap<String, Value>,
}

impl Objects {
    async fn of(app: &TestApp) -> Self {
        let data = app.anonymous().ask(INTROSPECTION, json!({})).await;
        let types = list(&data["__schema"]["types"]).iter();
        let own = types.filter(|it| it["kind"] == "OBJECT" && !text(&it["name"]).starts_with("__"));
        Self { types: own.map(|it| (text(&it["name"]).to_owned(), it.clone())).collect() }
    }

    fn has_id(&self, name: &str) -> bool {
        self.types.get(name).is_some_and(|it| list(&it["fields"]).iter().any(|field| field["name"] == "id"))
    }

    /// `Type.field` of all fields whose value is an object with an id, or a list of them.
    fn paths(&self) -> BTreeSet<String> {
        let fields =
            self.types.iter().flat_map(|(name, it)| list(&it["fields"]).iter().map(move |field| (name, field)));
        let paths = fields.filter(|(_, field)| self.has_id(named(&field["type"])));
        paths.map(|(name, field)| format!("{name}.{}", text(&field["name"]))).collect()
    }

    /// A fragment for each type with an id.
    fn fragments(&self) -> BTreeMap<String, String> {
        let with_id = self.types.keys().filter(|name| self.has_id(name));
        with_id.map(|name| (name.clone(), format!("fragment {name} on {name} {{ {} }}", self.fields(name)))).collect()
    }

    /// The fields without arguments. An object with an id is selected by its id, a connection not at all.
    fn fields(&self, name: &str) -> String {
        let without_arguments =
            list(&self.types[name]["fields"]).iter().filter(|field| list(&field["args"]).is_empty());
        let selection = |field: &Value| {
            let (field, of) = (text(&field["name"]), named(&field["type"]));
            match self.types.contains_key(of) {
                true if self.has_id(of) => format!("{field} {{ id }} "),
                true => format!("{field} {{ {} }} ", self.fields(of)),
                false => format!("{field} "),
            }
        };
        without_arguments.map(selection).collect()
    }

    /// A document with `__typename` in each selection and the fragments that it spreads.
    fn document(&self, operation: &str) -> String {
        let used = self.fragments().into_iter().filter(|(name, _)| operation.contains(&format!("...{name} ")));
        let fragments: String = used.map(|(_, fragment)| fragment).collect();
        // A subscription has one root field.
        let (root, rest) = operation.split_once('{').unwrap();
        format!("{root}{{{}{}", rest.replace('{', "{ __typename "), fragments.replace('{', "{ __typename "))
    }
}

/// The name of a type without `!` and `[]`.
fn named(of: &Value) -> &str {
    if of["ofType"].is_object() { named(&of["ofType"]) } else { text(&of["name"]) }
}

/// What a client keeps of the responses that it receives.
#[derive(Default)]
struct Cache {
    /// The values of `Type:id` and field.
    values: BTreeMap<(String, String), Value>,
    /// `Type.field` of the objects with an id that were received.
    paths: BTreeSet<String>,
    /// `Type.field` of the fields that had two values.
    differing: BTreeSet<String>,
}

impl Cache {
    fn add(&mut self, parent: &str, object: &Map<String, Value>) {
        let name = object.get("__typename").map_or(parent, text).to_owned();
        for (field, value) in object {
            if let Some(id) = object.get("id")
                && !connection(value)
            {
                let key = (format!("{name}:{}", text(id)), field.clone());
                let value = reference(value);
                let kept = self.values.entry(key).or_insert_with(|| value.clone());
                if *kept != value {
                    self.differing.insert(format!("{name}.{field}"));
                }
            }
            for child in value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice) {
                if let Some(child) = child.as_object() {
                    if child.contains_key("id") {
                        self.paths.insert(format!("{name}.{field}"));
                    }
                    self.add("", child);
                }
            }
        }
    }
}

fn connection(value: &Value) -> bool {
    value["__typename"].as_str().is_some_and(|name| name.ends_with("Connection"))
}

/// The value as the cache keeps it: the ids of objects in place of the objects.
fn reference(value: &Value) -> Value {
    match value {
        Value::Object(object) if object.contains_key("id") => {
            json!(format!("{}:{}", text(&object["__typename"]), text(&object["id"])))
        }
        Value::Object(object) => object.iter().map(|(field, value)| (field.clone(), reference(value))).collect(),
        Value::Array(items) => items.iter().map(reference).collect(),
        scalar => scalar.clone(),
    }
}

/// Events of an interview: an admin proposes a time for each side, and staff move it out of the filter.
async fn change(app: &TestApp) {
    for side in ["INTERVIEWEE", "INTERVIEWER"] {
        let (start, end) = if side == "INTERVIEWEE" { ("14:00", "15:00") } else { ("15:00", "16:00") };
        let arguments = proposal(JUDE_WITH_LUISA, start, end).replace("input: {", &format!("input: {{as: {side}, "));
        interview_of(&app.admin().mutate("amendInterview", &arguments).await);
    }
    let elsewhere = json!({"interviewerId": KOFI.to_string(), "kind": "PHONE_CALL"});
    interview_of(&app.staff().update(JUDE_WITH_LUISA, elsewhere).await);
    until_log_is_readable(app).await;
}

#[rstest]
#[tokio::test]
async fn object_with_an_id_has_the_same_values_on_every_path(#[values(Sqlite, Postgres)] database: Database) {
    let Some(server) = ListeningServer::start(database, &[]).await else { return };
    let app = &server.app;
    let objects = Objects::of(app).await;
    let webhook_event = latest_event(app).await;
    let since = cursor(&app.database, webhook_event).await;
    change(app).await;
    let changed = app.staff().interview(JUDE_WITH_LUISA).await;
    let variables = json!({
        "interview": JUDE_WITH_LUISA.to_string(), "interviewee": JUDE_APPLICATION.to_string(), "since": since,
        "same": {"kind": "PHONE_CALL"},
        "conflicting": {"kind": "PHONE_CALL", "startAt": changed["startAt"], "endAt": changed["endAt"],
            "intervieweeId": BRUNA_APPLICATION.to_string(), "interviewerId": KOFI.to_string()},
        "driver": JUDE.to_string(), "user": NEW_DRIVER.to_string(), "users": [driver(NEW_DRIVER)],
        "settings": {"reminders": [1440, 60]},
        "hook": "1", "webhook": {"url": "https://example.com/hook", "companyId": "1"},
        "event": webhook_event.to_string(),
        "rows": [{"id": "1", "sourceUpdatedAt": "2025-03-20T09:00:00Z", "name": "Northern Haulage"}],
    });
    let (mut paths, mut differing) = (BTreeSet::new(), BTreeSet::new());
    let admin = app.admin();
    for (viewer, root_fields) in
        [(app.staff(), true), (admin.clone(), true), (app.driver(), false), (app.manager(), true)]
    {
        let mut cache = Cache::default();
        let of_staff = if root_fields { QUERIES_OF_STAFF } else { &[] };
        let of_admins = if viewer.token() == admin.token() { QUERIES_OF_ADMINS } else { &[] };
        for operation in of_staff.iter().chain(QUERIES).chain(of_admins) {
            let root = if operation.starts_with("mutation") { "Mutation" } else { "Query" };
            let data = viewer.ask(&objects.document(&declare_inputs(operation)), variables.clone()).await;
            cache.add(root, data.as_object().unwrap());
        }
        for event in subscribe(&server, &viewer, &objects, &since).await {
            cache.add("Subscription", &event);
        }
        paths.append(&mut cache.paths);
        differing.append(&mut cache.differing);
    }
    let missing: Vec<_> = objects.paths().difference(&paths).cloned().collect();
    assert_eq!(missing, Vec::<String>::new(), "no query of this test leads there");
    let exceptions: BTreeSet<String> = EXCEPTIONS.iter().map(|(field, _)| (*field).to_owned()).collect();
    assert_eq!(differing, exceptions, "these fields depend on the path");
}

/// Declares the variables of inputs.
fn declare_inputs(operation: &str) -> String {
    if operation.contains("$rows") {
        return operation.replace("mutation {", "mutation($rows: [CompanyInput!]!) {");
    }
    let declared = operation.replace("mutation {", "mutation($conflicting: CreateInterviewInput!) {");
    if declared.contains("$same") {
        return declared
            .replace("mutation($interview: ID!)", "mutation($interview: ID!, $same: UpdateInterviewInput!)");
    }
    declared
}

/// The events of [`change`] with a filter that the interview does not match after the last one.
async fn subscribe(
    server: &ListeningServer,
    viewer: &Actor,
    objects: &Objects,
    since: &str,
) -> Vec<Map<String, Value>> {
    let operation = "subscription($filter: InterviewFilter, $since: ID) { \
        interviewChanged(filter: $filter, since: $since) { \
            ...InterviewEvent actor { ...Actor } interview { ...Interview } } }";
    let variables = json!({"filter": {"kind": ["VIDEO_CALL"]}, "since": since});
    let payload = json!({"query": objects.document(operation), "variables": variables});
    let mut client = WebSocketClient::sign_in(server.address, viewer.token()).await;
    client.send(json!({"id": "1", "type": "subscribe", "payload": payload})).await;
    let mut events = Vec::new();
    while events.len() < 3 {
        let mut message = client.receive().await;
        events.push(serde_json::from_value(message["payload"]["data"].take()).unwrap());
    }
    events
}
