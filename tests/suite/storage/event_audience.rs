//! The audience of events: what the migration finds out for the events that exist, what the trigger completes for
//! servers of the release before, and the indexes from which the events of a driver or a company are read.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::actor::Actor;
use crate::support::events::{insert_events, relocate};
use crate::support::hand_over::hand_over;
use crate::support::inspect::query;
use crate::support::lifecycle::interview_of;
use crate::support::people::{
    BRUNA, BRUNA_APPLICATION, CHIDI_APPLICATION, JUDE, JUDE_APPLICATION, JUDE_WITH_LUISA, MONA, NORTHERN_HAULAGE,
    UNKNOWN_INTERVIEWEE,
};
use crate::support::plans::{fill_event_log, plan_of};
use interviews::domain::{InterviewId, IntervieweeId};
use rstest::rstest;
use serde_json::{Value, json};

/// The audience of each event of an interview, or of all interviews, in the order of the log.
async fn audiences(app: &TestApp, id: Option<InterviewId>) -> Vec<Value> {
    let condition = id.map_or_else(String::new, |id| format!("WHERE interview_id = {id}"));
    let columns = "interview_id, company_id, driver_id, former_driver_id";
    query(&app.database, &format!("SELECT {columns} FROM interview_events {condition} ORDER BY id")).await
}

/// The drivers of each event of an interview: the one at its time, and the one before.
async fn drivers(app: &TestApp, id: InterviewId) -> Vec<[Option<i64>; 2]> {
    let audiences = audiences(app, Some(id)).await;
    audiences.iter().map(|row| ["driver_id", "former_driver_id"].map(|column| row[column].as_i64())).collect()
}

/// Reverts the steps from the one that adds the columns on, and applies them again, which finds the audiences of all
/// events anew.
async fn find_audiences_anew(app: &TestApp) {
    let db = app.database.connect().await;
    let steps = db.migration_state().await.unwrap().steps;
    let first = steps.iter().position(|(name, _)| name.ends_with("event_audience")).unwrap();
    db.migrate_down(u32::try_from(steps.len() - first).unwrap()).await.unwrap();
    db.migrate_up().await.unwrap();
    assert!(db.migration_state().await.unwrap().is_current());
}

async fn give_to(staff: &Actor, id: InterviewId, interviewee: IntervieweeId) {
    interview_of(&staff.update(id, json!({"intervieweeId": interviewee.to_string()})).await);
}

const OF_JUDE: [Option<i64>; 2] = [Some(JUDE.0), None];
const OF_BRUNA: [Option<i64>; 2] = [Some(BRUNA.0), None];
const JUDE_TO_BRUNA: [Option<i64>; 2] = [Some(BRUNA.0), Some(JUDE.0)];

#[rstest]
#[tokio::test]
async fn migration_finds_the_audiences_that_the_server_has_stored(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = hand_over(&app).await.id;
    for interviewee in [CHIDI_APPLICATION, JUDE_APPLICATION, BRUNA_APPLICATION] {
        give_to(&app.staff(), id, interviewee).await;
        relocate(&app.staff(), id, &format!("for {interviewee}")).await;
    }
    let stored = audiences(&app, None).await;
    assert!(stored.iter().all(|row| row["company_id"].is_i64() && row["driver_id"].is_i64()));
    assert_eq!(drivers(&app, id).await[..5], [OF_JUDE, OF_JUDE, OF_JUDE, JUDE_TO_BRUNA, OF_BRUNA]);
    find_audiences_anew(&app).await;
    assert_eq!(audiences(&app, None).await, stored);
}

#[rstest]
#[tokio::test]
async fn migration_finds_drivers_without_the_event_of_the_creation(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    app.database
        .execute(&format!("UPDATE interview_events SET changes = '[]' WHERE interview_id = {JUDE_WITH_LUISA}"))
        .await;
    relocate(&app.staff(), JUDE_WITH_LUISA, "Gate 1").await;
    find_audiences_anew(&app).await;
    assert_eq!(drivers(&app, JUDE_WITH_LUISA).await, [OF_JUDE, OF_JUDE]);

    give_to(&app.staff(), JUDE_WITH_LUISA, BRUNA_APPLICATION).await;
    find_audiences_anew(&app).await;
    assert_eq!(drivers(&app, JUDE_WITH_LUISA).await, [OF_JUDE, OF_JUDE, JUDE_TO_BRUNA]);
}

#[rstest]
#[tokio::test]
async fn events_of_an_interviewee_who_is_not_stored_any_more_are_visible_to_no_driver(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let unknown = |value: &str| format!(r#"[{{"field":"interviewee_id","from":null,"to":"{value}"}}]"#);
    for (value, driver) in [(UNKNOWN_INTERVIEWEE.to_string(), None), ("x".to_owned(), None)] {
        let changes = unknown(&value);
        let sql = format!("UPDATE interview_events SET changes = '{changes}' WHERE interview_id = {JUDE_WITH_LUISA}");
        app.database.execute(&sql).await;
        find_audiences_anew(&app).await;
        assert_eq!(drivers(&app, JUDE_WITH_LUISA).await, [[driver, None]], "{value}");
    }
    let query = format!("{{ interview(id: {JUDE_WITH_LUISA}) {{ history {{ totalCount }} }} }}");
    for (viewer, count) in [(app.driver(), 0), (app.staff(), 1)] {
        assert_eq!(viewer.ask(&query, json!({})).await["interview"]["history"]["totalCount"], count);
    }
}

#[rstest]
#[tokio::test]
async fn events_that_a_server_of_the_release_before_writes_have_their_audience(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let at = "'2025-03-20T10:00:00+00:00'";
    app.database.execute(&insert_events(JUDE_WITH_LUISA, MONA, at, 2)).await;
    let give = format!(
        "UPDATE interviews SET driver_id = {BRUNA}, interviewee_id = {BRUNA_APPLICATION} WHERE id = {JUDE_WITH_LUISA}"
    );
    let values = format!(
        r#"'updated', {at}, {MONA}, 'interviewer', '[{{"field":"location","from":"Gate 1","to":null}},
        {{"field":"interviewee_id","from":"{JUDE_APPLICATION}","to":"{BRUNA_APPLICATION}"}}]'"#
    );
    let insert = "INSERT INTO interview_events (interview_id, type, at, actor_id, actor_side, changes)";
    let change = match database {
        // Such a server writes the change and its event in one statement.
        Postgres => format!("WITH changed AS ({give} RETURNING id) {insert} SELECT changed.id, {values} FROM changed"),
        Sqlite => format!("BEGIN; {give}; {insert} VALUES ({JUDE_WITH_LUISA}, {values}); COMMIT"),
    };
    app.database.execute(&change).await;
    app.database.execute(&insert_events(JUDE_WITH_LUISA, MONA, at, 1)).await;
    assert_eq!(drivers(&app, JUDE_WITH_LUISA).await, [OF_JUDE, OF_JUDE, OF_JUDE, JUDE_TO_BRUNA, OF_BRUNA]);
    let audiences = audiences(&app, Some(JUDE_WITH_LUISA)).await;
    assert!(audiences.iter().all(|row| row["company_id"] == NORTHERN_HAULAGE.0));
}

/// The plans of the statements that read events for a request, without those that read interviews alone.
async fn plans(app: &TestApp, actor: &Actor, query: &str) -> Vec<String> {
    actor.ask("{ viewer { id } }", json!({})).await;
    app.counting(actor.ask(query, json!({}))).await;
    let mut plans = Vec::new();
    for sql in app.statements().iter().filter(|sql| sql.contains("interview_events")) {
        plans.push(plan_of(&app.database, sql).await);
    }
    plans
}

#[rstest]
#[tokio::test]
async fn events_of_a_viewer_are_read_and_counted_from_an_index(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    fill_event_log(&app.database, database).await;
    let of_driver = ["driver_id_transaction_id_id_idx", "former_driver_id_transaction_id_id_idx"];
    for (viewer, indexes) in
        [(app.driver(), &of_driver[..]), (app.staff(), &["company_id_transaction_id_id_idx"]), (app.admin(), &[])]
    {
        let mut plans = plans(&app, &viewer, "{ interviewChanges(first: 5) { totalCount nodes { id } } }").await;
        assert_eq!(plans.len(), 2);
        let count = plans.pop().unwrap();
        for plan in [&plans[0], &count] {
            for index in indexes {
                assert!(plan.contains(&format!("interview_events_{index}")), "{plan}");
            }
        }
        // The page is read in the order of an index.
        assert!(!reads_all_events(&plans[0]) && !plans[0].contains(" on interviews"), "{}", plans[0]);
        assert!(indexes.is_empty() || !reads_all_events(&count), "{count}");
    }
}

/// Whether a plan reads the table from its beginning to its end, or an index without a condition.
fn reads_all_events(plan: &str) -> bool {
    plan.contains("Seq Scan on interview_events") || plan.contains("SCAN interview_events")
}
