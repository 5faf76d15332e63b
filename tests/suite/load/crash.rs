//! `kill -9` in the middle of a load: what was acknowledged is there, what was not is there in full or not at all, and
//! the next process goes on.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::aftermath::{check, events};
use crate::support::database::TestDatabase;
use crate::support::load::{Ledger, Load};
use crate::support::process::ServerProcess;
use rstest::rstest;
use std::sync::{Arc, Mutex};

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_leaves_nothing_half_done_and_loses_nothing(#[values(Sqlite, Postgres)] database: Database) {
    let Some(database) = TestDatabase::new(database).await else { return };
    let before = events(&database).await;
    let ledger = Arc::new(Mutex::new(Ledger::default()));
    for round in 1..=4 {
        let mut server = ServerProcess::start(&database).await;
        let mut load = Load::start(&[&server], 16, &ledger);
        load.until(80 * round).await;
        server.kill();
        load.gone().await;
        crate::support::inspect::nobody_is_connected(&database).await;

        let ledger = ledger.lock().unwrap().clone();
        assert_eq!(ledger.failures, Vec::<String>::new());
        assert_eq!(ledger.lost, 16 * round, "every client was cut off");
        check(&database, &ledger).await;
        // Of those that got no answer, each was done or was not.
        let written = events(&database).await - before;
        let acknowledged = ledger.acknowledged.len();
        assert!((acknowledged..=acknowledged + ledger.lost).contains(&written), "{acknowledged} {written}");
    }
}
