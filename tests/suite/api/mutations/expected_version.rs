//! `expectedVersion` on each mutation.

use super::looking::{done, propose, written};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::actor::Actor;
use rstest::rstest;
use serde_json::json;

/// Interview 27 as it has to be for the mutation: pending, scheduled, or amended by the driver.
async fn prepare(app: &TestApp, state: &str) -> i32 {
    if state == "pending" {
        return 1;
    }
    done(&app.driver().mutate("acceptInterview", "id: 27").await);
    if state == "scheduled" {
        return 2;
    }
    done(&app.driver().mutate("amendInterview", &propose("27", "14:00:00", "15:00:00")).await);
    3
}

#[rstest]
#[case::update("pending", "staff", "updateInterview", r#"id: 27, input: {location: "Gate 3"}"#)]
#[case::amend(
    "pending",
    "driver",
    "amendInterview",
    r#"id: 27, input: {startAt: "2025-04-01T10:00:00Z", endAt: "2025-04-01T11:00:00Z"}"#
)]
#[case::accept("pending", "driver", "acceptInterview", "id: 27")]
#[case::accept_a_proposal("amended", "staff", "acceptInterview", "id: 27")]
#[case::decline("amended", "staff", "declineAmendment", "id: 27")]
#[case::withdraw("amended", "driver", "withdrawAmendment", "id: 27")]
#[case::reject("scheduled", "driver", "rejectInterview", "id: 27")]
#[case::cancel("scheduled", "staff", "cancelInterview", "id: 27")]
#[case::complete("scheduled", "staff", "completeInterview", "id: 27")]
#[case::no_show("scheduled", "staff", "markNoShow", "id: 27, absent: INTERVIEWEE")]
#[tokio::test]
async fn a_mutation_is_done_at_the_expected_version_alone(
    #[values(Sqlite, Postgres)] database: Database,
    #[case] state: &str,
    #[case] who: &str,
    #[case] mutation: &str,
    #[case] arguments: &str,
) {
    let app = start!(database);
    let version = prepare(&app, state).await;
    let who: Actor = if who == "staff" { app.staff() } else { app.driver() };
    let before = written(&app).await;
    for wrong in [version - 1, version + 1, 0, -1, i32::MAX] {
        let payload = who.mutate(mutation, &format!("{arguments}, expectedVersion: {wrong}")).await;
        let expected = json!([{
            "__typename": "StaleVersionError",
            "code": "STALE_VERSION",
            "message": format!("the interview has changed meanwhile: it is at version {version}"),
            "path": ["expectedVersion"],
            "current": {"version": version}
        }]);
        assert_eq!(payload, json!({"interview": null, "userErrors": expected}));
    }
    assert_eq!(written(&app).await, before);
    let payload = who.mutate(mutation, &format!("{arguments}, expectedVersion: {version}")).await;
    assert_eq!(done(&payload)["version"], version + 1);
    // The same request once more is late now, whatever the state says to it.
    let payload = who.mutate(mutation, &format!("{arguments}, expectedVersion: {version}")).await;
    assert_eq!(payload["userErrors"][0]["code"], "STALE_VERSION");
}

#[rstest]
#[tokio::test]
async fn no_version_is_any_version(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    done(&app.driver().mutate("acceptInterview", "id: 27, expectedVersion: null").await);
    done(&app.staff().mutate("cancelInterview", "id: 27").await);
}

#[rstest]
#[tokio::test]
async fn who_was_too_late_gets_the_interview_as_it_is_now(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    done(&app.staff().update(27, json!({"location": "Gate 3"})).await);
    let query = r"mutation { acceptInterview(id: 27, expectedVersion: 1) { interview { id } userErrors {
        ... on StaleVersionError { current {
            version status location availableActions interviewer { title } interviewee { driver { title } }
            history { totalCount } } } } } }";
    assert_eq!(
        app.driver().ask(query, json!({})).await["acceptInterview"],
        json!({"interview": null, "userErrors": [{"current": {
            "version": 2,
            "status": "PENDING",
            "location": "Gate 3",
            "availableActions": ["AMEND", "ACCEPT", "REJECT"],
            "interviewer": {"title": "Luisa Hintz"},
            "interviewee": {"driver": {"title": "Jude Howell"}},
            "history": {"totalCount": 2}
        }}]})
    );
}

#[rstest]
#[tokio::test]
async fn who_does_not_see_it_learns_nothing_from_a_version(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    for version in [0, 1, 2] {
        let payload = app.other_staff().mutate("cancelInterview", &format!("id: 27, expectedVersion: {version}")).await;
        assert_eq!(payload["userErrors"][0]["code"], "NOT_FOUND");
    }
}

#[rstest]
#[tokio::test]
async fn an_update_that_changes_nothing_still_wants_its_version(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let payload = app.staff().mutate("updateInterview", "id: 27, input: {}, expectedVersion: 2").await;
    assert_eq!(payload["userErrors"][0]["code"], "STALE_VERSION");
    let payload = app.staff().mutate("updateInterview", "id: 27, input: {}, expectedVersion: 1").await;
    assert_eq!(done(&payload)["version"], 1);
}
