//! What each viewer is told they can do, whose turn it is, and how an admin says for which side they act.

use super::looking::{done, last_event, propose, scheduled, shown, written};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::actor::refusals;
use rstest::rstest;
use serde_json::{Value, json};

/// What staff, the driver and an admin can do to the interview, and who has to answer.
async fn possible(app: &TestApp, id: &str) -> [Value; 4] {
    let query = format!("{{ interview(id: {id}) {{ awaiting availableActions }} }}");
    let mut seen = Vec::new();
    for who in [app.staff(), app.driver(), app.admin()] {
        seen.push(who.ask(&query, json!({})).await["interview"].take());
    }
    assert!(seen.iter().all(|it| it["awaiting"] == seen[0]["awaiting"]));
    let actions = |index: usize| seen[index]["availableActions"].clone();
    [seen[0]["awaiting"].clone(), actions(0), actions(1), actions(2)]
}

#[rstest]
#[tokio::test]
async fn everybody_is_told_what_they_can_do_and_whose_turn_it_is(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = super::looking::booked(&app, "10:00:00", "11:00:00").await;
    assert_eq!(
        possible(&app, &id).await,
        [
            json!("INTERVIEWEE"),
            json!(["UPDATE", "AMEND", "CANCEL"]),
            json!(["AMEND", "ACCEPT", "REJECT"]),
            json!(["UPDATE", "AMEND", "ACCEPT", "REJECT", "CANCEL"]),
        ]
    );
    let everything = ["UPDATE", "AMEND", "ACCEPT", "DECLINE_AMENDMENT", "WITHDRAW_AMENDMENT", "REJECT", "CANCEL"];
    done(&app.staff().mutate("amendInterview", &propose(&id, "14:00:00", "15:00:00")).await);
    assert_eq!(
        possible(&app, &id).await,
        [
            json!("INTERVIEWEE"),
            json!(["UPDATE", "AMEND", "WITHDRAW_AMENDMENT", "CANCEL"]),
            json!(["AMEND", "ACCEPT", "DECLINE_AMENDMENT", "REJECT"]),
            json!(everything),
        ]
    );
    done(&app.driver().mutate("amendInterview", &propose(&id, "14:00:00", "16:00:00")).await);
    assert_eq!(
        possible(&app, &id).await,
        [
            json!("INTERVIEWER"),
            json!(["UPDATE", "AMEND", "ACCEPT", "DECLINE_AMENDMENT", "CANCEL"]),
            json!(["AMEND", "WITHDRAW_AMENDMENT", "REJECT"]),
            json!(everything),
        ]
    );
    done(&app.staff().mutate("acceptInterview", &format!("id: {id}")).await);
    let not_started = [
        json!(null),
        json!(["UPDATE", "AMEND", "CANCEL"]),
        json!(["AMEND", "REJECT"]),
        json!(["UPDATE", "AMEND", "REJECT", "CANCEL"]),
    ];
    assert_eq!(possible(&app, &id).await, not_started);
    let start = "2025-04-01T14:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    app.clock.advance(start - app.now());
    assert_eq!(
        possible(&app, &id).await,
        [
            json!(null),
            json!(["UPDATE", "AMEND", "CANCEL", "COMPLETE", "MARK_NO_SHOW"]),
            json!(["AMEND", "REJECT"]),
            json!(["UPDATE", "AMEND", "REJECT", "CANCEL", "COMPLETE", "MARK_NO_SHOW"]),
        ]
    );
    done(&app.staff().mutate("completeInterview", &format!("id: {id}")).await);
    assert_eq!(possible(&app, &id).await, [json!(null), json!([]), json!([]), json!([])]);
}

#[rstest]
#[tokio::test]
async fn a_payload_lists_what_its_own_viewer_can_do_next(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let query = "mutation { acceptInterview(id: 27) { interview { awaiting availableActions } } }";
    let data = app.driver().ask(query, json!({})).await;
    assert_eq!(
        data["acceptInterview"]["interview"],
        json!({"awaiting": null, "availableActions": ["AMEND", "REJECT"]})
    );
}

#[rstest]
#[tokio::test]
async fn an_admin_names_the_side_to_amend_and_to_accept(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let before = written(&app).await;
    let slot = r#"startAt: "2025-04-01T10:00:00Z", endAt: "2025-04-01T11:00:00Z""#;
    let payload = app.admin().mutate("amendInterview", &format!("id: 27, input: {{{slot}}}")).await;
    assert_eq!(refusals(&payload), ["SIDE_REQUIRED input.as"]);
    let payload = app.admin().mutate("acceptInterview", "id: 27").await;
    assert_eq!(
        payload["userErrors"],
        json!([{
            "__typename": "ValidationError",
            "code": "SIDE_REQUIRED",
            "message": "an admin has to say for which side they act",
            "path": ["as"]
        }])
    );
    // It is not the interviewer's turn.
    let payload = app.admin().mutate("acceptInterview", "id: 27, as: INTERVIEWER").await;
    assert_eq!(refusals(&payload), ["FORBIDDEN id"]);
    assert_eq!(written(&app).await, before);

    let payload = app.admin().mutate("acceptInterview", "id: 27, as: INTERVIEWEE").await;
    assert_eq!(done(&payload)["status"], "SCHEDULED");
    assert_eq!(last_event(&app.driver(), "27").await, "ACCEPTED by 1 as INTERVIEWEE: status: PENDING → SCHEDULED");
    let payload = app.admin().mutate("amendInterview", &format!("id: 27, input: {{{slot}, as: INTERVIEWER}}")).await;
    assert_eq!(shown(done(&payload), "amendedBy awaiting"), json!(["INTERVIEWER", "INTERVIEWEE"]));
    let event = last_event(&app.driver(), "27").await;
    assert!(event.starts_with("AMENDED by 1 as INTERVIEWER: "), "{event}");
    // An admin who proposed for one side can accept for the other: they act for either.
    let payload = app.admin().mutate("acceptInterview", "id: 27, as: INTERVIEWEE").await;
    assert_eq!(done(&payload)["startAt"], "2025-04-01T10:00:00.000Z");
}

#[rstest]
#[tokio::test]
async fn where_an_action_is_one_sides_an_admin_acts_for_that_side_named_or_not(
    #[values(Sqlite, Postgres)] database: Database,
    #[values(false, true)] named: bool,
) {
    let app = start!(database);
    let id = scheduled(&app).await;
    let admin = app.admin();
    for (mutation, side, other) in
        [("declineAmendment", "INTERVIEWER", "INTERVIEWEE"), ("withdrawAmendment", "INTERVIEWEE", "INTERVIEWER")]
    {
        done(&app.driver().mutate("amendInterview", &propose(&id, "14:00:00", "15:00:00")).await);
        let payload = admin.mutate(mutation, &format!("id: {id}, as: {other}")).await;
        assert_eq!(refusals(&payload), ["FORBIDDEN id"]);
        let acting = if named { format!(", as: {side}") } else { String::new() };
        done(&admin.mutate(mutation, &format!("id: {id}{acting}")).await);
        let event = last_event(&app.driver(), &id).await;
        assert!(event.contains(&format!(" by 1 as {side}: ")), "{event}");
    }
}

#[rstest]
#[case("updateInterview", r#"id: 27, input: {location: "Gate 3"}"#, "UPDATED by 1 as INTERVIEWER: ")]
#[case("cancelInterview", "id: 27", "CANCELLED by 1 as INTERVIEWER: ")]
#[case("rejectInterview", "id: 27", "REJECTED by 1 as INTERVIEWEE: ")]
#[case("completeInterview", "id: 27", "COMPLETED by 1 as INTERVIEWER: ")]
#[case("markNoShow", "id: 27, absent: INTERVIEWER", "NO_SHOW by 1 as INTERVIEWER: ")]
#[tokio::test]
async fn what_only_one_side_ever_does_an_admin_does_for_it(
    #[values(Sqlite, Postgres)] database: Database,
    #[case] mutation: &str,
    #[case] arguments: &str,
    #[case] event: &str,
) {
    let app = start!(database);
    done(&app.driver().mutate("acceptInterview", "id: 27").await);
    done(&app.admin().mutate(mutation, arguments).await);
    let last = last_event(&app.driver(), "27").await;
    assert!(last.starts_with(event), "{last}");
}

#[rstest]
#[tokio::test]
async fn naming_ones_own_side_is_no_mistake_and_the_others_is_forbidden(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let amend = |side| {
        let slot = r#"startAt: "2025-04-01T10:00:00Z", endAt: "2025-04-01T11:00:00Z""#;
        format!("id: 27, input: {{{slot}, as: {side}}}")
    };
    for (who, other) in [(app.staff(), "INTERVIEWEE"), (app.driver(), "INTERVIEWER")] {
        for mutation in ["acceptInterview", "declineAmendment", "withdrawAmendment"] {
            let payload = who.mutate(mutation, &format!("id: 27, as: {other}")).await;
            assert_eq!(refusals(&payload), ["FORBIDDEN id"]);
            assert_eq!(payload["userErrors"][0]["message"], "you cannot act for that side");
        }
        assert_eq!(refusals(&who.mutate("amendInterview", &amend(other)).await), ["FORBIDDEN id"]);
    }
    done(&app.driver().mutate("acceptInterview", "id: 27, as: INTERVIEWEE").await);
    done(&app.staff().mutate("amendInterview", &amend("INTERVIEWER")).await);
    done(&app.staff().mutate("withdrawAmendment", "id: 27, as: INTERVIEWER").await);
}
