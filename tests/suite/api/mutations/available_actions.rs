//! `availableActions` and `awaiting` of an interview as each viewer sees them, from its creation to its end.

use super::mark_no_show::advance_to;
use crate::support::Database::Sqlite;
use crate::support::TestApp;
use crate::support::lifecycle::interview_of;
use crate::support::people::{JUDE, LUISA};
use interviews::domain::InterviewId;
use serde_json::{Value, json};

/// The side that has to answer, and the actions of staff, the driver and an admin.
async fn actions(app: &TestApp, id: InterviewId) -> Value {
    let query = format!("{{ interview(id: {id}) {{ awaiting availableActions }} }}");
    let mut seen = Vec::new();
    for actor in [app.staff(), app.driver(), app.admin(), app.service()] {
        seen.push(actor.ask(&query, json!({})).await["interview"].take());
    }
    let [staff, driver, admin, service]: [Value; 4] = seen.try_into().unwrap();
    assert_eq!([&driver, &admin, &service].map(|seen| &seen["awaiting"]), [&staff["awaiting"]; 3]);
    assert_eq!(service["availableActions"], json!([]));
    json!({
        "awaiting": staff["awaiting"],
        "staff": staff["availableActions"],
        "driver": driver["availableActions"],
        "admin": admin["availableActions"],
    })
}

#[tokio::test]
async fn each_viewer_sees_their_own_actions_in_every_status() {
    let app = start!(Sqlite);
    let id = app.book(JUDE, LUISA).at("10:00").await;
    assert_json!(actions(&app, id).await, @r#"
    {
      "admin": ["UPDATE", "AMEND", "ACCEPT", "REJECT", "CANCEL"],
      "awaiting": "INTERVIEWEE",
      "driver": ["AMEND", "ACCEPT", "REJECT"],
      "staff": ["UPDATE", "AMEND", "CANCEL"]
    }
    "#);
    interview_of(&app.staff().propose(id, "14:00", "15:00").await);
    assert_json!(actions(&app, id).await, @r#"
    {
      "admin": ["UPDATE", "AMEND", "ACCEPT", "DECLINE_AMENDMENT", "WITHDRAW_AMENDMENT", "REJECT", "CANCEL"],
      "awaiting": "INTERVIEWEE",
      "driver": ["AMEND", "ACCEPT", "DECLINE_AMENDMENT", "REJECT"],
      "staff": ["UPDATE", "AMEND", "WITHDRAW_AMENDMENT", "CANCEL"]
    }
    "#);
    interview_of(&app.driver().propose(id, "14:00", "16:00").await);
    assert_json!(actions(&app, id).await, @r#"
    {
      "admin": ["UPDATE", "AMEND", "ACCEPT", "DECLINE_AMENDMENT", "WITHDRAW_AMENDMENT", "REJECT", "CANCEL"],
      "awaiting": "INTERVIEWER",
      "driver": ["AMEND", "WITHDRAW_AMENDMENT", "REJECT"],
      "staff": ["UPDATE", "AMEND", "ACCEPT", "DECLINE_AMENDMENT", "CANCEL"]
    }
    "#);
    interview_of(&app.staff().accept(id).await);
    assert_json!(actions(&app, id).await, @r#"
    {
      "admin": ["UPDATE", "AMEND", "REJECT", "CANCEL"],
      "awaiting": null,
      "driver": ["AMEND", "REJECT"],
      "staff": ["UPDATE", "AMEND", "CANCEL"]
    }
    "#);
    advance_to(&app, "2025-04-01T14:00:00Z");
    assert_json!(actions(&app, id).await, @r#"
    {
      "admin": ["UPDATE", "AMEND", "REJECT", "CANCEL", "COMPLETE", "MARK_NO_SHOW"],
      "awaiting": null,
      "driver": ["AMEND", "REJECT"],
      "staff": ["UPDATE", "AMEND", "CANCEL", "COMPLETE", "MARK_NO_SHOW"]
    }
    "#);
    interview_of(&app.staff().complete(id).await);
    assert_json!(actions(&app, id).await, @r#"
    {
      "admin": [],
      "awaiting": null,
      "driver": [],
      "staff": []
    }
    "#);
}
