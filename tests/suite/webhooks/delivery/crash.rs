//! `kill -9` of servers that send webhooks to a receiver that often fails: each event arrives at least once.

use super::{admin, open_options};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::SECRET;
use crate::support::database::TestDatabase;
use crate::support::people::{JUDE_WITH_LUISA, MONA};
use crate::support::polling::until;
use crate::support::process::ServerProcess;
use crate::support::webhook_receiver::WebhookReceiver;
use interviews::domain::webhook::{NewWebhook, Webhook};
use interviews::services::{CacheLifetimes, Clock, Services, Tokens};
use rstest::rstest;
use std::collections::{BTreeMap, BTreeSet};

const SETTINGS: [(&str, &str); 3] =
    [("WEBHOOK_ALLOW_HTTP", "on"), ("WEBHOOK_ALLOW_PRIVATE", "on"), ("WORK_INTERVAL", "50ms")];
const CHANGES: usize = 25;

async fn create_webhooks(database: &TestDatabase, urls: &[String]) -> Vec<Webhook> {
    let tokens = Tokens::try_new(SECRET, None).unwrap();
    let services = Services::new(database.connect().await, Clock::System, tokens, CacheLifetimes::default())
        .with_webhooks(open_options());
    let mut webhooks = Vec::new();
    for url in urls {
        let new = NewWebhook { url: url.clone(), company_id: None, types: None, description: None };
        webhooks.push(services.create_webhook(&admin(), &new, None).await.unwrap().unwrap().webhook);
    }
    webhooks
}

async fn change(server: &ServerProcess, round: usize) {
    for number in 0..CHANGES {
        let arguments = format!("id: {JUDE_WITH_LUISA}, input: {{location: \"Gate {round}-{number}\"}}");
        let reply = server.user(MONA).mutate("updateInterview", &arguments).await.unwrap();
        assert_eq!(reply.status, 200);
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_arrives_and_none_is_invented(#[values(Sqlite, Postgres)] database: Database) {
    let Some(data) = TestDatabase::new(database).await else { return };
    let before: i64 = data.value("SELECT max(id) FROM interview_events").await;
    let receiver = WebhookReceiver::start().await;
    // One that fails every third time, and one that answers slowly, so that a killed server is in the middle of it.
    let webhooks = create_webhooks(&data, &[receiver.url("/flaky"), receiver.url("/delayed")]).await;
    let mut servers = Vec::new();
    for round in 0..3 {
        let one = ServerProcess::start_with(&data, &SETTINGS).await;
        change(&one, round).await;
        until(async || {
            let sending = "SELECT count(*) FROM webhook_deliveries WHERE claimed_until IS NOT NULL";
            data.value::<i64>(sending).await > 0
        })
        .await;
        servers.push(one);
        let is_last = round == 2;
        if !is_last {
            servers.pop().unwrap().kill();
        }
        // PostgreSQL serves several servers. The second one goes on while the first is killed.
        if database == Postgres && servers.is_empty() {
            servers.push(ServerProcess::start_with(&data, &SETTINGS).await);
        }
    }
    until(async || {
        // Neither the schedule nor the lease of a killed server is waited for.
        data.execute(
            "UPDATE webhook_deliveries SET next_attempt_at = created_at \
             WHERE state = 'pending' AND claimed_until IS NULL",
        )
        .await;
        data.execute("UPDATE webhook_deliveries SET claimed_until = created_at WHERE claimed_until > next_attempt_at")
            .await;
        let unread = "SELECT count(*) FROM interview_events AS event, log_consumers AS consumer \
            WHERE (event.transaction_id, event.id) > (consumer.transaction_id, consumer.event_id)";
        let pending = "SELECT count(*) FROM webhook_deliveries WHERE state = 'pending'";
        data.value::<i64>(unread).await == 0 && data.value::<i64>(pending).await == 0
    })
    .await;
    let after: i64 = data.value("SELECT max(id) FROM interview_events").await;
    let ids: BTreeSet<String> = webhooks
        .iter()
        .flat_map(|webhook| (before + 1..=after).map(move |event| format!("msg_{}_{event}", webhook.id)))
        .collect();
    assert_eq!(ids.len(), 2 * 3 * CHANGES);
    let mut bodies: BTreeMap<String, _> = BTreeMap::new();
    for delivery in receiver.received() {
        let known = bodies.entry(delivery.id).or_insert_with(|| delivery.body.clone());
        assert_eq!(*known, delivery.body);
    }
    assert_eq!(bodies.into_keys().collect::<BTreeSet<_>>(), ids);
    let states = "SELECT count(*) FROM webhook_deliveries WHERE state <> 'delivered'";
    assert_eq!(data.value::<i64>(states).await, 0);
}
