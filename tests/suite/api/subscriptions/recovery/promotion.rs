//! A standby that lacks the last events is promoted in the place of the primary.

use super::{changes, error_code};
use crate::api::subscriptions::Subscriber;
use crate::support::TestApp;
use crate::support::events::{cursor, latest_event};
use crate::support::own_cluster::OwnClusters;
use interviews::services::{SubscriptionEnd, verify_event_log};

#[tokio::test]
async fn promoted_standby_without_the_last_events_expires_subscriptions_and_cursors() {
    let Some(clusters) = OwnClusters::new() else { return };
    let primary = clusters.start("");
    let app = TestApp::on(primary.filled().await, &["--event-interval", "20ms"]).await;
    verify_event_log(app.app.services().db()).await.unwrap();
    let mut standby = primary.standby();
    let replica = standby.database();
    let mut subscriber = Subscriber::of(&app, &app.staff()).await;
    let kept = changes(&app, 2, "on both").await;
    let count = format!("SELECT count(*) FROM interview_events WHERE id = {}", kept[1]);
    while replica.value::<i64>(&count).await == 0 {}
    replica.execute("ALTER SYSTEM SET primary_conninfo = ''").await;
    replica.execute("SELECT pg_reload_conf()").await;
    while replica.value::<i64>("SELECT count(*) FROM pg_stat_wal_receiver").await > 0 {}

    let lost = changes(&app, 3, "on the primary alone").await;
    assert_eq!(subscriber.events(5).await, [kept.clone(), lost.clone()].concat());
    let [kept_cursor, lost_cursor] = [cursor(&app.database, kept[1]).await, cursor(&app.database, lost[2]).await];
    drop(replica);
    primary.crash();
    standby.promote();
    standby.take_over(primary);

    while error_code(&app, &lost_cursor).await != "CURSOR_EXPIRED" {} // connections are broken at first
    assert_eq!(latest_event(&app).await, kept[1]);
    assert!(matches!(subscriber.end().await, SubscriptionEnd::HistoryChanged));
    // Another timeline: an event can be missing also before those that the standby has.
    assert_eq!(error_code(&app, &kept_cursor).await, "CURSOR_EXPIRED");

    let mut subscriber = Subscriber::of(&app, &app.staff()).await;
    let next = changes(&app, 4, "after the promotion").await;
    assert_eq!(subscriber.events(4).await, next);
    assert_eq!(error_code(&app, &lost_cursor).await, "CURSOR_EXPIRED");
    let mut resumed = Subscriber::since(&app, &app.staff(), next[1]).await;
    assert_eq!(resumed.events(2).await, next[2..]);
}
