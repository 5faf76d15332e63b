//! A driver who applied to two companies is one person. A company learns of an interview with the other one that the
//! driver is busy, and no more.

use super::conflicts;
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::booking::{at, times};
use crate::support::lifecycle::interview_of;
use crate::support::people::{DANA, JUDE, JUDE_APPLICATION, KOFI, LUISA, PIET};
use rstest::rstest;
use serde_json::json;

const BUSY: &str = "The driver is busy at that time.";

#[rstest]
#[tokio::test]
async fn interview_of_another_company_conflicts_and_is_not_shown(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = app.book(JUDE, LUISA).at("10:00").await;
    let at_coastal = app.book(JUDE, PIET).at("10:30");
    // Jude has an interview with Piet on this day from 08:00 to 08:30.
    let at_northern = app.book(JUDE, LUISA).at("2025-06-02T08:15:00Z").until("2025-06-02T08:45:00Z");
    let moved = app.staff().update(id, times("2025-06-02T08:00:00Z", "2025-06-02T09:00:00Z")).await;
    for payload in [at_coastal.attempt().await, at_northern.attempt().await, moved] {
        assert_eq!(conflicts(&payload), [("INTERVIEWEE", vec![])]);
        assert_eq!(payload["userErrors"][0]["message"], BUSY);
    }
    let payload = at_coastal.by(&app.admin()).attempt().await;
    assert_eq!(conflicts(&payload), [("INTERVIEWEE", vec![id])], "an admin sees both companies");
}

#[rstest]
#[tokio::test]
async fn hidden_conflict_is_not_reported_beside_a_shown_one(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let first = app.book(JUDE, LUISA).at("10:00").await;
    let second = app.book(JUDE, LUISA).at("11:00").await;
    app.book(JUDE, PIET).at("12:00").await;
    let payload = app.book(JUDE, KOFI).at("11:30").attempt().await;
    assert_eq!(conflicts(&payload), [("INTERVIEWEE", vec![second])]);
    let message = "The driver has another interview at that time.";
    assert_eq!(payload["userErrors"][0]["message"], message);
    let payload = app.book(JUDE, KOFI).at("10:30").until("12:30").attempt().await;
    assert_eq!(conflicts(&payload), [("INTERVIEWEE", vec![first, second])]);
    let message = "The driver has 2 other interviews at that time.";
    assert_eq!(payload["userErrors"][0]["message"], message);
}

#[rstest]
#[tokio::test]
async fn driver_sees_their_own_conflict_and_not_that_of_the_interviewer(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let id = app.book(JUDE, LUISA).at("10:00").await;
    interview_of(&app.staff().propose(id, "14:00", "15:00").await);
    let of_jude = app.book(JUDE, PIET).at("14:00").await;
    app.book(DANA, LUISA).at("14:30").await;
    let payload = app.driver().accept(id).await;
    assert_eq!(conflicts(&payload), [("INTERVIEWEE", vec![of_jude])]);
    assert_eq!(payload["userErrors"][0]["message"], "The driver has another interview at that time.");
    interview_of(&app.other_staff().cancel(of_jude).await);
    let payload = app.driver().accept(id).await;
    assert_eq!(conflicts(&payload), [("INTERVIEWER", vec![])]);
    assert_eq!(payload["userErrors"][0]["message"], "The interviewer is busy at that time.");
}

#[rstest]
#[tokio::test]
async fn answer_holds_nothing_of_the_other_companys_interview(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let query = format!(
        r#"mutation {{ createInterview(input: {{
            kind: IN_PERSON, startAt: "2025-06-02T07:45:00Z", endAt: "2025-06-02T08:01:00Z",
            intervieweeId: {JUDE_APPLICATION}, interviewerId: {LUISA}
        }}) {{ interview {{ id }} userErrors {{ __typename code message path ... on ScheduleConflictError {{
            side conflicts {{ id startAt endAt location interviewer {{ id title }} interviewee {{ id }} }}
        }} }} }} }}"#
    );
    assert_json!(app.staff().graphql(&query, json!({})).await, @r#"
    {
      "data": {
        "createInterview": {
          "interview": null,
          "userErrors": [
            {
              "__typename": "ScheduleConflictError",
              "code": "SCHEDULE_CONFLICT",
              "conflicts": [],
              "message": "The driver is busy at that time.",
              "path": ["input", "startAt"],
              "side": "INTERVIEWEE"
            }
          ]
        }
      }
    }
    "#);
}

#[rstest]
#[tokio::test]
async fn own_conflict_hides_when_the_driver_is_busy_elsewhere(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    app.book(JUDE, PIET).at("10:15").until("10:45").await;
    // An interviewer whom staff keep busy all day makes every attempt fail without a trace.
    let all_day = app.book(DANA, KOFI).at("08:00").until("18:00").await;
    for minute in ["10:00", "10:14", "10:15", "10:30", "10:44", "10:45", "11:00"] {
        let until = format!("{minute}:30");
        let payload = app.book(JUDE, KOFI).at(minute).until(&until).attempt().await;
        assert_eq!(conflicts(&payload), [("INTERVIEWER", vec![all_day])], "{minute}");
        assert_eq!(payload["userErrors"][0]["message"], "The interviewer has another interview at that time.");
    }
}

#[tokio::test]
async fn refusals_for_conflicts_use_up_the_rate_limit() {
    let app = crate::support::TestApp::start_with(Sqlite, &["--rate-limit", "3000"]).await.unwrap();
    app.book(JUDE, PIET).at("10:00").await;
    let mut refused = 0;
    let code = loop {
        let payload = app.staff().rest("POST", "/api/v1/interviews", &rest_booking("10:30")).await.json();
        assert_eq!(payload["errors"][0]["code"], "SCHEDULE_CONFLICT", "{payload}");
        refused += 1;
        let answer = app.staff().graphql("{ viewer { id } }", json!({})).await;
        if let Some(code) = answer["errors"][0]["extensions"]["code"].as_str() {
            break code.to_owned();
        }
        assert!(refused < 200, "conflicts cost nothing");
    };
    assert_eq!(code, "RATE_LIMITED");
    assert!(refused >= 26, "a refusal costs 100 points, and the request 10: {refused}");
}

/// The body of REST for an hour with Jude and Luisa.
fn rest_booking(start: &str) -> serde_json::Value {
    json!({"interview": {
        "kind": "phone_call", "interviewee_id": JUDE_APPLICATION.0, "interviewer_id": LUISA.0,
        "start_at": at(start), "end_at": at("11:30")
    }})
}
