//! The demo data: the same rows on every machine, with the documentation's people and interview, and of the requested
//! size.

/// A database with the schema and without rows, or the end of a test where there is no PostgreSQL.
macro_rules! empty {
    ($database:expr) => {
        match $crate::support::database::TestDatabase::without_rows($database).await {
            Some(database) => $crate::storage::demo_data::Empty::new(database).await,
            None => return,
        }
    };
}

mod calendar;
mod filling;
mod indexes;
mod rows;
mod size;

use crate::support::SECRET;
use crate::support::database::TestDatabase;
use chrono::NaiveDate;
use interviews::services::{CacheLifetimes, Clock, DemoDataError, FrozenClock, Services, Tokens};
use interviews::storage::Db;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

struct Empty {
    db: Db,
    database: TestDatabase,
    statements: Arc<AtomicUsize>,
}

impl Empty {
    async fn new(database: TestDatabase) -> Self {
        let mut db = database.connect().await;
        let statements: Arc<AtomicUsize> = Arc::default();
        let counter = statements.clone();
        db.observe(move |_| {
            counter.fetch_add(1, Ordering::Relaxed);
        });
        Self { db, database, statements }
    }

    async fn fill_at(&self, now: &str, count: u32) -> Result<(), DemoDataError> {
        self.fill_around(now, count, None).await
    }

    async fn fill_around(&self, now: &str, count: u32, date: Option<NaiveDate>) -> Result<(), DemoDataError> {
        let clock = Clock::Frozen(FrozenClock::at(now.parse().unwrap()));
        let tokens = Tokens::try_new(SECRET, None).unwrap();
        Services::new(self.db.clone(), clock, tokens, CacheLifetimes::default())
            .fill_with_demo_data(count, date, |_| {})
            .await
    }

    async fn fill(&self, count: u32) {
        self.fill_at("2026-06-01T12:00:00Z", count).await.unwrap();
    }

    async fn count(&self, rows: &str) -> i64 {
        self.database.value(&format!("SELECT CAST(count(*) AS BIGINT) FROM {rows}")).await
    }
}

/// Every table with its columns: `@` marks times, `?` booleans.
const TABLES: [(&str, &str); 5] = [
    ("companies", "id name image time_zone source_updated_at@"),
    (
        "users",
        "id role company_id title image phone_number contact_phone_number deactivated_at@ manager? email time_zone \
         tokens_valid_after@ erased_at@ source_updated_at@",
    ),
    ("interviewees", "id company_id driver_id kind updated_at@ title source_updated_at@"),
    (
        "interviews",
        "id company_id driver_id interviewee_id interviewer_id kind status start_at@ end_at@ amend_start_at@ \
         amend_end_at@ amended_by amended_from location reason absent allow_overlap? version created_at@ updated_at@",
    ),
    ("interview_events", "id interview_id type at@ actor_id actor_side changes"),
];

/// Every row as a line of text, the same on both databases.
async fn dump(database: &TestDatabase) -> Vec<String> {
    let connection = database.connection().await;
    let backend = connection.get_database_backend();
    let text = |column: &str| match (column.strip_suffix('@'), column.strip_suffix('?'), backend) {
        (Some(time), _, DbBackend::Postgres) => {
            format!("to_char({time} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS')")
        }
        (Some(time), ..) => format!("strftime('%Y-%m-%dT%H:%M:%f', {time})"),
        (_, Some(boolean), _) => format!("CASE WHEN {boolean} THEN 'true' ELSE 'false' END"),
        _ => format!("CAST({column} AS TEXT)"),
    };
    let mut lines = Vec::new();
    for (table, columns) in TABLES {
        let columns: Vec<String> =
            columns.split(' ').map(|column| format!("coalesce({}, '-')", text(column))).collect();
        let sql = format!("SELECT {} FROM {table} ORDER BY id", columns.join(" || '|' || "));
        let rows = connection.query_all_raw(Statement::from_string(backend, sql)).await.unwrap();
        lines.extend(rows.iter().map(|row| format!("{table} {}", row.try_get_by_index::<String>(0).unwrap())));
    }
    lines.into_iter().map(with_plain_json).collect()
}

/// The databases differ in the order of keys and the blanks of stored JSON.
fn with_plain_json(line: String) -> String {
    let Some(at) = line.find("[{") else { return line };
    let json: Value = serde_json::from_str(&line[at..]).unwrap();
    format!("{}{json}", &line[..at])
}
