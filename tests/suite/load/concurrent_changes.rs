//! Many requests at the same moment that change one interview or want one time.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::booking::time_arguments;
use crate::support::database::TestDatabase;
use crate::support::invariants::{check, events};
use crate::support::load_generator::Ledger;
use crate::support::people::{ADA, BRUNA_APPLICATION, JUDE_APPLICATION, JUDE_WITH_LUISA, KOFI, LUISA, MONA};
use crate::support::process::{Client, Reply, ServerProcess};
use interviews::domain::UserId;
use rstest::rstest;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tokio::task::JoinSet;

/// Sends this many requests of a user at once, to the servers in turns; their payloads in any order.
async fn at_once<F>(
    count: usize,
    servers: &[ServerProcess],
    user: UserId,
    send: impl Fn(Client, usize) -> F,
) -> Vec<Value>
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
        servers.push(ServerProcess::start_for_load(&database).await);
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
async fn exactly_one_of_many_changes_at_one_version_succeeds(#[values(Sqlite, Postgres)] database: Database) {
    let Some((database, servers)) = servers(database).await else { return };
    for version in 1..=10 {
        let payloads = at_once(16, &servers, MONA, |client, number| async move {
            let input = format!(
                r#"id: {JUDE_WITH_LUISA}, input: {{location: "{version}, {number}"}}, expectedVersion: {version}"#
            );
            client.mutate("updateInterview", &input).await
        })
        .await;
        let id = JUDE_WITH_LUISA.to_string();
        assert_eq!(winners(&payloads), [&json!({"id": id, "version": version + 1, "status": "PENDING"})]);
        assert_eq!(codes(&payloads), only("STALE_VERSION"));
    }
    check(&database, &Ledger::default()).await;
}

#[rstest]
#[tokio::test]
async fn each_change_without_a_version_acts_on_the_newest_state(#[values(Sqlite, Postgres)] database: Database) {
    let Some((database, servers)) = servers(database).await else { return };
    let payloads = at_once(32, &servers, MONA, |client, number| async move {
        let arguments = format!(r#"id: {JUDE_WITH_LUISA}, input: {{location: "{number}"}}"#);
        client.mutate("updateInterview", &arguments).await
    })
    .await;
    let versions: BTreeSet<i64> =
        winners(&payloads).iter().map(|interview| interview["version"].as_i64().unwrap()).collect();
    assert_eq!(versions, (2..=33).collect());
    check(&database, &Ledger::default()).await;
}

#[rstest]
#[tokio::test]
async fn interview_ends_once(#[values(Sqlite, Postgres)] database: Database) {
    let Some((database, servers)) = servers(database).await else { return };
    let before = events(&database).await;
    let payloads = at_once(16, &servers, ADA, |client, number| async move {
        let mutation = ["cancelInterview", "rejectInterview"][number / 2 % 2];
        client.mutate(mutation, &format!("id: {JUDE_WITH_LUISA}")).await
    })
    .await;
    assert_eq!(winners(&payloads).len(), 1);
    assert_eq!(codes(&payloads), only("INVALID_STATE"));
    assert_eq!(events(&database).await, before + 1);
    check(&database, &Ledger::default()).await;
}

#[rstest]
#[tokio::test]
async fn exactly_one_of_many_bookings_at_one_time_succeeds(#[values(Sqlite, Postgres)] database: Database) {
    let Some((database, servers)) = servers(database).await else { return };
    let before = events(&database).await;
    for hour in 10..14 {
        let payloads = at_once(12, &servers, MONA, |client, number| async move {
            let number = i64::try_from(number).unwrap();
            // One driver with several interviewers, then several drivers with one interviewer. Generated people have
            // consecutive ids.
            let (interviewee, interviewer) = match hour % 2 {
                0 => (JUDE_APPLICATION.0, KOFI.0 + number % 4),
                _ => (BRUNA_APPLICATION.0 + number, LUISA.0),
            };
            let time = time_arguments(&format!("{hour}:00"), &format!("{hour}:30"));
            let people = format!("intervieweeId: {interviewee}, interviewerId: {interviewer}");
            client.mutate("createInterview", &format!("input: {{kind: IN_PERSON, {time}, {people}}}")).await
        })
        .await;
        assert_eq!(winners(&payloads).len(), 1);
        assert_eq!(codes(&payloads), only("SCHEDULE_CONFLICT"));
    }
    assert_eq!(events(&database).await, before + 4);
    check(&database, &Ledger::default()).await;
}

#[rstest]
#[tokio::test]
async fn bookings_at_once_count_each_other_for_the_limit(#[values(Sqlite, Postgres)] database: Database) {
    let processes = if database == Sqlite { 1 } else { 2 };
    let Some(database) = TestDatabase::new(database).await else { return };
    let open = format!(
        "SELECT count(*) FROM interviews WHERE interviewee_id = {BRUNA_APPLICATION} \
         AND status IN ('pending', 'amended', 'scheduled')"
    );
    let limit = database.value::<i64>(&open).await + 5;
    let mut servers = Vec::new();
    for _ in 0..processes {
        let limit = limit.to_string();
        servers.push(ServerProcess::start_with(&database, &[("MAX_OPEN_INTERVIEWS", &limit)]).await);
    }
    let payloads = at_once(16, &servers, MONA, |client, number| async move {
        // Those that allow overlaps reserve no time.
        let time = time_arguments(&format!("{:02}:00", 4 + number), &format!("{:02}:30", 4 + number));
        let people = format!("intervieweeId: {BRUNA_APPLICATION}, interviewerId: {LUISA}");
        let input = format!("input: {{kind: IN_PERSON, {time}, {people}, allowOverlap: {}}}", number % 4 < 2);
        client.mutate("createInterview", &input).await
    })
    .await;
    assert_eq!((winners(&payloads).len(), codes(&payloads)), (5, only("TOO_MANY_OPEN_INTERVIEWS")));
    assert_eq!(database.value::<i64>(&open).await, limit);
    check(&database, &Ledger::default()).await;
}
