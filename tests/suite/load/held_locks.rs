//! Another session holds a lock that changes wait for. Two servers never have more sessions than they may open, and
//! what does not need the lock goes on as before.

use crate::support::Database::Postgres;
use crate::support::booking::time_arguments;
use crate::support::database::TestDatabase;
use crate::support::invariants::{check, events};
use crate::support::listening_server::{TIMEOUT, subscribe};
use crate::support::load_generator::Ledger;
use crate::support::people::{BRUNA_APPLICATION, JUDE_WITH_LUISA, JUDE_WITH_PIET, LUISA, MONA, PIET};
use crate::support::process::ServerProcess;
use crate::support::websocket_client::WebSocketClient;
use rstest::rstest;
use sea_orm::{ConnectionTrait, DatabaseTransaction, TransactionTrait};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio::time::{interval, timeout};

/// The connections that each server may open.
const CONNECTIONS: i64 = 10;
const SETTINGS: [(&str, &str); 3] =
    [("DATABASE_CONNECTIONS", "10"), ("DATABASE_TIMEOUT", "2s"), ("REQUEST_TIMEOUT", "5s")];
/// How long the lock is held, and how often each second a change comes for it.
const HELD: Duration = Duration::from_secs(6);
const CHANGES_A_SECOND: u32 = 5;

/// What the other session locks.
#[derive(Clone, Copy, Debug)]
enum Held {
    InterviewRow,
    InterviewerRow,
    InterviewerTime,
}

impl Held {
    fn sql(self) -> String {
        match self {
            Self::InterviewRow => format!("SELECT 1 FROM interviews WHERE id = {JUDE_WITH_LUISA} FOR UPDATE"),
            Self::InterviewerRow => format!("SELECT 1 FROM users WHERE id = {LUISA} FOR UPDATE"),
            Self::InterviewerTime => format!("SELECT pg_advisory_xact_lock({} + {LUISA})", 0x5449_4D45_i64 << 32),
        }
    }

    /// A change that needs the lock.
    fn change(self, number: i64) -> String {
        if matches!(self, Self::InterviewRow) {
            return format!(
                "mutation {{ updateInterview(id: {JUDE_WITH_LUISA}, input: {{ location: \"{number}\" }}) \
                 {{ interview {{ id }} userErrors {{ code }} }} }}"
            );
        }
        let (hour, interviewee) = (8 + number % 10, BRUNA_APPLICATION.0 + number.rem_euclid(20));
        let time = time_arguments(&format!("{hour:02}:00"), &format!("{hour:02}:30"));
        format!(
            "mutation {{ createInterview(input: {{ kind: IN_PERSON, {time}, intervieweeId: {interviewee}, \
             interviewerId: {LUISA} }}) {{ interview {{ id }} userErrors {{ code }} }} }}"
        )
    }
}

/// What a client knows about its changes.
#[derive(Clone, Copy, Debug, Default)]
struct Outcome {
    made: usize,
    /// The client left, or the server says that it does not know.
    unknown: usize,
}

/// Sends a change that needs the lock, over one transport after the other.
async fn change(server: Arc<ServerProcess>, held: Held, number: i64) -> Outcome {
    let (client, query) = (server.user(MONA), held.change(number));
    let request = json!({"query": query});
    match number.rem_euclid(5) {
        0 => outcome(&client.post(&request).await.unwrap().body),
        1 => {
            let other = json!({"query": held.change(number + 1000)});
            outcome(&client.post(&json!([request, other])).await.unwrap().body)
        }
        2 => {
            let mut socket = WebSocketClient::sign_in(server.address(), &ServerProcess::token(MONA)).await;
            socket.send(subscribe("1", &query)).await;
            outcome(&socket.receive().await["payload"])
        }
        3 if matches!(held, Held::InterviewRow) => {
            let reply = client.patch(JUDE_WITH_LUISA, json!({"location": number.to_string()}), None).await.unwrap();
            if reply.status == 200 {
                Outcome { made: 1, unknown: 0 }
            } else {
                outcome_of(&reply.body["errors"][0]["code"])
            }
        }
        _ => match timeout(Duration::from_millis(300), client.post(&request)).await {
            Ok(reply) => outcome(&reply.unwrap().body),
            Err(_) => Outcome { made: 0, unknown: 1 },
        },
    }
}

/// What a GraphQL response says about its change, or the responses of a batch about theirs.
fn outcome(response: &Value) -> Outcome {
    if let Some(data) = response["data"].as_object() {
        return Outcome { made: data.values().filter(|payload| payload["interview"].is_object()).count(), unknown: 0 };
    }
    // A batch has a list of responses, an operation on a WebSocket a list of errors.
    match response.as_array() {
        Some(list) => list.iter().map(outcome).fold(Outcome::default(), |sum, it| Outcome {
            made: sum.made + it.made,
            unknown: sum.unknown + it.unknown,
        }),
        None => outcome_of(&response["errors"].get(0).unwrap_or(response)["extensions"]["code"]),
    }
}

/// A change fails because it took too long. Whether it was made is unknown if that happened during its commit, or after
/// the first change of a batch.
fn outcome_of(code: &Value) -> Outcome {
    match code.as_str() {
        Some("TIMEOUT") => Outcome::default(),
        Some("OUTCOME_UNKNOWN") => Outcome { made: 0, unknown: 2 },
        _ => panic!("{code}"),
    }
}

/// What was seen while the lock was held.
#[derive(Default)]
struct Seen {
    most_sessions: i64,
    readiness: Vec<Option<u16>>,
    /// How long each read took.
    reads: Vec<Duration>,
    /// How long the same reads took of a server whose database has no lock and no load.
    references: Vec<Duration>,
    failures: Vec<String>,
}

/// Counts the sessions of the servers.
async fn count_sessions(database: Arc<TestDatabase>) -> Seen {
    let sql = "SELECT count(*) FROM pg_stat_activity \
        WHERE datname = current_database() AND application_name LIKE 'interviews/%'";
    let (started, mut most_sessions) = (Instant::now(), 0);
    let mut ticks = interval(Duration::from_millis(20));
    while started.elapsed() < HELD {
        ticks.tick().await;
        most_sessions = database.value::<i64>(sql).await.max(most_sessions);
    }
    Seen { most_sessions, ..Seen::default() }
}

/// Reads interviews, each time with a token that the server does not know yet, and asks whether the server is ready.
async fn read(server: Arc<ServerProcess>, reference: Arc<ServerProcess>) -> Seen {
    let (started, mut seen) = (Instant::now(), Seen::default());
    let mut ticks = interval(Duration::from_millis(50));
    while started.elapsed() < HELD {
        ticks.tick().await;
        let query = match seen.reads.len() % 2 {
            0 => format!("{{ interview(id: {JUDE_WITH_PIET}) {{ version interviewer {{ title }} }} }}"),
            _ => "{ interviews(first: 10) { nodes { id interviewee { id } } totalCount } }".to_owned(),
        };
        for (server, durations) in [(&server, &mut seen.reads), (&reference, &mut seen.references)] {
            let client = server.user(PIET);
            let begun = Instant::now();
            let reply = client.post(&json!({"query": query})).await.unwrap();
            durations.push(begun.elapsed());
            if !reply.body["errors"].is_null() {
                seen.failures.push(reply.body.to_string());
            }
        }
        if seen.reads.len() % 5 == 0 {
            seen.readiness.push(server.readiness().await);
        }
    }
    seen
}

/// Changes another interview.
async fn change_others(server: Arc<ServerProcess>) -> Seen {
    let (started, mut seen, client) = (Instant::now(), Seen::default(), server.user(PIET));
    let mut ticks = interval(Duration::from_millis(250));
    for number in 0.. {
        ticks.tick().await;
        if started.elapsed() > HELD {
            break;
        }
        let arguments = format!(r#"id: {JUDE_WITH_PIET}, input: {{location: "{number}"}}"#);
        let reply = client.mutate("updateInterview", &arguments).await.unwrap();
        if reply.body["data"]["updateInterview"]["interview"].is_null() {
            seen.failures.push(reply.body.to_string());
        }
    }
    seen
}

fn p99<'a>(durations: impl Iterator<Item = &'a Duration>) -> Duration {
    let mut durations: Vec<_> = durations.collect();
    durations.sort();
    *durations[durations.len() * 99 / 100]
}

async fn servers(database: &TestDatabase) -> [Arc<ServerProcess>; 2] {
    [ServerProcess::start_with(database, &SETTINGS).await, ServerProcess::start_with(database, &SETTINGS).await]
        .map(Arc::new)
}

async fn hold(database: &TestDatabase, sql: &str) -> DatabaseTransaction {
    let transaction = database.raw().await.begin().await.unwrap();
    transaction.execute_unprepared(sql).await.unwrap();
    transaction
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn held_lock_delays_only_the_changes_that_need_it(
    #[values(Held::InterviewRow, Held::InterviewerRow, Held::InterviewerTime)] held: Held,
) {
    let Some((database, elsewhere)) = TestDatabase::new(Postgres).await.zip(TestDatabase::new(Postgres).await) else {
        return;
    };
    let database = Arc::new(database);
    let (servers, reference) = (servers(&database).await, Arc::new(ServerProcess::start(&elsewhere).await));
    let lock = hold(&database, &held.sql()).await;

    let mut watching = JoinSet::new();
    watching.spawn(count_sessions(database.clone()));
    for server in &servers {
        watching.spawn(read(server.clone(), reference.clone()));
        watching.spawn(change_others(server.clone()));
    }
    let mut changes = JoinSet::new();
    let (started, mut ticks) = (Instant::now(), interval(Duration::from_secs(1) / CHANGES_A_SECOND));
    for number in 0.. {
        ticks.tick().await;
        if started.elapsed() > HELD {
            break;
        }
        changes.spawn(change(servers[usize::try_from(number).unwrap() % 2].clone(), held, number));
    }
    let seen = watching.join_all().await;
    let before = events(&database).await;
    lock.rollback().await.unwrap();
    let outcomes = timeout(TIMEOUT, changes.join_all()).await.unwrap();

    let most_sessions = seen.iter().map(|seen| seen.most_sessions).max().unwrap();
    assert!((1..=2 * CONNECTIONS).contains(&most_sessions), "{most_sessions} sessions");
    let failures: Vec<_> = seen.iter().flat_map(|seen| &seen.failures).collect();
    assert!(failures.is_empty(), "{failures:#?}");
    assert!(seen.iter().flat_map(|seen| &seen.readiness).all(|ready| *ready == Some(200)), "not ready");
    // Reads take less than 100 ms; longer only on a machine that is busy with other tests, where all reads do.
    let reads = p99(seen.iter().flat_map(|seen| &seen.reads));
    let references = p99(seen.iter().flat_map(|seen| &seen.references));
    assert!(reads < Duration::from_millis(100) + 4 * references, "reads {reads:?}, without the lock {references:?}");
    // A change that failed has no effect.
    let made: usize = outcomes.iter().map(|outcome| outcome.made).sum();
    let unknown: usize = outcomes.iter().map(|outcome| outcome.unknown).sum();
    let written = events(&database).await - before;
    assert!((made..=made + unknown).contains(&written), "{written} events, {made} made, {unknown} unknown");
    // The lock is forgotten at once.
    assert_eq!(change(servers[0].clone(), held, -5).await.made, 1);
    check(&database, &Ledger::default()).await;
}

/// Everything that reads interviews needs the lock, so that it fails in time, and nothing else does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn locked_table_delays_requests_for_a_limited_time() {
    let Some(database) = TestDatabase::new(Postgres).await else { return };
    let database = Arc::new(database);
    let servers = servers(&database).await;
    let lock = hold(&database, "LOCK TABLE interviews IN ACCESS EXCLUSIVE MODE").await;
    let sessions = tokio::spawn(count_sessions(database.clone()));
    let readiness = tokio::spawn(watch_readiness(servers.clone()));
    let mut reads = JoinSet::new();
    let (started, mut ticks) = (Instant::now(), interval(Duration::from_millis(50)));
    for number in 0.. {
        ticks.tick().await;
        if started.elapsed() > HELD {
            break;
        }
        let client = servers[number % 2].user(MONA);
        let query = json!({"query": format!("{{ interview(id: {JUDE_WITH_LUISA}) {{ id }} }}")});
        reads.spawn(async move { client.post(&query).await.unwrap().body });
    }
    let most_sessions = sessions.await.unwrap().most_sessions;
    assert!((1..=2 * CONNECTIONS).contains(&most_sessions), "{most_sessions} sessions");
    assert!(readiness.await.unwrap().iter().all(|ready| *ready == Some(200)), "not ready");
    lock.rollback().await.unwrap();
    // The table is read again at once, and every request was answered.
    for server in &servers {
        let query = format!("{{ interview(id: {JUDE_WITH_LUISA}) {{ version }} }}");
        let body = server.user(MONA).post(&json!({"query": query})).await.unwrap().body;
        assert_eq!(body, json!({"data": {"interview": {"version": 1}}}));
    }
    for body in timeout(TIMEOUT, reads.join_all()).await.unwrap() {
        let code = &body["errors"][0]["extensions"]["code"];
        assert!(body["data"]["interview"].is_object() || code == "TIMEOUT", "{body}");
    }
}

async fn watch_readiness(servers: [Arc<ServerProcess>; 2]) -> Vec<Option<u16>> {
    let (started, mut seen) = (Instant::now(), Vec::new());
    let mut ticks = interval(Duration::from_millis(250));
    while started.elapsed() < HELD {
        ticks.tick().await;
        for server in &servers {
            seen.push(server.readiness().await);
        }
    }
    seen
}
