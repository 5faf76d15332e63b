//! The limits on what is booked: open interviews of one application, and the length of an interview.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::actor::refusals;
use crate::support::booking::at;
use crate::support::lifecycle::{interview_of, write_counts};
use crate::support::people::{BRUNA, BRUNA_APPLICATION, DANA, DANA_APPLICATION, KOFI, LUISA};
use rstest::rstest;
use serde_json::{Value, json};

const TOO_MANY: [&str; 1] = ["TOO_MANY_OPEN_INTERVIEWS input.intervieweeId"];

/// Deletes the interviews that Dana and Bruna have in the demo data.
async fn forget_interviews(app: &TestApp) {
    let theirs = format!("FROM interviews WHERE driver_id IN ({DANA}, {BRUNA})");
    app.database.execute(&format!("DELETE FROM interview_events WHERE interview_id IN (SELECT id {theirs})")).await;
    app.database.execute(&format!("DELETE {theirs}")).await;
}

#[rstest]
#[tokio::test]
async fn open_interviews_of_an_application_are_limited(#[values(Sqlite, Postgres)] database: Database) {
    let Some(app) = TestApp::start_with(database, &["--max-open-interviews", "2"]).await else { return };
    forget_interviews(&app).await;
    let first = app.book(DANA, LUISA).at("08:00").await;
    app.book(DANA, LUISA).at("09:00").allowing_overlap().accepted().await;
    let before = write_counts(&app).await;
    let third = app.book(DANA, LUISA).at("10:00");
    let refused = third.attempt().await;
    assert_eq!(refusals(&refused), TOO_MANY);
    let message = "This application already has 2 open interviews, which is the limit.";
    assert_eq!(refused["userErrors"][0]["message"], message);
    let body = json!({"interview": {"kind": "phone_call", "start_at": at("10:00"), "end_at": at("11:00"),
        "interviewee_id": DANA_APPLICATION.0, "interviewer_id": LUISA.0}});
    let answer = app.staff().rest("POST", "/api/v1/interviews", &body).await;
    assert_eq!(answer.status, 422);
    assert_json!(answer.json(), @r#"
    {
      "errors": [
        {
          "code": "TOO_MANY_OPEN_INTERVIEWS",
          "message": "This application already has 2 open interviews, which is the limit.",
          "path": ["interview", "interviewee_id"]
        }
      ]
    }
    "#);
    assert_eq!(write_counts(&app).await, before);
    interview_of(&app.staff().update(first, json!({"location": "Gate 1"})).await);
    interview_of(&app.staff().cancel(first).await);
    third.await;
}

#[rstest]
#[tokio::test]
async fn interview_that_is_given_to_another_application_counts_there(#[values(Sqlite, Postgres)] database: Database) {
    let Some(app) = TestApp::start_with(database, &["--max-open-interviews", "1"]).await else { return };
    forget_interviews(&app).await;
    let id = app.book(DANA, LUISA).at("08:00").await;
    let of_bruna = app.book(BRUNA, KOFI).at("10:00").await;
    let give = json!({"intervieweeId": BRUNA_APPLICATION.to_string()});
    assert_eq!(refusals(&app.staff().update(id, give.clone()).await), TOO_MANY);
    interview_of(&app.staff().cancel(of_bruna).await);
    interview_of(&app.staff().update(id, give).await);
    app.book(DANA, LUISA).at("12:00").await;
}

#[rstest]
#[tokio::test]
async fn length_of_an_interview_is_limited(#[values(Sqlite, Postgres)] database: Database) {
    let Some(app) = TestApp::start_with(database, &["--max-interview-length", "90m"]).await else { return };
    let id = app.book(DANA, LUISA).at("08:00").until("09:30").await;
    let refused = app.book(DANA, LUISA).at("10:00").until("11:30:00.001").attempt().await;
    assert_eq!(refusals(&refused), ["DURATION_TOO_LONG input.endAt"]);
    assert_eq!(refused["userErrors"][0]["message"], "An interview can last at most 90 minutes.");
    for refused in
        [app.staff().update(id, json!({"endAt": at("09:31")})).await, app.staff().propose(id, "12:00", "14:00").await]
    {
        assert_eq!(refusals(&refused), ["DURATION_TOO_LONG input.endAt"]);
    }
    interview_of(&app.staff().propose(id, "12:00", "13:30").await);
    // What is longer already can still be changed.
    app.database.execute(&format!("UPDATE interviews SET end_at = '2025-04-01T11:00:00+00:00' WHERE id = {id}")).await;
    interview_of(&app.staff().update(id, json!({"location": "Gate 1"})).await);
    assert_eq!(
        refusals(&app.staff().update(id, json!({"startAt": at("08:01")})).await),
        ["DURATION_TOO_LONG input.endAt"]
    );
}

#[tokio::test]
async fn limits_are_far_beyond_ordinary_use_by_default() {
    let app = start!(Sqlite);
    forget_interviews(&app).await;
    for hour in 4..20 {
        app.book(DANA, LUISA).at(&format!("{hour:02}:00")).await;
    }
    let day = json!({"startAt": "2025-04-02T00:00:00Z", "endAt": "2025-04-03T00:00:00Z"});
    let id = app.book(BRUNA, KOFI).at("08:00").await;
    interview_of(&app.staff().update(id, day).await);
    let answer: Value = app.staff().interview(id).await;
    assert_eq!(answer["endAt"], "2025-04-03T00:00:00.000Z");
}
