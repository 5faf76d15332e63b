//! What reminders cost: statements, and the rows that they read. And what they do not cost to others.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::people::{COASTAL_FREIGHT, JUDE, LUISA, NORTHERN_HAULAGE};
use crate::support::plans::plan_of;
use rstest::rstest;
use serde_json::json;

/// The statements of one look for reminders.
async fn look(app: &TestApp) -> Vec<String> {
    app.counting(app.app.services().send_due_reminders(app.now())).await.0.unwrap();
    app.statements()
}

#[rstest]
#[tokio::test]
async fn one_statement_where_nobody_asks_and_two_where_nothing_is_due(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = app.book(JUDE, LUISA).at("10:00").accepted().await;
    assert_eq!(look(&app).await.len(), 2, "{:#?}", app.statements());
    app.wait_until("2025-03-31T10:00:00Z");
    let sent = look(&app).await;
    assert_eq!(sent.len(), 6, "the rules, what is due, BEGIN, two inserts, COMMIT: {sent:#?}");
    assert_eq!(super::reminders(&app, Some(id)).await, ["reminder_due 1440"]);
    for company in [NORTHERN_HAULAGE, COASTAL_FREIGHT] {
        app.ask_for(company, json!({"reminders": []})).await;
    }
    app.wait_until("2025-04-01T09:00:00Z");
    assert_eq!(look(&app).await.len(), 1, "{:#?}", app.statements());
}

#[rstest]
#[tokio::test]
async fn what_is_due_is_found_in_the_partial_indexes(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    app.ask_for(NORTHERN_HAULAGE, json!({"answerReminderHours": [24]})).await;
    let columns = "company_id, driver_id, interviewee_id, interviewer_id, kind, status, start_at, end_at, \
        amend_start_at, amend_end_at, amended_by, amended_from, reason, absent, version, created_at, updated_at";
    let numbers = match database {
        Postgres => "generate_series(1, 80) AS numbers (number)",
        Sqlite => {
            "(WITH RECURSIVE n (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM n WHERE number < 80) \
            SELECT number FROM n)"
        }
    };
    let copies = format!(
        "INSERT INTO interviews (allow_overlap, {columns}) SELECT true, {columns} FROM interviews CROSS JOIN {numbers}"
    );
    app.database.execute(&copies).await;
    app.database.execute(if database == Postgres { "VACUUM ANALYZE interviews" } else { "ANALYZE" }).await;
    app.wait_until("2026-03-01T00:00:00Z");
    let statements = look(&app).await;
    let find = statements.iter().find(|sql| sql.contains("WITH starting")).unwrap();
    let plan = plan_of(&app.database, find).await;
    if database == Postgres {
        assert!(plan.contains("interviews_start_at_idx"), "{plan}");
        assert!(plan.contains("interviews_start_at_waiting_since_idx"), "{plan}");
    }
    assert!(!plan.contains("Seq Scan on interviews") && !plan.contains("SCAN interviews"), "{plan}");
}

#[rstest]
#[tokio::test]
async fn queries_and_changes_have_no_more_statements_and_queries_no_more_columns(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let staff = app.staff();
    staff.ask("{ viewer { id } }", json!({})).await;
    let people = "interviewee { driver { title } } interviewer { title }";
    let list = format!("{{ interviews(first: 50) {{ nodes {{ id status startAt {people} }} }} }}");
    let (_, statements) = app.counting(staff.ask(&list, json!({}))).await;
    assert_eq!(statements, 3, "{:#?}", app.statements());
    let mut read = app.statements();
    let single = format!("{{ interview(id: 27) {{ id status startAt {people} }} }}");
    let (_, statements) = app.counting(staff.ask(&single, json!({}))).await;
    assert_eq!(statements, 1, "{:#?}", app.statements());
    read.extend(app.statements());
    for sql in &read {
        for column in ["slot_set_at", "waiting_since", "sequence", "company_settings", "sent_reminders"] {
            assert!(!sql.contains(column), "{sql}");
        }
    }
    let (_, statements) = app.counting(staff.propose(27, "10:00", "11:00")).await;
    assert_eq!(statements, if database == Postgres { 2 } else { 5 }, "{:#?}", app.statements());
}
