//! The query `interviewChanges`: the event log, page by page.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::Actor;
use crate::support::events::{cursor, encode, latest_event, log_cursor, open_interviews, relocate};
use crate::support::people::{JUDE, JUDE_WITH_LUISA, NORTHERN_HAULAGE};
use chrono::TimeDelta;
use interviews::domain::{Epoch, EventId, LogCursor};
use rstest::rstest;
use serde_json::{Value, json};

const QUERY: &str = "query($since: ID, $first: Int) { interviewChanges(since: $since, first: $first) { \
    nodes { id cursor type actor { id } interview { id location version } changes { field to } } \
    pageInfo { hasNextPage } } }";

/// The events of a page, and whether there are more.
async fn page(actor: &Actor, since: Option<&str>, first: i32) -> (Vec<Value>, bool) {
    let variables = json!({"since": since, "first": first});
    let mut page = actor.ask(QUERY, variables).await["interviewChanges"].take();
    let has_more = page["pageInfo"]["hasNextPage"].as_bool().unwrap();
    (page["nodes"].as_array_mut().unwrap().drain(..).collect(), has_more)
}

fn id(event: &Value) -> i64 {
    event["id"].as_str().unwrap().parse().unwrap()
}

/// The cursor of the last event, or else the one before.
fn cursor_after(events: &[Value], since: Option<String>) -> Option<String> {
    events.last().map(|event| event["cursor"].as_str().unwrap().to_owned()).or(since)
}

#[rstest]
#[tokio::test]
async fn client_that_polls_receives_each_event_once(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    let last = latest_event(&app).await;
    let (first, mut since) = (last + 1, Some(cursor(&app.database, last).await));
    for (round, id) in open_interviews(&app, 7).await.into_iter().enumerate() {
        relocate(&staff, id, &format!("Gate {round}")).await;
    }
    let mut ids = Vec::new();
    // Open transactions of other tests on the same PostgreSQL can delay the last events.
    while ids.len() < 7 {
        let (events, has_more) = page(&staff, since.as_deref(), 3).await;
        assert!(events.len() <= 3);
        assert!(!has_more || events.len() == 3);
        ids.extend(events.iter().map(id));
        since = cursor_after(&events, since);
    }
    assert_eq!(ids, (first..first + 7).collect::<Vec<_>>());
    assert_eq!(page(&staff, since.as_deref(), 3).await, (Vec::new(), false));
}

#[rstest]
#[tokio::test]
async fn event_has_the_fields_that_it_has_in_the_history(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let since = cursor(&app.database, latest_event(&app).await).await;
    relocate(&app.staff(), JUDE_WITH_LUISA, "Gate 4").await;
    let mut events = Vec::new();
    while events.is_empty() {
        (events, _) = page(&app.driver(), Some(&since), 10).await;
    }
    let history = format!(
        "{{ interview(id: {JUDE_WITH_LUISA}) {{ history(first: 100) {{ nodes {{ id cursor type actor {{ id }} \
         interview {{ id location version }} changes {{ field to }} }} }} }} }}"
    );
    let data = app.driver().ask(&history, json!({})).await;
    assert_eq!(events.last(), data["interview"]["history"]["nodes"].as_array().unwrap().last());
    let mut event = events.swap_remove(0);
    let latest = latest_event(&app).await;
    assert_eq!(event["id"].take(), latest.to_string());
    assert_eq!(event["cursor"].take(), cursor(&app.database, latest).await);
    assert_json!(event, @r#"
    {
      "actor": {"id": "1000"},
      "changes": [{"field": "location", "to": "Gate 4"}],
      "cursor": null,
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
            let (events, has_more) = page(&actor, last.as_deref(), 100).await;
            seen += i64::try_from(events.len()).unwrap();
            last = cursor_after(&events, last);
            if !has_more {
                break;
            }
        }
        assert_eq!(seen, expected);
    }
}

#[rstest]
#[tokio::test]
async fn since_with_an_event_that_is_not_in_the_log_has_expired(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let last = latest_event(&app).await;
    let known = log_cursor(&app.database, last).await;
    let expired = [
        ("above the head", LogCursor { event: EventId(last + 1), ..known }),
        ("another epoch", LogCursor { epoch: Epoch(known.epoch.0 ^ 1), ..known }),
        ("an id that was given out again", LogCursor { at: known.at + TimeDelta::milliseconds(1), ..known }),
        ("an id that no event ever has", LogCursor { event: EventId(0), ..known }),
    ];
    for (what, cursor) in expired {
        let error = app.staff().graphql(QUERY, json!({"since": encode(cursor)})).await["errors"][0].take();
        assert_eq!(error["extensions"]["code"], "CURSOR_EXPIRED", "{what}");
    }
    assert_eq!(page(&app.staff(), Some(&encode(known)), 1).await, (Vec::new(), false));

    app.database.execute(&format!("DELETE FROM interview_events WHERE id = {last}")).await;
    assert_json!(app.staff().graphql(QUERY, json!({"since": encode(known)})).await, @r#"
    {
      "data": null,
      "errors": [
        {
          "extensions": {"code": "CURSOR_EXPIRED"},
          "locations": [{"column": 34, "line": 1}],
          "message": "The event log does not continue from this position. Query anew, then subscribe from now on.",
          "path": ["interviewChanges"]
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn since_with_the_cursor_of_an_event_that_the_viewer_cannot_see_is_a_position() {
    let app = start!(Sqlite);
    let since = cursor(&app.database, latest_event(&app).await).await;
    relocate(&app.staff(), JUDE_WITH_LUISA, "after an event of another driver").await;
    let (events, _) = page(&app.driver(), Some(&since), 10).await;
    assert_eq!(events.len(), 1);
}

#[tokio::test]
async fn since_with_an_id_has_expired_whether_or_not_the_event_exists() {
    let app = start!(Sqlite);
    for since in ["1", "7", "999999999", "9223372036854775807", "99999999999999999999", "-1", "00"] {
        let error = app.staff().graphql(QUERY, json!({"since": since})).await["errors"][0].take();
        assert_eq!(error["extensions"]["code"], "CURSOR_EXPIRED", "{since}");
        let message =
            "The argument `since` takes the `cursor` of an event, not its id. Query anew, then subscribe from now on.";
        assert_eq!(error["message"], message, "{since}");
    }
}

#[tokio::test]
async fn since_that_is_not_a_cursor_is_rejected() {
    let app = start!(Sqlite);
    let history = format!("{{ interview(id: {JUDE_WITH_LUISA}) {{ history(first: 1) {{ edges {{ cursor }} }} }} }}");
    let data = app.staff().ask(&history, json!({})).await;
    let of_history = data["interview"]["history"]["edges"][0]["cursor"].as_str().unwrap();
    for since in ["abc", "", "-", "1e3", "1.5", of_history] {
        let error = app.staff().graphql(QUERY, json!({"since": since})).await["errors"][0].take();
        assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT", "{since}");
        assert_eq!(error["message"], "The argument `since` is not the `cursor` of an event.", "{since}");
    }
}

#[tokio::test]
async fn cursors_of_the_connection_are_those_of_its_events() {
    let app = start!(Sqlite);
    let query =
        "{ interviewChanges(first: 3) { edges { cursor node { cursor } } pageInfo { startCursor endCursor } } }";
    let changes = app.staff().ask(query, json!({})).await["interviewChanges"].take();
    let cursors: Vec<&Value> = changes["edges"].as_array().unwrap().iter().map(|edge| &edge["cursor"]).collect();
    let of_events = changes["edges"].as_array().unwrap().iter().map(|edge| &edge["node"]["cursor"]);
    assert_eq!(cursors, of_events.collect::<Vec<_>>());
    assert_eq!([&changes["pageInfo"]["startCursor"], &changes["pageInfo"]["endCursor"]], [cursors[0], cursors[2]]);
    let (rest, _) = page(&app.staff(), changes["pageInfo"]["endCursor"].as_str(), 100).await;
    let (all, _) = page(&app.staff(), None, 100).await;
    assert_eq!(rest[..97], all[3..]);
}

/// A client that polls passes the end of a page on, also of one without events.
#[rstest]
#[case("first: 10")]
#[case("first: 0")]
#[case("first: 10, filter: {}")]
#[case("first: 10, filter: {status: []}")]
#[tokio::test]
async fn page_without_events_ends_where_it_begins(
    #[case] arguments: &str,
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let staff = app.staff();
    let now = staff.ask("{ changesCursor }", json!({})).await["changesCursor"].take();
    let query = format!(
        "query($since: ID) {{
            interviewChanges({arguments}, since: $since) {{ nodes {{ id }} pageInfo {{ endCursor }} }} }}"
    );
    let page = staff.ask(&query, json!({"since": now})).await;
    assert_eq!(page["interviewChanges"], json!({"nodes": [], "pageInfo": {"endCursor": now}}));
}

#[rstest]
#[tokio::test]
async fn number_of_statements_for_cursors_does_not_depend_on_the_number_of_events(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let staff = app.staff();
    staff.ask("{ viewer { id } }", json!({})).await;
    let query =
        "query($first: Int) { interviews(first: $first) { nodes { history(first: 10) { nodes { cursor } } } } }";
    let mut counts = Vec::new();
    for first in [1, 20] {
        counts.push(app.counting(staff.ask(query, json!({"first": first}))).await.1);
    }
    assert_eq!(counts, [3, 3], "{:#?}", app.statements());
}

#[tokio::test]
async fn first_outside_its_range_is_rejected() {
    let app = start!(Sqlite);
    for first in [-1, 101] {
        let error = app.staff().graphql(QUERY, json!({"first": first})).await["errors"][0].take();
        assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT", "{first}");
        assert_eq!(error["message"], "The argument `first` has to be from 0 to 100.", "{first}");
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
