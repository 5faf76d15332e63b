//! Which events become messages, and for which webhooks.

use super::{dispatch, send, start, webhook, webhook_of};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::people::{COASTAL_FREIGHT, JUDE, JUDE_WITH_LUISA, LUISA, NORTHERN_HAULAGE, PIET};
use crate::support::webhook_receiver::WebhookReceiver;
use interviews::domain::webhook::{Webhook, WebhookType};
use interviews::services::{CacheLifetimes, Clock, Services, Tokens};
use rstest::rstest;

/// The types of the messages of a webhook, in the order of their events.
async fn types(app: &TestApp, webhook: &Webhook) -> String {
    let (on_postgres, id) = (app.database.url.starts_with("postgres"), webhook.id);
    let join = if on_postgres { "string_agg" } else { "group_concat" };
    let list = format!("COALESCE({join}(type, ' ' ORDER BY event_id), '')");
    app.database.value(&format!("SELECT {list} FROM webhook_deliveries WHERE webhook_id = {id}")).await
}

#[rstest]
#[tokio::test]
async fn webhook_receives_events_of_its_company_and_types_from_its_creation_on(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let Some(app) = start(database, &[]).await else { return };
    let url = "http://127.0.0.1:9/";
    let first = webhook(&app, url).await;
    app.book(JUDE, LUISA).at("08:00").accepted().await;
    app.clock.advance(chrono::TimeDelta::milliseconds(1));
    let all = webhook(&app, url).await;
    let northern = webhook_of(&app, url, Some(NORTHERN_HAULAGE), None).await;
    let coastal = webhook_of(&app, url, Some(COASTAL_FREIGHT), None).await;
    let accepted = webhook_of(&app, url, None, Some(vec![WebhookType::Accepted])).await;
    app.book(JUDE, LUISA).at("10:00").accepted().await;
    app.book(JUDE, PIET).at("12:00").await;
    dispatch(&app).await;
    let (created, both) = ("interview.created", "interview.created interview.accepted");
    assert_eq!(types(&app, &first).await, format!("{both} {both} {created}"));
    assert_eq!(types(&app, &all).await, format!("{both} {created}"));
    assert_eq!(types(&app, &northern).await, both);
    assert_eq!(types(&app, &coastal).await, created);
    assert_eq!(types(&app, &accepted).await, "interview.accepted");
}

#[rstest]
#[tokio::test]
async fn message_has_the_interview_as_it_is_when_it_is_made(#[values(Sqlite, Postgres)] database: Database) {
    let Some(app) = start(database, &[]).await else { return };
    let receiver = WebhookReceiver::start().await;
    webhook(&app, &receiver.url("/ok")).await;
    let update = |location| format!("id: {JUDE_WITH_LUISA}, input: {{location: \"{location}\"}}");
    app.staff().mutate("updateInterview", &update("Gate 1")).await;
    app.staff().mutate("updateInterview", &update("Gate 2")).await;
    dispatch(&app).await;
    send(&app).await;
    let mut bodies: Vec<serde_json::Value> =
        receiver.received().iter().map(|delivery| serde_json::from_slice(&delivery.body).unwrap()).collect();
    bodies.sort_by_key(|body| body["data"]["event"]["id"].as_str().unwrap().parse::<i64>().unwrap());
    let [first, second] = &bodies[..] else { panic!("{bodies:?}") };
    assert_eq!(first["data"]["event"]["changes"][0]["to"], "Gate 1");
    assert_eq!(second["data"]["event"]["changes"][0]["to"], "Gate 2");
    assert_eq!(first["data"]["interview"], second["data"]["interview"]);
    assert_eq!(second["data"]["interview"]["location"], "Gate 2");
}

#[rstest]
#[tokio::test]
async fn many_events_are_read_in_batches(#[values(Sqlite, Postgres)] database: Database) {
    let Some(app) = start(database, &[]).await else { return };
    webhook(&app, "http://127.0.0.1:9/").await;
    // More than a batch, in the order of the log.
    app.database
        .execute(
            "INSERT INTO interview_events (interview_id, type, at, changes, transaction_id, company_id, driver_id) \
             SELECT interview_id, 'updated', (SELECT created_at FROM webhooks), changes, transaction_id, company_id, \
                driver_id FROM interview_events LIMIT 450",
        )
        .await;
    let events: i64 = app.database.value("SELECT count(*) FROM interview_events WHERE type = 'updated'").await;
    assert!(events > 200, "{events}");
    dispatch(&app).await;
    let queued = "SELECT count(*) FROM webhook_deliveries";
    assert_eq!(app.database.value::<i64>(queued).await, events);
    assert!(!app.app.services().dispatch_webhooks(app.now()).await.unwrap());
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_queue_each_event_once(#[values(Sqlite, Postgres)] database: Database) {
    let Some(app) = start(database, &[]).await else { return };
    let webhook = webhook(&app, "http://127.0.0.1:9/").await;
    let other = another_server(&app).await;
    let mut expected = Vec::new();
    for time in ["06:00", "08:00", "10:00", "12:00", "14:00", "16:00"] {
        app.book(JUDE, LUISA).at(time).accepted().await;
        expected.push("interview.created interview.accepted");
        let (first, second) = (app.app.services(), &other);
        let (first, second) = tokio::join!(first.dispatch_webhooks(app.now()), second.dispatch_webhooks(app.now()));
        first.unwrap();
        second.unwrap();
    }
    dispatch(&app).await;
    assert_eq!(types(&app, &webhook).await, expected.join(" "));
}

pub async fn another_server(app: &TestApp) -> Services {
    let tokens = Tokens::try_new(crate::support::SECRET, None).unwrap();
    let db = app.database.connect_and_verify().await;
    Services::new(db, Clock::Frozen(app.clock.clone()), tokens, CacheLifetimes::default())
        .with_webhooks(super::open_options())
}
