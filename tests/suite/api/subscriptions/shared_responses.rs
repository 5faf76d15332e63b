//! Subscribers with the same selection and the same view share one response; all others have their own.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::Actor;
use crate::support::events::{cursor, latest_event, reads_event_log, relocate};
use crate::support::listening_server::ListeningServer;
use crate::support::people::JUDE_WITH_LUISA;
use crate::support::websocket_client::WebSocketClient;
use rstest::rstest;
use serde_json::{Value, json};

const QUERY: &str = "subscription($since: ID) { interviewChanged(since: $since) { \
    interview { availableActions location interviewee { driver { title } } interviewer { title } } actor { title } } }";

/// Subscribes with each of these queries. When it returns, all subscribers wait for live events.
async fn subscribe_all(server: &ListeningServer, subscribers: &[(&Actor, &str)]) -> Vec<WebSocketClient> {
    let mut clients: Vec<WebSocketClient> = Vec::new();
    for (actor, query) in subscribers {
        let since = latest_event(&server.app).await;
        relocate(&server.app.staff(), JUDE_WITH_LUISA, &format!("after {since}")).await;
        let mut client = WebSocketClient::sign_in(server.address, actor.token()).await;
        let payload = json!({"query": query, "variables": {"since": cursor(&server.app.database, since).await}});
        client.send(json!({"id": "all", "type": "subscribe", "payload": payload})).await;
        clients.push(client);
        for client in &mut clients {
            interview(&client.receive().await);
        }
    }
    clients
}

/// The interview of a `next` message.
fn interview(message: &Value) -> &Value {
    let interview = &message["payload"]["data"]["interviewChanged"]["interview"];
    assert!(interview.is_object(), "{message}");
    interview
}

#[rstest]
#[tokio::test]
async fn equal_subscriptions_take_the_statements_of_one(#[values(Sqlite, Postgres)] database: Database) {
    let Some(server) = ListeningServer::start(database, &["--viewer-ttl", "1h"]).await else { return };
    let staff = server.app.staff();
    let mut counts = Vec::new();
    for subscribers in [1, 12] {
        let mut clients = subscribe_all(&server, &vec![(&staff, QUERY); subscribers]).await;
        let location = format!("for {subscribers}");
        let change = async {
            relocate(&staff, JUDE_WITH_LUISA, &location).await;
            for client in &mut clients {
                assert_eq!(interview(&client.receive().await)["location"], location);
            }
        };
        server.app.counting(change).await;
        // How often the follower polls in the meantime depends on the clock of the machine.
        let statements = server.app.statements();
        counts.push(statements.iter().filter(|sql| !reads_event_log(sql)).count());
    }
    assert_eq!(counts[0], counts[1], "{:#?}", server.app.statements());
}

#[tokio::test]
async fn equal_subscriptions_of_other_viewers_have_their_own_response() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let [staff, driver] = [server.app.staff(), server.app.driver()];
    let [admin, service] = [server.app.admin(), server.app.service()];
    let subscribers = [(&staff, QUERY), (&driver, QUERY), (&admin, QUERY), (&service, QUERY)];
    let mut clients = subscribe_all(&server, &subscribers).await;
    relocate(&staff, JUDE_WITH_LUISA, "for all").await;
    let mut received = Vec::new();
    for client in &mut clients {
        received.push(interview(&client.receive().await)["availableActions"].clone());
    }
    assert_json!(Value::Array(received), @r#"
    [
      ["UPDATE", "AMEND", "CANCEL"],
      ["AMEND", "ACCEPT", "REJECT"],
      ["UPDATE", "AMEND", "ACCEPT", "REJECT", "CANCEL"],
      []
    ]
    "#);
}

#[tokio::test]
async fn other_selections_have_their_own_response() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let staff = server.app.staff();
    let queries = ["version", "kind", "v: version", "... on Interview @include(if: true) { status }"].map(|selection| {
        format!(
            "subscription($since: ID) {{ interviewChanged(since: $since) {{ interview {{ location {selection} }} }} }}"
        )
    });
    let subscribers = queries.each_ref().map(|query| (&staff, query.as_str()));
    let mut clients = subscribe_all(&server, &subscribers).await;
    relocate(&staff, JUDE_WITH_LUISA, "for all").await;
    let mut received = Vec::new();
    for client in &mut clients {
        received.push(interview(&client.receive().await).clone());
    }
    assert_json!(Value::Array(received), @r#"
    [
      {"location": "for all", "version": 6},
      {"kind": "VIDEO_CALL", "location": "for all"},
      {"location": "for all", "v": 6},
      {"location": "for all", "status": "PENDING"}
    ]
    "#);
}
