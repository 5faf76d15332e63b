//! Many clients compete for few people at few times.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::database::TestDatabase;
use crate::support::invariants::{check, double_bookings, events};
use crate::support::load_generator::{Ledger, Load};
use crate::support::process::ServerProcess;
use rstest::rstest;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::sleep;

const CHANGES: usize = 800;
/// Between two looks for double bookings.
const PAUSE: Duration = Duration::from_millis(5);

#[rstest]
#[case::one_process_on_sqlite(Sqlite, 1)]
#[case::one_process_on_postgres(Postgres, 1)]
#[case::two_processes_on_postgres(Postgres, 2)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_person_is_booked_twice_and_every_acknowledged_change_is_stored(
    #[case] database: Database,
    #[case] processes: usize,
) {
    let Some(database) = TestDatabase::new(database).await else { return };
    let before = events(&database).await;
    let mut servers = Vec::new();
    for _ in 0..processes {
        servers.push(ServerProcess::start_for_load(&database).await);
    }
    let ledger = Arc::new(Mutex::new(Ledger::default()));
    let mut load = Load::start(&servers.iter().collect::<Vec<_>>(), 24, &ledger);
    load.until(150).await;
    let watching = async {
        while double_bookings(&database).await.is_empty() {
            sleep(PAUSE).await;
        }
        panic!("a person is booked twice: {:?}", double_bookings(&database).await);
    };
    tokio::select! {
        () = load.until(CHANGES) => {}
        () = watching => {}
    }
    load.finish().await;

    let ledger = std::mem::take(&mut *ledger.lock().unwrap());
    let complaints: Vec<String> = servers.iter().flat_map(ServerProcess::complaints).collect();
    assert_eq!((&ledger.failures, complaints), (&vec![], vec![]));
    assert_eq!(ledger.lost, 0);
    check(&database, &ledger).await;
    assert_eq!(events(&database).await - before, ledger.acknowledged.len(), "refused requests leave no event");
    // Every kind of conflict and change happened.
    for code in ["SCHEDULE_CONFLICT", "STALE_VERSION", "INVALID_STATE"] {
        assert!(ledger.refused.contains_key(code), "no request was refused with {code}: {:?}", ledger.refused);
    }
    for event in ["created", "updated", "amended", "accepted", "cancelled"] {
        assert!(ledger.acknowledged.iter().any(|change| change.event == event), "no interview was {event}");
    }
}
