//! Those who ask the same and see the same share an answer; everybody else gets their own.

use super::{latest, touch};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::Actor;
use crate::support::listening_server::Server;
use crate::support::websocket_client::Client;
use rstest::rstest;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const QUERY: &str = "subscription($since: ID) { interviewChanged(since: $since) { interview { availableActions location \
    interviewee { driver { title } } interviewer { title } } actor { title } } }";

/// Somebody who has got the latest event, and waits for the next.
async fn subscriber(server: &Server, actor: &Actor, query: &str) -> Client {
    let since = latest(&server.app).await;
    touch(&server.app.staff(), 27, &format!("after {since}")).await;
    let mut client = server.stranger().await;
    let authorization = format!("Bearer {}", actor.token());
    client.say(json!({"type": "connection_init", "payload": {"Authorization": authorization}})).await;
    assert_eq!(client.hear().await["type"], "connection_ack");
    let payload = json!({"query": query, "variables": {"since": since.to_string()}});
    client.say(json!({"id": "all", "type": "subscribe", "payload": payload})).await;
    interview(&client.hear().await);
    client
}

fn interview(message: &Value) -> &Value {
    let interview = &message["payload"]["data"]["interviewChanged"]["interview"];
    assert!(interview.is_object(), "{message}");
    interview
}

#[rstest]
#[tokio::test]
async fn many_dashboards_of_a_company_cost_as_much_as_one(#[values(Sqlite, Postgres)] database: Database) {
    let Some(server) = Server::start(database, &["--viewer-ttl", "1h"]).await else { return };
    let staff = server.app.staff();
    let mut counts = Vec::new();
    for subscribers in [1, 12] {
        let mut clients = Vec::new();
        for _ in 0..subscribers {
            clients.push(subscriber(&server, &staff, QUERY).await);
            drain(&mut clients).await;
        }
        let location = format!("for {subscribers}");
        let told = async {
            touch(&staff, 27, &location).await;
            for client in &mut clients {
                assert_eq!(interview(&client.hear().await)["location"], location);
            }
        };
        server.app.counting(told).await;
        // How often the log was looked at is a matter of time.
        let statements = server.app.statements();
        counts.push(statements.iter().filter(|sql| !sql.contains("visible_before")).count());
    }
    assert_eq!(counts[0], counts[1], "{:#?}", server.app.statements());
}

/// All but the last have got what made the last of them begin.
async fn drain(clients: &mut [Client]) {
    if let Some((_, others)) = clients.split_last_mut() {
        for client in others {
            interview(&client.hear().await);
        }
    }
}

#[rstest]
#[tokio::test]
async fn the_same_question_of_others_has_their_own_answer(#[values(Sqlite, Postgres)] database: Database) {
    let Some(server) = Server::start(database, &[]).await else { return };
    let actors = [server.app.staff(), server.app.driver(), server.app.admin()];
    let mut clients = Vec::new();
    for actor in &actors {
        clients.push(subscriber(&server, actor, QUERY).await);
        drain(&mut clients).await;
    }
    touch(&actors[0], 27, "for all").await;
    for (client, actor) in clients.iter_mut().zip(&actors) {
        let data = actor.ask("{ interview(id: 27) { availableActions location } }", json!({})).await;
        let mut told = interview(&client.hear().await).clone();
        told.as_object_mut().unwrap().retain(|name, _| ["availableActions", "location"].contains(&name.as_str()));
        assert_eq!(told, data["interview"]);
    }
}

#[rstest]
#[tokio::test]
async fn another_variable_or_selection_is_another_question(#[values(Sqlite, Postgres)] database: Database) {
    let Some(server) = Server::start(database, &[]).await else { return };
    let staff = server.app.staff();
    let query = |selection: &str| {
        format!(
            "subscription($since: ID) {{ interviewChanged(since: $since) {{ interview {{ location {selection} }} }} }}"
        )
    };
    let mut clients = Vec::new();
    for selection in ["version", "kind", "v: version", "... on Interview @include(if: true) { status }"] {
        clients.push(subscriber(&server, &staff, &query(selection)).await);
        drain(&mut clients).await;
    }
    touch(&staff, 27, "for all").await;
    for (client, name) in clients.iter_mut().zip(["version", "kind", "v", "status"]) {
        let told = client.hear().await;
        let fields: BTreeSet<_> = interview(&told).as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(fields, BTreeSet::from(["location", name]));
    }
}
