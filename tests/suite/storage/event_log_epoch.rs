//! Finding out that the database is another one than that for which the epoch of the event log was drawn.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::database::TestDatabase;
use futures_util::future::join_all;
use interviews::storage::event_log::{Renewal, renew_epoch, verify_epoch};
use interviews::storage::{DatabaseOptions, Db};
use rstest::rstest;
use std::collections::HashSet;

const EPOCH: &str = "SELECT epoch FROM event_log_epoch";

#[tokio::test]
async fn epoch_is_kept_while_the_database_is_the_same() {
    let Some(database) = TestDatabase::new(Postgres).await else { return };
    database.connect_and_verify().await;
    let before: i64 = database.value(EPOCH).await;
    for _ in 0..3 {
        assert_eq!(verify_epoch(&database.connect().await).await.unwrap(), None);
    }
    database.execute("VACUUM FULL event_log_epoch").await;
    assert_eq!(verify_epoch(&database.connect().await).await.unwrap(), None);
    assert_eq!(database.value::<i64>(EPOCH).await, before);
}

#[rstest]
#[case::of_another_cluster("system_identifier = system_identifier + 1")]
#[case::of_another_timeline("timeline = timeline + 1")]
#[case::of_another_database("database_oid = database_oid + 1")]
#[case::written_by_another_transaction("epoch = epoch")]
#[tokio::test]
async fn row_of_another_database_gets_a_new_epoch_once(#[case] difference: &str) {
    let Some(database) = TestDatabase::new(Postgres).await else { return };
    database.connect_and_verify().await;
    // The row keeps the number of the transaction that writes it, except in the last case.
    let same_transaction =
        if difference == "epoch = epoch" { "" } else { ", transaction_id = pg_current_xact_id()::text::bigint" };
    database.execute(&format!("UPDATE event_log_epoch SET {difference}{same_transaction}")).await;
    let before: i64 = database.value(EPOCH).await;
    let db = database.connect().await;
    assert_eq!(verify_epoch(&db).await.unwrap(), Some(Renewal::OtherDatabase));
    assert_ne!(database.value::<i64>(EPOCH).await, before);
    assert_eq!(verify_epoch(&db).await.unwrap(), None);
}

#[tokio::test]
async fn several_servers_that_find_another_database_at_once_draw_one_epoch() {
    let Some(database) = TestDatabase::new(Postgres).await else { return };
    database.connect_and_verify().await;
    let servers = join_all((0..6).map(|_| database.connect())).await;
    for _ in 0..5 {
        database.execute("UPDATE event_log_epoch SET timeline = timeline + 1").await;
        let before: i64 = database.value(EPOCH).await;
        let verified = join_all(servers.iter().map(async |db| {
            let renewal = verify_epoch(db).await.unwrap();
            (renewal, database.value::<i64>(EPOCH).await)
        }))
        .await;
        let renewals = verified.iter().filter(|(renewal, _)| renewal.is_some());
        assert_eq!(renewals.count(), 1, "{verified:?}");
        let epochs: HashSet<i64> = verified.iter().map(|(_, epoch)| *epoch).collect();
        assert!(epochs.len() == 1 && !epochs.contains(&before), "{verified:?}");
    }
}

#[tokio::test]
async fn role_that_cannot_read_the_identity_of_the_cluster_finds_other_databases() {
    let Some(database) = TestDatabase::new(Postgres).await else { return };
    database.connect_and_verify().await;
    let role = format!("restricted_{}", std::process::id());
    for sql in [
        format!("CREATE ROLE {role} LOGIN"),
        format!("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}"),
        "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC".to_owned(),
        "REVOKE EXECUTE ON FUNCTION pg_walfile_name(pg_lsn) FROM PUBLIC".to_owned(),
    ] {
        database.execute(&sql).await;
    }
    let url = database.url.replacen("//postgres@", &format!("//{role}@"), 1);
    let db = Db::connect(&DatabaseOptions { url, ..database.options() }).await.unwrap();
    assert_eq!(verify_epoch(&db).await.unwrap(), None);
    database.execute("UPDATE event_log_epoch SET database_oid = 1").await;
    assert_eq!(verify_epoch(&db).await.unwrap(), Some(Renewal::OtherDatabase));
    assert_eq!(verify_epoch(&db).await.unwrap(), None);
    assert_eq!(verify_epoch(&database.connect().await).await.unwrap(), None, "the unknown is no difference");
}

#[rstest]
#[tokio::test]
async fn missing_row_is_written_anew(#[values(Sqlite, Postgres)] database: Database) {
    let Some(database) = TestDatabase::new(database).await else { return };
    database.connect_and_verify().await;
    database.execute("DELETE FROM event_log_epoch").await;
    renew_epoch(&database.connect().await).await.unwrap();
    assert_eq!(database.value::<i64>("SELECT CAST(count(*) AS BIGINT) FROM event_log_epoch").await, 1);
}

#[rstest]
#[tokio::test]
async fn requested_epoch_is_another_one(#[values(Sqlite, Postgres)] database: Database) {
    let Some(database) = TestDatabase::new(database).await else { return };
    database.connect_and_verify().await;
    let db = database.connect().await;
    let mut epochs = HashSet::from([database.value::<i64>(EPOCH).await]);
    for _ in 0..3 {
        renew_epoch(&db).await.unwrap();
        assert!(epochs.insert(database.value(EPOCH).await));
        assert_eq!(verify_epoch(&db).await.unwrap(), None);
    }
}
