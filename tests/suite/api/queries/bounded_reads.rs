//! What a request reads of the database does not grow with its tables: pages of nested lists read what they show,
//! counts stop at a ceiling, equal counts run once, and a request uses two connections at a time.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::actor::Actor;
use crate::support::inspect::until_waiting;
use crate::support::people::{JUDE_APPLICATION, JUDE_WITH_LUISA};
use crate::support::plans::{fill_event_log, plan_of};
use rstest::rstest;
use sea_orm::{ConnectionTrait, TransactionTrait};
use serde_json::{Value, json};

/// The plans of the statements of a query that contain a text.
async fn plans(app: &TestApp, actor: &Actor, query: &str, with: &str) -> Vec<String> {
    app.counting(actor.ask(query, json!({}))).await;
    let mut plans = Vec::new();
    for sql in app.statements().iter().filter(|sql| sql.contains(with)) {
        plans.push(plan_of(&app.database, sql).await);
    }
    plans
}

#[rstest]
#[tokio::test]
async fn page_of_a_history_reads_the_events_that_it_shows(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    fill_event_log(&app.database, database).await;
    let query = "{ interviews(first: 3) { nodes { history(first: 2) { nodes { type } totalCount } } } }";
    for viewer in [app.staff(), app.driver()] {
        let plans = plans(&app, &viewer, query, "interview_events").await;
        assert_eq!(plans.len(), 2, "a page and a count");
        for plan in plans {
            let reads_index_of_each_parent = match database {
                Postgres => plan.contains("Limit") && plan.contains("Index Cond: (interview_id = parent.parent)"),
                Sqlite => {
                    plan.contains("interview_events_interview_id_id_idx (interview_id=?")
                        && !plan.contains("MULTI-INDEX")
                }
            };
            assert!(reads_index_of_each_parent, "{plan}");
            assert!(!plan.contains("WindowAgg") && !plan.contains("Seq Scan on interview_events"), "{plan}");
        }
    }
}

#[rstest]
#[tokio::test]
async fn page_of_the_interviews_of_an_application_reads_the_interviews_that_it_shows(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    // As many as make an index worth its while.
    let copies = "INSERT INTO interviews (company_id, driver_id, interviewee_id, interviewer_id, kind, status, \
            start_at, end_at, created_at, updated_at) \
        SELECT a.company_id, a.driver_id, a.interviewee_id, a.interviewer_id, a.kind, 'cancelled', \
            a.start_at, a.end_at, a.created_at, a.updated_at \
        FROM interviews AS a CROSS JOIN interviews AS b";
    app.database.execute(copies).await;
    app.database.execute(if database == Postgres { "VACUUM ANALYZE interviews" } else { "ANALYZE" }).await;
    let query = format!("{{ interviewee(id: {JUDE_APPLICATION}) {{ interviews(first: 2) {{ nodes {{ id }} }} }} }}");
    for viewer in [app.staff(), app.driver()] {
        let plans = plans(&app, &viewer, &query, "interviews").await;
        let index = "interviews_interviewee_id_start_at_id_idx";
        assert!(plans.len() == 1 && plans[0].contains(index), "{plans:#?}");
        assert!(!plans[0].contains("WindowAgg") && !plans[0].contains("Seq Scan on interviews"), "{plans:#?}");
    }
}

#[rstest]
#[tokio::test]
async fn pages_of_several_parents_are_those_of_each_alone(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let history = "history(first: 2, after: $after) { totalCount nodes { id } pageInfo { hasNextPage endCursor } }";
    let list = format!("query($after: String) {{ interviews(first: 100) {{ nodes {{ id {history} }} }} }}");
    let one = format!("query($id: ID!, $after: String) {{ interview(id: $id) {{ id {history} }} }}");
    let first = app.staff().ask(&list, json!({})).await["interviews"]["nodes"].take();
    let has_more = |it: &&Value| it["history"]["pageInfo"]["hasNextPage"] == true;
    let longest = first.as_array().unwrap().iter().find(has_more).unwrap();
    for cursor in [json!(null), longest["history"]["pageInfo"]["endCursor"].clone()] {
        let page = app.staff().ask(&list, json!({"after": cursor})).await["interviews"]["nodes"].take();
        for interview in page.as_array().unwrap().iter().step_by(9) {
            let variables = json!({"id": interview["id"], "after": cursor});
            assert_eq!(app.staff().ask(&one, variables).await["interview"], *interview);
        }
    }
}

#[rstest]
#[tokio::test]
async fn counts_stop_at_the_ceiling(#[values(Sqlite, Postgres)] database: Database) {
    let Some(app) = TestApp::start_with(database, &["--max-count", "2"]).await else { return };
    let query = format!(
        "{{ interviews(filter: {{status: [COMPLETED]}}) {{ totalCount }} interviewees {{ totalCount }} \
         interviewers(search: \"a\") {{ totalCount }} interviewChanges {{ totalCount }} \
         completed: interview(id: 1) {{ history {{ totalCount }} }} \
         interview(id: {JUDE_WITH_LUISA}) {{ history {{ totalCount }} \
            interviewee {{ interviews {{ totalCount }} }} }} }}"
    );
    let (data, _) = app.counting(app.staff().ask(&query, json!({}))).await;
    assert_json!(data, @r#"
    {
      "completed": {"history": {"totalCount": 2}},
      "interview": {"history": {"totalCount": 1}, "interviewee": {"interviews": {"totalCount": 1}}},
      "interviewChanges": {"totalCount": 2},
      "interviewees": {"totalCount": 2},
      "interviewers": {"totalCount": 2},
      "interviews": {"totalCount": 2}
    }
    "#);
    for sql in app.statements().iter().filter(|sql| sql.contains("count(*)")) {
        let plan = plan_of(&app.database, sql).await;
        assert!(sql.contains("LIMIT") && (database == Sqlite || plan.contains("Limit")), "{sql}\n{plan}");
    }
}

#[rstest]
#[tokio::test]
async fn equal_counts_of_a_request_run_once(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let lists = [
        "interviews(first: 1, filter: {status: [PENDING]})",
        "interviewees(first: 1, search: \"a\")",
        "interviewers(first: 1, search: \"a\")",
        "interviewChanges(first: 1)",
    ];
    for list in lists {
        let aliases: String = (0..8).map(|number| format!("a{number}: {list} {{ totalCount }} ")).collect();
        let (data, _) = app.counting(app.staff().ask(&format!("{{ {aliases} }}"), json!({}))).await;
        let counts: Vec<&Value> = data.as_object().unwrap().values().map(|list| &list["totalCount"]).collect();
        assert!(counts[0].as_i64() > Some(0) && counts.iter().all(|count| *count == counts[0]), "{counts:?}");
        let counted = app.statements().iter().filter(|sql| sql.contains("count(*)")).count();
        assert_eq!(counted, 1, "{:#?}", app.statements());
    }
}

#[tokio::test]
async fn request_uses_two_connections_at_a_time() {
    let app = start!(Postgres);
    app.staff().ask("{ viewer { id } }", json!({})).await;
    let locked = app.database.raw().await.begin().await.unwrap();
    locked.execute_unprepared("LOCK TABLE interviews").await.unwrap();
    let aliases: String =
        (0..20).map(|number| format!("a{number}: interviews(first: {number}) {{ nodes {{ id }} }} ")).collect();
    let (query, staff) = (format!("{{ {aliases} }}"), app.staff());
    let others = async {
        until_waiting(&app.database, 2).await;
        // The pool has five connections.
        for _ in 0..3 {
            app.other_staff().ask("{ viewer { company { name } } }", json!({})).await;
        }
        let waiting = "SELECT count(*) FROM pg_stat_activity \
            WHERE datname = current_database() AND wait_event_type = 'Lock'";
        assert_eq!(app.database.value::<i64>(waiting).await, 2);
        locked.rollback().await.unwrap();
    };
    let (data, ()) = futures_util::join!(staff.ask(&query, json!({})), others);
    assert_eq!(data["a19"]["nodes"].as_array().unwrap().len(), 19);
}
