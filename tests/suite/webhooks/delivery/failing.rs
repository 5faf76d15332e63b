//! Webhooks that keep failing are disabled.

use super::{dispatch, send, start, webhook};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::people::{JUDE, LUISA};
use crate::support::webhook_receiver::WebhookReceiver;
use chrono::{DateTime, TimeDelta, Utc};
use rstest::rstest;

async fn status(app: &TestApp) -> String {
    app.database.value("SELECT status FROM webhooks").await
}

async fn failing_since(app: &TestApp) -> Option<DateTime<Utc>> {
    app.database.value("SELECT failing_since FROM webhooks").await
}

#[rstest]
#[tokio::test]
async fn webhook_that_fails_for_five_days_is_disabled(#[values(Sqlite, Postgres)] database: Database) {
    let Some(app) = start(database, &[]).await else { return };
    let receiver = WebhookReceiver::start().await;
    webhook(&app, &receiver.url("/fail")).await;
    let begin = app.now();
    app.book(JUDE, LUISA).at("08:00").await;
    dispatch(&app).await;
    send(&app).await;
    assert_eq!(failing_since(&app).await, Some(begin));
    app.clock.advance(TimeDelta::days(5) - TimeDelta::milliseconds(1));
    app.book(JUDE, LUISA).at("10:00").await;
    dispatch(&app).await;
    send(&app).await;
    assert_eq!((status(&app).await, failing_since(&app).await), ("enabled".to_owned(), Some(begin)));
    app.clock.advance(TimeDelta::seconds(6));
    send(&app).await;
    assert_eq!(status(&app).await, "disabled");
    assert_eq!(app.database.value::<String>("SELECT disabled_reason FROM webhooks").await, "failing");
    let pending = "SELECT count(*) FROM webhook_deliveries WHERE state = 'pending'";
    assert_eq!(app.database.value::<i64>(pending).await, 0);
    assert_eq!(app.database.value::<i64>("SELECT count(*) FROM log_consumers").await, 0);
    app.clock.advance(TimeDelta::days(1));
    let sent = receiver.received().len();
    send(&app).await;
    assert_eq!(receiver.received().len(), sent);
}

#[rstest]
#[tokio::test]
async fn many_deliveries_are_cancelled_in_batches(#[values(Sqlite, Postgres)] database: Database) {
    let Some(app) = start(database, &[]).await else { return };
    let (receiver, services) = (WebhookReceiver::start().await, app.app.services());
    let gone = webhook(&app, &receiver.url("/gone")).await;
    let other = webhook(&app, &receiver.url("/ok")).await;
    app.clock.advance(TimeDelta::hours(1));
    for (webhook, count) in [(&gone, 1700), (&other, 1)] {
        let numbers = format!(
            "WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers \
             WHERE number < {count})"
        );
        let columns = "INSERT INTO webhook_deliveries (webhook_id, type, body, state, next_attempt_at, created_at)";
        let rows = format!(
            "SELECT {}, 'webhook.test', '{{}}', 'pending', created_at, created_at FROM webhooks, numbers \
            WHERE id = {}",
            webhook.id, webhook.id
        );
        app.database.execute(&format!("{columns} {numbers} {rows}")).await;
    }
    services.send_webhooks(app.now()).await.unwrap();
    let pending = "SELECT count(*) FROM webhook_deliveries WHERE state = 'pending'";
    let left = app.database.value::<i64>(pending).await;
    assert!(left > 1000, "{left}");
    assert!(services.clean_up(app.now()).await.unwrap());
    assert!(!services.clean_up(app.now()).await.unwrap());
    send(&app).await;
    assert_eq!(app.database.value::<i64>(pending).await, 0);
    let cancelled = "SELECT count(*) FROM webhook_deliveries WHERE state = 'cancelled'";
    assert!(app.database.value::<i64>(cancelled).await > 1600);
    let delivered =
        format!("SELECT count(*) FROM webhook_deliveries WHERE state = 'delivered' AND webhook_id = {}", other.id);
    assert_eq!(app.database.value::<i64>(&delivered).await, 1);
}

#[rstest]
#[tokio::test]
async fn one_success_begins_the_time_anew(#[values(Sqlite, Postgres)] database: Database) {
    let Some(app) = start(database, &[]).await else { return };
    let receiver = WebhookReceiver::start().await;
    webhook(&app, &receiver.url("/fail")).await;
    app.book(JUDE, LUISA).at("08:00").await;
    dispatch(&app).await;
    send(&app).await;
    assert_eq!(failing_since(&app).await, Some(app.now()));
    app.clock.advance(TimeDelta::days(4));
    let set_url = |path| format!("UPDATE webhooks SET url = '{}'", receiver.url(path));
    app.database.execute(&set_url("/ok")).await;
    send(&app).await;
    assert_eq!(failing_since(&app).await, None);
    app.database.execute(&set_url("/fail")).await;
    app.clock.advance(TimeDelta::days(2));
    app.book(JUDE, LUISA).at("10:00").await;
    dispatch(&app).await;
    send(&app).await;
    assert_eq!((status(&app).await, failing_since(&app).await), ("enabled".to_owned(), Some(app.now())));
}
