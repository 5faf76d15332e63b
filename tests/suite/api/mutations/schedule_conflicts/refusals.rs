//! Every request that would overlap is refused with one error a side, and nothing is written.

use super::{both_sides, conflicts};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::refusals;
use crate::support::booking::times;
use crate::support::inspect::all_rows;
use crate::support::lifecycle::{interview_of, only};
use crate::support::people::{DANA, DANA_APPLICATION, JUDE, JUDE_APPLICATION, KOFI, LUISA};
use chrono::TimeDelta;
use rstest::rstest;
use serde_json::json;

#[rstest]
#[tokio::test]
async fn booking_is_refused_for_each_side_that_is_busy(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = app.book(JUDE, LUISA).at("10:00").await;
    let before = all_rows(&app.database).await;
    assert_json!(app.book(JUDE, LUISA).at("10:30").attempt().await, @r#"
    {
      "interview": null,
      "userErrors": [
        {
          "__typename": "ScheduleConflictError",
          "code": "SCHEDULE_CONFLICT",
          "conflicts": [{"id": "271"}],
          "message": "The interviewer has another interview at that time.",
          "path": ["input", "startAt"],
          "side": "INTERVIEWER"
        },
        {
          "__typename": "ScheduleConflictError",
          "code": "SCHEDULE_CONFLICT",
          "conflicts": [{"id": "271"}],
          "message": "The driver has another interview at that time.",
          "path": ["input", "startAt"],
          "side": "INTERVIEWEE"
        }
      ]
    }
    "#);
    assert_eq!(conflicts(&app.book(DANA, LUISA).at("10:30").attempt().await), [("INTERVIEWER", vec![id])]);
    assert_eq!(conflicts(&app.book(JUDE, KOFI).at("10:30").attempt().await), [("INTERVIEWEE", vec![id])]);
    assert_eq!(all_rows(&app.database).await, before);
    app.book(DANA, KOFI).at("10:30").await;
}

#[rstest]
#[tokio::test]
async fn conflict_error_shows_the_conflicting_interviews(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    app.book(JUDE, LUISA).at("10:00").await;
    let query = format!(
        r#"mutation {{ createInterview(input: {{
            kind: IN_PERSON, startAt: "2025-04-01T10:59:00Z", endAt: "2025-04-01T12:00:00Z",
            intervieweeId: {DANA_APPLICATION}, interviewerId: {LUISA}
        }}) {{ interview {{ id }} userErrors {{ ... on ScheduleConflictError {{ conflicts {{
            status startAt endAt interviewee {{ driver {{ title }} }} interviewer {{ title }} availableActions
        }} }} }} }} }}"#
    );
    assert_json!(app.staff().ask(&query, json!({})).await, @r#"
    {
      "createInterview": {
        "interview": null,
        "userErrors": [
          {
            "conflicts": [
              {
                "availableActions": ["UPDATE", "AMEND", "CANCEL"],
                "endAt": "2025-04-01T11:00:00.000Z",
                "interviewee": {"driver": {"title": "Jude Howell"}},
                "interviewer": {"title": "Luisa Hintz"},
                "startAt": "2025-04-01T10:00:00.000Z",
                "status": "PENDING"
              }
            ]
          }
        ]
      }
    }
    "#);
}

#[rstest]
#[tokio::test]
async fn update_that_would_overlap_is_refused_and_nothing_is_written(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    let id = app.book(JUDE, LUISA).at("10:00").await;
    let of_others = app.book(DANA, KOFI).at("10:00").await;
    let later = app.book(JUDE, LUISA).at("12:00").await;
    let overlapping = app.book(JUDE, LUISA).at("10:00").allowing_overlap().await;
    app.clock.advance(TimeDelta::hours(1));
    let before = all_rows(&app.database).await;
    let both = both_sides(id);
    let (jude, luisa) = (JUDE_APPLICATION.to_string(), LUISA.to_string());
    for (changed, input, expected) in [
        (later, times("10:30", "11:30"), &both[..]),
        (later, json!({"startAt": "2025-04-01T10:30:00Z"}), &both),
        (of_others, json!({"interviewerId": luisa}), &both[..1]),
        (of_others, json!({"intervieweeId": jude}), &both[1..]),
        (of_others, json!({"intervieweeId": jude, "interviewerId": luisa, "location": "Gate 3"}), &both),
        (overlapping, json!({"allowOverlap": false}), &both),
    ] {
        let payload = staff.update(changed, input.clone()).await;
        assert_eq!(conflicts(&payload), expected, "{changed}: {input}");
        assert_eq!(refusals(&payload), vec!["SCHEDULE_CONFLICT input.startAt"; expected.len()]);
    }
    assert_eq!(all_rows(&app.database).await, before);
}

#[rstest]
#[tokio::test]
async fn proposal_reserves_no_time_and_accepting_it_checks_again(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (staff, driver) = (app.staff(), app.driver());
    let id = app.book(JUDE, LUISA).at("10:00").await;
    interview_of(&driver.propose(id, "14:00", "15:00").await);
    let blocking = app.book(JUDE, KOFI).at("14:30").await;
    let second = app.book(JUDE, LUISA).at("12:00").await;
    interview_of(&driver.propose(second, "14:00", "15:00").await);
    let before = all_rows(&app.database).await;
    assert_json!(staff.accept(id).await, @r#"
    {
      "interview": null,
      "userErrors": [
        {
          "__typename": "ScheduleConflictError",
          "code": "SCHEDULE_CONFLICT",
          "conflicts": [{"id": "272"}],
          "message": "The driver has another interview at that time.",
          "path": ["id"],
          "side": "INTERVIEWEE"
        }
      ]
    }
    "#);
    assert_eq!(all_rows(&app.database).await, before);
    assert_json!(only(&staff.interview(id).await, "status startAt"), @r#"
    {
      "startAt": "2025-04-01T10:00:00.000Z",
      "status": "AMENDED"
    }
    "#);
    interview_of(&staff.cancel(blocking).await);
    assert_eq!(interview_of(&staff.accept(id).await)["status"], "SCHEDULED");
    assert_eq!(conflicts(&staff.accept(second).await), both_sides(id));
}

#[rstest]
#[tokio::test]
async fn interview_does_not_conflict_with_itself(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = app.book(JUDE, LUISA).at("10:00").await;
    for input in [times("10:30", "11:30"), times("10:00", "12:00"), times("10:15", "10:45")] {
        interview_of(&app.staff().update(id, input).await);
    }
}

#[rstest]
#[tokio::test]
async fn all_conflicting_interviews_are_reported(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let first = app.book(JUDE, LUISA).at("10:00").await;
    let of_jude = app.book(JUDE, KOFI).at("11:00").await;
    let of_luisa = app.book(DANA, LUISA).at("12:00").await;
    let payload = app.book(JUDE, LUISA).at("09:00").until("14:00").attempt().await;
    let expected = [("INTERVIEWER", vec![first, of_luisa]), ("INTERVIEWEE", vec![first, of_jude])];
    assert_eq!(conflicts(&payload), expected);
    let messages = [&payload["userErrors"][0]["message"], &payload["userErrors"][1]["message"]];
    assert_eq!(
        messages,
        ["The interviewer has 2 other interviews at that time.", "The driver has 2 other interviews at that time."]
    );
}

#[tokio::test]
async fn invalid_input_and_a_stale_version_are_reported_before_a_conflict() {
    let app = start!(Sqlite);
    let staff = app.staff();
    app.book(JUDE, LUISA).at("10:00").await;
    let later = app.book(JUDE, LUISA).at("12:00").await;
    let mut input = times("10:30", "11:30");
    input["location"] = json!(" ");
    assert_eq!(refusals(&staff.update(later, input).await), ["INVALID_LOCATION input.location"]);
    let arguments = format!(r#"id: {later}, input: {{startAt: "2025-04-01T10:30:00Z"}}, expectedVersion: 7"#);
    assert_eq!(refusals(&staff.mutate("updateInterview", &arguments).await), ["STALE_VERSION expectedVersion"]);
}

#[tokio::test]
async fn interviewer_who_books_for_herself_conflicts_too() {
    let app = start!(Sqlite);
    let luisa = app.user(LUISA);
    let id = app.book(JUDE, LUISA).by(&luisa).await;
    assert_eq!(conflicts(&app.book(DANA, LUISA).by(&luisa).attempt().await), [("INTERVIEWER", vec![id])]);
}
