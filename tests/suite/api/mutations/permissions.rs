//! The errors that every mutation of an interview shares: not found, not allowed, not in this status; and their order.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::refusals;
use crate::support::booking::time_arguments;
use crate::support::lifecycle::{interview_of, only, write_counts};
use crate::support::people::{CHIDI, JUDE, JUDE_APPLICATION, JUDE_WITH_LUISA, LUISA, UNKNOWN_INTERVIEW};
use rstest::rstest;
use serde_json::{Value, json};
use std::fmt::Display;

/// The side that a mutation belongs to, if it belongs to one.
#[derive(Clone, Copy, PartialEq)]
enum Owner {
    Staff,
    Driver,
    Either,
}

/// Every mutation of an interview, with valid arguments.
fn every_mutation(id: impl Display) -> [(Owner, &'static str, String); 9] {
    let id = format!(r#"id: "{id}""#);
    [
        (Owner::Staff, "updateInterview", format!(r#"{id}, input: {{location: "Gate 3"}}"#)),
        (Owner::Either, "amendInterview", format!("{id}, input: {{{}}}", time_arguments("10:00", "11:00"))),
        (Owner::Either, "acceptInterview", id.clone()),
        (Owner::Either, "declineAmendment", id.clone()),
        (Owner::Either, "withdrawAmendment", id.clone()),
        (Owner::Driver, "rejectInterview", format!(r#"{id}, reason: "ill""#)),
        (Owner::Staff, "cancelInterview", format!(r#"{id}, reason: "ill""#)),
        (Owner::Staff, "completeInterview", id.clone()),
        (Owner::Staff, "markNoShow", format!("{id}, absent: INTERVIEWEE")),
    ]
}

#[rstest]
#[tokio::test]
async fn interview_that_the_viewer_cannot_see_is_not_found(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let before = write_counts(&app).await;
    for actor in [app.other_staff(), app.user(CHIDI)] {
        for (_, mutation, arguments) in every_mutation(JUDE_WITH_LUISA) {
            assert_json!(actor.mutate(mutation, &arguments).await, @r#"
            {
              "interview": null,
              "userErrors": [
                {
                  "__typename": "NotFoundError",
                  "code": "NOT_FOUND",
                  "message": "This interview does not exist, or you cannot see it.",
                  "path": ["id"]
                }
              ]
            }
            "#);
        }
    }
    assert_eq!(write_counts(&app).await, before);
}

#[rstest]
#[tokio::test]
async fn id_that_names_no_interview_is_not_found(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let before = write_counts(&app).await;
    let [negative, padded] = [format!("-{JUDE_WITH_LUISA}"), format!("0{JUDE_WITH_LUISA}")];
    let unknown = UNKNOWN_INTERVIEW.to_string();
    for id in ["0", &negative, &padded, &unknown, "99999999999999999999", "x", ""] {
        for (_, mutation, arguments) in every_mutation(id) {
            assert_json!(app.admin().mutate(mutation, &arguments).await, @r#"
            {
              "interview": null,
              "userErrors": [
                {
                  "__typename": "NotFoundError",
                  "code": "NOT_FOUND",
                  "message": "This interview does not exist, or you cannot see it.",
                  "path": ["id"]
                }
              ]
            }
            "#);
        }
    }
    assert_eq!(write_counts(&app).await, before);
}

#[tokio::test]
async fn client_without_a_token_is_unauthenticated() {
    let app = start!(Sqlite);
    let before = write_counts(&app).await;
    for (_, mutation, arguments) in every_mutation(JUDE_WITH_LUISA) {
        let query = format!("mutation {{ {mutation}({arguments}) {{ interview {{ id }} }} }}");
        let answer = app.anonymous().graphql(&query, json!({})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{mutation}");
        assert_eq!(answer["data"], Value::Null);
    }
    assert_eq!(write_counts(&app).await, before);
}

#[rstest]
#[tokio::test]
async fn mutation_of_the_other_side_is_forbidden(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let before = write_counts(&app).await;
    for (owner, mutation, arguments) in every_mutation(JUDE_WITH_LUISA) {
        let actor = match owner {
            Owner::Staff => app.driver(),
            Owner::Driver => app.staff(),
            Owner::Either => continue,
        };
        assert_json!(actor.mutate(mutation, &arguments).await, @r#"
        {
          "interview": null,
          "userErrors": [
            {
              "__typename": "ForbiddenError",
              "code": "FORBIDDEN",
              "message": "Only the other side can do this.",
              "path": ["id"]
            }
          ]
        }
        "#);
    }
    // Either side may accept, but now it is the interviewee who has to answer.
    assert_json!(app.staff().accept(JUDE_WITH_LUISA).await, @r#"
    {
      "interview": null,
      "userErrors": [
        {
          "__typename": "ForbiddenError",
          "code": "FORBIDDEN",
          "message": "Only the other side can do this now.",
          "path": ["id"]
        }
      ]
    }
    "#);
    assert_eq!(write_counts(&app).await, before);
}

#[rstest]
#[tokio::test]
async fn service_sees_interviews_and_may_change_none(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (service, before) = (app.service(), write_counts(&app).await);
    for (_, mutation, arguments) in every_mutation(JUDE_WITH_LUISA) {
        assert_json!(service.mutate(mutation, &arguments).await, @r#"
        {
          "interview": null,
          "userErrors": [
            {
              "__typename": "ForbiddenError",
              "code": "FORBIDDEN",
              "message": "A service cannot act for a side of an interview.",
              "path": ["id"]
            }
          ]
        }
        "#);
    }
    let input = format!(
        "input: {{kind: PHONE_CALL, {}, intervieweeId: {JUDE_APPLICATION}, interviewerId: {LUISA}}}",
        time_arguments("10:00", "11:00")
    );
    assert_eq!(refusals(&service.mutate("createInterview", &input).await), ["FORBIDDEN input"]);
    let patch = json!({"interview": {"location": "Gate 3"}});
    let answer = service.rest("PATCH", &format!("/api/v1/interviews/{JUDE_WITH_LUISA}"), &patch).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["errors"][0]["code"]), (403, &json!("FORBIDDEN")));
    assert_eq!(write_counts(&app).await, before);
}

#[tokio::test]
async fn final_interview_refuses_every_mutation() {
    let app = start!(Sqlite);
    let (staff, driver) = (app.staff(), app.driver());
    for status in ["REJECTED", "CANCELLED", "COMPLETED", "NO_SHOW"] {
        let id = app.book(JUDE, LUISA).at("2025-03-18T10:00:00Z").accepted().await;
        let payload = match status {
            "REJECTED" => driver.reject(id).await,
            "CANCELLED" => staff.cancel(id).await,
            "COMPLETED" => staff.complete(id).await,
            _ => staff.mark_no_show(id, "INTERVIEWER").await,
        };
        assert_eq!(interview_of(&payload)["status"], status);
        let before = write_counts(&app).await;
        for (owner, mutation, arguments) in every_mutation(id) {
            let payload = app.admin().mutate(mutation, &arguments).await;
            let error = &payload["userErrors"][0];
            let expected = json!({"code": "INVALID_STATE", "path": ["id"], "status": status, "availableActions": []});
            assert_eq!(only(error, "code path status availableActions"), expected, "{mutation}");
            let state = match status {
                "COMPLETED" => "is completed",
                "REJECTED" => "was rejected",
                "CANCELLED" => "was cancelled",
                _ => "was marked as a no-show",
            };
            assert_eq!(error["message"], format!("This is not possible, because the interview {state}."));
            for (actor, other_side) in [(&staff, Owner::Driver), (&driver, Owner::Staff)] {
                let expected = if owner == other_side { "FORBIDDEN id" } else { "INVALID_STATE id" };
                assert_eq!(refusals(&actor.mutate(mutation, &arguments).await), [expected], "{mutation}");
            }
        }
        // An update that would change nothing, and updates with invalid input.
        for input in [json!({}), json!({"location": " "}), json!({"kind": null})] {
            assert_eq!(refusals(&staff.update(id, input).await), ["INVALID_STATE id"]);
        }
        assert_eq!(write_counts(&app).await, before);
    }
}

#[tokio::test]
async fn state_error_lists_the_actions_of_its_viewer() {
    let app = start!(Sqlite);
    interview_of(&app.driver().accept(JUDE_WITH_LUISA).await);
    for (actor, actions) in [
        (app.driver(), json!(["AMEND", "REJECT"])),
        (app.staff(), json!(["UPDATE", "AMEND", "CANCEL", "COMPLETE", "MARK_NO_SHOW"])),
        (app.admin(), json!(["UPDATE", "AMEND", "REJECT", "CANCEL", "COMPLETE", "MARK_NO_SHOW"])),
    ] {
        let payload = actor.accept(JUDE_WITH_LUISA).await;
        let expected = json!({"code": "INVALID_STATE", "status": "SCHEDULED", "availableActions": actions});
        assert_eq!(only(&payload["userErrors"][0], "code status availableActions"), expected);
        let query = format!("{{ interview(id: {JUDE_WITH_LUISA}) {{ availableActions }} }}");
        let listed = actor.ask(&query, json!({})).await;
        assert_eq!(listed["interview"]["availableActions"], actions);
    }
}

#[tokio::test]
async fn permission_is_checked_before_the_status_and_both_before_the_input() {
    let app = start!(Sqlite);
    let (staff, driver) = (app.staff(), app.driver());
    let null_kind = || json!({"kind": null});
    assert_eq!(refusals(&driver.update(JUDE_WITH_LUISA, null_kind()).await), ["FORBIDDEN id"]);
    let end_before_start = app.other_staff().propose(JUDE_WITH_LUISA, "11:00", "10:00").await;
    assert_eq!(refusals(&end_before_start), ["NOT_FOUND id"]);
    interview_of(&staff.cancel(JUDE_WITH_LUISA).await);
    assert_eq!(refusals(&driver.propose(JUDE_WITH_LUISA, "11:00", "10:00").await), ["INVALID_STATE id"]);
    assert_eq!(refusals(&staff.update(JUDE_WITH_LUISA, null_kind()).await), ["INVALID_STATE id"]);
    let blank_reason = format!(r#"id: {JUDE_WITH_LUISA}, reason: " ""#);
    assert_eq!(refusals(&driver.mutate("cancelInterview", &blank_reason).await), ["FORBIDDEN id"]);
}

#[rstest]
#[tokio::test]
async fn mutations_of_one_request_run_in_order_and_fail_alone(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (id, time) = (JUDE_WITH_LUISA, time_arguments("10:00", "11:00"));
    let query = format!(
        "mutation {{
            accept: acceptInterview(id: {id}) {{ interview {{ status version }} userErrors {{ code }} }}
            again: acceptInterview(id: {id}) {{ interview {{ status }} userErrors {{ code }} }}
            propose: amendInterview(id: {id}, input: {{{time}}}) {{
                interview {{ status version }} userErrors {{ code }} }}
            withdraw: withdrawAmendment(id: {id}) {{ interview {{ status version }} userErrors {{ code }} }}
        }}"
    );
    assert_json!(app.driver().ask(&query, json!({})).await, @r#"
    {
      "accept": {"interview": {"status": "SCHEDULED", "version": 2}, "userErrors": []},
      "again": {"interview": null, "userErrors": [{"code": "INVALID_STATE"}]},
      "propose": {"interview": {"status": "AMENDED", "version": 3}, "userErrors": []},
      "withdraw": {"interview": {"status": "SCHEDULED", "version": 4}, "userErrors": []}
    }
    "#);
}
