//! What a response, or its absence, means for a delivery.

use super::{dispatch, of_attempt, of_delivery, send, start, webhook};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::people::{JUDE, LUISA};
use crate::support::webhook_receiver::{WebhookReceiver, closed_address, resetting_server};
use chrono::{DateTime, Utc};
use interviews::domain::webhook::signature;
use rstest::rstest;
use serde_json::Value;

#[rstest]
#[tokio::test]
async fn delivery_is_signed_and_arrives(#[values(Sqlite, Postgres)] database: Database) {
    let Some(app) = start(database, &[]).await else { return };
    let receiver = WebhookReceiver::start().await;
    let webhook = webhook(&app, &receiver.url("/ok?key=1")).await;
    let interview = app.book(JUDE, LUISA).at("10:00").await;
    dispatch(&app).await;
    send(&app).await;
    let received = receiver.received();
    let [delivery] = &received[..] else { panic!("{received:?}") };
    let event: i64 = app.database.value("SELECT max(id) FROM interview_events").await;
    assert_eq!(delivery.id, format!("msg_{}_{event}", webhook.id));
    assert_eq!(delivery.timestamp, app.now().timestamp().to_string());
    assert_eq!(delivery.content_type, "application/json");
    assert_eq!(delivery.user_agent, concat!("interviews/", env!("CARGO_PKG_VERSION")));
    let verify = |secret| {
        let (id, time) = (&delivery.id, &delivery.timestamp);
        signature::verify(secret, id, time, &delivery.signature, &delivery.body, app.now())
    };
    assert_eq!(verify(&webhook.secret), Ok(()));
    let body: Value = serde_json::from_slice(&delivery.body).unwrap();
    assert_eq!(body["type"], "interview.created");
    assert_eq!(body["data"]["event"]["id"], event.to_string());
    assert_eq!(body["data"]["interview"]["id"], interview.to_string());
    assert_eq!(of_delivery::<String>(&app, "state").await, "delivered");
    assert_eq!(of_delivery::<String>(&app, "body").await.as_bytes(), delivery.body);
    assert_eq!(of_delivery::<Option<DateTime<Utc>>>(&app, "next_attempt_at").await, None);
    assert_eq!(of_delivery::<Option<DateTime<Utc>>>(&app, "finished_at").await, Some(app.now()));
    assert_eq!(of_attempt::<i32>(&app, "status").await, 204);
    assert_eq!(of_attempt::<Option<String>>(&app, "error").await, None);
}

#[rstest]
#[case::status("/fail", "status", Some(500), Some("out of order"))]
#[case::redirect("/redirect", "redirect", Some(302), Some(""))]
#[case::timeout("/slow", "timeout", None, None)]
#[case::reset("reset", "reset", None, None)]
#[case::connect("closed", "connect", None, None)]
#[case::tls("tls", "tls", None, None)]
#[case::dns("http://receiver.invalid/", "dns", None, None)]
#[tokio::test]
async fn failure_is_recorded_and_the_delivery_waits_for_the_next_attempt(
    #[case] path: &str,
    #[case] error: &str,
    #[case] status: Option<i32>,
    #[case] response: Option<&str>,
    #[values(Sqlite, Postgres)] database: Database,
) {
    let timeout = if path == "/slow" { "100ms" } else { "15s" };
    let Some(app) = start(database, &["--webhook-timeout", timeout]).await else { return };
    let receiver = WebhookReceiver::start().await;
    let url = match path {
        "reset" => format!("http://{}/", resetting_server().await),
        "closed" => format!("http://{}/", closed_address().await),
        "tls" => format!("https://{}/", receiver.address),
        name if name.starts_with("http") => name.to_owned(),
        path => receiver.url(path),
    };
    webhook(&app, &url).await;
    app.book(JUDE, LUISA).at("10:00").await;
    dispatch(&app).await;
    send(&app).await;
    assert_eq!(of_attempt::<String>(&app, "error").await, error);
    assert_eq!(of_attempt::<Option<i32>>(&app, "status").await, status);
    assert_eq!(of_attempt::<Option<String>>(&app, "response").await.as_deref(), response);
    assert_eq!(of_delivery::<String>(&app, "state").await, "pending");
    let pause = of_delivery::<DateTime<Utc>>(&app, "next_attempt_at").await - app.now();
    assert!((4_500..=5_500).contains(&pause.num_milliseconds()), "{pause}");
    let paths: Vec<_> = receiver.received().into_iter().map(|delivery| delivery.path).collect();
    let arrives = path.starts_with('/');
    assert_eq!(paths, if arrives { vec![path] } else { vec![] }, "redirects are not followed");
}

#[rstest]
#[tokio::test]
async fn beginning_of_a_response_is_kept(#[values(Sqlite, Postgres)] database: Database) {
    let Some(app) = start(database, &[]).await else { return };
    let receiver = WebhookReceiver::start().await;
    for (path, response) in [("/huge", "x".repeat(1024)), ("/nul", "a\u{fffd}b\u{fc}".to_owned())] {
        webhook(&app, &receiver.url(path)).await;
        let time = if path == "/huge" { "10:00" } else { "12:00" };
        app.book(JUDE, LUISA).at(time).await;
        dispatch(&app).await;
        send(&app).await;
        assert_eq!(of_delivery::<String>(&app, "state").await, "delivered");
        assert_eq!(of_attempt::<String>(&app, "response").await, response);
    }
}

#[rstest]
#[tokio::test]
async fn gone_disables_the_webhook_and_cancels_what_waits(#[values(Sqlite, Postgres)] database: Database) {
    let Some(app) = start(database, &[]).await else { return };
    let receiver = WebhookReceiver::start().await;
    webhook(&app, &receiver.url("/gone")).await;
    for time in ["08:00", "10:00", "12:00", "14:00", "16:00", "18:00"] {
        app.book(JUDE, LUISA).at(time).await;
    }
    dispatch(&app).await;
    send(&app).await;
    assert_eq!(app.database.value::<String>("SELECT status FROM webhooks").await, "disabled");
    assert_eq!(app.database.value::<String>("SELECT disabled_reason FROM webhooks").await, "gone");
    let pending = "SELECT count(*) FROM webhook_deliveries WHERE state <> 'cancelled'";
    assert_eq!(app.database.value::<i64>(pending).await, 0);
    assert!(receiver.received().len() <= 4, "so many are sent at a time");
    assert_eq!(app.database.value::<i64>("SELECT count(*) FROM log_consumers").await, 0);
}
