//! Many who change one interview, or want one slot, at the same moment.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::aftermath::{check, events};
use crate::support::database::TestDatabase;
use crate::support::load::Ledger;
use crate::support::process::{Client, Reply, ServerProcess};
use rstest::rstest;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tokio::task::JoinSet;

/// So many send theirs at once, by turns to each server; their answers in any order.
async fn at_once<F>(count: usize, servers: &[ServerProcess], user: i64, send: impl Fn(Client, usize) -> F) -> Vec<Value>
where
    F: Future<Output = reqwest::Result<Reply>> + Send + 'static,
{
    let mut requests = JoinSet::new();
    for number in 0..count {
        requests.spawn(send(servers[number % servers.len()].user(user), number));
    }
    let answers = requests.join_all().await.into_iter();
    let payload = |reply: Reply| {
        assert_eq!(reply.status, 200, "{}", reply.body);
        let data = reply.body["data"].as_object().unwrap_or_else(|| panic!("{}", reply.body));
        data.values().next().unwrap().clone()
    };
    answers.map(|answer| payload(answer.unwrap())).collect()
}

async fn servers(database: Database) -> Option<(TestDatabase, Vec<ServerProcess>)> {
    let processes = if database == Sqlite { 1 } else { 2 };
    let database = TestDatabase::new(database).await?;
    let mut servers = Vec::new();
    for _ in 0..processes {
        servers.push(ServerProcess::start(&database).await);
    }
    Some((database, servers))
}

fn winners(payloads: &[Value]) -> Vec<&Value> {
    payloads.iter().map(|payload| &payload["interview"]).filter(|interview| !interview.is_null()).collect()
}

fn codes(payloads: &[Value]) -> BTreeSet<String> {
    let errors = payloads.iter().flat_map(|payload| payload["userErrors"].as_array().unwrap());
    errors.map(|error| error["code"].as_str().unwrap().to_owned()).collect()
}

fn only(code: &str) -> BTreeSet<String> {
    BTreeSet::from([code.to_owned()])
}

#[rstest]
#[tokio::test]
async fn of_many_who_expect_the_same_version_exactly_one_wins(#[values(Sqlite, Postgres)] database: Database) {
    let Some((database, servers)) = servers(database).await else { return };
    for version in 1..=10 {
        let payloads = at_once(16, &servers, 1000, |client, number| async move {
            let input = format!(r#"id: 27, input: {{location: "{version}, {number}"}}, expectedVersion: {version}"#);
            client.mutate("updateInterview", &input).await
        })
        .await;
        assert_eq!(winners(&payloads), [&json!({"id": "27", "version": version + 1, "status": "PENDING"})]);
        assert_eq!(codes(&payloads), only("STALE_VERSION"));
    }
    check(&database, &Ledger::default()).await;
}

#[rstest]
#[tokio::test]
async fn without_a_version_each_acts_on_the_newest_state(#[values(Sqlite, Postgres)] database: Database) {
    let Some((database, servers)) = servers(database).await else { return };
    let payloads = at_once(32, &servers, 1000, |client, number| async move {
        client.mutate("updateInterview", &format!(r#"id: 27, input: {{location: "{number}"}}"#)).await
    })
    .await;
    let versions: BTreeSet<i64> =
        winners(&payloads).iter().map(|interview| interview["version"].as_i64().unwrap()).collect();
    assert_eq!(versions, (2..=33).collect());
    check(&database, &Ledger::default()).await;
}

#[rstest]
#[tokio::test]
async fn an_interview_ends_once(#[values(Sqlite, Postgres)] database: Database) {
    let Some((database, servers)) = servers(database).await else { return };
    let before = events(&database).await;
    let payloads = at_once(16, &servers, 1, |client, number| async move {
        let mutation = ["cancelInterview", "rejectInterview"][number / 2 % 2];
        client.mutate(mutation, "id: 27").await
    })
    .await;
    assert_eq!(winners(&payloads).len(), 1);
    assert_eq!(codes(&payloads), only("INVALID_STATE"));
    assert_eq!(events(&database).await, before + 1);
    check(&database, &Ledger::default()).await;
}

#[rstest]
#[tokio::test]
async fn of_many_who_want_the_same_slot_exactly_one_gets_it(#[values(Sqlite, Postgres)] database: Database) {
    let Some((database, servers)) = servers(database).await else { return };
    let before = events(&database).await;
    for hour in 10..14 {
        // Of one driver with several interviewers, then of several drivers with one.
        let payloads = at_once(12, &servers, 1000, |client, number| async move {
            let (interviewee, interviewer) = if hour % 2 == 0 { (277, 2000 + number % 4) } else { (1000 + number, 1001) };
            let (start, end) = (format!("2025-04-01T{hour}:00:00Z"), format!("2025-04-01T{hour}:30:00Z"));
            let input = format!(
                r#"kind: IN_PERSON, startAt: "{start}", endAt: "{end}", intervieweeId: {interviewee}, interviewerId: {interviewer}"#
            );
            client.mutate("createInterview", &format!("input: {{{input}}}")).await
        })
        .await;
        assert_eq!(winners(&payloads).len(), 1);
        assert_eq!(codes(&payloads), only("SCHEDULE_CONFLICT"));
    }
    assert_eq!(events(&database).await, before + 4);
    check(&database, &Ledger::default()).await;
}
