//! `since`: the subscriber receives the events that it missed, then live events, without a gap or a repetition between
//! them while others write.

use super::Subscriber;
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::actor::Actor;
use crate::support::events::{latest_event, open_interviews, relocate};
use crate::support::people::JUDE_WITH_LUISA;
use futures_util::future::join_all;
use interviews::domain::InterviewId;
use rstest::rstest;
use std::collections::{HashMap, HashSet};

#[rstest]
#[tokio::test]
async fn missed_events_are_delivered_before_live_events(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    let since = latest_event(&app).await;
    relocate(&staff, JUDE_WITH_LUISA, "one").await;
    relocate(&staff, JUDE_WITH_LUISA, "two").await;
    let mut subscriber = Subscriber::since(&app, &staff, since).await;
    assert_eq!(subscriber.events(2).await, [since + 1, since + 2]);
    relocate(&staff, JUDE_WITH_LUISA, "three").await;
    let live = subscriber.next().await.unwrap();
    assert!(live.is_live);
    assert_eq!(live.entry.event.id.0, since + 3);
}

#[tokio::test]
async fn missed_events_are_read_one_by_one_when_there_is_no_memory() {
    let app = TestApp::start_with(Sqlite, &["--missed-event-memory", "0"]).await.unwrap();
    let staff = app.staff();
    let since = latest_event(&app).await;
    for number in 0..5 {
        relocate(&staff, JUDE_WITH_LUISA, &format!("Gate {number}")).await;
    }
    let mut subscriber = Subscriber::since(&app, &staff, since).await;
    assert_eq!(subscriber.events(5).await, [since + 1, since + 2, since + 3, since + 4, since + 5]);
    relocate(&staff, JUDE_WITH_LUISA, "live").await;
    assert_eq!(subscriber.events(1).await, [since + 6]);
}

/// Changes each of these interviews so many times, the interviews at the same time.
async fn relocate_all(staff: &Actor, ids: &[InterviewId], times: usize) {
    let writers = ids.iter().map(|id| async {
        for round in 0..times {
            relocate(staff, *id, &format!("Gate {round}")).await;
        }
    });
    join_all(writers).await;
}

#[rstest]
#[tokio::test]
async fn subscribers_that_join_during_writes_receive_each_event_once_and_in_order(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let staff = app.staff();
    let ids = open_interviews(&app, 8).await;
    let since = latest_event(&app).await;
    let readers = (0..6).map(|reader| {
        let (app, staff) = (&app, &staff);
        async move {
            // Each joins later than the one before and has missed more.
            while latest_event(app).await < since + reader * 30 {}
            read_all(app, staff, since, 200).await;
        }
    });
    futures_util::join!(relocate_all(&staff, &ids, 25), join_all(readers));
}

/// Fails unless the events after `since` are so many different ones, in order for each interview.
async fn read_all(app: &TestApp, staff: &Actor, since: i64, count: usize) {
    let mut subscriber = Subscriber::since(app, staff, since).await;
    let (mut seen, mut last_of) = (HashSet::new(), HashMap::new());
    while seen.len() < count {
        let (event, interview) = subscriber.event().await;
        assert!(seen.insert(event), "{event} was delivered twice");
        let earlier = last_of.insert(interview, event);
        assert!(earlier.is_none_or(|earlier| earlier < event), "{event} is out of order");
    }
}

#[rstest]
#[tokio::test]
async fn client_that_reconnects_with_its_last_event_receives_each_event_once(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let staff = app.staff();
    let ids = open_interviews(&app, 5).await;
    let mut last = latest_event(&app).await;
    let first = last + 1;
    let client = async {
        let mut seen = Vec::new();
        while seen.len() < 100 {
            let mut subscriber = Subscriber::since(&app, &staff, last).await;
            for id in subscriber.events((100 - seen.len()).min(7)).await {
                seen.push(id);
                last = id;
            }
        }
        seen
    };
    let ((), mut seen) = futures_util::join!(relocate_all(&staff, &ids, 20), client);
    seen.sort_unstable();
    assert_eq!(seen, (first..first + 100).collect::<Vec<_>>());
}

#[rstest]
#[tokio::test]
async fn driver_receives_missed_events_of_their_own_interviews_only(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let since = latest_event(&app).await;
    for id in open_interviews(&app, 3).await {
        assert_ne!(id, JUDE_WITH_LUISA);
        relocate(&app.staff(), id, "elsewhere").await;
    }
    relocate(&app.staff(), JUDE_WITH_LUISA, "here").await;
    let mut subscriber = Subscriber::since(&app, &app.driver(), since).await;
    assert_eq!(subscriber.event().await.1, JUDE_WITH_LUISA);
}

#[rstest]
#[tokio::test]
async fn more_missed_events_than_one_batch_are_delivered(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let admin = app.admin();
    let count: i64 = app.database.value("SELECT count(*) FROM interview_events").await;
    assert!(count > 300, "more than the server reads at once");
    let mut subscriber = Subscriber::since(&app, &admin, 1).await;
    let ids = subscriber.events(usize::try_from(count).unwrap() - 1).await;
    assert!(ids.is_sorted());
    relocate(&app.staff(), JUDE_WITH_LUISA, "live").await;
    assert_eq!(subscriber.event().await.0, latest_event(&app).await);
}
