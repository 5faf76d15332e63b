//! Events under a filter: an event is delivered when the interview matched before or after it, live, after `since`, and
//! to clients that poll. What matches is taken from the list of interviews with the same filter, before and after each
//! change.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::actor::Actor;
use crate::support::database::TestDatabase;
use crate::support::events::{cursor, insert_events, latest_event, relocate, until_log_is_readable};
use crate::support::lifecycle::interview_of;
use crate::support::listening_server::ListeningServer;
use crate::support::people::{BRUNA, BRUNA_APPLICATION, CHIDI, JUDE, JUDE_APPLICATION, KOFI, LUISA, MONA};
use crate::support::plans::{fill_event_log, plan_of};
use crate::support::websocket_client::WebSocketClient;
use chrono::TimeDelta;
use interviews::domain::InterviewId;
use rstest::rstest;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Filters of each kind that the interview of [`change`] enters and leaves.
fn filters() -> Vec<Value> {
    let day = json!({"gte": "2025-04-01T00:00:00Z", "lt": "2025-04-02T00:00:00Z"});
    vec![
        json!({"status": ["PENDING"]}),
        json!({"status": ["SCHEDULED", "AMENDED"]}),
        json!({"status": ["CANCELLED"]}),
        json!({"status": []}),
        json!({"kind": ["PHONE_CALL"]}),
        json!({"intervieweeId": JUDE_APPLICATION.to_string()}),
        json!({"driverId": BRUNA.to_string()}),
        json!({"interviewerId": KOFI.to_string()}),
        json!({"startAt": day}),
        json!({"startAt": {"gte": "2025-04-02T00:00:00Z"}}),
        json!({"updatedAt": {"lt": "2025-03-20T10:08:00Z"}}),
        json!({"updatedAt": {"gte": "2025-03-20T10:08:00Z", "lt": "2025-03-20T10:12:00Z"}}),
        json!({"overlaps": {"startAt": "2025-04-01T10:30:00Z", "endAt": "2025-04-01T10:31:00Z"}}),
        json!({"awaiting": "INTERVIEWEE"}),
        json!({"awaiting": "INTERVIEWER"}),
        json!({"awaitingMe": true}),
        json!({"awaitingMe": false, "status": ["PENDING", "AMENDED"]}),
        // Two changes make them false, one condition each.
        json!({"kind": ["PHONE_CALL"], "interviewerId": LUISA.to_string()}),
        json!({"startAt": day, "status": ["PENDING", "AMENDED", "SCHEDULED"], "driverId": JUDE.to_string()}),
    ]
}

/// Changes an interview of Jude's, one step each.
async fn change(app: &TestApp, id: Option<InterviewId>, step: usize) -> Option<InterviewId> {
    app.clock.advance(TimeDelta::minutes(1));
    let Some(id) = id else { return Some(app.book(JUDE, LUISA).at("10:00").await) };
    let (staff, jude) = (app.staff(), app.driver());
    let update = async |input: Value| drop(interview_of(&staff.update(id, input).await).clone());
    let on = |day: &str| json!({"startAt": format!("{day}T10:00:00Z"), "endAt": format!("{day}T11:00:00Z")});
    match step {
        1 | 4 | 8 | 13 => drop(relocate(&staff, id, &format!("Gate {step}")).await),
        2 => drop(interview_of(&jude.propose(id, "14:00", "15:00").await).clone()),
        3 => drop(interview_of(&staff.decline(id).await).clone()),
        5 => drop(interview_of(&jude.accept(id).await).clone()),
        6 => update(json!({"kind": "IN_PERSON"})).await,
        7 => update(json!({"interviewerId": KOFI.to_string()})).await,
        9 => update(on("2031-04-03")).await,
        10 => update(json!({"intervieweeId": BRUNA_APPLICATION.to_string()})).await,
        11 => drop(interview_of(&staff.propose(id, "16:00", "17:00").await).clone()),
        12 => drop(interview_of(&app.user(BRUNA).accept(id).await).clone()),
        14 => update(json!({"intervieweeId": JUDE_APPLICATION.to_string(), "kind": "PHONE_CALL"})).await,
        15 => update(on("2025-04-01")).await,
        16 => update(json!({"interviewerId": LUISA.to_string()})).await,
        17 => drop(interview_of(&staff.cancel(id).await).clone()),
        _ => return None,
    }
    Some(id)
}

/// For each filter, whether the list of interviews contains this one.
async fn listed(viewer: &Actor, id: Option<InterviewId>) -> Vec<bool> {
    let (mut variables, mut lists) = (String::new(), String::new());
    let mut values = serde_json::Map::new();
    for (number, filter) in filters().into_iter().enumerate() {
        write!(variables, "$f{number}: InterviewFilter ").unwrap();
        let list = "orderBy: {field: ID, direction: DESC}, first: 5";
        write!(lists, "l{number}: interviews(filter: $f{number}, {list}) {{ nodes {{ id }} }} ").unwrap();
        values.insert(format!("f{number}"), filter);
    }
    let data = viewer.ask(&format!("query({variables}) {{ {lists} }}"), values.into()).await;
    let wanted = json!({"id": id.map_or_else(String::new, |id| id.to_string())});
    (0..filters().len())
        .map(|number| data[format!("l{number}")]["nodes"].as_array().unwrap().contains(&wanted))
        .collect()
}

/// The events that are delivered, by their ids, and whether the interview matches after them.
type Delivered = Vec<(String, bool)>;

fn delivered(event: &Value) -> (String, bool) {
    (event["id"].as_str().unwrap().to_owned(), event["matches"].as_bool().unwrap())
}

/// Subscribes to each filter, all on one socket.
async fn subscribe_all(server: &ListeningServer, viewer: &Actor, since: &str) -> WebSocketClient {
    let mut client = WebSocketClient::sign_in(server.address, viewer.token()).await;
    let query = "subscription($filter: InterviewFilter, $since: ID) { \
        interviewChanged(filter: $filter, since: $since) { id matches interviewId interview { id } } }";
    for (number, filter) in filters().into_iter().enumerate() {
        let payload = json!({"query": query, "variables": {"filter": filter, "since": since}});
        client.send(json!({"id": number.to_string(), "type": "subscribe", "payload": payload})).await;
    }
    client
}

/// Receives so many events; those of each filter.
async fn receive(client: &mut WebSocketClient, count: usize) -> BTreeMap<usize, Delivered> {
    let mut received: BTreeMap<usize, Delivered> = BTreeMap::new();
    for _ in 0..count {
        let message = client.receive().await;
        assert_eq!(message["type"], "next", "{message}");
        let number = message["id"].as_str().unwrap().parse().unwrap();
        received.entry(number).or_default().push(delivered(&message["payload"]["data"]["interviewChanged"]));
    }
    client.expect_nothing().await;
    received
}

/// The same by polling.
async fn poll(viewer: &Actor, since: &str) -> BTreeMap<usize, Delivered> {
    let query = "query($filter: InterviewFilter, $since: ID) { interviewChanges(filter: $filter, since: $since, \
        first: 100) { totalCount nodes { id matches } pageInfo { hasNextPage } } }";
    let mut polled = BTreeMap::new();
    for (number, filter) in filters().into_iter().enumerate() {
        let data = viewer.ask(query, json!({"filter": filter, "since": since})).await;
        let (changes, nodes) = (&data["interviewChanges"], data["interviewChanges"]["nodes"].as_array().unwrap());
        let end = (&changes["totalCount"], &changes["pageInfo"]["hasNextPage"]);
        assert_eq!(end, (&json!(nodes.len()), &json!(false)));
        if !nodes.is_empty() {
            polled.insert(number, nodes.iter().map(delivered).collect());
        }
    }
    polled
}

#[rstest]
#[tokio::test]
async fn event_is_delivered_when_the_interview_matched_before_or_after_it(
    #[values(Sqlite, Postgres)] database: Database,
) {
    // The clients answer no pings while changes are made, which takes long on a busy machine.
    let flags = ["--max-subscriptions", "50", "--ping-interval", "1h"];
    let Some(server) = ListeningServer::start(database, &flags).await else { return };
    let app = &server.app;
    let since = cursor(&app.database, latest_event(app).await).await;
    let viewers = [app.staff(), app.admin(), app.driver(), app.user(BRUNA), app.user(CHIDI), app.other_staff()];
    let mut live = Vec::new();
    for viewer in &viewers {
        live.push(subscribe_all(&server, viewer, &since).await);
    }
    let mut expected = vec![BTreeMap::<usize, Delivered>::new(); viewers.len()];
    let mut before = vec![vec![false; filters().len()]; viewers.len()];
    let (mut id, mut step) = (None, 0);
    while let Some(changed) = change(app, id, step).await {
        (id, step) = (Some(changed), step + 1);
        let event = latest_event(app).await.to_string();
        for (viewer, (before, expected)) in viewers.iter().zip(before.iter_mut().zip(&mut expected)) {
            let after = listed(viewer, id).await;
            for (number, (before, after)) in before.iter().zip(&after).enumerate() {
                if *before || *after {
                    expected.entry(number).or_default().push((event.clone(), *after));
                }
            }
            *before = after;
        }
    }
    assert_eq!(step, 18);
    until_log_is_readable(app).await;
    for ((viewer, live), expected) in viewers.iter().zip(&mut live).zip(&expected) {
        let count = expected.values().map(Vec::len).sum();
        assert_eq!(poll(viewer, &since).await, *expected, "polled");
        assert_eq!(receive(live, count).await, *expected, "live");
        let mut late = subscribe_all(&server, viewer, &since).await;
        assert_eq!(receive(&mut late, count).await, *expected, "late");
    }
    let kinds = |delivered: &BTreeMap<usize, Delivered>| {
        let all: Vec<bool> = delivered.values().flatten().map(|(_, matches)| *matches).collect();
        (all.contains(&true), all.contains(&false))
    };
    assert!(expected[..4].iter().all(|expected| kinds(expected) == (true, true)), "{expected:?}");
    assert!(expected[4].is_empty() && expected[5].is_empty(), "who never sees the interview gets nothing");
}

#[rstest]
#[tokio::test]
async fn driver_who_loses_the_interview_gets_one_last_event_without_it(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = app.book(JUDE, LUISA).at("10:00").await;
    let since = cursor(&app.database, latest_event(&app).await).await;
    interview_of(&app.staff().update(id, json!({"intervieweeId": BRUNA_APPLICATION.to_string()})).await);
    relocate(&app.staff(), id, "Gate 2").await;
    until_log_is_readable(&app).await;
    let query = "query($filter: InterviewFilter, $since: ID) { interviewChanges(filter: $filter, since: $since) { \
        nodes { type matches interviewId interview { id } } } }";
    for (filter, matches) in [(json!({"status": ["PENDING"]}), false), (json!({}), true), (json!(null), true)] {
        let data = app.driver().ask(query, json!({"filter": filter, "since": since})).await;
        let last = json!({"type": "UPDATED", "matches": matches, "interviewId": id.to_string(), "interview": null});
        assert_eq!(data["interviewChanges"]["nodes"], json!([last]), "{filter}");
    }
}

/// Walks the pages of `interviewChanges`, each from the end of the one before; the events, and the number of pages.
async fn walk(viewer: &Actor, filter: &Value, first: i32) -> (Delivered, usize) {
    let query = "query($filter: InterviewFilter, $since: ID, $first: Int) { interviewChanges(filter: $filter, \
        since: $since, first: $first) { nodes { id matches } pageInfo { hasNextPage endCursor } } }";
    let (mut since, mut events, mut pages) = (json!("0"), Vec::new(), 0);
    loop {
        let data = viewer.ask(query, json!({"filter": filter, "since": since, "first": first})).await;
        let page = &data["interviewChanges"];
        events.extend(page["nodes"].as_array().unwrap().iter().map(delivered));
        pages += 1;
        if page["pageInfo"]["hasNextPage"] == false {
            return (events, pages);
        }
        since = page["pageInfo"]["endCursor"].clone();
    }
}

#[rstest]
#[tokio::test]
async fn page_with_a_filter_looks_at_a_limited_number_of_events(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (mut id, mut step) = (None, 0);
    while let Some(changed) = change(&app, id, step).await {
        (id, step) = (Some(changed), step + 1);
    }
    until_log_is_readable(&app).await;
    // On the same database, a server that looks at 50 events for each page.
    let bounded = TestApp::on(TestDatabase::at(app.database.url.clone(), None), &["--max-count", "50"]).await;
    for filter in filters().into_iter().step_by(4) {
        let (all, _) = walk(&app.admin(), &filter, 100).await;
        let (bounded, pages) = walk(&bounded.admin(), &filter, 100).await;
        assert_eq!(bounded, all, "{filter}");
        assert!(pages > 5, "{pages} pages");
        assert_eq!(walk(&app.admin(), &filter, 7).await.0, all, "{filter}");
    }
}

#[rstest]
#[tokio::test]
async fn number_of_statements_with_a_filter_does_not_depend_on_the_page_size(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let id = app.book(JUDE, LUISA).at("10:00").await;
    let since = cursor(&app.database, latest_event(&app).await).await;
    for number in 0..20 {
        relocate(&app.staff(), id, &format!("Gate {number}")).await;
    }
    until_log_is_readable(&app).await;
    let staff = app.staff();
    let query = "query($since: ID, $first: Int) { interviewChanges(filter: {status: [PENDING]}, since: $since, \
        first: $first) { nodes { matches interview { location } } } }";
    let mut counts = Vec::new();
    staff.ask(query, json!({"since": since, "first": 1})).await;
    for first in [1, 5, 20] {
        let (data, count) = app.counting(staff.ask(query, json!({"since": since, "first": first}))).await;
        assert_eq!(data["interviewChanges"]["nodes"].as_array().unwrap().len(), usize::try_from(first).unwrap());
        counts.push(count);
    }
    // The position of the cursor, the events, and the interviews with their later events.
    assert_eq!(counts, [3, 3, 3], "{:#?}", app.statements());
}

#[rstest]
#[tokio::test]
async fn later_events_of_an_interview_are_read_from_an_index(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    fill_event_log(&app.database, database).await;
    let staff = app.staff();
    let query = "{ interviewChanges(filter: {status: [COMPLETED]}, first: 1) { nodes { id } } }";
    staff.ask(query, json!({})).await;
    app.counting(staff.ask(query, json!({}))).await;
    let statements = app.statements();
    let reads_past = |sql: &&String| sql.contains("previous_at");
    let plan = plan_of(&app.database, statements.iter().find(reads_past).unwrap()).await;
    assert!(plan.contains("interview_events_interview_id_id_idx"), "{plan}");
    assert!(!plan.contains("Seq Scan on interview_events") && !plan.contains("SCAN interview_events"), "{plan}");
}

/// Nobody may miss that an interview has left the filter.
#[rstest]
#[tokio::test]
async fn event_of_an_interview_with_too_many_later_events_is_delivered_in_any_case(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let id = app.book(JUDE, LUISA).at("10:00").await;
    let since = cursor(&app.database, latest_event(&app).await).await;
    let at = "'2025-03-20T10:02:08.958+00:00'";
    app.database.execute(&insert_events(id, MONA, at, 20_001)).await;
    until_log_is_readable(&app).await;
    let query = "query($since: ID) { interviewChanges(filter: {status: [SCHEDULED]}, since: $since, first: 1) { \
        nodes { matches interview { id } } } }";
    let data = app.staff().ask(query, json!({"since": since})).await;
    assert_eq!(data["interviewChanges"]["nodes"], json!([{"matches": false, "interview": {"id": id.to_string()}}]));
    interview_of(&app.driver().accept(id).await);
    let data = app.staff().ask(query, json!({"since": since})).await;
    assert_eq!(data["interviewChanges"]["nodes"][0]["matches"], true, "what the interview is now");
}
