//! Two server processes on one PostgreSQL: a change through either reaches the subscribers of both, each event once, and in order for each
//! interview; also when one of them is killed and its subscribers go on at the other.

use super::PATIENCE;
use crate::support::Database::Postgres;
use crate::support::database::TestDatabase;
use crate::support::inspect::query;
use crate::support::load_generator::{Ledger, Load};
use crate::support::process::ServerProcess;
use crate::support::websocket_client::Client;
use interviews::domain::UserId;
use serde_json::json;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Users of the load with the condition under which they see an interview.
const USERS: [(i64, &str); 4] =
    [(1000, "company_id = 1"), (1002, "company_id = 2"), (1_000_001, "driver_id = 1000001"), (1, "1 = 1")];

/// A client that reads all it can get and, whenever its connection ends, goes to the next server and on with `since`.
struct Subscriber {
    seen: JoinHandle<Vec<(i64, i64)>>,
    condition: &'static str,
}

impl Subscriber {
    /// Reads until it has as many events as `enough` says in the end.
    fn start(
        (user, condition): (i64, &'static str),
        servers: &[&ServerProcess],
        since: i64,
        enough: watch::Receiver<Option<HashMap<&'static str, usize>>>,
    ) -> Self {
        let servers: Vec<_> =
            servers.iter().map(|server| (server.address(), ServerProcess::token(UserId(user)))).collect();
        let seen = tokio::spawn(read(servers, since, condition, enough));
        Self { seen, condition }
    }
}

async fn read(
    servers: Vec<(SocketAddr, String)>,
    mut since: i64,
    condition: &'static str,
    mut enough: watch::Receiver<Option<HashMap<&'static str, usize>>>,
) -> Vec<(i64, i64)> {
    let mut seen = Vec::new();
    for (address, token) in servers.iter().cycle() {
        let mut client = subscribe(*address, token, since).await;
        loop {
            let done = enough.borrow_and_update().as_ref().is_some_and(|enough| seen.len() >= enough[condition]);
            if done {
                client.hears_nothing().await; // it would have been one too many
                return seen;
            }
            tokio::select! {
                _ = enough.changed() => {}
                message = client.hear_or_end() => {
                    let Some(message) = message else { break };
                    let event = &message["payload"]["data"]["interviewChanged"];
                    let id = |id: &serde_json::Value| id.as_str().unwrap_or_else(|| panic!("{message}")).parse().unwrap();
                    since = id(&event["id"]);
                    seen.push((since, id(&event["interview"]["id"])));
                }
            }
        }
    }
    seen
}

async fn subscribe(address: SocketAddr, token: &str, since: i64) -> Client {
    let mut client = Client::connect(address, &[("sec-websocket-protocol", "graphql-transport-ws")]).await.unwrap();
    let authorization = format!("Bearer {token}");
    client.say(json!({"type": "connection_init", "payload": {"authorization": authorization}})).await;
    assert_eq!(client.hear().await["type"], "connection_ack");
    let query = format!(r#"subscription {{ interviewChanged(since: "{since}") {{ id interview {{ id }} }} }}"#);
    client.say(json!({"id": "all", "type": "subscribe", "payload": {"query": query}})).await;
    client
}

/// Tells everybody how much there was, and compares it with what they got.
async fn compare(
    database: &TestDatabase,
    since: i64,
    subscribers: Vec<Subscriber>,
    enough: watch::Sender<Option<HashMap<&'static str, usize>>>,
) {
    let mut there = HashMap::new();
    for (_, condition) in USERS {
        let sql = format!(
            "SELECT id, interview_id FROM interview_events WHERE id > {since} \
             AND interview_id IN (SELECT id FROM interviews WHERE {condition}) ORDER BY id"
        );
        let rows = query(database, &sql).await;
        let rows = rows.iter().map(|row| (row["id"].as_i64().unwrap(), row["interview_id"].as_i64().unwrap()));
        there.insert(condition, rows.collect::<Vec<_>>());
    }
    enough.send(Some(there.iter().map(|(condition, rows)| (*condition, rows.len())).collect())).unwrap();
    for Subscriber { seen, condition } in subscribers {
        let mut seen = tokio::time::timeout(PATIENCE, seen).await.expect("something is lost").unwrap();
        let mut latest = HashMap::new();
        for (event, interview) in &seen {
            let earlier = latest.insert(*interview, *event);
            assert!(earlier.is_none_or(|earlier| earlier < *event), "{event} is out of order");
        }
        seen.sort_unstable();
        assert_eq!(seen, there[condition], "{condition}");
        assert!(seen.len() > 20, "too little happened: {}", seen.len());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_either_changes_the_subscribers_of_both_get_once_and_in_order() {
    let Some(database) = TestDatabase::new(Postgres).await else { return };
    let (one, other) = (ServerProcess::start(&database).await, ServerProcess::start(&database).await);
    let since = database.value("SELECT max(id) FROM interview_events").await;
    let (enough, known) = watch::channel(None);
    let subscribers = [&one, &other]
        .into_iter()
        .flat_map(|server| USERS.map(|user| Subscriber::start(user, &[server], since, known.clone())))
        .collect();
    let mut load = Load::start(&[&one, &other], 12, &Arc::new(Mutex::new(Ledger::default())));
    load.until(300).await;
    let ledger = load.ledger.clone();
    load.finish().await;
    assert_eq!(ledger.lock().unwrap().failures, Vec::<String>::new());
    compare(&database, since, subscribers, enough).await;
    assert_eq!([one.complaints(), other.complaints()], [Vec::<String>::new(), Vec::new()]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_subscribers_of_a_killed_server_go_on_at_the_other_and_miss_nothing() {
    let Some(database) = TestDatabase::new(Postgres).await else { return };
    let (mut one, other) = (ServerProcess::start(&database).await, ServerProcess::start(&database).await);
    let since = database.value("SELECT max(id) FROM interview_events").await;
    let (enough, known) = watch::channel(None);
    let subscribers = USERS.map(|user| Subscriber::start(user, &[&one, &other], since, known.clone())).into();
    let ledger = Arc::new(Mutex::new(Ledger::default()));
    let mut load = Load::start(&[&one, &other], 12, &ledger);
    load.until(150).await;
    one.kill();
    load.gone().await; // each client stops when it finds its server gone
    let before = ledger.lock().unwrap().acknowledged.len();
    let mut load = Load::start(&[&other], 12, &ledger);
    load.until(before + 150).await;
    load.finish().await;
    assert_eq!(ledger.lock().unwrap().failures, Vec::<String>::new());
    compare(&database, since, subscribers, enough).await;
}
