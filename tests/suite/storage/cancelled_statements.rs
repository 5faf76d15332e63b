//! Statements of PostgreSQL whose callers are gone: their connections stay in use until the statements have ended, and
//! are used again without mixing up responses.

use crate::support::Database::Postgres;
use crate::support::database::TestDatabase;
use interviews::storage::{DatabaseOptions, Db};
use rand::Rng;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::timeout;

async fn connect(database: &TestDatabase, max_connections: u32) -> Arc<Db> {
    let options =
        DatabaseOptions { max_connections, request_timeout: Some(Duration::from_secs(10)), ..database.options() };
    Arc::new(Db::connect(&options).await.unwrap())
}

/// A statement that takes this many milliseconds, and its result.
async fn sleep(db: &Db, number: i64, milliseconds: u32) -> i64 {
    let sql = "SELECT $1::bigint FROM (SELECT pg_sleep($2::double precision / 1000)) AS slept";
    let values = [number.into(), f64::from(milliseconds).into()];
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, values);
    db.reader().query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap()
}

/// Counts the server's sessions while the work runs; the most of them.
async fn most_sessions(database: &TestDatabase, work: impl Future<Output = ()>) -> i64 {
    let sql = "SELECT count(*) FROM pg_stat_activity \
        WHERE datname = current_database() AND application_name LIKE 'interviews/%'";
    let mut most = 0;
    let count = async {
        loop {
            most = database.value::<i64>(sql).await.max(most);
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = work => {}
        () = count => {}
    }
    most
}

#[tokio::test]
async fn no_connection_is_opened_in_place_of_one_whose_statement_was_cancelled() {
    let Some(database) = TestDatabase::new(Postgres).await else { return };
    let db = connect(&database, 2).await;
    let work = async {
        for number in 0..5 {
            assert!(timeout(Duration::from_millis(20), sleep(&db, number, 300)).await.is_err());
        }
        assert_eq!(sleep(&db, 7, 0).await, 7);
    };
    assert_eq!(most_sessions(&database, work).await, 2);
}

#[tokio::test]
async fn cancelled_callers_do_not_multiply_connections_that_are_being_opened() {
    let Some(database) = TestDatabase::new(Postgres).await else { return };
    let db = connect(&database, 2).await;
    let work = async {
        // One connection is in use, and each of these callers opens the other one.
        let transaction = db.begin().await.unwrap();
        for _ in 0..50 {
            let _ = timeout(Duration::from_micros(500), sleep(&db, 1, 0)).await;
        }
        assert_eq!(sleep(&db, 7, 0).await, 7);
        drop(transaction);
    };
    assert!(most_sessions(&database, work).await <= 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_get_their_own_responses_after_others_were_cancelled() {
    let Some(database) = TestDatabase::new(Postgres).await else { return };
    let db = connect(&database, 3).await;
    let mut callers = JoinSet::new();
    for caller in 0..8 {
        let db = db.clone();
        callers.spawn(async move {
            let mut cancelled = 0;
            for number in caller * 1000..caller * 1000 + 60 {
                let limit = Duration::from_micros(rand::rng().random_range(0..6000));
                match timeout(limit, sleep(&db, number, 2)).await {
                    Ok(answer) => assert_eq!(answer, number),
                    Err(_) => cancelled += 1,
                }
                assert_eq!(sleep(&db, -number, 0).await, -number);
            }
            cancelled
        });
    }
    let cancelled: i32 = callers.join_all().await.into_iter().sum();
    assert!(cancelled > 50, "{cancelled} cancelled");
}

#[tokio::test]
async fn transaction_that_was_cancelled_during_a_statement_is_rolled_back() {
    let Some(database) = TestDatabase::new(Postgres).await else { return };
    let db = connect(&database, 1).await;
    for cancelled_after in [0, 1, 2, 5, 10, 20] {
        let change = async {
            let transaction = db.begin().await.unwrap();
            transaction.execute_unprepared("UPDATE interviews SET location = 'x'").await.unwrap();
            transaction.execute_unprepared("SELECT pg_sleep(0.1)").await.unwrap();
        };
        assert!(timeout(Duration::from_millis(cancelled_after), change).await.is_err());
    }
    // The only connection is back, outside of a transaction.
    let statement = Statement::from_string(DbBackend::Postgres, "SELECT pg_current_xact_id_if_assigned() IS NULL");
    let row = db.reader().query_one_raw(statement).await.unwrap().unwrap();
    assert!(row.try_get_by_index::<bool>(0).unwrap());
    assert_eq!(database.value::<i64>("SELECT count(*) FROM interviews WHERE location = 'x'").await, 0);
}
