//! The query `interviewChanges`: the event log, page by page.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::Actor;
use crate::support::events::{latest_event, open_interviews, relocate};
use crate::support::people::{JUDE, JUDE_WITH_LUISA, NORTHERN_HAULAGE};
use rstest::rstest;
use serde_json::{Value, json};

const QUERY: &str = "query($since: ID, $first: Int) { interviewChanges(since: $since, first: $first) { \
    nodes { id type actor { id } interview { id location version } changes { field to } } pageInfo { hasNextPage } } }";

/// The events of a page, and whether there are more.
async fn page(actor: &Actor, since: Option<i64>, first: i32) -> (Vec<Value>, bool) {
    let variables = json!({"since": since.map(|id| id.to_string()), "first": first});
    let mut page = actor.ask(QUERY, variables).await["interviewChanges"].take();
    let has_more = page["pageInfo"]["hasNextPage"].as_bool().unwrap();
    (page["nodes"].as_array_mut().unwrap().drain(..).collect(), has_more)
}

fn id(event: &Value) -> i64 {
    event["id"].as_str().unwrap().parse().unwrap()
}

#[rstest]
#[tokio::test]
async fn client_that_polls_receives_each_event_once(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    let mut last = latest_event(&app).await;
    let first = last + 1;
    for (round, id) in open_interviews(&app, 7).await.into_iter().enumerate() {
        relocate(&staff, id, &format!("Gate {round}")).await;
    }
    let mut ids = Vec::new();
    // Open transactions of other tests on the same PostgreSQL can delay the last events.
    while ids.len() < 7 {
        let (events, has_more) = page(&staff, Some(last), 3).await;
        assert!(events.len() <= 3);
        assert!(!has_more || events.len() == 3);
        ids.extend(events.iter().map(id));
        last = ids.last().copied().unwrap_or(last);
    }
    assert_eq!(ids, (first..first + 7).collect::<Vec<_>>());
    assert_eq!(page(&staff, Some(last), 3).await, (Vec::new(), false));
}

#[rstest]
#[tokio::test]
async fn event_has_the_fields_that_it_has_in_the_history(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let since = latest_event(&app).await;
    relocate(&app.staff(), JUDE_WITH_LUISA, "Gate 4").await;
    let mut events = Vec::new();
    while events.is_empty() {
        (events, _) = page(&app.driver(), Some(since), 10).await;
    }
    let history = format!(
        "{{ interview(id: {JUDE_WITH_LUISA}) {{ history(first: 100) {{ nodes {{ id type actor {{ id }} \
         interview {{ id location version }} changes {{ field to }} }} }} }} }}"
    );
    let data = app.driver().ask(&history, json!({})).await;
    assert_eq!(events.last(), data["interview"]["history"]["nodes"].as_array().unwrap().last());
    let mut event = events.swap_remove(0);
    assert_eq!(event["id"].take(), latest_event(&app).await.to_string());
    assert_json!(event, @r#"
    {
      "actor": {"id": "1000"},
      "changes": [{"field": "location", "to": "Gate 4"}],
      "id": null,
      "interview": {"id": "27", "location": "Gate 4", "version": 2},
      "type": "UPDATED"
    }
    "#);
}

#[rstest]
#[tokio::test]
async fn pages_from_the_start_of_the_log_have_the_events_that_the_viewer_sees(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let of_interviews = |condition: &str| {
        format!(
            "SELECT count(*) FROM interview_events \
             WHERE interview_id IN (SELECT id FROM interviews WHERE {condition})"
        )
    };
    let query = "query($since: ID) { interviewChanges(since: $since, first: 0) { totalCount } }";
    for (actor, sql) in [
        (app.staff(), of_interviews(&format!("company_id = {NORTHERN_HAULAGE}"))),
        (app.driver(), of_interviews(&format!("driver_id = {JUDE}"))),
        (app.admin(), "SELECT count(*) FROM interview_events".to_owned()),
    ] {
        let expected: i64 = app.database.value(&sql).await;
        assert!(expected > 0);
        for since in [json!(null), json!("0")] {
            let data = actor.ask(query, json!({"since": since})).await;
            assert_eq!(data["interviewChanges"]["totalCount"], expected);
        }
        let mut seen = 0;
        let mut last = None;
        loop {
            let (events, has_more) = page(&actor, last, 100).await;
            seen += i64::try_from(events.len()).unwrap();
            last = events.last().map(id).or(last);
            if !has_more {
                break;
            }
        }
        assert_eq!(seen, expected);
    }
}

#[rstest]
#[tokio::test]
async fn since_with_unknown_event_id_is_rejected(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    assert_json!(app.staff().graphql(QUERY, json!({"since": i64::MAX.to_string()})).await, @r#"
    {
      "data": null,
      "errors": [
        {
          "extensions": {"code": "BAD_USER_INPUT"},
          "locations": [{"column": 34, "line": 1}],
          "message": "`since` is not the id of an event",
          "path": ["interviewChanges"]
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn since_that_is_not_an_event_id_is_rejected() {
    let app = start!(Sqlite);
    for since in ["abc", "", "-1", "00", "1e3", "99999999999999999999"] {
        let error = app.staff().graphql(QUERY, json!({"since": since})).await["errors"][0].take();
        assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT", "{since}");
        assert_eq!(error["message"], "`since` is not the id of an event", "{since}");
    }
}

#[tokio::test]
async fn first_outside_its_range_is_rejected() {
    let app = start!(Sqlite);
    for first in [-1, 101] {
        let error = app.staff().graphql(QUERY, json!({"first": first})).await["errors"][0].take();
        assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT", "{first}");
        assert_eq!(error["message"], "`first` has to be from 0 to 100", "{first}");
    }
}

#[rstest]
#[tokio::test]
async fn number_of_statements_does_not_depend_on_the_page_size(#[values(Sqlite, Postgres)] database: Database) {
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
