//! `eventId` of a payload: a client compares it with the `id` of the events that it receives.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::actor::Actor;
use crate::support::booking::{proposal, time_arguments};
use crate::support::events::latest_event;
use crate::support::people::{DANA_APPLICATION, JUDE_WITH_LUISA, KOFI, UNKNOWN_INTERVIEW};
use chrono::TimeDelta;
use rstest::rstest;
use serde_json::{Value, json};

/// The id of the event, and the id of the interview.
async fn mutate(actor: &Actor, mutation: &str, arguments: &str) -> (Value, Value) {
    let query = format!(
        "mutation {{ {mutation}({arguments}) {{ eventId interview {{ id }} userErrors {{ code message }} }} }}"
    );
    let payload = actor.ask(&query, json!({})).await[mutation].take();
    (payload["eventId"].clone(), payload["interview"]["id"].clone())
}

/// Fails unless the mutation returns the id of the last event in the history of its interview; the interview.
async fn writes(app: &TestApp, actor: &Actor, mutation: &str, arguments: &str) -> String {
    let before = latest_event(app).await;
    let (event, interview) = mutate(actor, mutation, arguments).await;
    let interview = interview.as_str().unwrap_or_else(|| panic!("{mutation}({arguments}) is refused")).to_owned();
    let sql = format!("SELECT max(id) FROM interview_events WHERE interview_id = {interview}");
    let last: i64 = app.database.value(&sql).await;
    assert_eq!((event, last > before), (json!(last.to_string()), true), "{mutation}({arguments})");
    interview
}

#[rstest]
#[tokio::test]
async fn each_mutation_returns_the_id_of_its_event(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (staff, driver) = (app.staff(), app.user(crate::support::people::DANA));
    let create = |start: &str, end: &str| {
        format!(
            "input: {{kind: PHONE_CALL, {}, intervieweeId: {DANA_APPLICATION}, interviewerId: {KOFI}}}",
            time_arguments(start, end)
        )
    };
    let id = writes(&app, &staff, "createInterview", &create("10:00", "11:00")).await;
    let of_id = format!("id: {id}");
    writes(&app, &staff, "updateInterview", &format!("{of_id}, input: {{location: \"Gate 1\"}}")).await;
    writes(&app, &driver, "amendInterview", &proposal(&id, "12:00", "13:00")).await;
    writes(&app, &staff, "declineAmendment", &of_id).await;
    writes(&app, &staff, "amendInterview", &proposal(&id, "13:00", "14:00")).await;
    writes(&app, &staff, "withdrawAmendment", &of_id).await;
    writes(&app, &driver, "acceptInterview", &of_id).await;
    let other = writes(&app, &staff, "createInterview", &create("15:00", "16:00")).await;
    writes(&app, &driver, "rejectInterview", &format!("id: {other}")).await;
    let other = writes(&app, &staff, "createInterview", &create("15:00", "16:00")).await;
    writes(&app, &staff, "cancelInterview", &format!("id: {other}")).await;
    let other = writes(&app, &staff, "createInterview", &create("15:00", "16:00")).await;
    writes(&app, &driver, "acceptInterview", &format!("id: {other}")).await;
    app.clock.advance(TimeDelta::days(20));
    writes(&app, &staff, "completeInterview", &of_id).await;
    writes(&app, &staff, "markNoShow", &format!("id: {other}, absent: INTERVIEWEE")).await;
}

#[rstest]
#[tokio::test]
async fn event_id_is_null_when_nothing_was_written(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let update = |id: &str, location: &str| format!("id: {id}, input: {{location: {location:?}}}");
    let id = JUDE_WITH_LUISA.to_string();
    writes(&app, &app.staff(), "updateInterview", &update(&id, "Gate 1")).await;
    let same = mutate(&app.staff(), "updateInterview", &update(&id, "Gate 1")).await;
    assert_eq!(same, (Value::Null, json!(id)), "an update that changes nothing");
    for (actor, id, location) in [
        (app.staff(), &*UNKNOWN_INTERVIEW.to_string(), "Gate 2"),
        (app.staff(), &id, " "),
        (app.driver(), &id, "Gate 2"),
    ] {
        assert_eq!(mutate(&actor, "updateInterview", &update(id, location)).await, (Value::Null, Value::Null));
    }
}

/// The statement of a change falls back to a transaction where it cannot have its locks.
#[tokio::test]
async fn change_that_waits_for_a_lock_returns_the_id_of_its_event() {
    let app = start!(Postgres);
    let locked = app.database.lock(JUDE_WITH_LUISA).await;
    let arguments = format!("id: {JUDE_WITH_LUISA}, input: {{location: \"Gate 3\"}}");
    let staff = app.staff();
    let change = writes(&app, &staff, "updateInterview", &arguments);
    let unlock = async {
        crate::support::inspect::until_waiting(&app.database, 1).await;
        locked.rollback().await.unwrap();
    };
    futures_util::join!(change, unlock);
}
