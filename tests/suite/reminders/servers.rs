//! Servers look for reminders by themselves.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::database::TestDatabase;
use crate::support::interview_rows::sql_time;
use crate::support::polling::until;
use crate::support::process::ServerProcess;
use chrono::TimeDelta;
use interviews::services::Clock;
use rstest::rstest;

#[rstest]
#[case::one(Sqlite, 1)]
#[case::several(Postgres, 2)]
#[tokio::test]
async fn each_reminder_is_sent_once_by_servers_that_run(#[case] database: Database, #[case] servers: usize) {
    let Some(database) = TestDatabase::new(database).await else { return };
    let now = Clock::System.now();
    let [booked, start, end] =
        [now - TimeDelta::days(3), now + TimeDelta::minutes(50), now + TimeDelta::minutes(80)].map(sql_time);
    let schedule = format!(
        "UPDATE interviews SET status = 'scheduled', allow_overlap = true, start_at = '{start}', end_at = '{end}', \
         slot_set_at = '{booked}', waiting_since = NULL WHERE id = 27"
    );
    database.execute(&schedule).await;
    let mut running = Vec::new();
    for _ in 0..servers {
        running.push(ServerProcess::start(&database).await);
    }
    let count =
        async |rows: &str| -> i64 { database.value(&format!("SELECT CAST(count(*) AS BIGINT) FROM {rows}")).await };
    until(async || count("sent_reminders WHERE interview_id = 27").await == 2).await;
    let events = "interview_events WHERE interview_id = 27 AND type = 'reminder_due'";
    assert_eq!(count(events).await, 2);
    for server in &running {
        assert_eq!(server.complaints(), Vec::<String>::new());
    }
}
