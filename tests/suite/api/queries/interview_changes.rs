//! The query `interviewChanges`: the same log, page by page.

use crate::api::subscriptions::{latest, open_interviews, touch};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::Actor;
use rstest::rstest;
use serde_json::{Value, json};

const QUERY: &str = "query($since: ID, $first: Int) { interviewChanges(since: $since, first: $first) { \
    nodes { id type actor { id } interview { id location version } changes { field to } } pageInfo { hasNextPage } } }";

async fn page(actor: &Actor, since: Option<i64>, first: i32) -> (Vec<Value>, bool) {
    let variables = json!({"since": since.map(|id| id.to_string()), "first": first});
    let mut page = actor.ask(QUERY, variables).await["interviewChanges"].take();
    let more = page["pageInfo"]["hasNextPage"].as_bool().unwrap();
    (page["nodes"].as_array_mut().unwrap().drain(..).collect(), more)
}

fn id(event: &Value) -> i64 {
    event["id"].as_str().unwrap().parse().unwrap()
}

#[rstest]
#[tokio::test]
async fn a_client_that_asks_now_and_then_gets_every_event_once(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    let mut last = latest(&app).await;
    let first = last + 1;
    for (round, id) in open_interviews(&app, 7).await.into_iter().enumerate() {
        touch(&staff, id, &format!("room {round}")).await;
    }
    let mut ids = Vec::new();
    // Transactions of other tests on the same PostgreSQL may hold the last ones back for a moment.
    while ids.len() < 7 {
        let (events, more) = page(&staff, Some(last), 3).await;
        assert!(events.len() <= 3);
        assert!(!more || events.len() == 3);
        ids.extend(events.iter().map(id));
        last = ids.last().copied().unwrap_or(last);
    }
    assert_eq!(ids, (first..first + 7).collect::<Vec<_>>());
    assert_eq!(page(&staff, Some(last), 3).await, (Vec::new(), false));
}

#[rstest]
#[tokio::test]
async fn an_event_is_the_same_as_in_the_history(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let since = latest(&app).await;
    touch(&app.staff(), 27, "Room 4").await;
    let mut events = Vec::new();
    while events.is_empty() {
        (events, _) = page(&app.driver(), Some(since), 10).await;
    }
    let history = "{ interview(id: 27) { history(first: 100) { nodes { id type actor { id } \
                   interview { id location version } changes { field to } } } } }";
    let data = app.driver().ask(history, json!({})).await;
    assert_eq!(events.last(), data["interview"]["history"]["nodes"].as_array().unwrap().last());
    assert_eq!(events[0]["changes"], json!([{"field": "location", "to": "Room 4"}]));
}

#[rstest]
#[tokio::test]
async fn everybody_gets_what_they_see_from_the_start_of_the_log(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let company = "SELECT count(*) FROM interview_events WHERE interview_id IN \
                   (SELECT id FROM interviews WHERE company_id = (SELECT company_id FROM interviews WHERE id = 27))";
    let driver =
        "SELECT count(*) FROM interview_events WHERE interview_id IN (SELECT id FROM interviews WHERE driver_id = 997)";
    let all = "SELECT count(*) FROM interview_events";
    let query = "query($since: ID) { interviewChanges(since: $since, first: 0) { totalCount } }";
    for (actor, sql) in [(app.staff(), company), (app.driver(), driver), (app.admin(), all)] {
        let expected: i64 = app.database.value(sql).await;
        assert!(expected > 0);
        for since in [json!(null), json!("0")] {
            let data = actor.ask(query, json!({"since": since})).await;
            assert_eq!(data["interviewChanges"]["totalCount"], expected);
        }
        let mut seen = 0;
        let mut last = None;
        loop {
            let (events, more) = page(&actor, last, 100).await;
            seen += i64::try_from(events.len()).unwrap();
            last = events.last().map(id).or(last);
            if !more {
                break;
            }
        }
        assert_eq!(seen, expected);
    }
}

#[rstest]
#[tokio::test]
async fn what_is_no_event_is_refused(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    for since in ["abc", "", "-1", "00", "1e3", "9223372036854775807", "99999999999999999999"] {
        let answer = app.staff().graphql(QUERY, json!({"since": since})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{since}: {answer:#}");
        assert_eq!(answer["errors"][0]["message"], "`since` is not the id of an event");
    }
    for first in [-1, 101] {
        let answer = app.staff().graphql(QUERY, json!({"first": first})).await;
        assert_eq!(answer["errors"][0]["message"], "`first` has to be from 0 to 100");
    }
}

#[rstest]
#[tokio::test]
async fn a_page_with_interviews_and_people_takes_the_same_statements_at_every_size(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let staff = app.staff();
    staff.ask("{ viewer { id } }", json!({})).await;
    let query = "query($first: Int) { interviewChanges(first: $first) { nodes { actor { title } \
                 interview { interviewee { driver { title } } interviewer { title } } } } }";
    let mut counts = Vec::new();
    for first in [1, 10, 100] {
        counts.push(app.counting(staff.ask(query, json!({"first": first}))).await.1);
    }
    assert_eq!(counts, [4, 4, 4], "{:#?}", app.statements());
}
