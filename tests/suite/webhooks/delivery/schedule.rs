//! The attempts of a delivery that keeps failing, driven by the clock.

use super::{admin, dispatch, of_attempt, of_delivery, send, start, webhook};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::people::{JUDE, LUISA};
use crate::support::webhook_receiver::WebhookReceiver;
use chrono::{DateTime, TimeDelta, Utc};
use interviews::domain::webhook::signature;
use rstest::rstest;

#[rstest]
#[tokio::test]
async fn ten_attempts_follow_the_table_with_the_same_id_and_bytes(#[values(Sqlite, Postgres)] database: Database) {
    let Some(app) = start(database, &[]).await else { return };
    let receiver = WebhookReceiver::start().await;
    let webhook = webhook(&app, &receiver.url("/fail")).await;
    app.book(JUDE, LUISA).at("10:00").await;
    dispatch(&app).await;
    let seconds = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
    for (attempt, seconds) in (1_usize..).zip(seconds) {
        send(&app).await;
        assert_eq!(usize::try_from(of_attempt::<i32>(&app, "number").await).unwrap(), attempt);
        let pause = of_delivery::<DateTime<Utc>>(&app, "next_attempt_at").await - app.now();
        assert!((seconds * 900..=seconds * 1_100).contains(&pause.num_milliseconds()), "{attempt}: {pause}");
        app.clock.advance(pause - TimeDelta::milliseconds(1));
        send(&app).await;
        assert_eq!(receiver.received().len(), attempt, "not before it is due");
        app.clock.advance(TimeDelta::milliseconds(1));
    }
    send(&app).await;
    assert_eq!(of_delivery::<String>(&app, "state").await, "failed");
    assert_eq!(of_delivery::<i32>(&app, "attempt").await, 10);
    app.clock.advance(TimeDelta::days(10));
    send(&app).await;
    let received = receiver.received();
    assert_eq!(received.len(), 10);
    for delivery in &received {
        assert_eq!((&delivery.id, &delivery.body), (&received[0].id, &received[0].body));
        let sent_at = DateTime::from_timestamp(delivery.timestamp.parse().unwrap(), 0).unwrap();
        let (id, time) = (&delivery.id, &delivery.timestamp);
        let verified = signature::verify(&webhook.secret, id, time, &delivery.signature, &delivery.body, sent_at);
        assert_eq!(verified, Ok(()));
    }
    assert_eq!(app.database.value::<i64>("SELECT count(*) FROM webhook_attempts").await, 10);
}

#[rstest]
#[tokio::test]
async fn receiver_that_is_busy_can_ask_for_a_longer_pause(#[values(Sqlite, Postgres)] database: Database) {
    let Some(app) = start(database, &[]).await else { return };
    let receiver = WebhookReceiver::start().await;
    webhook(&app, &receiver.url("/busy")).await;
    app.book(JUDE, LUISA).at("10:00").await;
    dispatch(&app).await;
    send(&app).await;
    let pause = of_delivery::<DateTime<Utc>>(&app, "next_attempt_at").await - app.now();
    assert_eq!(pause, TimeDelta::hours(1));
}

#[rstest]
#[tokio::test]
async fn both_secrets_sign_until_the_overlap_ends(#[values(Sqlite, Postgres)] database: Database) {
    let Some(app) = start(database, &[]).await else { return };
    let receiver = WebhookReceiver::start().await;
    let before = webhook(&app, &receiver.url("/fail")).await;
    app.book(JUDE, LUISA).at("10:00").await;
    dispatch(&app).await;
    let overlap = TimeDelta::minutes(3);
    let rotated = app.app.services().rotate_webhook_secret(&admin(), before.id, overlap, None).await;
    let after = rotated.unwrap().unwrap().webhook;
    let signs = |secret| {
        let delivery = receiver.received().pop().unwrap();
        let (id, time) = (&delivery.id, &delivery.timestamp);
        signature::verify(secret, id, time, &delivery.signature, &delivery.body, app.now()).is_ok()
    };
    send(&app).await;
    assert_eq!((signs(&before.secret), signs(&after.secret)), (true, true));
    app.clock.advance(overlap);
    send(&app).await;
    assert_eq!(receiver.received().len(), 2);
    assert_eq!((signs(&before.secret), signs(&after.secret)), (false, true));
}
