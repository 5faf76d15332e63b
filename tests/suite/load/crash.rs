//! `kill -9` during a load: every acknowledged change is stored, every other one in full or not at all, and the next
//! process goes on.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::database::TestDatabase;
use crate::support::inspect::until_all_are_disconnected;
use crate::support::invariants::{check, events};
use crate::support::load_generator::{Ledger, Load};
use crate::support::process::ServerProcess;
use rstest::rstest;
use std::sync::{Arc, Mutex};

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_server_loses_no_acknowledged_change_and_leaves_none_incomplete(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let Some(database) = TestDatabase::new(database).await else { return };
    let before = events(&database).await;
    let ledger = Arc::new(Mutex::new(Ledger::default()));
    for round in 1..=4 {
        let mut server = ServerProcess::start_for_load(&database).await;
        let mut load = Load::start(&[&server], 16, &ledger);
        load.until(80 * round).await;
        server.kill();
        load.gone().await;
        until_all_are_disconnected(&database).await;

        let ledger = ledger.lock().unwrap().clone();
        assert_eq!(ledger.failures, Vec::<String>::new());
        assert_eq!(ledger.lost, 16 * round, "every client lost its connection");
        check(&database, &ledger).await;
        // Each request without a response was executed or was not.
        let written = events(&database).await - before;
        let acknowledged = ledger.acknowledged.len();
        assert!((acknowledged..=acknowledged + ledger.lost).contains(&written), "{acknowledged} {written}");
    }
}
