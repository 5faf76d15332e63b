//! Live events: subscribers receive each committed change that they see, and the log is read once for all of them.

use super::Subscriber;
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::events::{
    insert_events, latest_event, open_interviews, reads_event_log, relocate, until_log_is_readable,
};
use crate::support::people::{BRUNA, JUDE_WITH_LUISA, JUDE_WITH_PIET, KOFI, MONA};
use crate::support::polling::until;
use futures_util::future::join_all;
use interviews::domain::{EventType, InterviewId};
use rstest::rstest;
use std::collections::HashMap;
use tokio::runtime::Handle;

#[rstest]
#[tokio::test]
async fn event_is_delivered_with_the_current_interview(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let mut subscriber = Subscriber::of(&app, &app.staff()).await;
    relocate(&app.staff(), JUDE_WITH_LUISA, "Gate 4").await;
    let delivery = subscriber.next().await.unwrap();
    assert!(delivery.is_live);
    assert_eq!(delivery.entry.event.id.0, latest_event(&app).await);
    assert_eq!(delivery.entry.event.event_type, EventType::Updated);
    assert_eq!(delivery.entry.interview.as_ref().unwrap().location.as_deref(), Some("Gate 4"));
}

#[rstest]
#[tokio::test]
async fn earlier_events_and_updates_without_a_change_are_not_delivered(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    relocate(&staff, JUDE_WITH_LUISA, "before").await;
    until_log_is_readable(&app).await;
    let mut subscriber = Subscriber::of(&app, &staff).await;
    relocate(&staff, JUDE_WITH_LUISA, "before").await;
    relocate(&staff, JUDE_WITH_LUISA, "after").await;
    let first = subscriber.next().await.unwrap();
    assert_eq!(first.entry.interview.as_ref().unwrap().location.as_deref(), Some("after"));
}

#[rstest]
#[tokio::test]
async fn subscribers_receive_only_what_they_see(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (staff, driver) = (app.staff(), app.driver());
    let bruna_with_kofi = app.book(BRUNA, KOFI).at("10:00").await;
    until_log_is_readable(&app).await;
    let mut subscribers = Vec::new();
    for actor in [&staff, &app.admin(), &driver, &app.other_staff()] {
        subscribers.push(Subscriber::of(&app, actor).await);
    }
    relocate(&staff, bruna_with_kofi, "for Northern Haulage").await;
    relocate(&app.admin(), JUDE_WITH_PIET, "for Coastal Freight and Jude").await;
    relocate(&staff, JUDE_WITH_LUISA, "for Northern Haulage and Jude").await;
    let seen: [&[InterviewId]; 4] = [
        &[bruna_with_kofi, JUDE_WITH_LUISA],
        &[bruna_with_kofi, JUDE_WITH_PIET, JUDE_WITH_LUISA],
        &[JUDE_WITH_PIET, JUDE_WITH_LUISA],
        &[JUDE_WITH_PIET],
    ];
    for (subscriber, expected) in subscribers.iter_mut().zip(seen) {
        for interview in expected {
            assert_eq!(subscriber.event().await.1, *interview);
        }
    }
}

#[rstest]
#[tokio::test]
async fn concurrent_changes_are_delivered_once_and_in_order(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    let ids = open_interviews(&app, 10).await;
    let before = latest_event(&app).await;
    let mut subscribers = Vec::new();
    for _ in 0..3 {
        subscribers.push(Subscriber::of(&app, &staff).await);
    }
    let writers = ids.iter().map(|id| async {
        for round in 0..10 {
            relocate(&staff, *id, &format!("Gate {round}")).await;
        }
    });
    join_all(writers).await;
    for mut subscriber in subscribers {
        let mut seen = Vec::new();
        let mut last_of = HashMap::new();
        for _ in 0..100 {
            let (event, interview) = subscriber.event().await;
            if let Some(earlier) = last_of.insert(interview, event) {
                assert!(earlier < event, "{event} is out of order");
            }
            seen.push(event);
        }
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 100, "an event was delivered twice");
        assert!(seen[0] > before);
    }
}

#[rstest]
#[tokio::test]
async fn lagging_subscriber_continues_from_the_log_without_a_gap(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    let (mut slow, mut idle) = (Subscriber::of(&app, &staff).await, Subscriber::of(&app, &staff).await);
    relocate(&staff, JUDE_WITH_LUISA, "first").await;
    slow.event().await;
    // More events than the server buffers for subscribers. One has received an event before, the other none.
    let many = write_many_events(&app, 2000).await;
    assert_eq!(slow.events(many.len()).await, many);
    assert_eq!(idle.events(many.len() + 1).await[1..], many);
    relocate(&staff, JUDE_WITH_LUISA, "last").await;
    for subscriber in [&mut slow, &mut idle] {
        assert_eq!(subscriber.event().await.0, latest_event(&app).await);
    }
}

#[tokio::test]
async fn subscriber_that_lags_behind_long_events_continues_from_the_log() {
    let app = TestApp::start(Sqlite).await.unwrap();
    let staff = app.staff();
    let mut slow = Subscriber::of(&app, &staff).await;
    let mut reader = Subscriber::of(&app, &staff).await;
    let before = latest_event(&app).await;
    // Fewer events than the server buffers, but more bytes.
    let long = r#"'[{"field": "location", "from": null, "to": "' || hex(zeroblob(10000)) || '"}]'"#;
    let at = "'2025-03-20T10:02:08.958+00:00'";
    app.database.execute(&insert_events(JUDE_WITH_LUISA, MONA, at, 600).replace("'[]'", long)).await;
    let ids: Vec<i64> = (before + 1..=latest_event(&app).await).collect();
    assert_eq!(reader.events(ids.len()).await, ids);
    assert_eq!(slow.events(ids.len()).await, ids);
    relocate(&staff, JUDE_WITH_LUISA, "last").await;
    assert_eq!(slow.event().await.0, latest_event(&app).await);
}

/// Inserts events as another server would and waits until this server has read them; their ids.
async fn write_many_events(app: &TestApp, count: usize) -> Vec<i64> {
    let mut reader = Subscriber::of(app, &app.staff()).await;
    let before = latest_event(app).await;
    let at = "'2025-03-20T10:02:08.958+00:00'";
    app.database.execute(&insert_events(JUDE_WITH_LUISA, MONA, at, count)).await;
    let ids: Vec<i64> = (before + 1..=latest_event(app).await).collect();
    assert_eq!(ids.len(), count);
    while reader.event().await.0 < *ids.last().unwrap() {}
    ids
}

#[rstest]
#[tokio::test]
async fn number_of_statements_does_not_depend_on_the_number_of_subscribers(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let Some(app) = TestApp::start_with(database, &["--event-interval", "20ms"]).await else { return };
    let staff = app.staff();
    let mut subscribers = vec![Subscriber::of(&app, &staff).await];
    // How often the follower polls in the meantime depends on the clock of the machine.
    let statements_but_polls = async |app: &TestApp, subscribers: &mut Vec<Subscriber>| {
        let changes = async {
            for location in ["one", "two"] {
                relocate(&staff, JUDE_WITH_LUISA, &format!("{location} for {}", subscribers.len())).await;
                for subscriber in subscribers.iter_mut() {
                    subscriber.event().await;
                }
            }
        };
        let ((), statements) = app.counting(changes).await;
        statements - app.statements().iter().filter(|sql| reads_event_log(sql)).count()
    };
    let for_one = statements_but_polls(&app, &mut subscribers).await;
    for _ in 0..40 {
        subscribers.push(Subscriber::of(&app, &staff).await);
    }
    let for_many = statements_but_polls(&app, &mut subscribers).await;
    assert_eq!(for_one, for_many, "{:#?}", app.statements());
}

#[tokio::test]
async fn follower_ends_with_its_last_subscriber_and_starts_with_the_next() {
    let app = TestApp::start_with(Sqlite, &["--event-interval", "1ms"]).await.unwrap();
    relocate(&app.staff(), JUDE_WITH_LUISA, "zero").await;
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let without_follower = tasks();
    let mut subscriber = Subscriber::of(&app, &app.staff()).await;
    relocate(&app.staff(), JUDE_WITH_LUISA, "one").await;
    subscriber.event().await;
    assert!(tasks() > without_follower);
    drop(subscriber);
    until(async || tasks() <= without_follower).await;
    relocate(&app.staff(), JUDE_WITH_LUISA, "two").await;
    let mut subscriber = Subscriber::of(&app, &app.staff()).await;
    relocate(&app.staff(), JUDE_WITH_LUISA, "three").await;
    assert_eq!(subscriber.event().await.0, latest_event(&app).await);
}
