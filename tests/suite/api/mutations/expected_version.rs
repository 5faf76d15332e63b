//! The argument `expectedVersion` of every mutation of an interview.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::refusals;
use crate::support::booking::time_arguments;
use crate::support::lifecycle::{interview_of, write_counts};
use crate::support::people::{JUDE, JUDE_WITH_LUISA, LUISA};
use rstest::rstest;
use serde_json::json;

#[rstest]
#[tokio::test]
async fn mutation_succeeds_at_the_expected_version_alone(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (staff, driver) = (app.staff(), app.driver());
    let amend = format!(", input: {{{}}}", time_arguments("10:00", "11:00"));
    for (status, actor, mutation, arguments) in [
        ("PENDING", &staff, "updateInterview", r#", input: {location: "Gate 3"}"#),
        ("PENDING", &driver, "amendInterview", &amend),
        ("PENDING", &driver, "acceptInterview", ""),
        ("AMENDED", &staff, "acceptInterview", ""),
        ("AMENDED", &staff, "declineAmendment", ""),
        ("AMENDED", &driver, "withdrawAmendment", ""),
        ("SCHEDULED", &driver, "rejectInterview", ""),
        ("SCHEDULED", &staff, "cancelInterview", ""),
        ("SCHEDULED", &staff, "completeInterview", ""),
        ("SCHEDULED", &staff, "markNoShow", ", absent: INTERVIEWEE"),
    ] {
        let id = app.book(JUDE, LUISA).at("2025-03-18T10:00:00Z").allowing_overlap().await;
        if status != "PENDING" {
            interview_of(&driver.accept(id).await);
        }
        if status == "AMENDED" {
            interview_of(&driver.propose(id, "14:00", "15:00").await);
        }
        let version = staff.interview(id).await["version"].as_i64().unwrap();
        let at_version = async |expected: i64| {
            actor.mutate(mutation, &format!("id: {id}{arguments}, expectedVersion: {expected}")).await
        };
        let before = write_counts(&app).await;
        for wrong in [version - 1, version + 1, 0, -1, i32::MAX.into()] {
            let payload = at_version(wrong).await;
            assert_eq!(refusals(&payload), ["STALE_VERSION expectedVersion"], "{mutation} at {wrong}");
            assert_eq!(payload["userErrors"][0]["current"], json!({"version": version}));
        }
        assert_eq!(write_counts(&app).await, before);
        assert_eq!(interview_of(&at_version(version).await)["version"], version + 1, "{mutation}");
        // Sent again, the version is stale; it is checked before the status.
        assert_eq!(refusals(&at_version(version).await), ["STALE_VERSION expectedVersion"], "{mutation}");
    }
}

#[tokio::test]
async fn null_stands_for_any_version() {
    let app = start!(Sqlite);
    let arguments = format!("id: {JUDE_WITH_LUISA}, expectedVersion: null");
    interview_of(&app.driver().mutate("acceptInterview", &arguments).await);
    interview_of(&app.staff().mutate("cancelInterview", &arguments).await);
}

#[rstest]
#[tokio::test]
async fn stale_version_error_holds_the_current_interview(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    interview_of(&app.staff().update(JUDE_WITH_LUISA, json!({"location": "Gate 3"})).await);
    let query = format!(
        "mutation {{ acceptInterview(id: {JUDE_WITH_LUISA}, expectedVersion: 1) {{ interview {{ id }} userErrors {{
            __typename code message path
            ... on StaleVersionError {{ current {{
                version status location availableActions interviewer {{ title }} interviewee {{ driver {{ title }} }}
                history {{ totalCount }} }} }} }} }} }}"
    );
    assert_json!(app.driver().ask(&query, json!({})).await, @r#"
    {
      "acceptInterview": {
        "interview": null,
        "userErrors": [
          {
            "__typename": "StaleVersionError",
            "code": "STALE_VERSION",
            "current": {
              "availableActions": ["AMEND", "ACCEPT", "REJECT"],
              "history": {"totalCount": 2},
              "interviewee": {"driver": {"title": "Jude Howell"}},
              "interviewer": {"title": "Luisa Hintz"},
              "location": "Gate 3",
              "status": "PENDING",
              "version": 2
            },
            "message": "This interview has changed in the meantime. Look at it again before you decide.",
            "path": ["expectedVersion"]
          }
        ]
      }
    }
    "#);
}

#[tokio::test]
async fn interview_that_the_viewer_cannot_see_is_not_found_at_any_version() {
    let app = start!(Sqlite);
    for version in [0, 1, 2] {
        let arguments = format!("id: {JUDE_WITH_LUISA}, expectedVersion: {version}");
        assert_eq!(refusals(&app.other_staff().mutate("cancelInterview", &arguments).await), ["NOT_FOUND id"]);
    }
}

#[rstest]
#[tokio::test]
async fn update_that_changes_nothing_is_refused_at_a_stale_version(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let update = async |version: i64| {
        let arguments = format!("id: {JUDE_WITH_LUISA}, input: {{}}, expectedVersion: {version}");
        app.staff().mutate("updateInterview", &arguments).await
    };
    assert_eq!(refusals(&update(2).await), ["STALE_VERSION expectedVersion"]);
    assert_eq!(interview_of(&update(1).await)["version"], 1);
}
