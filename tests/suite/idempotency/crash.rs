//! `kill -9` between the commit of a change and the response: the request that is sent again is not made again.

use super::booking;
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::database::TestDatabase;
use crate::support::invariants::events;
use crate::support::people::{JUDE_WITH_LUISA, MONA};
use crate::support::polling::until;
use crate::support::process::ServerProcess;
use rstest::rstest;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

const ROUNDS: usize = 200;

/// Sends a request whose response the client never reads.
pub async fn send_and_forget(server: &ServerProcess, query: &str) -> TcpStream {
    let body = json!({"query": query}).to_string();
    let token = ServerProcess::token(MONA);
    let request = format!(
        "POST /graphql HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut client = TcpStream::connect(server.address()).await.unwrap();
    client.write_all(request.as_bytes()).await.unwrap();
    client
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn request_whose_response_is_lost_with_the_server_is_made_once(#[values(Sqlite, Postgres)] database: Database) {
    let Some(database) = TestDatabase::new(database).await else { return };
    let mut server = ServerProcess::start(&database).await;
    for round in 0..ROUNDS {
        let selection = "interview { id } replayed userErrors { code }";
        let query = if round % 2 == 0 {
            let arguments = format!("id: {JUDE_WITH_LUISA}, input: {{location: \"{round}\"}}");
            format!("mutation {{ updateInterview({arguments}, idempotencyKey: \"{round}\") {{ {selection} }} }}")
        } else {
            // Each on a day of its own.
            let arguments = booking("10:00", "11:00").replace("2025-04-01", &day(round));
            format!("mutation {{ createInterview({arguments}, idempotencyKey: \"{round}\") {{ {selection} }} }}")
        };
        let before = events(&database).await;
        let client = send_and_forget(&server, &query).await;
        until(async || events(&database).await > before).await;
        server.kill();
        drop(client);
        server = ServerProcess::start(&database).await;
        let reply = server.user(MONA).post(&json!({"query": query})).await.unwrap();
        let payload = reply.body["data"].as_object().unwrap().values().next().unwrap().clone();
        assert_eq!((&payload["replayed"], &payload["userErrors"]), (&json!(true), &json!([])), "{round}: {payload:#}");
        assert_eq!(events(&database).await, before + 1, "{round}");
        if round % 2 == 1 {
            // An application has few open interviews.
            let id = payload["interview"]["id"].as_str().unwrap();
            server.user(MONA).mutate("cancelInterview", &format!("id: {id}")).await.unwrap();
        }
    }
}

/// One of the days after the free day.
fn day(number: usize) -> String {
    let first: chrono::NaiveDate = "2025-04-01".parse().unwrap();
    (first + chrono::Days::new(number as u64)).to_string()
}
