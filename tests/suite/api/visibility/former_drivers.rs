//! Events belong to the people of their time. When staff give an interview to another driver, the former driver keeps
//! the events of their time, and the new driver sees none of them.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::Actor;
use crate::support::events::{cursor, relocate, until_log_is_readable};
use crate::support::hand_over::{HandOver, LINE, SECRETS, hand_over, history, lines};
use crate::support::lifecycle::interview_of;
use crate::support::people::{BRUNA, CHIDI, JUDE_APPLICATION};
use rstest::rstest;
use serde_json::{Value, json};

/// What the event that changes the driver shows to staff.
const HAND_OVER: &str = "UPDATED status(AMENDED>PENDING) \
    amendStartAt(2025-04-01T14:00:00.000Z>) amendEndAt(2025-04-01T15:00:00.000Z>) amendedBy(INTERVIEWEE>) \
    location(Home of Jude, 5 Mill Lane>Gate 2) intervieweeId(277>1001)";
/// To the new driver.
const TAKEN_OVER: &str = "UPDATED location(>Gate 2) intervieweeId(>1001)";
/// To the former driver.
const GIVEN_AWAY: &str = "UPDATED status(AMENDED>) \
    amendStartAt(2025-04-01T14:00:00.000Z>) amendEndAt(2025-04-01T15:00:00.000Z>) amendedBy(INTERVIEWEE>) \
    location(Home of Jude, 5 Mill Lane>) intervieweeId(277>)";

/// The events after one, their total count, and the whole answer.
async fn changes(app: &crate::support::TestApp, actor: &Actor, since: i64) -> (Vec<String>, i64, Value) {
    let query = format!(
        "query($since: ID) {{ interviewChanges(since: $since, first: 100) {{ totalCount nodes {{ \
         interviewId interview {{ id location interviewee {{ driver {{ title }} }} }} actor {{ title }} {LINE} }} }} }}"
    );
    let since = cursor(&app.database, since).await;
    let changes = actor.ask(&query, json!({"since": since})).await["interviewChanges"].take();
    (lines(&changes["nodes"]), changes["totalCount"].as_i64().unwrap(), changes)
}

#[rstest]
#[tokio::test]
async fn history_of_an_interview_begins_for_a_new_driver_when_they_get_it(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let HandOver { id, .. } = hand_over(&app).await;
    let accepted = "ACCEPTED status(PENDING>SCHEDULED)";
    let bruna = app.user(BRUNA);
    assert_eq!(history(&bruna, id).await, Some((vec![TAKEN_OVER.to_owned(), accepted.to_owned()], 2)));
    assert_eq!(history(&app.driver(), id).await, None);
    for viewer in [app.staff(), app.admin()] {
        let (events, count) = history(&viewer, id).await.unwrap();
        assert_eq!((events.len(), count), (5, 5));
        assert_eq!([&*events[3], &*events[4]], [HAND_OVER, accepted]);
    }
    let pages = format!(
        "query($after: String) {{ interview(id: {id}) {{ history(first: 1, after: $after) {{ \
         nodes {{ id actor {{ title }} {LINE} }} pageInfo {{ hasNextPage endCursor }} }} }} }}"
    );
    let mut after = Value::Null;
    for (line, has_next) in [(TAKEN_OVER, true), (accepted, false)] {
        let page = bruna.ask(&pages, json!({"after": after})).await["interview"]["history"].take();
        assert_eq!(
            (lines(&page["nodes"]), &page["pageInfo"]["hasNextPage"]),
            (vec![line.to_owned()], &json!(has_next))
        );
        assert!(!SECRETS.iter().any(|secret| page.to_string().contains(secret)), "{page:#}");
        after = page["pageInfo"]["endCursor"].clone();
    }
}

#[rstest]
#[tokio::test]
async fn changes_for_a_driver_are_those_of_the_time_when_they_were_the_driver(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let HandOver { id, since } = hand_over(&app).await;
    let (of_staff, count, _) = changes(&app, &app.staff(), since).await;
    assert_eq!((of_staff.len(), count, &*of_staff[3]), (5, 5, HAND_OVER));

    let (of_bruna, count, answer) = changes(&app, &app.user(BRUNA), since).await;
    assert_eq!((&of_bruna[..], count), (&[TAKEN_OVER, "ACCEPTED status(PENDING>SCHEDULED)"].map(str::to_owned)[..], 2));
    assert!(!SECRETS.iter().any(|secret| answer.to_string().contains(secret)), "{answer:#}");

    let (of_jude, count, answer) = changes(&app, &app.driver(), since).await;
    assert_eq!((of_jude[..3].to_vec(), &*of_jude[3], count), (of_staff[..3].to_vec(), GIVEN_AWAY, 4));
    assert!(!["Gate 2", "Bruna"].iter().any(|secret| answer.to_string().contains(secret)), "{answer:#}");
    for event in answer["nodes"].as_array().unwrap() {
        assert_eq!((&event["interviewId"], &event["interview"]), (&json!(id.to_string()), &Value::Null));
    }
    let (of_chidi, count, _) = changes(&app, &app.user(CHIDI), since).await;
    assert_eq!((of_chidi.len(), count), (0, 0));
}

#[rstest]
#[tokio::test]
async fn driver_who_gets_an_interview_back_sees_the_events_of_both_times(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let HandOver { id, since } = hand_over(&app).await;
    let back = json!({"intervieweeId": JUDE_APPLICATION.to_string()});
    interview_of(&app.staff().update(id, back).await);
    relocate(&app.staff(), id, "Gate 3").await;
    until_log_is_readable(&app).await;
    let (of_staff, _) = history(&app.staff(), id).await.unwrap();
    let expected = [
        &of_staff[..3],
        &[GIVEN_AWAY, "UPDATED intervieweeId(>277)"].map(str::to_owned),
        &["UPDATED location(Gate 2>Gate 3)".to_owned()],
    ]
    .concat();
    assert_eq!(history(&app.driver(), id).await, Some((expected.clone(), 6)));
    let (of_jude, count, answer) = changes(&app, &app.driver(), since).await;
    assert_eq!((of_jude, count), (expected, 6));
    assert!(answer["nodes"].as_array().unwrap().iter().all(|event| event["interview"]["location"] == "Gate 3"));
    let (of_bruna, count, _) = changes(&app, &app.user(BRUNA), since).await;
    let given_away = "UPDATED status(SCHEDULED>) intervieweeId(1001>)";
    assert_eq!((of_bruna.len(), count, &*of_bruna[2]), (3, 3, given_away));
    assert_eq!(history(&app.user(BRUNA), id).await, None);
}
