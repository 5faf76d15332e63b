//! Indexes and constraints on PostgreSQL, which the filling drops and makes again.

use super::Empty;
use crate::support::Database::Postgres;
use interviews::services::{CacheLifetimes, Clock, FillProgress, Services, Tokens};
use sea_orm::ConnectionTrait;

/// Every index and constraint with its definition.
async fn definitions(empty: &Empty) -> Vec<String> {
    let sql = "SELECT concat_ws(' ', conrelid::regclass, conname, convalidated, pg_get_constraintdef(oid)) \
            FROM pg_constraint WHERE connamespace = 'public'::regnamespace \
        UNION ALL SELECT concat_ws(' ', indexname, indexdef) FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1";
    let connection = empty.database.connection().await;
    let statement = sea_orm::Statement::from_string(connection.get_database_backend(), sql);
    let rows = connection.query_all_raw(statement).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

#[tokio::test]
async fn schema_is_the_same_after_the_rows() {
    let empty = empty!(Postgres);
    empty.database.execute("CREATE INDEX of_an_operator ON interviews (location) WHERE location <> 'Room'").await;
    let before = definitions(&empty).await;
    assert!(before.iter().any(|definition| definition.contains("interviews_driver_overlap t EXCLUDE")), "{before:#?}");
    assert!(before.iter().any(|definition| definition.contains("of_an_operator")), "{before:#?}");
    empty.fill(300).await;
    assert_eq!(definitions(&empty).await, before);
}

#[tokio::test]
async fn failed_filling_leaves_the_schema_and_no_rows() {
    let empty = empty!(Postgres);
    empty.database.execute("CREATE UNIQUE INDEX one_of_a_kind ON interviews (kind)").await;
    let before = definitions(&empty).await;
    let refused = empty.fill_at("2026-06-01T12:00:00Z", 30).await.unwrap_err();
    assert!(format!("{refused:?}").contains("one_of_a_kind"), "{refused:?}");
    assert_eq!(definitions(&empty).await, before);
    assert_eq!(empty.count("companies").await + empty.count("interviews").await, 0);
}

/// A role that may write rows, and owns no table.
#[tokio::test]
async fn role_that_owns_no_table_fills_it_too() {
    let empty = empty!(Postgres);
    let before = definitions(&empty).await;
    for sql in [
        "DROP ROLE IF EXISTS filling_role",
        "CREATE ROLE filling_role NOLOGIN",
        "GRANT ALL ON ALL TABLES IN SCHEMA public TO filling_role",
        "GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO filling_role",
    ] {
        empty.database.execute(sql).await;
    }
    empty.db.reader().execute_unprepared("SET ROLE filling_role").await.unwrap();
    empty.fill(30).await;
    assert_eq!(definitions(&empty).await, before);
    assert_eq!(empty.count("interviews").await, 50);
    for sql in ["DROP OWNED BY filling_role", "DROP ROLE filling_role"] {
        empty.database.execute(sql).await;
    }
}

#[tokio::test]
async fn progress_counts_interviews_and_then_indexes() {
    let empty = empty!(Postgres);
    let services = Services::new(empty.db.clone(), Clock::System, Tokens::new(None, None), CacheLifetimes::default());
    let mut progress = Vec::new();
    services.fill_with_demo_data(5500, None, |done| progress.push(done)).await.unwrap();
    let total = 5520;
    assert_eq!(progress[..2], [FillProgress::Interviews(0, total), FillProgress::Interviews(5000, total)]);
    let indexes = progress.len() - 2;
    assert!(indexes > 20, "{progress:?}");
    let expected: Vec<_> = (0..indexes).map(|made| FillProgress::Indexes(made, indexes)).collect();
    assert_eq!(progress[2..], expected);
}
