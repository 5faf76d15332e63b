//! The schema of the database: up, down, up again; what its status says; what it refuses by itself, whoever writes.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::database::TestDatabase;
use interviews::storage::Db;
use migration::{Migrator, MigratorTrait};
use rstest::rstest;
use sea_orm::{ConnectionTrait, Statement};

/// A database with the schema and the demo data, or the end of a test where there is no PostgreSQL.
macro_rules! filled {
    ($database:expr) => {
        match TestDatabase::new($database).await {
            Some(database) => (database.connect().await, database),
            None => return,
        }
    };
}

const TABLES: &str = "companies interview_events interviewees interviews revoked_tokens users";

/// Everything that defines the schema, a line each: tables with their columns, indexes, constraints, triggers.
async fn schema(database: &TestDatabase) -> Vec<String> {
    let connection = database.raw().await;
    let backend = connection.get_database_backend();
    let queries: &[&str] = if backend == sea_orm::DbBackend::Postgres {
        &[
            "SELECT concat_ws(' ', table_name, column_name, data_type, character_maximum_length, is_nullable, \
                column_default, is_identity, identity_generation) \
             FROM information_schema.columns WHERE table_schema = 'public'",
            "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
            "SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint \
             WHERE connamespace = 'public'::regnamespace",
            "SELECT concat_ws(' ', tgrelid::regclass, pg_get_triggerdef(oid)) FROM pg_trigger WHERE NOT tgisinternal",
        ]
    } else {
        &["SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_master WHERE name <> 'sqlite_stat1'"]
    };
    let mut lines: Vec<String> = Vec::new();
    for sql in queries {
        let rows = connection.query_all_raw(Statement::from_string(backend, *sql)).await.unwrap();
        lines.extend(rows.into_iter().map(|row| row.try_get_by_index::<String>(0).unwrap()));
    }
    lines.sort();
    lines
}

/// The tables of the server, without the list of steps.
async fn tables(database: &TestDatabase) -> String {
    let connection = database.raw().await;
    let backend = connection.get_database_backend();
    let sql = if backend == sea_orm::DbBackend::Postgres {
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'seaql_migrations' ORDER BY 1"
    } else {
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'seaql_migrations' \
         ORDER BY 1"
    };
    let rows = connection.query_all_raw(Statement::from_string(backend, sql)).await.unwrap();
    let names: Vec<String> = rows.into_iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
    names.join(" ")
}

/// Which steps are applied.
async fn applied(db: &Db) -> Vec<bool> {
    db.migration_state().await.unwrap().steps.into_iter().map(|(_, applied)| applied).collect()
}

async fn steps(db: &Db) -> u32 {
    u32::try_from(applied(db).await.len()).unwrap()
}

#[rstest]
#[tokio::test]
async fn up_and_down_and_up_again_is_the_same_schema(#[values(Sqlite, Postgres)] database: Database) {
    let (db, database) = filled!(database);
    let before = schema(&database).await;
    assert!(before.len() > 15, "{before:#?}");
    db.migrate_down(steps(&db).await).await.unwrap();
    assert_ne!(schema(&database).await, before);
    db.migrate_up().await.unwrap();
    assert_eq!(schema(&database).await, before);
}

#[rstest]
#[tokio::test]
async fn every_step_can_be_taken_back_alone(#[values(Sqlite, Postgres)] database: Database) {
    let (db, database) = filled!(database);
    let mut schemas = vec![schema(&database).await];
    for _ in 0..steps(&db).await {
        db.migrate_down(1).await.unwrap();
        schemas.push(schema(&database).await);
    }
    assert_eq!(tables(&database).await, "");
    // Up again one by one: what is taken back is what was there before.
    let connection = database.raw().await;
    for (step, expected) in (1..).zip(schemas.iter().rev().skip(1)) {
        Migrator::up(&connection, Some(1)).await.unwrap();
        assert_eq!(schema(&database).await, *expected, "after step {step}");
    }
}

#[rstest]
#[tokio::test]
async fn all_the_way_down_nothing_is_left_but_the_list_of_steps(#[values(Sqlite, Postgres)] database: Database) {
    let (db, database) = filled!(database);
    assert_eq!(tables(&database).await, TABLES);
    db.migrate_down(steps(&db).await).await.unwrap();
    assert_eq!(tables(&database).await, "");
    db.migrate_down(1000).await.unwrap(); // there is nothing left to take back
    assert_eq!(tables(&database).await, "");
}

#[rstest]
#[tokio::test]
async fn the_state_tells_each_step_in_its_order(#[values(Sqlite, Postgres)] database: Database) {
    let (db, database) = filled!(database);
    let state = db.migration_state().await.unwrap();
    let names: Vec<&str> = state.steps.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names[..2], ["m20261123_000001_tables", "m20261123_000002_no_double_booking"]);
    assert!(names.is_sorted(), "{names:?}");
    assert!(state.is_current());

    let count = names.len();
    db.migrate_down(1).await.unwrap();
    assert_eq!(applied(&db).await, [vec![true; count - 1], vec![false]].concat());
    assert!(!db.migration_state().await.unwrap().is_current());
    db.migrate_down(steps(&db).await).await.unwrap();
    assert_eq!(applied(&db).await, vec![false; count]);

    // To ask leaves no trace, not even in a database that has never seen a step.
    database.execute("DROP TABLE seaql_migrations").await;
    let untouched = schema(&database).await;
    assert_eq!(applied(&db).await, vec![false; count]);
    assert_eq!(schema(&database).await, untouched);
}

#[rstest]
#[tokio::test]
async fn up_does_what_is_missing_and_nothing_more(#[values(Sqlite, Postgres)] database: Database) {
    let (db, database) = filled!(database);
    let before = schema(&database).await;
    db.migrate_up().await.unwrap();
    db.migrate_up().await.unwrap();
    db.migrate_down(0).await.unwrap();
    assert_eq!(schema(&database).await, before);
    assert_eq!(applied(&db).await, vec![true; applied(&db).await.len()]);
}

#[rstest]
#[tokio::test]
async fn the_overlap_step_comes_and_goes_without_touching_the_data(#[values(Sqlite, Postgres)] database: Database) {
    let (db, database) = filled!(database);
    let count = "SELECT CAST(count(*) AS BIGINT) FROM interviews WHERE company_id = 1";
    let twice = "UPDATE interviews SET start_at = '2025-06-02T08:15:00+00:00', end_at = '2025-06-02T08:45:00+00:00' \
        WHERE id = 27"; // when its driver is at the other company
    let names = ["interviews_driver_overlap", "interviews_interviewer_overlap"];
    let has_constraints = async || {
        let schema = schema(&database).await;
        names.map(|name| schema.iter().any(|line| line.contains(name)))
    };

    assert_eq!(has_constraints().await, [true, true]);
    let refused = database.raw().await.execute_unprepared(twice).await.unwrap_err().to_string();
    assert!(refused.contains("interviews_driver_overlap"), "{refused}");

    db.migrate_down(steps(&db).await - 1).await.unwrap();
    assert_eq!(has_constraints().await, [false, false]);
    assert_eq!(database.value::<i64>(count).await, 250);
    database.execute(twice).await;
    database.execute("UPDATE interviews SET start_at = '2025-03-20T09:00:00+00:00', end_at = '2025-03-20T09:30:00+00:00' WHERE id = 27").await;

    db.migrate_up().await.unwrap();
    assert_eq!(has_constraints().await, [true, true]);
    assert_eq!(database.value::<i64>(count).await, 250);
    assert!(database.raw().await.execute_unprepared(twice).await.is_err());
}

#[tokio::test]
async fn a_step_that_fails_leaves_nothing_behind_on_postgresql() {
    let (db, database) = filled!(Postgres);
    db.migrate_down(steps(&db).await - 1).await.unwrap();
    database
        .execute(
            "UPDATE interviews SET start_at = '2025-06-02T08:15:00Z', end_at = '2025-06-02T08:45:00Z' WHERE id = 27",
        )
        .await;
    let before = (schema(&database).await, applied(&db).await);
    // The driver is in two places at once already.
    assert!(db.migrate_up().await.is_err());
    assert_eq!((schema(&database).await, applied(&db).await), before);
    database.execute("UPDATE interviews SET status = 'cancelled' WHERE id = 27").await;
    db.migrate_up().await.unwrap();
}
