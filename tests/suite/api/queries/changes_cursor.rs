//! The query `changesCursor`: where the log is, read before everything else that an operation reads.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::actor::Actor;
use crate::support::events::{cursor, ids_after, latest_event, reads_event_log, relocate, until_log_is_readable};
use crate::support::people::{JUDE, JUDE_WITH_LUISA, JUDE_WITH_PIET};
use interviews::domain::UserId;
use interviews::storage::event_log::renew_epoch;
use rstest::rstest;
use sea_orm::{ConnectionTrait, TransactionTrait};
use serde_json::{Value, json};

async fn changes_cursor(actor: &Actor) -> String {
    actor.ask("{ changesCursor }", json!({})).await["changesCursor"].as_str().unwrap().to_owned()
}

/// The ids of the interviews of the events after a cursor.
async fn changed_since(actor: &Actor, since: &Value) -> Vec<String> {
    let query = "query($since: ID) { interviewChanges(since: $since, first: 100) { nodes { interviewId } } }";
    let data = actor.ask(query, json!({"since": since})).await;
    let nodes = data["interviewChanges"]["nodes"].as_array().unwrap();
    nodes.iter().map(|node| node["interviewId"].as_str().unwrap().to_owned()).collect()
}

#[rstest]
#[tokio::test]
async fn cursor_is_that_of_the_last_event_that_the_viewer_sees(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    relocate(&app.staff(), JUDE_WITH_LUISA, "seen by Jude, Mona and Ada").await;
    until_log_is_readable(&app).await;
    let of_jude = cursor(&app.database, latest_event(&app).await).await;
    for viewer in [app.staff(), app.admin(), app.driver()] {
        assert_eq!(changes_cursor(&viewer).await, of_jude);
    }
    let piet = changes_cursor(&app.other_staff()).await;
    assert_ne!(piet, of_jude);

    relocate(&app.other_staff(), JUDE_WITH_PIET, "seen by Jude, Piet and Ada").await;
    until_log_is_readable(&app).await;
    let latest = cursor(&app.database, latest_event(&app).await).await;
    for viewer in [app.other_staff(), app.admin(), app.driver()] {
        assert_eq!(changes_cursor(&viewer).await, latest);
    }
    // What other companies do does not show.
    assert_eq!(changes_cursor(&app.staff()).await, of_jude);
}

#[rstest]
#[tokio::test]
async fn cursor_of_a_former_driver_is_that_of_the_event_that_took_the_interview_away(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let id = crate::support::hand_over::hand_over(&app).await.id;
    let sql = format!("SELECT max(id) FROM interview_events WHERE interview_id = {id} AND former_driver_id = {JUDE}");
    let taken_away: i64 = app.database.value(&sql).await;
    assert_eq!(changes_cursor(&app.driver()).await, cursor(&app.database, taken_away).await);
}

#[rstest]
#[tokio::test]
async fn viewer_without_events_begins_at_the_start_of_the_log(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let newcomer = UserId(5000);
    app.database.execute(&format!("INSERT INTO users (id, role, title) VALUES ({newcomer}, 'driver', 'New')")).await;
    let newcomer = app.user(newcomer);
    assert_eq!(changes_cursor(&newcomer).await, "0");
    assert_eq!(changed_since(&newcomer, &json!("0")).await, Vec::<String>::new());
    app.database.execute("DELETE FROM interview_events").await;
    assert_eq!(changes_cursor(&app.admin()).await, "0");
}

#[rstest]
#[tokio::test]
async fn cursor_belongs_to_the_present_history_of_the_log(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let before = changes_cursor(&app.staff()).await;
    renew_epoch(app.app.services().db()).await.unwrap();
    let query = "query($since: ID) { interviewChanges(since: $since) { nodes { id } } }";
    let error = app.staff().graphql(query, json!({"since": before})).await["errors"][0].take();
    assert_eq!(error["extensions"]["code"], "CURSOR_EXPIRED");
    let after = changes_cursor(&app.staff()).await;
    assert_ne!(after, before);
    assert_eq!(changed_since(&app.staff(), &json!(after)).await, Vec::<String>::new());
}

fn reads_cursor(sql: &str) -> bool {
    sql.contains("\"entry\"")
}

/// Operations that select the cursor after the interviews, and in other ways.
const OPERATIONS: [&str; 5] = [
    "{ changesCursor interviews(first: 3) { nodes { id } } }",
    "{ interviews(first: 3) { nodes { id } } changesCursor }",
    "{ interviews(first: 3) { nodes { id } } interviewees(first: 3) { nodes { id } } at: changesCursor }",
    "query { ...Interviews ... on Query { ...Cursor } } fragment Cursor on Query { changesCursor } \
     fragment Interviews on Query { interviews(first: 3) { nodes { id } } }",
    "query One { viewer { id } } \
     query Two { interviews(first: 3) { nodes { id } } changesCursor again: changesCursor }",
];

#[rstest]
#[tokio::test]
async fn cursor_is_read_once_and_before_all_else(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    changes_cursor(&staff).await;
    for operation in OPERATIONS {
        let body = json!({"query": operation, "operationName": operation.contains("Two").then_some("Two")});
        let (answer, _) = app.counting(staff.rest("POST", "/graphql", &body)).await;
        assert!(answer.json().get("errors").is_none(), "{}", answer.text);
        let statements = app.statements();
        // New connections are checked before, which reads the epoch.
        let of_log = statements.iter().take_while(|sql| reads_event_log(sql));
        assert_eq!(of_log.filter(|sql| reads_cursor(sql)).count(), 1, "{operation}: {statements:#?}");
        assert_eq!(statements.iter().filter(|sql| reads_cursor(sql)).count(), 1, "{operation}: {statements:#?}");
    }
}

#[rstest]
#[tokio::test]
async fn cursor_that_is_not_selected_takes_no_statement(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    changes_cursor(&staff).await;
    for (query, variables) in [
        ("{ interviews(first: 1) { nodes { id } } }", json!({})),
        (
            "query($with: Boolean!) { interviews(first: 1) { nodes { id } } changesCursor @include(if: $with) }",
            json!({"with": false}),
        ),
        ("{ interviews(first: 1) { nodes { id } } ... @skip(if: true) { changesCursor } }", json!({})),
    ] {
        let (_, count) = app.counting(staff.ask(query, variables)).await;
        assert_eq!(count, 1, "{query}: {:#?}", app.statements());
    }
    let with = "query($with: Boolean!) { changesCursor @include(if: $with) }";
    let (data, count) = app.counting(staff.ask(with, json!({"with": true}))).await;
    assert!(data["changesCursor"].is_string());
    assert_eq!(count, 1, "{:#?}", app.statements());
}

/// PostgreSQL commits transactions in another order than it begins them.
#[tokio::test]
async fn change_that_was_open_when_the_cursor_was_read_comes_after_it() {
    let app = start!(Postgres);
    let late = app.database.raw().await.begin().await.unwrap();
    let location =
        format!("UPDATE interviews SET location = 'late', version = version + 1 WHERE id = {JUDE_WITH_LUISA}");
    late.execute_unprepared(&location).await.unwrap();
    let event = crate::support::events::insert_events(JUDE_WITH_LUISA, crate::support::people::MONA, "now()", 1);
    late.execute_unprepared(&event).await.unwrap();
    let other = app.book(crate::support::people::DANA, crate::support::people::KOFI).at("10:00").await;
    let query = "query($id: ID!) { interview(id: $id) { location } changesCursor }";
    let read = app.staff().ask(query, json!({"id": JUDE_WITH_LUISA.to_string()})).await;
    assert_eq!(read["interview"]["location"], Value::Null);
    late.commit().await.unwrap();
    until_log_is_readable(&app).await;
    let changed = changed_since(&app.staff(), &read["changesCursor"]).await;
    assert!(changed.contains(&JUDE_WITH_LUISA.to_string()), "{changed:?}");
    assert!(changed.contains(&other.to_string()), "it is read again, because it came after the open one: {changed:?}");
}

#[tokio::test]
async fn client_without_a_token_gets_no_cursor() {
    let app = start!(Sqlite);
    let answer = app.anonymous().graphql("{ changesCursor }", json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    assert!(!ids_after(&app.database, 0).await.is_empty());
}

/// The last event of a viewer is found in an index, however many events others have.
#[rstest]
#[tokio::test]
async fn cursor_is_found_in_an_index(#[values(Sqlite, Postgres)] database: Database) {
    let app: TestApp = start!(database);
    crate::support::plans::fill_event_log(&app.database, database).await;
    for (viewer, index) in [
        (app.driver(), "former_driver_id_transaction_id_id_idx"),
        (app.driver(), "interview_events_driver_id_transaction_id_id_idx"),
        (app.staff(), "company_id_transaction_id_id_idx"),
    ] {
        changes_cursor(&viewer).await;
        app.counting(changes_cursor(&viewer)).await;
        let statements = app.statements();
        let plan = crate::support::plans::plan_of(&app.database, &statements[0]).await;
        assert!(plan.contains(index) && !plan.contains("Seq Scan on interview_events"), "{plan}");
        assert!(!plan.contains("SCAN interview_events"), "{plan}");
    }
}
