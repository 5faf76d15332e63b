//! When a database is filled, and the ids of rows that are added afterwards.

use super::dump;
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::interview_rows;
use crate::support::people::{COASTAL_FREIGHT, JUDE, JUDE_WITH_LUISA};
use interviews::services::DemoDataError;
use rstest::rstest;

#[rstest]
#[tokio::test]
async fn database_that_holds_rows_is_left_as_it_is(#[values(Sqlite, Postgres)] database: Database) {
    let empty = empty!(database);
    let assert_refused = async || {
        let before = dump(&empty.database).await;
        let refused = empty.fill_at("2026-06-01T12:00:00Z", 30).await.unwrap_err();
        assert!(matches!(refused, DemoDataError::NotEmpty), "{refused:?}");
        assert_eq!(dump(&empty.database).await, before);
    };
    for (insert, delete) in [
        ("INSERT INTO companies (name) VALUES ('A company')", "DELETE FROM companies"),
        ("INSERT INTO users (role, title) VALUES ('driver', 'A driver')", "DELETE FROM users"),
    ] {
        empty.database.execute(insert).await;
        assert_refused().await;
        empty.database.execute(delete).await;
    }
    empty.fill(30).await;
    assert_refused().await;
}

#[tokio::test]
async fn zero_interviews_are_refused() {
    let empty = empty!(Sqlite);
    assert!(matches!(empty.fill_at("2026-06-01T12:00:00Z", 0).await, Err(DemoDataError::NoInterviews)));
    assert_eq!(dump(&empty.database).await, Vec::<String>::new());
}

#[rstest]
#[case(Sqlite, 300)]
#[case(Postgres, 1)]
#[case(Postgres, 300)]
#[tokio::test]
async fn new_rows_get_ids_above_those_of_the_demo_data(#[case] database: Database, #[case] count: u32) {
    let empty = empty!(database);
    empty.fill(count).await;
    let at = "'2026-06-01T12:00:00+00:00'";
    for (table, columns, values) in [
        ("companies", "name", "'New'".to_owned()),
        ("users", "role, title", "'driver', 'New'".to_owned()),
        ("interviewees", "company_id, driver_id, kind, updated_at", {
            format!("{COASTAL_FREIGHT}, {JUDE}, 'verified', {at}")
        }),
        ("interview_events", "interview_id, type, at, actor_side, changes", {
            format!("{JUDE_WITH_LUISA}, 'updated', {at}, 'interviewer', '[]'")
        }),
    ] {
        let largest = format!("SELECT max(id) FROM {table}");
        let before = empty.database.value::<i64>(&largest).await;
        empty.database.execute(&format!("INSERT INTO {table} ({columns}) VALUES ({values})")).await;
        assert_eq!(empty.database.value::<i64>(&largest).await, before + 1, "{table}");
    }
    interview_rows::insert_at(&empty.database, "2030-01-01T08:00:00Z".parse().unwrap()).await;
    let largest = empty.database.value::<i64>("SELECT max(id) FROM interviews").await;
    assert_eq!(largest, i64::from(count).max(JUDE_WITH_LUISA.0) + 20 + 1);
}
