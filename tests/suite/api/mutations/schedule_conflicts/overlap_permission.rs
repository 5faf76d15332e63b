//! `allowOverlap` holds for the time and the people for which it was given: an interview that moves reserves its time
//! again, and says with a conflict whether the permission can be given anew.

use super::{both_sides, conflicts};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::actor::Actor;
use crate::support::booking::{time_arguments, times};
use crate::support::inspect::all_rows;
use crate::support::lifecycle::{interview_of, last_event, only};
use crate::support::people::{CHIDI_APPLICATION, DANA, DANA_APPLICATION, JUDE, KOFI, LUISA};
use interviews::domain::InterviewId;
use rstest::rstest;
use serde_json::{Value, json};

/// An interview that overlaps with another one of the same people, from 10:00 to 11:00.
async fn overlapping(app: &TestApp) -> InterviewId {
    app.book(JUDE, LUISA).at("10:00").await;
    app.book(JUDE, LUISA).at("10:30").allowing_overlap().await
}

/// `SIDE overridable` of each conflict error.
async fn overridable(actor: &Actor, mutation: &str, arguments: &str) -> Vec<String> {
    let query = format!(
        "mutation {{ {mutation}({arguments}) {{ userErrors {{ code ... on ScheduleConflictError {{ side overridable }} \
         }} }} }}"
    );
    let data = actor.ask(&query, json!({})).await;
    let errors = data[mutation]["userErrors"].as_array().unwrap().iter();
    errors.map(|error| format!("{} {}", error["side"].as_str().unwrap(), error["overridable"])).collect()
}

#[rstest]
#[tokio::test]
async fn interview_that_moves_to_a_free_time_is_not_booked_over_any_more(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let id = overlapping(&app).await;
    let payload = app.staff().update(id, times("15:00", "16:00")).await;
    assert_eq!(interview_of(&payload)["allowOverlap"], false);
    assert_json!(only(&last_event(&app.staff(), id).await, "type changes"), @r#"
    {
      "changes": [
        {"field": "startAt", "from": "2025-04-01T10:30:00.000Z", "to": "2025-04-01T15:00:00.000Z"},
        {"field": "endAt", "from": "2025-04-01T11:30:00.000Z", "to": "2025-04-01T16:00:00.000Z"},
        {"field": "allowOverlap", "from": "true", "to": "false"}
      ],
      "type": "UPDATED"
    }
    "#);
    assert_eq!(conflicts(&app.book(JUDE, LUISA).at("15:30").attempt().await), both_sides(id));
}

#[rstest]
#[tokio::test]
async fn another_person_needs_the_permission_anew(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = overlapping(&app).await;
    let payload = app.staff().update(id, json!({"interviewerId": KOFI.to_string()})).await;
    let both = conflicts(&payload);
    assert_eq!(both.iter().map(|(side, _)| *side).collect::<Vec<_>>(), ["INTERVIEWEE"]);
    let payload = app.staff().update(id, json!({"intervieweeId": DANA_APPLICATION.to_string()})).await;
    assert_eq!(conflicts(&payload).iter().map(|(side, _)| *side).collect::<Vec<_>>(), ["INTERVIEWER"]);
    let people = json!({"intervieweeId": CHIDI_APPLICATION.to_string(), "interviewerId": KOFI.to_string()});
    assert_eq!(interview_of(&app.staff().update(id, people).await)["allowOverlap"], false);
}

#[rstest]
#[tokio::test]
async fn permission_stays_while_time_and_people_stay(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (staff, driver) = (app.staff(), app.driver());
    let id = overlapping(&app).await;
    let mut stored = times("10:30", "11:30");
    stored["interviewerId"] = json!(LUISA.to_string());
    for payload in [
        staff.update(id, json!({"location": "Gate 2"})).await,
        staff.update(id, stored).await,
        staff.update(id, json!({"allowOverlap": true})).await,
        driver.accept(id).await,
        driver.propose(id, "14:00", "15:00").await,
        staff.decline(id).await,
        staff.propose(id, "14:00", "15:00").await,
        staff.withdraw(id).await,
    ] {
        assert_eq!(interview_of(&payload)["allowOverlap"], true);
    }
}

#[rstest]
#[tokio::test]
async fn accepted_time_is_reserved_and_a_conflict_of_it_cannot_be_overridden(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let (staff, driver) = (app.staff(), app.driver());
    let id = overlapping(&app).await;
    let blocking = app.book(DANA, LUISA).at("14:00").await;
    interview_of(&driver.propose(id, "14:30", "15:30").await);
    let before = all_rows(&app.database).await;
    assert_eq!(conflicts(&staff.accept(id).await), [("INTERVIEWER", vec![blocking])]);
    assert_eq!(overridable(&staff, "acceptInterview", &format!("id: {id}")).await, ["INTERVIEWER false"]);
    assert_eq!(all_rows(&app.database).await, before);
    // What the error's description recommends.
    let mut input = times("14:30", "15:30");
    input["allowOverlap"] = json!(true);
    let payload = staff.update(id, input).await;
    assert_json!(only(interview_of(&payload), "status allowOverlap"), @r#"
    {
      "allowOverlap": true,
      "status": "PENDING"
    }
    "#);
    assert_eq!(interview_of(&driver.accept(id).await)["allowOverlap"], true);

    interview_of(&staff.propose(id, "17:00", "18:00").await);
    assert_eq!(interview_of(&driver.accept(id).await)["allowOverlap"], false);
    assert_eq!(conflicts(&app.book(JUDE, LUISA).at("17:30").attempt().await), both_sides(id));
}

#[rstest]
#[tokio::test]
async fn conflict_of_a_booking_and_of_an_update_can_be_overridden(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = overlapping(&app).await;
    let both = ["INTERVIEWER true", "INTERVIEWEE true"];
    let move_it = |allowed: &str| format!("id: {id}, input: {{{}{allowed}}}", time_arguments("10:15", "10:45"));
    for actor in [app.staff(), app.admin()] {
        assert_eq!(overridable(&actor, "updateInterview", &move_it("")).await, both);
        assert_eq!(overridable(&actor, "updateInterview", &move_it(", allowOverlap: false")).await, both);
        let again = format!("id: {id}, input: {{allowOverlap: false}}");
        assert_eq!(overridable(&actor, "updateInterview", &again).await, both);
        let booking = format!(
            "input: {{kind: IN_PERSON, {}, intervieweeId: 277, interviewerId: {LUISA}}}",
            time_arguments("10:15", "10:45")
        );
        assert_eq!(overridable(&actor, "createInterview", &booking).await, both);
    }
    assert_eq!(overridable(&app.staff(), "updateInterview", &move_it(", allowOverlap: true")).await, [] as [&str; 0]);
}

#[rstest]
#[tokio::test]
async fn rest_ends_the_permission_as_graphql_does(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (staff, driver) = (app.staff(), app.driver());
    let id = overlapping(&app).await;
    let patch = async |fields: Value| staff.patch(id, &json!({"interview": fields})).await.status.as_u16();
    let allowed = async || app.staff().interview(id).await["allowOverlap"].clone();
    assert_eq!((patch(json!({"location": "Gate 2"})).await, allowed().await), (200, json!(true)));
    let (start, end) = ("2025-04-01T10:15:00Z", "2025-04-01T10:45:00Z");
    assert_eq!((patch(json!({"start_at": start, "end_at": end})).await, allowed().await), (409, json!(true)));
    let confirmed = json!({"start_at": start, "end_at": end, "allow_overlap": true});
    assert_eq!((patch(confirmed).await, allowed().await), (200, json!(true)));
    interview_of(&driver.propose(id, "15:00", "16:00").await);
    let answer = staff.rest("POST", &format!("/api/v1/interviews/{id}/accept"), &json!({})).await;
    assert_eq!((answer.status.as_u16(), allowed().await), (200, json!(false)));
}

/// To end the permission takes no statement more than to move an interview that reserves its time.
#[rstest]
#[tokio::test]
async fn statements_of_a_move_do_not_depend_on_the_permission(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = overlapping(&app).await;
    let reserving = app.book(DANA, KOFI).at("10:00").await;
    let staff = app.staff();
    staff.ask("{ viewer { id } }", json!({})).await;
    let (payload, with_permission) = app.counting(staff.update(id, times("15:00", "16:00"))).await;
    interview_of(&payload);
    let (payload, without) = app.counting(staff.update(reserving, times("15:00", "16:00"))).await;
    interview_of(&payload);
    assert_eq!(with_permission, without);
}
