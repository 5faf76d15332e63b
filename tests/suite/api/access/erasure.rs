//! `eraseUser`: what it does to a person's interviews, and to those who meet them.

use crate::api::subscriptions::Subscriber;
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::refusals;
use crate::support::inspect::until_waiting;
use crate::support::lifecycle::{history, interviewee_kind, write_counts};
use crate::support::people::{
    BRUNA, CHIDI, DANA, JUDE, JUDE_APPLICATION, JUDE_WITH_LUISA, LUISA, MONA, NORA, PLATFORM, UNKNOWN_USER,
};
use interviews::domain::UserId;
use rstest::rstest;
use sea_orm::{ConnectionTrait, TransactionTrait};
use serde_json::{Value, json};

#[rstest]
#[tokio::test]
async fn person_with_open_interviews_is_not_erased_unless_they_are_cancelled(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let before = write_counts(&app).await;
    let payload = app.service().erase(JUDE, false).await;
    assert_eq!(refusals(&payload), ["OPEN_INTERVIEWS id"]);
    assert_eq!(payload["user"], Value::Null);
    let open = payload["userErrors"][0]["interviews"].as_array().unwrap();
    assert!(open.iter().any(|interview| interview["id"] == JUDE_WITH_LUISA.to_string()), "{payload:#}");
    assert!(
        open.iter()
            .all(|interview| ["PENDING", "AMENDED", "SCHEDULED"].contains(&interview["status"].as_str().unwrap()))
    );
    assert_eq!(write_counts(&app).await, before);
    let count = open.len();

    let mut staff = Subscriber::of(&app, &app.staff()).await;
    let payload = app.service().erase(JUDE, true).await;
    assert_json!(payload, @r#"
    {
      "user": {
        "contactPhoneNumber": null,
        "deactivatedAt": "2025-03-20T10:02:08.958Z",
        "email": null,
        "erasedAt": "2025-03-20T10:02:08.958Z",
        "id": "997",
        "image": null,
        "manager": false,
        "phoneNumber": null,
        "role": "DRIVER",
        "timeZone": null,
        "title": "Erased user 997"
      },
      "userErrors": []
    }
    "#);
    let after = write_counts(&app).await;
    assert_eq!(after[2] - before[2], i64::try_from(count).unwrap(), "one event for each open interview");
    let last = history(&app.staff(), JUDE_WITH_LUISA).await.pop().unwrap();
    assert_eq!(
        (&last["type"], &last["actor"]["id"], &last["actorSide"]),
        (&json!("CANCELLED"), &json!(PLATFORM.to_string()), &json!("INTERVIEWER"))
    );
    assert_eq!(interviewee_kind(&app, JUDE_APPLICATION).await, "VERIFIED");
    assert_eq!(staff.event().await.1, JUDE_WITH_LUISA);
}

#[rstest]
#[tokio::test]
async fn erasing_twice_writes_nothing_the_second_time(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let first = app.admin().erase(JUDE, true).await;
    let before = write_counts(&app).await;
    app.clock.advance(chrono::TimeDelta::hours(1));
    for cancel_open in [false, true] {
        assert_eq!(app.admin().erase(JUDE, cancel_open).await, first);
    }
    assert_eq!(write_counts(&app).await, before);
}

#[rstest]
#[tokio::test]
async fn erased_user_is_signed_out_and_the_platform_cannot_bring_them_back(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let jude = app.driver();
    jude.ask("{ viewer { id } }", json!({})).await;
    app.service().erase(JUDE, true).await;
    let answer = jude.graphql("{ viewer { id } }", json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["reason"], "TOKEN_INVALID");
    let row = json!({"id": JUDE.to_string(), "sourceUpdatedAt": "2030-01-01T00:00:00Z", "title": "Jude Howell"});
    let payload = app.service().sync("users", &[row]).await;
    assert_eq!(refusals(&payload), ["ERASED users.0.id"]);
}

#[rstest]
#[tokio::test]
async fn history_is_readable_with_the_erased_title(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let events = history(&app.staff(), JUDE_WITH_LUISA).await.len();
    for person in [JUDE, LUISA, MONA] {
        assert_eq!(refusals(&app.admin().erase(person, true).await).len(), 0);
    }
    let query = format!(
        "{{ interview(id: {JUDE_WITH_LUISA}) {{ interviewer {{ title }} interviewee {{ driver {{ title }} }} \
            history {{ nodes {{ type actor {{ title }} }} }} }} }}"
    );
    let interview = app.manager().ask(&query, json!({})).await["interview"].take();
    assert_eq!(interview["interviewee"]["driver"]["title"], "Erased user 997");
    assert_eq!(interview["interviewer"]["title"], "Erased user 1001");
    let history = interview["history"]["nodes"].as_array().unwrap();
    assert_eq!(history.len(), events + 1, "the cancellation");
    assert_eq!(history[0]["actor"]["title"], "Erased user 1001");
}

#[rstest]
#[tokio::test]
async fn erased_manager_manages_nobody(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let payload = app.service().erase(NORA, true).await;
    assert_eq!(payload["user"]["manager"], json!(false));
}

#[rstest]
#[tokio::test]
async fn user_who_does_not_exist_is_not_found(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    for id in [UNKNOWN_USER, UserId(0), UserId(-1), UserId(i64::MAX)] {
        assert_eq!(refusals(&app.service().erase(id, true).await), ["NOT_FOUND id"]);
    }
    assert_eq!(refusals(&app.service().erase("9223372036854775808", true).await), ["NOT_FOUND id"]);
}

#[rstest]
#[tokio::test]
async fn erased_driver_cannot_be_booked(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    app.service().erase(JUDE, true).await;
    let payload = app.book(JUDE, LUISA).attempt().await;
    assert_eq!(refusals(&payload), ["INTERVIEWEE_NOT_FOUND input.intervieweeId"]);
}

#[rstest]
#[tokio::test]
async fn person_who_is_no_driver_any_more_cannot_be_booked(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    app.database.execute(&format!("UPDATE users SET role = 'admin' WHERE id = {DANA}")).await;
    let payload = app.book(DANA, LUISA).attempt().await;
    assert_eq!(refusals(&payload), ["INTERVIEWEE_NOT_FOUND input.intervieweeId"]);
}

/// The request has read that the driver is there, and waits for the lock on their time.
#[tokio::test]
async fn booking_that_waits_for_an_erasure_is_refused() {
    let app = start!(Postgres);
    let erasure = app.database.raw().await.begin().await.unwrap();
    let lock = format!("SELECT pg_advisory_xact_lock({} + {DANA})", 0x5449_4D45_i64 << 32);
    erasure.execute_unprepared(&lock).await.unwrap();
    let erase = format!("UPDATE users SET erased_at = now(), title = 'Erased user' WHERE id = {DANA}");
    erasure.execute_unprepared(&erase).await.unwrap();
    let before = write_counts(&app).await;
    let booking = app.book(DANA, LUISA);
    let commit = async {
        until_waiting(&app.database, 1).await;
        erasure.commit().await.unwrap();
    };
    let (payload, ()) = tokio::join!(booking.attempt(), commit);
    assert_eq!(refusals(&payload), ["INTERVIEWEE_NOT_FOUND input.intervieweeId"]);
    assert_eq!(write_counts(&app).await, before);
}

/// On both databases, changes wait for the erasure or it waits for them.
#[rstest]
#[tokio::test]
async fn erasure_and_changes_at_the_same_time_are_both_complete(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    for (hour, driver) in (10..).zip([JUDE, BRUNA, CHIDI, DANA]) {
        let id = app.book(driver, LUISA).at(&format!("{hour}:00")).await;
        let (admin, acceptance) = (app.admin(), format!("id: {id}, as: INTERVIEWEE"));
        let (payload, accepted) = tokio::join!(admin.erase(driver, true), admin.mutate("acceptInterview", &acceptance));
        assert_eq!(refusals(&payload).len(), 0, "{payload:#}");
        let events = history(&admin, id).await;
        let types: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
        if accepted["userErrors"] == json!([]) {
            assert_eq!(types, ["CREATED", "ACCEPTED", "CANCELLED"]);
        } else {
            assert_eq!(types, ["CREATED", "CANCELLED"]);
        }
    }
}
