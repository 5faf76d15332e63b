//! Interviews that a viewer may change, and the errors for those that they do not see.

use super::error_code;
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::refusals;
use crate::support::people::{BRUNA, JUDE_WITH_LUISA, JUDE_WITH_PIET, KOFI, PIET, UNKNOWN_INTERVIEW};
use rstest::rstest;
use serde_json::json;

const COUNT_UPDATES: &str = "SELECT count(*) FROM interview_events WHERE type = 'updated'";

#[tokio::test]
async fn driver_may_not_update_an_interview_that_they_see() {
    let app = start!(Sqlite);
    for input in [json!({"location": "Home"}), json!({}), json!({"kind": null})] {
        assert_json!(app.driver().update(JUDE_WITH_LUISA, input).await, @r#"
        {
          "interview": null,
          "userErrors": [
            {
              "__typename": "ForbiddenError",
              "code": "FORBIDDEN",
              "message": "Only the other side can do this.",
              "path": ["id"]
            }
          ]
        }
        "#);
    }
    assert_eq!(app.database.value::<i64>(COUNT_UPDATES).await, 0);
}

#[rstest]
#[tokio::test]
async fn updates_of_invisible_and_unknown_interviews_have_the_same_error(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let open = app.book(BRUNA, KOFI).at("10:00").await.to_string();
    let cancelled = app.book(BRUNA, KOFI).at("14:00").await.to_string();
    app.staff().mutate("cancelInterview", &format!("id: {cancelled}")).await;
    let (with_luisa, with_piet) = (JUDE_WITH_LUISA.to_string(), JUDE_WITH_PIET.to_string());
    // Neither the version nor the state nor other people change the error.
    let arguments = [
        r#"input: {location: "x"}"#.to_owned(),
        r#"input: {location: "x"}, expectedVersion: 1"#.to_owned(),
        r#"input: {location: "x"}, expectedVersion: 99"#.to_owned(),
        format!(r#"input: {{location: "", kind: null, interviewerId: {PIET}}}"#),
        "input: {}".to_owned(),
    ];
    for arguments in arguments {
        for (actor, id) in [
            (app.other_staff(), with_luisa.clone()),
            (app.other_staff(), cancelled.clone()),
            (app.staff(), with_piet.clone()),
            (app.driver(), open.clone()),
            (app.driver(), cancelled.clone()),
            (app.admin(), UNKNOWN_INTERVIEW.to_string()),
            (app.admin(), "\"x\"".to_owned()),
            (app.staff(), format!("\"0{with_luisa}\"")),
        ] {
            assert_json!(actor.mutate("updateInterview", &format!("id: {id}, {arguments}")).await, @r#"
            {
              "interview": null,
              "userErrors": [
                {
                  "__typename": "NotFoundError",
                  "code": "NOT_FOUND",
                  "message": "This interview does not exist, or you cannot see it.",
                  "path": ["id"]
                }
              ]
            }
            "#);
        }
    }
    assert_eq!(app.database.value::<i64>(COUNT_UPDATES).await, 0);
}

#[tokio::test]
async fn mutation_without_a_token_is_unauthenticated() {
    let app = start!(Sqlite);
    let query = format!(
        "mutation {{ updateInterview(id: {JUDE_WITH_LUISA}, input: {{location: \"x\"}}) {{ \
         interview {{ id }} userErrors {{ code }} }} }}"
    );
    assert_eq!(error_code(&app.anonymous(), &query).await, "UNAUTHENTICATED");
    assert_eq!(app.database.value::<i64>(COUNT_UPDATES).await, 0);
}

#[rstest]
#[tokio::test]
async fn staff_update_interviews_of_their_company_and_admins_all(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    for (actor, id) in [
        (app.staff(), JUDE_WITH_LUISA),
        (app.other_staff(), JUDE_WITH_PIET),
        (app.admin(), JUDE_WITH_LUISA),
        (app.admin(), JUDE_WITH_PIET),
    ] {
        let version = actor.interview(id).await["version"].as_i64().unwrap();
        let payload = actor.update(id, json!({"location": format!("Dock {version}")})).await;
        assert_eq!(refusals(&payload), Vec::<String>::new());
        assert_eq!(payload["interview"]["version"], version + 1);
    }
}

#[rstest]
#[tokio::test]
async fn conflict_with_an_invisible_interview_shows_only_that_the_driver_is_busy(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    // During Jude's interview with Piet.
    let times = json!({"startAt": "2025-06-02T08:15:00Z", "endAt": "2025-06-02T08:45:00Z"});
    assert_json!(app.staff().update(JUDE_WITH_LUISA, times.clone()).await, @r#"
    {
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
    "#);
    assert_json!(app.admin().update(JUDE_WITH_LUISA, times).await, @r#"
    {
      "interview": null,
      "userErrors": [
        {
          "__typename": "ScheduleConflictError",
          "code": "SCHEDULE_CONFLICT",
          "conflicts": [{"id": "251"}],
          "message": "The driver has another interview at that time.",
          "path": ["input", "startAt"],
          "side": "INTERVIEWEE"
        }
      ]
    }
    "#);
    assert_eq!(app.database.value::<i64>(COUNT_UPDATES).await, 0);
}
