//! The argument `as`: an admin acts for either side, others for their own.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::actor::refusals;
use crate::support::booking::time_arguments;
use crate::support::lifecycle::{interview_of, last_event, only, write_counts};
use crate::support::people::{JUDE, JUDE_WITH_LUISA, LUISA};
use interviews::domain::InterviewId;
use rstest::rstest;

/// `TYPE by ID as SIDE` of the interview's latest event.
async fn latest_actor(app: &TestApp, id: InterviewId) -> String {
    let event = last_event(&app.admin(), id).await;
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    format!("{} by {} as {}", text(&event["type"]), text(&event["actor"]["title"]), text(&event["actorSide"]))
}

#[rstest]
#[tokio::test]
async fn admin_names_the_side_where_both_can_act(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let admin = app.admin();
    let before = write_counts(&app).await;
    let time = time_arguments("10:00", "11:00");
    let amend = format!("id: {JUDE_WITH_LUISA}, input: {{{time}}}");
    assert_json!(admin.mutate("amendInterview", &amend).await, @r#"
    {
      "interview": null,
      "userErrors": [
        {
          "__typename": "ValidationError",
          "code": "SIDE_REQUIRED",
          "message": "Choose the side for which you act.",
          "path": ["input", "as"]
        }
      ]
    }
    "#);
    let amend = format!("id: {JUDE_WITH_LUISA}, input: {{{}}}", time_arguments("11:00", "10:00"));
    let all_errors = refusals(&admin.mutate("amendInterview", &amend).await);
    assert_eq!(all_errors, ["SIDE_REQUIRED input.as", "END_NOT_AFTER_START input.endAt"]);
    // The interviewee has to answer, not the interviewer.
    let accept_as = async |side| admin.mutate("acceptInterview", &format!("id: {JUDE_WITH_LUISA}, as: {side}")).await;
    assert_eq!(refusals(&accept_as("INTERVIEWER").await), ["FORBIDDEN id"]);
    assert_eq!(write_counts(&app).await, before);

    assert_eq!(interview_of(&accept_as("INTERVIEWEE").await)["status"], "SCHEDULED");
    assert_eq!(latest_actor(&app, JUDE_WITH_LUISA).await, "ACCEPTED by Ada Prentice as INTERVIEWEE");
    let amend = format!("id: {JUDE_WITH_LUISA}, input: {{{time}, as: INTERVIEWER}}");
    let payload = admin.mutate("amendInterview", &amend).await;
    assert_json!(only(interview_of(&payload), "amendedBy awaiting"), @r#"
    {
      "amendedBy": "INTERVIEWER",
      "awaiting": "INTERVIEWEE"
    }
    "#);
    assert_eq!(latest_actor(&app, JUDE_WITH_LUISA).await, "AMENDED by Ada Prentice as INTERVIEWER");
    // The same admin accepts for the other side.
    assert_eq!(interview_of(&accept_as("INTERVIEWEE").await)["startAt"], "2025-04-01T10:00:00.000Z");
}

#[tokio::test]
async fn admin_may_leave_out_the_side_where_only_one_side_can_act() {
    let app = start!(Sqlite);
    let admin = app.admin();
    let acts = async |id: InterviewId, mutation: &str, event: &str, side: &str, other: &str, named: bool| {
        let payload = admin.mutate(mutation, &format!("id: {id}, as: {other}")).await;
        assert_eq!(refusals(&payload), ["FORBIDDEN id"]);
        let acting = if named { format!(", as: {side}") } else { String::new() };
        interview_of(&admin.mutate(mutation, &format!("id: {id}{acting}")).await);
        assert_eq!(latest_actor(&app, id).await, format!("{event} by Ada Prentice as {side}"));
    };
    for named in [false, true] {
        let id = app.book(JUDE, LUISA).at("10:00").await;
        acts(id, "acceptInterview", "ACCEPTED", "INTERVIEWEE", "INTERVIEWER", named).await;
        for (proposer, side, other) in
            [(app.driver(), "INTERVIEWEE", "INTERVIEWER"), (app.staff(), "INTERVIEWER", "INTERVIEWEE")]
        {
            interview_of(&proposer.propose(id, "14:00", "15:00").await);
            acts(id, "declineAmendment", "AMENDMENT_DECLINED", other, side, named).await;
            interview_of(&proposer.propose(id, "14:00", "15:00").await);
            acts(id, "withdrawAmendment", "AMENDMENT_WITHDRAWN", side, other, named).await;
        }
        interview_of(&app.driver().propose(id, "14:00", "15:00").await);
        acts(id, "acceptInterview", "ACCEPTED", "INTERVIEWER", "INTERVIEWEE", named).await;
        interview_of(&app.staff().propose(id, "16:00", "17:00").await);
        acts(id, "acceptInterview", "ACCEPTED", "INTERVIEWEE", "INTERVIEWER", named).await;
        interview_of(&admin.cancel(id).await);
    }
}

/// The route of REST names the side: it is not inferred.
#[tokio::test]
async fn admin_acts_for_the_side_of_the_rest_route() {
    let app = start!(Sqlite);
    let id = app.book(JUDE, LUISA).at("10:00").await;
    let post = async |path: String| app.admin().rest("POST", &path, &serde_json::json!({})).await.status.as_u16();
    assert_eq!(post(format!("/api/v1/interviews/{id}/accept")).await, 403);
    assert_eq!(post(format!("/api/v1/users/interviews/{id}/accept")).await, 200);
    assert_eq!(latest_actor(&app, id).await, "ACCEPTED by Ada Prentice as INTERVIEWEE");
}

#[tokio::test]
async fn admin_acts_for_the_only_side_of_the_other_mutations() {
    let app = start!(Sqlite);
    for (mutation, arguments, event) in [
        ("updateInterview", r#", input: {location: "Gate 3"}"#, "UPDATED by Ada Prentice as INTERVIEWER"),
        ("cancelInterview", "", "CANCELLED by Ada Prentice as INTERVIEWER"),
        ("rejectInterview", "", "REJECTED by Ada Prentice as INTERVIEWEE"),
        ("completeInterview", "", "COMPLETED by Ada Prentice as INTERVIEWER"),
        ("markNoShow", ", absent: INTERVIEWER", "NO_SHOW by Ada Prentice as INTERVIEWER"),
    ] {
        let id = app.book(JUDE, LUISA).at("2025-03-18T10:00:00Z").allowing_overlap().accepted().await;
        interview_of(&app.admin().mutate(mutation, &format!("id: {id}{arguments}")).await);
        assert_eq!(latest_actor(&app, id).await, event);
    }
}

#[tokio::test]
async fn naming_the_own_side_is_allowed_and_naming_the_other_is_forbidden() {
    let app = start!(Sqlite);
    let amend = |side| format!("id: {JUDE_WITH_LUISA}, input: {{{}, as: {side}}}", time_arguments("10:00", "11:00"));
    for (actor, other) in [(app.staff(), "INTERVIEWEE"), (app.driver(), "INTERVIEWER")] {
        for mutation in ["acceptInterview", "declineAmendment", "withdrawAmendment"] {
            let payload = actor.mutate(mutation, &format!("id: {JUDE_WITH_LUISA}, as: {other}")).await;
            assert_eq!(refusals(&payload), ["FORBIDDEN id"], "{mutation}");
            assert_eq!(payload["userErrors"][0]["message"], "You cannot act for that side.");
        }
        assert_eq!(refusals(&actor.mutate("amendInterview", &amend(other)).await), ["FORBIDDEN id"]);
    }
    let acting_as = |side| format!("id: {JUDE_WITH_LUISA}, as: {side}");
    interview_of(&app.driver().mutate("acceptInterview", &acting_as("INTERVIEWEE")).await);
    interview_of(&app.staff().mutate("amendInterview", &amend("INTERVIEWER")).await);
    interview_of(&app.staff().mutate("withdrawAmendment", &acting_as("INTERVIEWER")).await);
}
