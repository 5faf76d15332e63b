//! Reminders that were sent are forgotten some time after the interview has begun.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::people::{JUDE, LUISA, NORTHERN_HAULAGE};
use chrono::TimeDelta;
use rstest::rstest;
use serde_json::json;

async fn sent(app: &TestApp) -> i64 {
    app.database.value("SELECT CAST(count(*) AS BIGINT) FROM sent_reminders").await
}

#[rstest]
#[tokio::test]
async fn sent_reminders_are_forgotten_sixty_days_after_the_start(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    app.ask_for(NORTHERN_HAULAGE, json!({"answerReminderHours": [24]})).await;
    let services = app.app.services();
    let soon = app.book(JUDE, LUISA).at("10:00").accepted().await;
    // It waits for an answer for longer than that.
    let far = app.book(JUDE, LUISA).at("2025-12-01T09:00:00Z").await;
    app.wait_until("2025-04-01T09:00:00Z");
    assert_eq!((app.remind(soon).await.len(), super::reminders(&app, Some(far)).await.len()), (2, 1));
    app.wait_until("2025-05-31T10:00:00Z");
    services.clean_up(app.now()).await.unwrap();
    assert_eq!(sent(&app).await, 3);
    app.clock.advance(TimeDelta::milliseconds(1));
    services.clean_up(app.now()).await.unwrap();
    assert_eq!(sent(&app).await, 1);
    assert_eq!(app.remind(far).await, Vec::<String>::new(), "that one is remembered");
    assert_eq!(super::reminders(&app, Some(soon)).await.len(), 2, "the events stay");
}
