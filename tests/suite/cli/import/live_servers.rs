//! An import while servers run: their subscribers get each event once and in the order of the log, and their changes
//! succeed.

use super::{interview, lines, people};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::events::{cursor, ids_after};
use crate::support::invariants::double_bookings;
use crate::support::listening_server::subscribe;
use crate::support::people::ADA;
use crate::support::process::ServerProcess;
use crate::support::shell::Shell;
use crate::support::websocket_client::WebSocketClient;
use interviews::domain::UserId;
use rstest::rstest;
use serde_json::{Value, json};
use std::sync::Arc;

/// Staff of the imported company.
const VERA: UserId = UserId(9010);

/// A creation by the server on a day of its own.
fn creation(number: usize) -> String {
    format!(
        "input: {{intervieweeId: 9030, interviewerId: 9010, kind: VIDEO_CALL, \
            startAt: \"2027-01-{:02}T{:02}:00:00Z\", endAt: \"2027-01-{:02}T{:02}:30:00Z\"}}",
        1 + number / 20,
        number % 20,
        1 + number / 20,
        number % 20
    )
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn subscribers_get_each_imported_event_once_and_in_order(#[values(Sqlite, Postgres)] database: Database) {
    let Some(shell) = Shell::on_demo_data(database).await else { return };
    assert_eq!(shell.import(&lines(people())).code, Some(0));
    let database = shell.database();
    let last: i64 = database.value("SELECT max(id) FROM interview_events").await;
    let server = ServerProcess::start_for_load(database).await;
    let mut client = WebSocketClient::sign_in(server.address(), &ServerProcess::token(ADA)).await;
    let since = cursor(database, last).await;
    let subscription =
        format!("subscription {{ interviewChanged(since: \"{since}\") {{ id type interview {{ id }} }} }}");
    client.send(subscribe("all", &subscription)).await;

    // Some of the ids come right after those that the server draws, and are drawn meanwhile.
    let first: i64 = database.value("SELECT max(id) FROM interviews").await;
    let imported = (0..1_500).map(|number| {
        let (year, day, hour) = (1990 + number / 500, 1 + number % 500 / 20, number % 20);
        let mut row = interview(first + 1 + 3 * number, 0);
        row["status"] = "COMPLETED".into();
        row["startAt"] = format!("{year}-05-{day:02}T{hour:02}:00:00Z").into();
        row["endAt"] = format!("{year}-05-{day:02}T{hour:02}:30:00Z").into();
        row
    });
    let (text, shell) = (lines(imported), Arc::new(shell));
    let importing = {
        let shell = shell.clone();
        tokio::task::spawn_blocking(move || shell.import(&text))
    };
    let staff = server.user(VERA);
    // An application has at most 50 open interviews.
    for number in 0..40 {
        let reply = staff.mutate("createInterview", &creation(number)).await.unwrap();
        let payload = &reply.body["data"]["createInterview"];
        assert_eq!(payload["userErrors"], json!([]), "{}", reply.body);
        assert!(payload["interview"]["id"].is_string(), "{}", reply.body);
    }
    let finished = importing.await.unwrap();
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);

    let database = shell.database();
    let expected = ids_after(database, last).await;
    let mut received = Vec::new();
    while received.len() < expected.len() {
        let message = client.receive().await;
        let event = &message["payload"]["data"]["interviewChanged"];
        assert_eq!(event["type"], "CREATED", "{message}");
        received.push(event["id"].as_str().unwrap().parse::<i64>().unwrap());
    }
    assert_eq!(received, expected);
    client.expect_nothing().await;
    assert_eq!(double_bookings(database).await, Vec::<Value>::new());
    assert_eq!(server.complaints(), Vec::<String>::new());
}
