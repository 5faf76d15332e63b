//! What webhooks cost those who do not use them: nothing.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::events::relocate;
use crate::support::people::JUDE_WITH_LUISA;
use rstest::rstest;
use serde_json::json;

/// The statements of a list, a single interview and a change.
async fn statements(app: &TestApp, location: &str) -> Vec<String> {
    let staff = app.staff();
    let people = "interviewee { driver { title } } interviewer { title }";
    let list = format!("{{ interviews(first: 50) {{ nodes {{ id status startAt {people} }} }} }}");
    let single = format!("{{ interview(id: 27) {{ id status startAt {people} }} }}");
    let work = async {
        staff.ask(&list, json!({})).await;
        staff.ask(&single, json!({})).await;
        relocate(&staff, JUDE_WITH_LUISA, location).await;
    };
    app.counting(work).await;
    app.statements()
}

#[rstest]
#[tokio::test]
async fn queries_and_changes_have_the_same_statements_with_and_without_webhooks(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    statements(&app, "Gate 1").await;
    let without = statements(&app, "Gate 2").await;
    let webhook = app.webhook().await;
    let with = statements(&app, "Gate 3").await;
    assert_eq!(with, without);
    assert!(!without.iter().any(|sql| sql.contains("webhook") || sql.contains("log_consumers")), "{without:#?}");
    assert_eq!(app.queued(&webhook).await, [], "a change queues nothing: that is done later, from the log");
}
