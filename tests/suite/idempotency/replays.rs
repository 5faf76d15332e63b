//! A request that is sent again with its key is not made again, and answers with the interview as it is now.

use super::{booking, keyed, keys};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::refusals;
use crate::support::booking::proposal;
use crate::support::events::relocate;
use crate::support::lifecycle::{interview_of, write_counts};
use crate::support::people::{
    BRUNA, BRUNA_APPLICATION, CHIDI, CHIDI_APPLICATION, DANA, JUDE, JUDE_WITH_LUISA, KOFI, LUISA,
};
use rstest::rstest;
use serde_json::{Value, json};

#[rstest]
#[tokio::test]
async fn each_mutation_is_made_once(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (staff, bruna) = (app.staff(), app.user(BRUNA));
    let negotiated = app.book(BRUNA, LUISA).at("12:00").await;
    let rejected = app.book(BRUNA, LUISA).at("14:00").await;
    let completed = app.book(CHIDI, LUISA).at("16:00").accepted().await;
    let missed = app.book(DANA, LUISA).at("18:00").accepted().await;
    app.wait_until("2025-04-02T00:00:00Z");
    let (id, later) = (format!("id: {negotiated}"), proposal(negotiated, "20:00", "21:00"));
    let calls = [
        (&staff, "createInterview", booking("10:00", "11:00")),
        (&staff, "updateInterview", format!("{id}, input: {{location: \"Gate 7\"}}, expectedVersion: 1")),
        (&staff, "amendInterview", later.clone()),
        (&bruna, "declineAmendment", id.clone()),
        (&bruna, "amendInterview", later),
        (&bruna, "withdrawAmendment", id.clone()),
        (&bruna, "acceptInterview", format!("{id}, expectedVersion: 6")),
        (&staff, "cancelInterview", format!("{id}, reason: \"Strike\"")),
        (&bruna, "rejectInterview", format!("id: {rejected}")),
        (&staff, "completeInterview", format!("id: {completed}")),
        (&staff, "markNoShow", format!("id: {missed}, absent: INTERVIEWEE")),
    ];
    for (number, (actor, mutation, arguments)) in calls.iter().enumerate() {
        let key = format!("intent {number}");
        let first = keyed(actor, mutation, arguments, &key).await;
        interview_of(&first);
        assert_eq!((&first["replayed"], first["eventId"].is_string()), (&json!(false), true), "{mutation}");
        let written = write_counts(&app).await;
        let second = keyed(actor, mutation, arguments, &key).await;
        let expected = json!({"interview": first["interview"], "eventId": null, "replayed": true, "userErrors": []});
        assert_eq!(second, expected, "{mutation}");
        assert_eq!(write_counts(&app).await, written, "{mutation}");
    }
    assert_eq!(keys(&app).await, 11);
}

#[rstest]
#[tokio::test]
async fn replay_has_the_interview_as_it_is_now(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let arguments = format!("id: {JUDE_WITH_LUISA}, input: {{location: \"Gate 7\"}}, expectedVersion: 1");
    keyed(&app.staff(), "updateInterview", &arguments, "k").await;
    let now = relocate(&app.staff(), JUDE_WITH_LUISA, "Gate 8").await;
    let replay = keyed(&app.staff(), "updateInterview", &arguments, "k").await;
    assert_eq!((&replay["interview"], &replay["replayed"]), (&now, &json!(true)));
    let written = write_counts(&app).await;
    // What another driver does to it now is no concern of the first one.
    keyed(&app.driver(), "acceptInterview", &format!("id: {JUDE_WITH_LUISA}"), "k").await;
    app.staff().update(JUDE_WITH_LUISA, json!({"intervieweeId": BRUNA_APPLICATION.to_string()})).await;
    let gone = keyed(&app.driver(), "acceptInterview", &format!("id: {JUDE_WITH_LUISA}"), "k").await;
    assert_eq!((refusals(&gone), &gone["replayed"]), (vec!["NOT_FOUND id".to_owned()], &json!(false)));
    assert_eq!(write_counts(&app).await[2], written[2] + 2);
}

#[rstest]
#[tokio::test]
async fn key_belongs_to_one_request_of_one_user(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (staff, id) = (app.staff(), format!("id: {JUDE_WITH_LUISA}"));
    let update = format!("{id}, input: {{location: \"Gate 7\"}}");
    interview_of(&keyed(&staff, "updateInterview", &update, "k").await);
    let written = write_counts(&app).await;
    for (mutation, arguments) in [
        ("updateInterview", format!("{id}, input: {{location: \"Gate 8\"}}")),
        ("updateInterview", format!("{id}, input: {{location: null}}")),
        ("updateInterview", format!("{id}, input: {{location: \"Gate 7\"}}, expectedVersion: 2")),
        ("cancelInterview", id.clone()),
        ("createInterview", booking("10:00", "11:00")),
    ] {
        let payload = keyed(&staff, mutation, &arguments, "k").await;
        assert_eq!(refusals(&payload), ["IDEMPOTENCY_KEY_REUSED idempotencyKey"], "{arguments}");
        assert_eq!((&payload["interview"], &payload["replayed"]), (&Value::Null, &json!(false)));
        assert_eq!(payload["userErrors"][0]["__typename"], "ValidationError");
    }
    assert_eq!(write_counts(&app).await, written);
    let accepted = keyed(&app.driver(), "acceptInterview", &id, "k").await;
    assert_eq!((interview_of(&accepted)["status"].as_str(), &accepted["replayed"]), (Some("SCHEDULED"), &json!(false)));
    assert_eq!(keys(&app).await, 2);
}

#[rstest]
#[tokio::test]
async fn arguments_are_compared_by_their_values(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let first = r#"id: 27, input: {endAt: "2025-04-01T11:00:00Z", startAt: "2025-04-01T10:00:00Z"}"#;
    interview_of(&keyed(&app.staff(), "amendInterview", first, "k").await);
    let second =
        r#"input: {startAt: "2025-04-01T12:00:00+02:00", endAt: "2025-04-01T13:00:00.000+02:00", as: null}, id: "27""#;
    assert_eq!(keyed(&app.staff(), "amendInterview", second, "k").await["replayed"], json!(true));
}

#[rstest]
#[tokio::test]
async fn refusal_is_not_remembered(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    let obstacle = app.book(JUDE, LUISA).at("10:00").await;
    let conflict = keyed(&staff, "createInterview", &booking("10:30", "11:30"), "create").await;
    assert_eq!(refusals(&conflict), ["SCHEDULE_CONFLICT input.startAt"]);
    let moved = app.book(CHIDI, KOFI).at("10:00").await;
    let to_luisa = format!("id: {moved}, input: {{interviewerId: {LUISA}}}");
    let conflict = keyed(&staff, "updateInterview", &to_luisa, "update").await;
    assert_eq!(refusals(&conflict), ["SCHEDULE_CONFLICT input.startAt"]);
    let accept = format!("id: {moved}, expectedVersion: 2");
    assert_eq!(
        refusals(&keyed(&app.user(CHIDI), "acceptInterview", &accept, "accept").await),
        ["STALE_VERSION expectedVersion"]
    );
    assert_eq!(keys(&app).await, 0);
    interview_of(&staff.cancel(obstacle).await);
    for (actor, mutation, arguments, key) in
        [(&staff, "updateInterview", to_luisa, "update"), (&app.user(CHIDI), "acceptInterview", accept, "accept")]
    {
        for replayed in [false, true] {
            let payload = keyed(actor, mutation, &arguments, key).await;
            assert_eq!((refusals(&payload), &payload["replayed"]), (vec![], &json!(replayed)), "{mutation}");
        }
    }
    assert_eq!(keys(&app).await, 2);
}

#[rstest]
#[tokio::test]
async fn update_that_changes_nothing_stores_nothing(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let arguments = format!("id: {JUDE_WITH_LUISA}, input: {{interviewerId: {LUISA}}}");
    for _ in 0..2 {
        let payload = keyed(&app.staff(), "updateInterview", &arguments, "k").await;
        interview_of(&payload);
        assert_eq!((&payload["eventId"], &payload["replayed"]), (&Value::Null, &json!(false)));
    }
    assert_eq!(keys(&app).await, 0);
}

#[rstest]
#[tokio::test]
async fn change_of_the_interviewee_is_made_once(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    // It writes more than one row.
    let arguments = format!("id: {JUDE_WITH_LUISA}, input: {{intervieweeId: {CHIDI_APPLICATION}}}");
    for replayed in [false, true] {
        let payload = keyed(&app.staff(), "updateInterview", &arguments, "k").await;
        assert_eq!((refusals(&payload), &payload["replayed"]), (vec![], &json!(replayed)));
        assert_eq!(payload["interview"]["version"], json!(2));
    }
}
