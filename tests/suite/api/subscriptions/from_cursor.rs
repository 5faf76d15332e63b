//! A client that queries `changesCursor` with what it shows, and then subscribes from there, misses no change.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::events::{latest_event, open_interviews, relocate};
use crate::support::listening_server::ListeningServer;
use crate::support::people::JUDE_WITH_LUISA;
use crate::support::websocket_client::WebSocketClient;
use futures_util::future::join_all;
use rstest::rstest;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The locations of interviews by their ids.
type Shown = BTreeMap<String, Value>;

/// What a page shows, with the cursor last.
const PAGE: &str = "{ interviews(first: 100, filter: {status: [PENDING, SCHEDULED]}, \
    orderBy: {field: ID, direction: ASC}) { nodes { id location } } changesCursor }";

async fn subscribe(server: &ListeningServer, since: &Value) -> WebSocketClient {
    let query = "subscription($since: ID) { interviewChanged(since: $since) { id interview { id location } } }";
    let payload = json!({"query": query, "variables": {"since": since}});
    let mut client = server.staff().await;
    client.send(json!({"id": "1", "type": "subscribe", "payload": payload})).await;
    client
}

/// Queries the page, subscribes from its cursor, and applies events until the page shows `expected`. Fails if that
/// never happens, which is the case when an event is missing: each interview changes once.
async fn follow(server: &ListeningServer, expected: &Shown) {
    let page = server.app.staff().ask(PAGE, json!({})).await;
    let mut client = subscribe(server, &page["changesCursor"]).await;
    let text = |id: &Value| id.as_str().unwrap().to_owned();
    let nodes = page["interviews"]["nodes"].as_array().unwrap();
    let mut shown: Shown = nodes.iter().map(|node| (text(&node["id"]), node["location"].clone())).collect();
    shown.retain(|id, _| expected.contains_key(id));
    while shown != *expected {
        let message = client.receive().await;
        let interview = &message["payload"]["data"]["interviewChanged"]["interview"];
        let id = interview["id"].as_str().unwrap_or_else(|| panic!("{message}"));
        if let Some(location) = shown.get_mut(id) {
            *location = interview["location"].clone();
        }
    }
}

#[rstest]
#[tokio::test]
async fn list_and_the_events_after_its_cursor_are_the_final_state_while_others_write(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let Some(server) = ListeningServer::start(database, &[]).await else { return };
    let (staff, ids) = (server.app.staff(), open_interviews(&server.app, 60).await);
    let expected: Shown = ids.iter().map(|id| (id.to_string(), json!(format!("Gate {id}")))).collect();
    let first = latest_event(&server.app).await;
    let writers = ids.chunks(20).map(|ids| {
        let staff = &staff;
        async move {
            for id in ids {
                relocate(staff, *id, &format!("Gate {id}")).await;
            }
        }
    });
    // Each reader begins after some more of the changes.
    let readers = (0..12).map(|reader| {
        let (server, expected) = (&server, &expected);
        async move {
            while latest_event(&server.app).await < first + reader * 4 {}
            follow(server, expected).await;
        }
    });
    futures_util::join!(join_all(writers), join_all(readers));
}

#[rstest]
#[tokio::test]
async fn client_recognises_the_event_of_its_own_change(#[values(Sqlite, Postgres)] database: Database) {
    let Some(server) = ListeningServer::start(database, &[]).await else { return };
    let page = server.app.staff().ask(PAGE, json!({})).await;
    let mut client = subscribe(&server, &page["changesCursor"]).await;
    let own =
        format!("mutation {{ updateInterview(id: {JUDE_WITH_LUISA}, input: {{location: \"mine\"}}) {{ eventId }} }}");
    let own = server.app.staff().ask(&own, json!({})).await["updateInterview"]["eventId"].clone();
    relocate(&server.app.admin(), JUDE_WITH_LUISA, "of another").await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        ids.push(client.receive().await["payload"]["data"]["interviewChanged"]["id"].clone());
    }
    assert_eq!(ids, [own, json!(latest_event(&server.app).await.to_string())]);
}
