//! How the database executes a statement of the server.

use super::Database;
use super::database::TestDatabase;
use super::inspect::query;

/// The plan of a statement with placeholders, for any values of them.
pub async fn plan_of(database: &TestDatabase, sql: &str) -> String {
    let on_postgres = database.url.starts_with("postgres");
    if !on_postgres {
        return texts(database, &format!("EXPLAIN QUERY PLAN {sql}"), "detail").await;
    }
    let parameters = (1..100).take_while(|number| sql.contains(&format!("${number}"))).count();
    let values = if parameters == 0 { String::new() } else { format!("({})", vec!["NULL"; parameters].join(", ")) };
    database.execute("SET plan_cache_mode = force_generic_plan").await;
    database.execute(&format!("PREPARE explained AS {sql}")).await;
    let plan = texts(database, &format!("EXPLAIN EXECUTE explained{values}"), "QUERY PLAN").await;
    database.execute("DEALLOCATE explained").await;
    plan
}

async fn texts(database: &TestDatabase, sql: &str, column: &str) -> String {
    let rows = query(database, sql).await;
    rows.iter().map(|row| row[column].as_str().unwrap()).collect::<Vec<_>>().join("\n")
}

/// Fills the event log as a hundred times as many companies and drivers would, so that no plan is good that reads all
/// events.
pub async fn fill_event_log(database: &TestDatabase, kind: Database) {
    let columns = "interview_id, type, at, actor_side, changes, company_id, driver_id";
    let events = "SELECT interviews.id, 'updated', updated_at, 'interviewer', '[]', company_id + 10 * number, \
        driver_id + 10000000 * number FROM interviews";
    let (numbers, analyze) = match kind {
        Database::Postgres => ("generate_series(0, 99) AS numbers (number)", "VACUUM ANALYZE interview_events"),
        Database::Sqlite => (
            "(WITH RECURSIVE n (number) AS (SELECT 0 UNION ALL SELECT number + 1 FROM n WHERE number < 99) \
             SELECT number FROM n)",
            "ANALYZE",
        ),
    };
    database.execute(&format!("INSERT INTO interview_events ({columns}) {events} CROSS JOIN {numbers}")).await;
    database.execute(analyze).await;
}
