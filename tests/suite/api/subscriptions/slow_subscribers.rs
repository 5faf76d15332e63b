//! Subscribers that do not take their events delay no others.

use super::Subscriber;
use crate::support::Database::Sqlite;
use crate::support::TestApp;
use crate::support::events::{insert_events, latest_event};
use crate::support::people::{JUDE_WITH_LUISA, MONA};
use std::time::{Duration, Instant};

/// The server reads 200 events at once. It would have waited 250 ms after each of these batches.
const BATCHES: usize = 60;

#[tokio::test]
async fn subscriber_that_takes_no_events_does_not_delay_others() {
    let app = TestApp::start_with(Sqlite, &["--event-interval", "10ms"]).await.unwrap();
    let _slow = Subscriber::of(&app, &app.staff()).await;
    let mut fast = Subscriber::of(&app, &app.staff()).await;
    let started = Instant::now();
    let before = latest_event(&app).await;
    let mut next = before + 1;
    for _ in 0..BATCHES {
        app.database.execute(&insert_events(JUDE_WITH_LUISA, MONA, "'2025-03-20T10:00:00+00:00'", 200)).await;
        for _ in 0..200 {
            assert_eq!(fast.event().await.0, next);
            next += 1;
        }
    }
    assert!(started.elapsed() < Duration::from_secs(12), "{:?}", started.elapsed());
}
