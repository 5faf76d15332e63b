//! The live part: what is committed is sent, to everybody who sees it and to nobody else, for one query an interval.

use super::{Listener, latest, open_interviews, touch};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use interviews::domain::EventType;
use rstest::rstest;
use serde_json::json;

#[rstest]
#[tokio::test]
async fn a_change_is_sent_with_the_interview_as_it_is_now(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let mut listener = Listener::of(&app, &app.staff()).await;
    touch(&app.staff(), 27, "Room 4").await;
    let delivery = listener.next().await.unwrap();
    assert!(delivery.is_live);
    assert_eq!(delivery.entry.event.id.0, latest(&app).await);
    assert_eq!(delivery.entry.event.event_type, EventType::Updated);
    assert_eq!(delivery.entry.interview.location.as_deref(), Some("Room 4"));
}

#[rstest]
#[tokio::test]
async fn what_came_before_is_not_sent_and_what_changes_nothing_neither(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    touch(&staff, 27, "before").await;
    let mut listener = Listener::of(&app, &staff).await;
    touch(&staff, 27, "before").await;
    touch(&staff, 27, "after").await;
    let first = listener.next().await.unwrap();
    assert_eq!(first.entry.interview.location.as_deref(), Some("after"));
}

#[rstest]
#[tokio::test]
async fn everybody_gets_what_they_see_and_nothing_else(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (staff, driver) = (app.staff(), app.driver());
    let mut listeners = Vec::new();
    for actor in [&staff, &app.admin(), &driver, &app.other_staff()] {
        listeners.push(Listener::of(&app, actor).await);
    }
    let (of_company, of_other) = (open_interviews(&app, 2).await, other_company_interview(&app).await);
    let not_27 = of_company.into_iter().find(|id| *id != 27).unwrap();
    touch(&staff, not_27, "for the company").await;
    touch(&app.admin(), of_other, "for the other company").await;
    touch(&staff, 27, "for all but the other company").await;
    // The driver applied to both companies.
    let seen: [&[i64]; 4] = [&[not_27, 27], &[not_27, of_other, 27], &[of_other, 27], &[of_other]];
    for (listener, expected) in listeners.iter_mut().zip(seen) {
        for interview in expected {
            assert_eq!(listener.event().await.1, *interview);
        }
    }
}

async fn other_company_interview(app: &TestApp) -> i64 {
    let sql = "SELECT min(id) FROM interviews WHERE company_id <> (SELECT company_id FROM interviews WHERE id = 27) \
               AND status IN ('pending', 'scheduled')";
    app.database.value(sql).await
}

#[rstest]
#[tokio::test]
async fn many_changes_come_once_and_in_order(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    let ids = open_interviews(&app, 10).await;
    let before = latest(&app).await;
    let mut listeners = Vec::new();
    for _ in 0..3 {
        listeners.push(Listener::of(&app, &staff).await);
    }
    let writers = ids.iter().map(|id| async {
        for round in 0..10 {
            touch(&staff, *id, &format!("room {round}")).await;
        }
    });
    futures_util::future::join_all(writers).await;
    for mut listener in listeners {
        let mut seen = Vec::new();
        let mut of_interview = std::collections::HashMap::new();
        for _ in 0..100 {
            let (event, interview) = listener.event().await;
            if let Some(earlier) = of_interview.insert(interview, event) {
                assert!(earlier < event, "out of order");
            }
            seen.push(event);
        }
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 100, "one came twice");
        assert!(seen[0] > before);
    }
}

#[rstest]
#[tokio::test]
async fn whoever_falls_behind_goes_on_from_the_log_and_misses_nothing(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    let (mut slow, mut idle) = (Listener::of(&app, &staff).await, Listener::of(&app, &staff).await);
    touch(&staff, 27, "first").await;
    slow.event().await;
    // More than is kept for listeners; one has had something before, the other nothing.
    let many = insert_events(&app, 2000).await;
    assert_eq!(slow.events(many.len()).await, many);
    assert_eq!(idle.events(many.len() + 1).await[1..], many);
    touch(&staff, 27, "and on").await;
    for listener in [&mut slow, &mut idle] {
        let delivery = listener.next().await.unwrap();
        assert_eq!(delivery.entry.event.id.0, latest(&app).await);
    }
}

/// Many events at once, behind the server's back, as another server would write them; done once this server has read them.
async fn insert_events(app: &TestApp, count: i64) -> Vec<i64> {
    let mut reader = Listener::of(app, &app.staff()).await;
    let before = latest(app).await;
    let numbers = (0..count)
        .map(|_| "(27, 'updated', '2025-03-20T10:02:08.958+00:00', 1000, 'interviewer', '[]')")
        .collect::<Vec<_>>()
        .join(",");
    let sql = format!(
        "INSERT INTO interview_events (interview_id, type, at, actor_id, actor_side, changes) VALUES {numbers}"
    );
    app.database.execute(&sql).await;
    let last = latest(app).await;
    assert_eq!(last - before, count);
    while reader.event().await.0 < last {}
    (before + 1..=last).collect()
}

#[rstest]
#[tokio::test]
async fn one_query_an_interval_however_many_listen(#[values(Sqlite, Postgres)] database: Database) {
    let Some(app) = TestApp::start_with(database, &["--event-interval", "20ms"]).await else { return };
    let staff = app.staff();
    let polls = |app: &TestApp| app.statements().iter().filter(|sql| sql.contains("visible_before")).count();
    let mut listeners = vec![Listener::of(&app, &staff).await];
    let rounds = async |app: &TestApp, listeners: &mut Vec<Listener>| {
        // Time is told by the follower itself: two changes, one after the other.
        let ((), statements) = app
            .counting(async {
                for location in ["one", "two"] {
                    touch(&staff, 27, &format!("{location} for {}", listeners.len())).await;
                    for listener in listeners.iter_mut() {
                        listener.event().await;
                    }
                }
            })
            .await;
        (statements - polls(app), polls(app))
    };
    let (for_one, _) = rounds(&app, &mut listeners).await;
    for _ in 0..40 {
        listeners.push(Listener::of(&app, &staff).await);
    }
    let (for_many, _) = rounds(&app, &mut listeners).await;
    assert_eq!(for_one, for_many, "{:#?}", app.statements());
}

#[rstest]
#[tokio::test]
async fn nobody_listens_and_nothing_is_asked(#[values(Sqlite, Postgres)] database: Database) {
    let Some(app) = TestApp::start_with(database, &["--event-interval", "1ms"]).await else { return };
    let mut listener = Listener::of(&app, &app.staff()).await;
    touch(&app.staff(), 27, "one").await;
    listener.event().await;
    drop(listener);
    // The follower ends by itself: a later one begins anew, and misses nothing from then on.
    while app.counting(tokio::time::sleep(std::time::Duration::from_millis(50))).await.1 > 0 {}
    let mut listener = Listener::of(&app, &app.staff()).await;
    touch(&app.staff(), 27, "two").await;
    assert_eq!(listener.event().await.0, latest(&app).await);
    assert_eq!(app.staff().update(27, json!({"location": "two"})).await["userErrors"], json!([]));
}
