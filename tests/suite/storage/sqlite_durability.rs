//! Whether SQLite flushes each commit to the disk (<https://www.sqlite.org/pragma.html#pragma_synchronous>).

use crate::support::Database::Sqlite;
use crate::support::database::TestDatabase;
use interviews::storage::{DatabaseOptions, Db, Synchronous};
use rstest::rstest;
use sea_orm::{ConnectionTrait, Statement};

#[rstest]
#[case::full(Synchronous::Full, 2)]
#[case::normal(Synchronous::Normal, 1)]
#[tokio::test]
async fn commits_are_flushed_as_the_setting_says(#[case] synchronous: Synchronous, #[case] pragma: i32) {
    let Some(database) = TestDatabase::new(Sqlite).await else { return };
    let db = Db::connect(&DatabaseOptions { synchronous, ..database.options() }).await.unwrap();
    let transaction = db.begin().await.unwrap();
    let statement = Statement::from_string(transaction.get_database_backend(), "PRAGMA synchronous");
    let row = transaction.query_one_raw(statement).await.unwrap().unwrap();
    assert_eq!(row.try_get_by_index::<i32>(0).unwrap(), pragma);
}
