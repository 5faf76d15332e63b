//! What each mutation refuses, to whom, with which path; and that a refusal leaves nothing.

use super::looking::{done, propose, shown, written};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::refusals;
use interviews::domain::UserId;
use rstest::rstest;
use serde_json::json;

/// Every mutation of an interview with arguments that nobody could object to.
fn every_mutation(id: &str) -> [(&'static str, String); 9] {
    [
        ("updateInterview", format!(r#"id: "{id}", input: {{location: "Gate 3"}}"#)),
        ("amendInterview", propose(&json!(id).to_string(), "10:00:00", "11:00:00")),
        ("acceptInterview", format!(r#"id: "{id}""#)),
        ("declineAmendment", format!(r#"id: "{id}""#)),
        ("withdrawAmendment", format!(r#"id: "{id}""#)),
        ("rejectInterview", format!(r#"id: "{id}", reason: "ill""#)),
        ("cancelInterview", format!(r#"id: "{id}", reason: "ill""#)),
        ("completeInterview", format!(r#"id: "{id}""#)),
        ("markNoShow", format!(r#"id: "{id}", absent: INTERVIEWEE"#)),
    ]
}

#[rstest]
#[tokio::test]
async fn what_one_does_not_see_does_not_exist(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let before = written(&app).await;
    // Staff of another company, another driver; and ids that name nothing for anybody.
    let strangers = [(app.other_staff(), "27"), (app.user(UserId(1_000_000)), "27")];
    let nothing = ["0", "-27", "027", "99999", "99999999999999999999", "x", ""].map(|id| (app.admin(), id));
    for (who, id) in strangers.iter().chain(&nothing) {
        for (mutation, arguments) in every_mutation(id) {
            let payload = who.mutate(mutation, &arguments).await;
            let expected = json!([{
                "__typename": "NotFoundError", "code": "NOT_FOUND", "message": "there is no such interview", "path": ["id"]
            }]);
            assert_eq!(payload, json!({"interview": null, "userErrors": expected}), "{mutation} of {id:?}");
        }
    }
    assert_eq!(written(&app).await, before);
}

#[rstest]
#[tokio::test]
async fn without_a_token_nothing_is_changed(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let before = written(&app).await;
    for (mutation, arguments) in every_mutation("27") {
        let query = format!("mutation {{ {mutation}({arguments}) {{ interview {{ id }} }} }}");
        let answer = app.anonymous().graphql(&query, json!({})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{mutation}");
        assert_eq!(answer["data"], json!(null));
    }
    assert_eq!(written(&app).await, before);
}

#[rstest]
#[tokio::test]
async fn what_belongs_to_the_other_side_is_forbidden(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let before = written(&app).await;
    let not_the_drivers = ["updateInterview", "cancelInterview", "completeInterview", "markNoShow"];
    for (mutation, arguments) in every_mutation("27") {
        let who = match mutation {
            "rejectInterview" => app.staff(),
            mutation if not_the_drivers.contains(&mutation) => app.driver(),
            _ => continue,
        };
        let payload = who.mutate(mutation, &arguments).await;
        let expected = json!([{
            "__typename": "ForbiddenError", "code": "FORBIDDEN", "message": "this belongs to the other side", "path": ["id"]
        }]);
        assert_eq!(payload, json!({"interview": null, "userErrors": expected}), "{mutation}");
    }
    // What either side does at its turn.
    let payload = app.staff().mutate("acceptInterview", "id: 27").await;
    assert_eq!(
        shown(&payload["userErrors"][0], "code path message"),
        json!(["FORBIDDEN", ["id"], "it is for the other side to do this now"])
    );
    assert_eq!(written(&app).await, before);
}

#[rstest]
#[case::rejected(997, "rejectInterview", "id: 27", "REJECTED")]
#[case::cancelled(1000, "cancelInterview", "id: 27", "CANCELLED")]
#[case::completed(1000, "completeInterview", "id: 27", "COMPLETED")]
#[case::no_show(1000, "markNoShow", "id: 27, absent: INTERVIEWER", "NO_SHOW")]
#[tokio::test]
async fn a_final_interview_refuses_everything_and_says_why(
    #[values(Sqlite, Postgres)] database: Database,
    #[case] who: i64,
    #[case] mutation: &str,
    #[case] arguments: &str,
    #[case] status: &str,
) {
    let app = start!(database);
    done(&app.driver().mutate("acceptInterview", "id: 27").await);
    done(&app.user(UserId(who)).mutate(mutation, arguments).await);
    let before = written(&app).await;
    for (mutation, arguments) in every_mutation("27") {
        let payload = app.admin().mutate(mutation, &arguments).await;
        let expected = json!([{
            "__typename": "InvalidStateError",
            "code": "INVALID_STATE",
            "message": format!("this cannot be done now: the interview is {}", status.to_lowercase()),
            "path": ["id"],
            "status": status,
            "availableActions": []
        }]);
        assert_eq!(payload, json!({"interview": null, "userErrors": expected}), "{mutation}");
        for who in [app.staff(), app.driver()] {
            let code = &refusals(&who.mutate(mutation, &arguments).await)[0];
            assert!(["INVALID_STATE id", "FORBIDDEN id"].contains(&code.as_str()), "{code}");
        }
    }
    // Not even an update that would change nothing.
    assert_eq!(refusals(&app.staff().update(27, json!({})).await), ["INVALID_STATE id"]);
    assert_eq!(written(&app).await, before);
}

#[rstest]
#[tokio::test]
async fn a_refusal_for_the_state_tells_the_viewer_what_they_can_do_instead(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    done(&app.driver().mutate("acceptInterview", "id: 27").await);
    for (who, possible) in [
        (app.driver(), json!(["AMEND", "REJECT"])),
        (app.staff(), json!(["UPDATE", "AMEND", "CANCEL", "COMPLETE", "MARK_NO_SHOW"])),
        (app.admin(), json!(["UPDATE", "AMEND", "REJECT", "CANCEL", "COMPLETE", "MARK_NO_SHOW"])),
    ] {
        let payload = who.mutate("acceptInterview", "id: 27").await;
        let error = &payload["userErrors"][0];
        assert_eq!(shown(error, "code status availableActions"), json!(["INVALID_STATE", "SCHEDULED", possible]));
        let listed = who.ask("{ interview(id: 27) { availableActions } }", json!({})).await;
        assert_eq!(listed["interview"]["availableActions"], possible);
    }
}

#[rstest]
#[tokio::test]
async fn permission_comes_before_the_state_and_both_before_mistakes(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let backwards = propose("27", "11:00:00", "10:00:00");
    assert_eq!(refusals(&app.driver().update(27, json!({"kind": null})).await), ["FORBIDDEN id"]);
    assert_eq!(refusals(&app.other_staff().mutate("amendInterview", &backwards).await), ["NOT_FOUND id"]);
    done(&app.staff().mutate("cancelInterview", "id: 27").await);
    assert_eq!(refusals(&app.driver().mutate("amendInterview", &backwards).await), ["INVALID_STATE id"]);
    assert_eq!(refusals(&app.staff().update(27, json!({"kind": null})).await), ["INVALID_STATE id"]);
    assert_eq!(refusals(&app.driver().mutate("cancelInterview", r#"id: 27, reason: """#).await), ["FORBIDDEN id"]);
}

#[rstest]
#[tokio::test]
async fn mutations_of_one_request_run_in_order_and_each_stands_alone(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let query = r#"mutation {
        accept: acceptInterview(id: 27) { interview { status version } userErrors { code } }
        again: acceptInterview(id: 27) { interview { status } userErrors { code } }
        propose: amendInterview(id: 27, input: {startAt: "2025-04-01T10:00:00Z", endAt: "2025-04-01T11:00:00Z"}) {
            interview { status version } userErrors { code } }
        withdraw: withdrawAmendment(id: 27) { interview { status version } userErrors { code } }
    }"#;
    let step = |status, version| json!({"interview": {"status": status, "version": version}, "userErrors": []});
    assert_eq!(
        app.driver().ask(query, json!({})).await,
        json!({
            "accept": step("SCHEDULED", 2),
            "again": {"interview": null, "userErrors": [{"code": "INVALID_STATE"}]},
            "propose": step("AMENDED", 3),
            "withdraw": step("SCHEDULED", 4)
        })
    );
}
