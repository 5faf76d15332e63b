//! `since`: what was missed comes first, then what happens; without a gap and without a double, whatever is written meanwhile.

use super::{Listener, latest, open_interviews, touch};
use crate::support::Database::{self, Postgres, Sqlite};
use rstest::rstest;
use std::collections::HashSet;

#[rstest]
#[tokio::test]
async fn what_was_missed_comes_first_and_then_what_happens(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    let since = latest(&app).await;
    touch(&staff, 27, "one").await;
    touch(&staff, 27, "two").await;
    let mut listener = Listener::since(&app, &staff, since).await;
    assert_eq!(listener.events(2).await, [since + 1, since + 2]);
    touch(&staff, 27, "three").await;
    let live = listener.next().await.unwrap();
    assert!(live.is_live);
    assert_eq!(live.entry.event.id.0, since + 3);
}

#[rstest]
#[tokio::test]
async fn nothing_is_lost_or_doubled_while_others_write(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    let ids = open_interviews(&app, 8).await;
    let since = latest(&app).await;
    let writers = ids.iter().map(|id| async {
        for round in 0..25 {
            touch(&staff, *id, &format!("room {round}")).await;
        }
    });
    let readers = (0..6).map(|reader| {
        let (app, staff) = (&app, &staff);
        async move {
            // They join at different moments: the later, the more was missed.
            while latest(app).await < since + reader * 30 {}
            let mut listener = Listener::since(app, staff, since).await;
            let mut last_of = std::collections::HashMap::new();
            let mut seen = HashSet::new();
            while seen.len() < 200 {
                let (event, interview) = listener.event().await;
                assert!(seen.insert(event), "{event} came twice");
                let earlier = last_of.insert(interview, event);
                assert!(earlier.is_none_or(|earlier| earlier < event), "out of order");
            }
        }
    });
    futures_util::join!(futures_util::future::join_all(writers), futures_util::future::join_all(readers));
}

#[rstest]
#[tokio::test]
async fn whoever_comes_back_again_and_again_gets_everything_once(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    let ids = open_interviews(&app, 5).await;
    let mut last = latest(&app).await;
    let first = last + 1;
    let writers = ids.iter().map(|id| async {
        for round in 0..20 {
            touch(&staff, *id, &format!("room {round}")).await;
        }
    });
    let phone = async {
        let mut seen = Vec::new();
        while seen.len() < 100 {
            let mut listener = Listener::since(&app, &staff, last).await;
            for id in listener.events((100 - seen.len()).min(7)).await {
                seen.push(id);
                last = id;
            }
        }
        seen
    };
    let (_, mut seen) = futures_util::join!(futures_util::future::join_all(writers), phone);
    seen.sort_unstable();
    assert_eq!(seen, (first..first + 100).collect::<Vec<_>>());
}

#[rstest]
#[tokio::test]
async fn a_driver_catches_up_on_their_own_interviews_alone(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let since = latest(&app).await;
    for id in open_interviews(&app, 3).await {
        touch(&app.staff(), id, "somewhere").await;
    }
    touch(&app.staff(), 27, "here").await;
    let mut listener = Listener::since(&app, &app.driver(), since).await;
    assert_eq!(listener.event().await.1, 27);
}

#[rstest]
#[tokio::test]
async fn the_whole_log_is_longer_than_a_page(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let admin = app.admin();
    let count: i64 = app.database.value("SELECT count(*) FROM interview_events").await;
    assert!(count > 300, "longer than what is read at once");
    let mut listener = Listener::since(&app, &admin, 1).await;
    let ids = listener.events(usize::try_from(count).unwrap() - 1).await;
    assert!(ids.is_sorted());
    touch(&app.staff(), 27, "live").await;
    assert_eq!(listener.event().await.0, latest(&app).await);
}
