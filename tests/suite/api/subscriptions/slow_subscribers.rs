//! Subscribers that do not take their events delay no others.

use super::Subscriber;
use crate::support::Database::Sqlite;
use crate::support::TestApp;
use crate::support::events::{insert_events, latest_event};
use crate::support::listening_server::{ListeningServer, TIMEOUT, subscribe};
use crate::support::people::{JUDE_WITH_LUISA, MONA};
use crate::support::websocket_client::WebSocketClient;
use futures_util::{FutureExt, StreamExt};
use serde_json::Value;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

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

/// Inserts so many events for Mona to miss.
async fn insert_missed_events(app: &TestApp, count: usize) {
    app.database.execute(&insert_events(JUDE_WITH_LUISA, MONA, "'2025-03-20T10:00:00+00:00'", count)).await;
}

#[tokio::test]
async fn subscribers_whose_streams_are_not_polled_hold_no_permits() {
    let app = TestApp::start(Sqlite).await.unwrap();
    let since = latest_event(&app).await;
    insert_missed_events(&app, 10).await;
    let mut unpolled = Vec::new();
    for actor in [app.staff(), app.driver(), app.admin()] {
        for _ in 0..3 {
            let mut subscriber = Subscriber::since(&app, &actor, since).await;
            assert!(subscriber.0.next().now_or_never().is_none(), "it begins to read the missed events");
            unpolled.push(subscriber);
        }
    }
    let mut other = Subscriber::since(&app, &app.staff(), since).await;
    assert_eq!(other.events(3).await, [since + 1, since + 2, since + 3]);
}

#[tokio::test]
async fn websockets_that_catch_up_and_do_not_read_delay_no_others() {
    // Long enough that a socket that does not read is open until the end of the test.
    let flags = ["--max-complexity", "1000000", "--write-timeout", "1h", "--ping-interval", "1h"];
    let server = ListeningServer::start(Sqlite, &flags).await.unwrap();
    insert_missed_events(&server.app, 100).await;
    let sql = format!("UPDATE interviews SET location = '{}'", "x".repeat(2000));
    server.app.database.execute(&sql).await;
    let locations: String = (0..100).map(|number| format!("a{number}: location ")).collect();
    // 200 KB for each event
    let events = format!("subscription {{ interviewChanged(since: \"0\") {{ interview {{ {locations} }} }} }}");
    let mut slow = Vec::new();
    for _ in 0..2 {
        let mut socket = server.staff().await;
        for number in 0..10 {
            socket.send(subscribe(&number.to_string(), &events)).await;
        }
        slow.push(socket);
    }
    let missed = "subscription { interviewChanged(since: \"0\") { id } }";
    for _ in 0..10 {
        sleep(Duration::from_millis(300)).await; // the sockets fill the buffers of the kernel meanwhile
        let mut other = WebSocketClient::sign_in(server.address, server.app.admin().token()).await;
        other.send(subscribe("1", missed)).await;
        for _ in 0..15 {
            let event = timeout(TIMEOUT, other.receive()).await.expect("the event is late");
            assert_eq!(event["type"], "next", "{event}");
            assert_ne!(event["payload"]["data"]["interviewChanged"]["id"], Value::Null);
        }
    }
    drop(slow);
}
