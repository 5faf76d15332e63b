//! The connection breaks while the statement of a group is on its way.

use crate::groups::{interviews, place, relocate};
use crate::support::Database::Postgres;
use crate::support::TestApp;
use crate::support::configured_server::Server;
use crate::support::database_proxy::{DatabaseProxy, Fault};
use rstest::rstest;
use serde_json::json;

/// The place that the statement of a group names, and the first change alone does not.
const IN_A_GROUP: &str = "Gate 007";

#[rstest]
#[case::made(Fault::CutResponse, true)]
#[case::not_made(Fault::CutRequest, false)]
#[tokio::test]
async fn every_change_of_a_cut_group_has_an_unknown_outcome(#[case] fault: Fault, #[case] is_made: bool) {
    let Some(app) = TestApp::start(Postgres).await else { return };
    let interviews = interviews(&app).await;
    let proxy = DatabaseProxy::to(&app.database.url).await;
    let server = Server::new(&app, proxy.connect(6).await, &[]);
    proxy.fail_once(IN_A_GROUP, fault);
    let changes = relocate(&server.staff, &interviews).await;
    assert!(proxy.has_failed());
    let mut unknown = 0;
    for (number, (id, change)) in interviews.iter().zip(changes).enumerate() {
        let stored = app.staff().interview(id).await;
        let made = stored["location"] == json!(place(number));
        if change["data"].is_null() {
            assert_eq!(change["errors"][0]["extensions"]["code"], "OUTCOME_UNKNOWN", "{change}");
            assert_eq!(made, is_made, "{number}");
            unknown += 1;
        } else {
            assert_eq!(change["data"]["updateInterview"]["userErrors"], json!([]));
            assert!(made, "{number}");
        }
    }
    assert!(unknown > 0);
    // The server goes on.
    for change in relocate(&server.staff, &interviews).await {
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
