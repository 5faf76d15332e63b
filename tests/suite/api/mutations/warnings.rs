//! Warnings of a change that is made all the same.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::Actor;
use crate::support::booking::time_arguments;
use crate::support::people::{CHIDI_APPLICATION, JUDE, JUDE_APPLICATION, LUISA};
use chrono::TimeDelta;
use rstest::rstest;
use serde_json::{Value, json};

/// The payload with its warnings alone; fails if it has user errors.
async fn warnings(actor: &Actor, mutation: &str, arguments: &str) -> Value {
    let query = format!(
        "mutation {{ {mutation}({arguments}) {{ userErrors {{ code message }} \
         warnings {{ code side message }} }} }}"
    );
    let mut data = actor.ask(&query, json!({})).await;
    assert_eq!(data[mutation]["userErrors"], json!([]), "{query}");
    data[mutation]["warnings"].take()
}

const NONE: [&str; 0] = [];

fn codes(warnings: &Value) -> Vec<&str> {
    warnings.as_array().unwrap().iter().map(|warning| warning["code"].as_str().unwrap()).collect()
}

fn booking(start: &str, end: &str) -> String {
    format!(
        "input: {{kind: IN_PERSON, {}, intervieweeId: {JUDE_APPLICATION}, interviewerId: {LUISA}}}",
        time_arguments(start, end)
    )
}

const LAST_YEAR: [&str; 2] = ["2024-04-01T10:00:00Z", "2024-04-01T11:00:00Z"];

#[rstest]
#[tokio::test]
async fn booking_in_the_past_is_made_with_a_warning(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let [start, end] = LAST_YEAR;
    assert_json!(warnings(&app.staff(), "createInterview", &booking(start, end)).await, @r#"
    [
      {"code": "IN_THE_PAST", "message": "This time is in the past.", "side": null}
    ]
    "#);
    assert_eq!(codes(&warnings(&app.staff(), "createInterview", &booking("10:00", "11:00")).await), NONE);
}

#[tokio::test]
async fn time_that_begins_now_is_not_in_the_past() {
    let app = start!(Sqlite);
    let time = |delta: TimeDelta| interviews::domain::time::format(app.now() + delta);
    let (before, now, end) = (time(TimeDelta::milliseconds(-1)), time(TimeDelta::zero()), time(TimeDelta::minutes(1)));
    assert_eq!(codes(&warnings(&app.staff(), "createInterview", &booking(&before, &now)).await), ["IN_THE_PAST"]);
    assert_eq!(codes(&warnings(&app.staff(), "createInterview", &booking(&now, &end)).await), NONE);
}

#[tokio::test]
async fn every_request_for_a_time_warns_about_it() {
    let app = start!(Sqlite);
    let (staff, driver, admin) = (app.staff(), app.driver(), app.admin());
    let id = app.book(JUDE, LUISA).at("10:00").await;
    let [start, end] = LAST_YEAR;
    let past = time_arguments(start, end);
    let proposal = format!("id: {id}, input: {{{past}}}");
    assert_eq!(codes(&warnings(&driver, "amendInterview", &proposal).await), ["IN_THE_PAST"]);
    assert_eq!(codes(&warnings(&driver, "withdrawAmendment", &format!("id: {id}")).await), NONE);
    assert_eq!(codes(&warnings(&staff, "amendInterview", &proposal).await), ["IN_THE_PAST"]);
    assert_eq!(codes(&warnings(&driver, "acceptInterview", &format!("id: {id}")).await), ["IN_THE_PAST"]);
    // The location does not ask for a time; the stored time for another driver, or sent again, does.
    let update = |input: &str| format!("id: {id}, input: {{{input}}}");
    assert_eq!(codes(&warnings(&staff, "updateInterview", &update(r#"location: "Gate 2""#)).await), NONE);
    assert_eq!(codes(&warnings(&staff, "updateInterview", &update(&past)).await), ["IN_THE_PAST"]);
    let other = format!("intervieweeId: {CHIDI_APPLICATION}");
    assert_eq!(codes(&warnings(&staff, "updateInterview", &update(&other)).await), ["IN_THE_PAST"]);
    assert_eq!(codes(&warnings(&admin, "acceptInterview", &format!("id: {id}")).await), ["IN_THE_PAST"]);
    assert_eq!(codes(&warnings(&staff, "completeInterview", &format!("id: {id}")).await), NONE);
}

#[tokio::test]
async fn refused_request_has_no_warnings() {
    let app = start!(Sqlite);
    let [start, end] = LAST_YEAR;
    let query = format!(
        "mutation {{ createInterview({}) {{ warnings {{ code }} userErrors {{ code }} }} }}",
        booking(end, start)
    );
    assert_json!(app.staff().ask(&query, json!({})).await, @r#"
    {
      "createInterview": {"userErrors": [{"code": "END_NOT_AFTER_START"}], "warnings": []}
    }
    "#);
}

/// A warning compares two times.
#[rstest]
#[tokio::test]
async fn warnings_take_no_statement(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = app.book(JUDE, LUISA).at("10:00").await;
    let staff = app.staff();
    staff.ask("{ viewer { id } }", json!({})).await;
    let update = |start: &str, end: &str, selection: &str| {
        format!(
            "mutation {{ updateInterview(id: {id}, input: {{{}}}) {{ interview {{ id }} {selection} }} }}",
            time_arguments(start, end)
        )
    };
    let [start, end] = LAST_YEAR;
    let without = app.counting(staff.ask(&update("12:00", "13:00", ""), json!({}))).await.1;
    let with = app.counting(staff.ask(&update(start, end, "warnings { code side message }"), json!({}))).await.1;
    assert_eq!(with, without);
}
