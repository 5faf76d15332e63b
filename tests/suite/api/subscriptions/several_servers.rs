//! Two server processes on one PostgreSQL: a change through either server reaches the subscribers of both, each event
//! once and in order for each interview, also for subscribers that reconnect to the other server when theirs is killed.

use crate::support::Database::Postgres;
use crate::support::database::TestDatabase;
use crate::support::events::cursor;
use crate::support::inspect::query;
use crate::support::listening_server::{TIMEOUT, subscribe};
use crate::support::load_generator::{Ledger, Load};
use crate::support::people::{ADA, BRUNA, COASTAL_FREIGHT, MONA, NORTHERN_HAULAGE, PIET};
use crate::support::process::ServerProcess;
use crate::support::websocket_client::WebSocketClient;
use interviews::domain::UserId;
use serde_json::Value;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Users of the load, each with the SQL condition of the interviews that they see.
fn users() -> [(UserId, String); 4] {
    [
        (MONA, format!("company_id = {NORTHERN_HAULAGE}")),
        (PIET, format!("company_id = {COASTAL_FREIGHT}")),
        (BRUNA, format!("driver_id = {BRUNA}")),
        (ADA, "1 = 1".to_owned()),
    ]
}

/// The number of events that each user has to receive, once it is known.
type ExpectedCounts = Option<HashMap<UserId, usize>>;

/// The ids of an event and of its interview.
type Ids = (i64, i64);

/// A client that reads all events of a user. When its connection ends, it connects to the next server with `since`.
struct ReconnectingClient {
    user: UserId,
    received: JoinHandle<Vec<Ids>>,
}

impl ReconnectingClient {
    fn start(user: UserId, servers: &[&ServerProcess], since: &str, expected: watch::Receiver<ExpectedCounts>) -> Self {
        let servers: Vec<_> = servers.iter().map(|server| (server.address(), ServerProcess::token(user))).collect();
        let received = tokio::spawn(read(user, servers, since.to_owned(), expected));
        Self { user, received }
    }
}

async fn read(
    user: UserId,
    servers: Vec<(SocketAddr, String)>,
    mut since: String,
    mut expected: watch::Receiver<ExpectedCounts>,
) -> Vec<Ids> {
    let mut received = Vec::new();
    for (address, token) in servers.iter().cycle() {
        let mut client = WebSocketClient::sign_in(*address, token).await;
        let query =
            format!(r#"subscription {{ interviewChanged(since: "{since}") {{ id cursor interview {{ id }} }} }}"#);
        client.send(subscribe("all", &query)).await;
        loop {
            let is_complete =
                expected.borrow_and_update().as_ref().is_some_and(|counts| received.len() >= counts[&user]);
            if is_complete {
                client.expect_nothing().await;
                return received;
            }
            tokio::select! {
                _ = expected.changed() => {}
                message = client.receive_or_end() => {
                    let Some(message) = message else { break };
                    let event = &message["payload"]["data"]["interviewChanged"];
                    event["cursor"].as_str().unwrap().clone_into(&mut since);
                    received.push((parse_id(&event["id"]), parse_id(&event["interview"]["id"])));
                }
            }
        }
    }
    received
}

fn parse_id(id: &Value) -> i64 {
    id.as_str().unwrap().parse().unwrap()
}

/// Compares what the clients received with the events in the log.
async fn compare_with_log(
    database: &TestDatabase,
    since: i64,
    clients: Vec<ReconnectingClient>,
    expected: watch::Sender<ExpectedCounts>,
) {
    let mut logged = HashMap::new();
    for (user, condition) in users() {
        let sql = format!(
            "SELECT id, interview_id FROM interview_events WHERE id > {since} \
             AND interview_id IN (SELECT id FROM interviews WHERE {condition}) ORDER BY id"
        );
        let rows = query(database, &sql).await;
        let rows = rows.iter().map(|row| (row["id"].as_i64().unwrap(), row["interview_id"].as_i64().unwrap()));
        logged.insert(user, rows.collect::<Vec<_>>());
    }
    expected.send(Some(logged.iter().map(|(user, rows)| (*user, rows.len())).collect())).unwrap();
    for ReconnectingClient { user, received } in clients {
        let mut received = tokio::time::timeout(TIMEOUT, received).await.expect("an event is missing").unwrap();
        let mut last_of = HashMap::new();
        for (event, interview) in &received {
            let earlier = last_of.insert(*interview, *event);
            assert!(earlier.is_none_or(|earlier| earlier < *event), "{event} is out of order");
        }
        received.sort_unstable();
        assert_eq!(received, logged[&user], "user {user}");
        assert!(received.len() > 20, "too few events: {}", received.len());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscribers_of_both_servers_receive_each_event_once_and_in_order() {
    let Some(database) = TestDatabase::new(Postgres).await else { return };
    let (one, other) = (ServerProcess::start(&database).await, ServerProcess::start(&database).await);
    let since = database.value("SELECT max(id) FROM interview_events").await;
    let start = cursor(&database, since).await;
    let (sender, expected) = watch::channel(None);
    let clients = [&one, &other]
        .into_iter()
        .flat_map(|server| {
            users().map(|(user, _)| ReconnectingClient::start(user, &[server], &start, expected.clone()))
        })
        .collect();
    let mut load = Load::start(&[&one, &other], 12, &Arc::new(Mutex::new(Ledger::default())));
    load.until(300).await;
    let ledger = load.ledger.clone();
    load.finish().await;
    assert_eq!(ledger.lock().unwrap().failures, Vec::<String>::new());
    compare_with_log(&database, since, clients, sender).await;
    assert_eq!([one.complaints(), other.complaints()], [Vec::<String>::new(), Vec::new()]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscribers_of_a_killed_server_reconnect_to_the_other_and_miss_no_event() {
    let Some(database) = TestDatabase::new(Postgres).await else { return };
    let (mut one, other) = (ServerProcess::start(&database).await, ServerProcess::start(&database).await);
    let since = database.value("SELECT max(id) FROM interview_events").await;
    let start = cursor(&database, since).await;
    let (sender, expected) = watch::channel(None);
    let clients =
        users().map(|(user, _)| ReconnectingClient::start(user, &[&one, &other], &start, expected.clone())).into();
    let ledger = Arc::new(Mutex::new(Ledger::default()));
    let mut load = Load::start(&[&one, &other], 12, &ledger);
    load.until(150).await;
    one.kill();
    load.gone().await; // clients of the load stop when their server is gone
    let before = ledger.lock().unwrap().acknowledged.len();
    let mut load = Load::start(&[&other], 12, &ledger);
    load.until(before + 150).await;
    load.finish().await;
    assert_eq!(ledger.lock().unwrap().failures, Vec::<String>::new());
    compare_with_log(&database, since, clients, sender).await;
}
