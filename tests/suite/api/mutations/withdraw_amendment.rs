//! `withdrawAmendment`

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::refusals;
use crate::support::lifecycle::{interview_of, last_event, only};
use crate::support::people::{JUDE, LUISA};
use rstest::rstest;

#[rstest]
#[tokio::test]
async fn withdrawing_restores_the_status_before_the_proposal(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let pending = app.book(JUDE, LUISA).at("10:00").await;
    let scheduled = app.book(JUDE, LUISA).at("11:00").accepted().await;
    for (id, status) in [(pending, "PENDING"), (scheduled, "SCHEDULED")] {
        let before = app.staff().interview(id).await;
        interview_of(&app.driver().propose(id, "14:00", "15:00").await);
        assert_eq!(refusals(&app.staff().withdraw(id).await), ["FORBIDDEN id"]);
        let payload = app.driver().withdraw(id).await;
        let fields = "status awaiting startAt endAt amendStartAt amendEndAt amendedBy";
        assert_eq!(only(interview_of(&payload), fields), only(&before, fields));
        assert_eq!(payload["interview"]["status"], status);
    }
    assert_json!(last_event(&app.staff(), pending).await, @r#"
    {
      "actor": {"id": "997", "role": "DRIVER", "title": "Jude Howell"},
      "actorSide": "INTERVIEWEE",
      "at": "2025-03-20T10:02:08.958Z",
      "changes": [
        {"field": "status", "from": "AMENDED", "to": "PENDING"},
        {"field": "amendStartAt", "from": "2025-04-01T14:00:00.000Z", "to": null},
        {"field": "amendEndAt", "from": "2025-04-01T15:00:00.000Z", "to": null},
        {"field": "amendedBy", "from": "INTERVIEWEE", "to": null}
      ],
      "type": "AMENDMENT_WITHDRAWN"
    }
    "#);
    assert_json!(last_event(&app.staff(), scheduled).await["changes"][0], @r#"
    {
      "field": "status",
      "from": "AMENDED",
      "to": "SCHEDULED"
    }
    "#);
}
