//! Operations that are made or refused each by itself.

use super::{create, errors};
use crate::api::subscriptions::Subscriber;
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::booking::times;
use crate::support::events::latest_event;
use crate::support::lifecycle::{history, write_counts};
use crate::support::people::{BRUNA, CHIDI, DANA, JUDE, JUDE_WITH_LUISA, JUDE_WITH_PIET, KOFI, LUISA};
use rstest::rstest;
use serde_json::{Value, json};

#[rstest]
#[tokio::test]
async fn refusal_does_not_stop_the_others(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (staff, before) = (app.staff(), write_counts(&app).await);
    let id = JUDE_WITH_LUISA.to_string();
    let payload = staff
        .bulk(
            &json!([
                {"update": {"id": id, "input": {"location": "Gate 7"}}},
                create(BRUNA, "10:00", "11:00"),
                create(CHIDI, "10:30", "11:30"),
                create(CHIDI, "12:00", "11:00"),
                {"update": {"id": id, "input": {"location": " "}, "expectedVersion": 2}},
                {"update": {"id": id, "input": {"kind": "IN_PERSON"}, "expectedVersion": 1}},
                {"accept": {"id": id}},
                {"cancel": {"id": JUDE_WITH_PIET.to_string()}},
                {"update": {"id": id, "input": {"location": "Gate 7"}}},
                {"cancel": {"id": id, "reason": "Strike"}},
            ]),
            false,
        )
        .await;
    let none: [&str; 0] = [];
    let expected: [&[&str]; 10] = [
        &none,
        &none,
        &["SCHEDULE_CONFLICT operations.2.create.startAt"],
        &["END_NOT_AFTER_START operations.3.create.endAt"],
        &["INVALID_LOCATION operations.4.update.input.location"],
        &["STALE_VERSION operations.5.update.expectedVersion"],
        &["FORBIDDEN operations.6.accept.id"],
        &["NOT_FOUND operations.7.cancel.id"],
        &none,
        &none,
    ];
    assert_eq!(errors(&payload), expected);
    assert_eq!(payload["applied"], json!(4));
    let results = payload["results"].as_array().unwrap();
    let conflicts = &results[2]["userErrors"][0]["conflicts"];
    assert_eq!(conflicts[0]["id"], results[1]["interview"]["id"]);
    assert_eq!((&results[8]["eventId"], &results[8]["interview"]["version"]), (&Value::Null, &json!(2)));
    assert_eq!(results[9]["interview"]["status"], json!("CANCELLED"));
    assert!(results.iter().all(|result| result["replayed"] == json!(false)));
    // Two changes, and one interview.
    let after = write_counts(&app).await;
    assert_eq!((after[0] - before[0], after[2] - before[2]), (1, 3));
    assert_eq!(history(&staff, JUDE_WITH_LUISA).await.len(), 3);
}

#[rstest]
#[tokio::test]
async fn every_mutation_is_an_operation(
    #[values(Sqlite, Postgres)] database: Database,
    #[values(false, true)] atomic: bool,
) {
    let app = start!(database);
    let admin = app.admin();
    let negotiated = app.book(BRUNA, LUISA).at("12:00").await.to_string();
    let rejected = app.book(BRUNA, LUISA).at("14:00").await.to_string();
    let completed = app.book(CHIDI, LUISA).at("16:00").accepted().await.to_string();
    let missed = app.book(DANA, LUISA).at("18:00").accepted().await.to_string();
    app.wait_until("2025-04-02T00:00:00Z");
    let amend = |side: &str| {
        let mut input = times("20:00", "21:00");
        input["as"] = json!(side);
        json!({"amend": {"id": negotiated, "input": input}})
    };
    let payload = admin
        .bulk(
            &json!([
                create(JUDE, "10:00", "11:00"),
                {"update": {"id": negotiated, "input": {"location": "Gate 7"}, "expectedVersion": 1}},
                amend("INTERVIEWER"),
                {"declineAmendment": {"id": negotiated, "as": "INTERVIEWEE"}},
                amend("INTERVIEWEE"),
                {"withdrawAmendment": {"id": negotiated}},
                {"accept": {"id": negotiated, "expectedVersion": 6}},
                {"cancel": {"id": negotiated, "reason": "Strike"}},
                {"reject": {"id": rejected, "reason": null}},
                {"complete": {"id": completed}},
                {"markNoShow": {"id": missed, "absent": "INTERVIEWEE"}},
            ]),
            atomic,
        )
        .await;
    assert_eq!((errors(&payload), &payload["applied"]), (vec![Vec::<String>::new(); 11], &json!(11)));
    let statuses: Vec<&str> = payload["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["interview"]["status"].as_str().unwrap())
        .collect();
    let expected = [
        "PENDING",
        "PENDING",
        "AMENDED",
        "PENDING",
        "AMENDED",
        "PENDING",
        "SCHEDULED",
        "CANCELLED",
        "REJECTED",
        "COMPLETED",
        "NO_SHOW",
    ];
    assert_eq!(statuses, expected);
}

#[rstest]
#[tokio::test]
async fn subscribers_receive_each_change_once(
    #[values(Sqlite, Postgres)] database: Database,
    #[values(false, true)] atomic: bool,
) {
    let app = start!(database);
    let mut subscriber = Subscriber::since(&app, &app.staff(), latest_event(&app).await).await;
    let update = |location: &str| json!({"update": {"id": "27", "input": {"location": location}}});
    let operations = json!([update("a"), create(BRUNA, "10:00", "11:00"), update("a"), update("b")]);
    let payload = app.staff().bulk(&operations, atomic).await;
    let made = payload["results"].as_array().unwrap().iter().filter_map(|result| result["eventId"].as_str());
    let made: Vec<i64> = made.map(|id| id.parse().unwrap()).collect();
    assert_eq!(made.len(), 3);
    let last = app.staff().bulk(&json!([update("c")]), atomic).await;
    let last = last["results"][0]["eventId"].as_str().unwrap().parse().unwrap();
    assert_eq!(subscriber.events(4).await, [made, vec![last]].concat());
}

/// After each operation, nobody has two interviews at a time.
#[rstest]
#[tokio::test]
async fn two_interviews_do_not_exchange_their_times(
    #[values(Sqlite, Postgres)] database: Database,
    #[values(false, true)] atomic: bool,
) {
    let app = start!(database);
    let (first, second) = (app.book(BRUNA, KOFI).at("10:00").await, app.book(CHIDI, KOFI).at("11:00").await);
    let to = |id: &dyn ToString, start, end| json!({"update": {"id": id.to_string(), "input": times(start, end)}});
    let operations = json!([to(&first, "11:00", "12:00"), to(&second, "10:00", "11:00")]);
    let payload = app.staff().bulk(&operations, atomic).await;
    assert_eq!(errors(&payload)[0], ["SCHEDULE_CONFLICT operations.0.update.input.startAt"]);
    assert_eq!(payload["applied"], json!(0));
}
