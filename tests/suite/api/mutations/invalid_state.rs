//! `InvalidStateError`: what the interview is, so that a client can show it.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::lifecycle::interview_of;
use crate::support::people::{DANA_APPLICATION, JUDE_WITH_LUISA};
use rstest::rstest;
use serde_json::json;

#[rstest]
#[tokio::test]
async fn invalid_state_error_holds_the_current_interview(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    interview_of(&app.staff().update(JUDE_WITH_LUISA, json!({"location": "Gate 3"})).await);
    let query = format!(
        "mutation {{ declineAmendment(id: {JUDE_WITH_LUISA}) {{ interview {{ id }} userErrors {{
            __typename code message path
            ... on InvalidStateError {{ status availableActions current {{
                id version status location availableActions interviewer {{ title }}
                interviewee {{ driver {{ title }} }} history {{ totalCount }} }} }} }} }} }}"
    );
    assert_json!(app.driver().ask(&query, json!({})).await, @r#"
    {
      "declineAmendment": {
        "interview": null,
        "userErrors": [
          {
            "__typename": "InvalidStateError",
            "availableActions": ["AMEND", "ACCEPT", "REJECT"],
            "code": "INVALID_STATE",
            "current": {
              "availableActions": ["AMEND", "ACCEPT", "REJECT"],
              "history": {"totalCount": 2},
              "id": "27",
              "interviewee": {"driver": {"title": "Jude Howell"}},
              "interviewer": {"title": "Luisa Hintz"},
              "location": "Gate 3",
              "status": "PENDING",
              "version": 2
            },
            "message": "This is not possible, because the interview is pending.",
            "path": ["id"],
            "status": "PENDING"
          }
        ]
      }
    }
    "#);
}

/// The error has nothing for a viewer who does not see the interview.
#[tokio::test]
async fn interview_of_others_is_not_found_in_any_state() {
    let app = start!(Sqlite);
    interview_of(&app.staff().update(JUDE_WITH_LUISA, json!({"intervieweeId": DANA_APPLICATION.to_string()})).await);
    for former in [app.driver(), app.other_staff()] {
        let query = format!(
            "mutation {{ declineAmendment(id: {JUDE_WITH_LUISA}) {{ userErrors {{
                code ... on InvalidStateError {{ current {{ id }} }} }} }} }}"
        );
        let expected = json!({"declineAmendment": {"userErrors": [{"code": "NOT_FOUND"}]}});
        assert_eq!(former.ask(&query, json!({})).await, expected);
    }
}
