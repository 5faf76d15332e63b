//! Crashes of PostgreSQL.

use super::{change, changes, error_code};
use crate::api::subscriptions::Subscriber;
use crate::support::TestApp;
use crate::support::events::{cursor, latest_event};
use crate::support::own_cluster::OwnClusters;
use crate::support::people::{JUDE, LUISA};
use chrono::TimeDelta;
use interviews::services::SubscriptionEnd;

#[tokio::test]
async fn subscriber_misses_no_acknowledged_change_after_a_crash() {
    let Some(clusters) = OwnClusters::new() else { return };
    let cluster = clusters.start("");
    let app = TestApp::on(cluster.filled().await, &["--event-interval", "20ms"]).await;
    app.book(JUDE, LUISA).at("10:00").accepted().await;
    for round in 0..4 {
        // Each takes a transaction number, and its end is not written to the disk: after the crash PostgreSQL gives the
        // numbers out again.
        for _ in 0..30 {
            let refused = app.book(JUDE, LUISA).at("10:00").attempt().await;
            assert_eq!(refused["userErrors"][0]["code"], "SCHEDULE_CONFLICT", "{refused}");
        }
        let mut subscriber = Subscriber::of(&app, &app.staff()).await;
        cluster.crash();
        cluster.start();
        let logged = changes(&app, 8, &format!("after crash {round}")).await;
        assert!(logged.len() >= 8);
        assert_eq!(subscriber.events(logged.len()).await, logged);
    }
}

#[tokio::test]
async fn subscriber_of_an_empty_log_misses_no_acknowledged_change_after_a_crash() {
    let Some(clusters) = OwnClusters::new() else { return };
    let cluster = clusters.start("");
    let database = cluster.filled().await;
    database.execute("DELETE FROM interview_events").await;
    let app = TestApp::on(database, &["--event-interval", "20ms"]).await;
    let mut subscriber = Subscriber::of(&app, &app.staff()).await;
    cluster.crash();
    cluster.start();
    let logged = changes(&app, 3, "after the crash").await;
    assert_eq!(subscriber.events(logged.len()).await, logged);
}

#[tokio::test]
async fn events_that_a_crash_undid_expire_subscriptions_and_cursors() {
    let Some(clusters) = OwnClusters::new() else { return };
    // Commits are acknowledged before they are on the disk. A page of the log that is full is written at once, so that
    // the log has to be small, and to begin with a page of its own.
    let settings = "synchronous_commit = off\nwal_writer_delay = 10s\nautovacuum = off\nfull_page_writes = off";
    let cluster = clusters.start(settings);
    let app = TestApp::on(cluster.filled().await, &["--event-interval", "20ms"]).await;
    app.database.execute("CHECKPOINT").await;
    app.database.execute("SELECT pg_switch_wal()").await;
    let kept = latest_event(&app).await;
    let mut subscriber = Subscriber::of(&app, &app.staff()).await;
    let lost = changes(&app, 3, "undone").await;
    assert_eq!(subscriber.events(3).await, lost);
    let lost_cursor = cursor(&app.database, lost[2]).await;

    cluster.crash();
    cluster.start();
    while error_code(&app, &lost_cursor).await != "CURSOR_EXPIRED" {} // connections are broken at first
    assert_eq!(latest_event(&app).await, kept, "the events are in the log");
    assert!(matches!(subscriber.end().await, SubscriptionEnd::HistoryChanged));

    // The sequence can be on the disk, and its last numbers would not be given out again.
    let restart = format!("SELECT setval(pg_get_serial_sequence('interview_events', 'id'), {kept})");
    app.database.execute(&restart).await;
    app.clock.advance(TimeDelta::milliseconds(1));
    let mut subscriber = Subscriber::of(&app, &app.staff()).await;
    let mut given_out_again = Vec::new();
    while !given_out_again.contains(&lost[2]) {
        change(&app, &format!("after the crash {}", given_out_again.len())).await;
        given_out_again.push(subscriber.event().await.0);
    }
    change(&app, "after all").await;
    assert_eq!(error_code(&app, &lost_cursor).await, "CURSOR_EXPIRED");
    assert_eq!(subscriber.event().await.0, latest_event(&app).await);
}
