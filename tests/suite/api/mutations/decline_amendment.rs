//! `declineAmendment`

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::refusals;
use crate::support::lifecycle::{interview_of, interviewee_state, last_event, only};
use crate::support::people::{JUDE, JUDE_APPLICATION, LUISA};
use rstest::rstest;

#[rstest]
#[tokio::test]
async fn declining_restores_the_status_before_the_first_proposal(
    #[values(Sqlite, Postgres)] database: Database,
    #[values(false, true)] countered: bool,
) {
    let app = start!(database);
    let pending = app.book(JUDE, LUISA).at("10:00").await;
    let scheduled = app.book(JUDE, LUISA).at("11:00").accepted().await;
    let interviewee = interviewee_state(&app, JUDE_APPLICATION).await;
    for (id, status, awaiting) in [(pending, "PENDING", Some("INTERVIEWEE")), (scheduled, "SCHEDULED", None)] {
        let before = app.staff().interview(id).await;
        interview_of(&app.staff().propose(id, "14:00", "15:00").await);
        let (mut proposer, mut answerer) = (app.staff(), app.driver());
        if countered {
            interview_of(&app.driver().propose(id, "14:00", "16:00").await);
            (proposer, answerer) = (answerer, proposer);
        }
        assert_eq!(refusals(&proposer.decline(id).await), ["FORBIDDEN id"]);
        let payload = answerer.decline(id).await;
        let fields = "status awaiting startAt endAt amendStartAt amendEndAt amendedBy";
        assert_eq!(only(interview_of(&payload), fields), only(&before, fields));
        assert_eq!(payload["interview"]["status"], status);
        assert_eq!(payload["interview"]["awaiting"].as_str(), awaiting);
        let event = last_event(&app.driver(), id).await;
        assert_eq!([&event["type"], &event["changes"][0]["to"]], ["AMENDMENT_DECLINED", status]);
        // No proposal is left to decline or to withdraw.
        for payload in [answerer.decline(id).await, answerer.withdraw(id).await] {
            assert_eq!(refusals(&payload), ["INVALID_STATE id"]);
            assert_eq!(payload["userErrors"][0]["status"], status);
        }
    }
    assert_eq!(interviewee_state(&app, JUDE_APPLICATION).await, interviewee);
}

#[rstest]
#[tokio::test]
async fn declining_is_recorded_with_the_proposal_that_it_drops(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = app.book(JUDE, LUISA).at("10:00").await;
    interview_of(&app.staff().propose(id, "14:00", "15:00").await);
    interview_of(&app.driver().decline(id).await);
    assert_json!(last_event(&app.staff(), id).await, @r#"
    {
      "actor": {"id": "997", "role": "DRIVER", "title": "Jude Howell"},
      "actorSide": "INTERVIEWEE",
      "at": "2025-03-20T10:02:08.958Z",
      "changes": [
        {"field": "status", "from": "AMENDED", "to": "PENDING"},
        {"field": "amendStartAt", "from": "2025-04-01T14:00:00.000Z", "to": null},
        {"field": "amendEndAt", "from": "2025-04-01T15:00:00.000Z", "to": null},
        {"field": "amendedBy", "from": "INTERVIEWER", "to": null}
      ],
      "type": "AMENDMENT_DECLINED"
    }
    "#);
}
