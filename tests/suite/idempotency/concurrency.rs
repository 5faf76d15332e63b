//! Equal requests at once: one is made, the others wait for it and answer the same.

use super::booking;
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::database::TestDatabase;
use crate::support::invariants::events;
use crate::support::people::{JUDE, JUDE_WITH_LUISA, MONA};
use crate::support::process::ServerProcess;
use futures_util::future::join_all;
use interviews::domain::UserId;
use rstest::rstest;
use serde_json::{Value, json};

const REQUESTS: usize = 16;

/// The servers that share a database: two on PostgreSQL.
async fn servers(database: &TestDatabase, kind: Database) -> Vec<ServerProcess> {
    let mut servers = Vec::new();
    for _ in 0..if kind == Postgres { 2 } else { 1 } {
        servers.push(ServerProcess::start_for_load(database).await);
    }
    servers
}

/// The payloads of a mutation that all servers get at once, several times.
async fn at_once(servers: &[ServerProcess], user: UserId, mutation: &str, arguments: &[String]) -> Vec<Value> {
    let replies = arguments.iter().zip(servers.iter().cycle()).map(|(arguments, server)| {
        let query = format!(
            "mutation {{ {mutation}({arguments}) {{ interview {{ id version }} replayed userErrors {{ code }} }} }}"
        );
        let client = server.user(user);
        async move { client.post(&json!({"query": query})).await.unwrap().body["data"][mutation].take() }
    });
    join_all(replies).await
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_equal_requests_is_made_and_all_answer_the_same(#[values(Sqlite, Postgres)] kind: Database) {
    let Some(database) = TestDatabase::new(kind).await else { return };
    let servers = servers(&database, kind).await;
    for round in 0..8 {
        let keyed =
            |arguments: &str, key: &str| vec![format!("{arguments}, idempotencyKey: \"{key} {round}\""); REQUESTS];
        let version = 1 + 3 * round;
        let id = format!("id: {JUDE_WITH_LUISA}");
        let (start, end) = (format!("{:02}:00", 6 + round), format!("{:02}:30", 6 + round));
        for (user, mutation, arguments) in [
            (MONA, "createInterview", keyed(&booking(&start, &end), "create")),
            (
                MONA,
                "updateInterview",
                keyed(&format!("{id}, input: {{location: \"{round}\"}}, expectedVersion: {version}"), "update"),
            ),
            (
                JUDE,
                "amendInterview",
                keyed(
                    &format!(
                        "{id}, input: {{startAt: \"2025-05-{:02}T10:00:00Z\", endAt: \"2025-05-{:02}T11:00:00Z\"}}",
                        round + 1,
                        round + 1
                    ),
                    "amend",
                ),
            ),
            (MONA, "acceptInterview", keyed(&id, "accept")),
        ] {
            let before = events(&database).await;
            let payloads = at_once(&servers, user, mutation, &arguments).await;
            let made = payloads.iter().filter(|payload| payload["replayed"] == json!(false)).count();
            assert_eq!(made, 1, "{mutation} {payloads:#?}");
            for payload in &payloads {
                assert_eq!(payload["userErrors"], json!([]), "{mutation} {payload:#}");
                assert_eq!(payload["interview"], payloads[0]["interview"]);
            }
            assert_eq!(events(&database).await, before + 1, "{mutation}");
        }
    }
    let complaints: Vec<String> = servers.iter().flat_map(ServerProcess::complaints).collect();
    assert_eq!(complaints, Vec::<String>::new());
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_different_requests_with_one_key_is_made(#[values(Sqlite, Postgres)] kind: Database) {
    let Some(database) = TestDatabase::new(kind).await else { return };
    let servers = servers(&database, kind).await;
    let open =
        "SELECT id FROM interviews WHERE company_id = 1 AND status IN ('pending', 'scheduled') ORDER BY id LIMIT 16";
    let rows = crate::support::inspect::query(&database, open).await;
    for round in 0..8 {
        let arguments: Vec<String> = rows
            .iter()
            .map(|row| format!("id: {}, input: {{location: \"{round}\"}}, idempotencyKey: \"{round}\"", row["id"]))
            .collect();
        let before = events(&database).await;
        let payloads = at_once(&servers, MONA, "updateInterview", &arguments).await;
        let reused = json!([{"code": "IDEMPOTENCY_KEY_REUSED"}]);
        let refused = payloads.iter().filter(|payload| payload["userErrors"] == reused).count();
        let made = payloads.iter().filter(|payload| payload["userErrors"] == json!([])).count();
        assert_eq!((made, refused), (1, REQUESTS - 1), "{payloads:#?}");
        assert_eq!(events(&database).await, before + 1);
    }
    let complaints: Vec<String> = servers.iter().flat_map(ServerProcess::complaints).collect();
    assert_eq!(complaints, Vec::<String>::new());
}
