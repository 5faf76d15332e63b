//! The connection breaks while the statement of a group is on its way.

use crate::groups::{begin, interviews, is_done, relocate, versions_and_events};
use crate::support::Database::Postgres;
use crate::support::TestApp;
use crate::support::configured_server::Server;
use crate::support::database_proxy::{DatabaseProxy, Fault};
use futures_util::future::join_all;
use interviews::storage::StorageError;
use rstest::rstest;
use serde_json::json;

/// The place of a change in the group.
const IN_THE_GROUP: &str = "Gate 007";

#[rstest]
#[case::made(Fault::CutResponse, (2, 1))]
#[case::not_made(Fault::CutRequest, (1, 0))]
#[tokio::test]
async fn every_change_of_a_cut_group_has_an_unknown_outcome(#[case] fault: Fault, #[case] afterwards: (i32, i64)) {
    let app = start!(Postgres);
    let interviews = interviews(&app).await;
    let proxy = DatabaseProxy::to(&app.database.url).await;
    let db = proxy.connect(40).await;
    let changes = begin(&db, &interviews).await;
    proxy.fail_once(IN_THE_GROUP, fault);
    let mut stored = join_all(changes.into_iter().map(|(unit, change)| unit.store(change))).await.into_iter();
    assert!(proxy.has_failed());
    assert!(is_done(&stored.next().unwrap().unwrap()));
    assert!(stored.all(|stored| matches!(stored, Err(StorageError::OutcomeUnknown(_)))));
    assert_eq!(versions_and_events(&app, &interviews[..1]).await, [(2, 1)]);
    assert_eq!(versions_and_events(&app, &interviews[1..]).await, [afterwards; 11]);
    // The server goes on.
    for change in relocate(&Server::new(&app, db, &[]).staff, &interviews).await {
        assert_eq!(change["data"]["updateInterview"]["userErrors"], json!([]), "{change}");
    }
}

#[tokio::test]
async fn changes_fail_without_a_database_and_succeed_again_with_it() {
    let Some(app) = TestApp::start(Postgres).await else { return };
    let interviews = interviews(&app).await;
    let mut proxy = DatabaseProxy::to(&app.database.url).await;
    let server = Server::new(&app, proxy.connect(6).await, &[]);
    relocate(&server.staff, &interviews).await;
    proxy.close().await;
    for change in relocate(&server.staff, &interviews).await {
        let code = change["errors"][0]["extensions"]["code"].as_str();
        assert!(matches!(code, Some("UNAVAILABLE" | "TIMEOUT")), "{change}");
    }
    proxy.open().await;
    for change in relocate(&server.staff, &interviews[..6]).await {
        assert_eq!(change["data"]["updateInterview"]["userErrors"], json!([]), "{change}");
    }
}
