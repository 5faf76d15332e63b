//! Operations that are made all together, or not at all.

use super::{create, errors};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::configured_server::Server;
use crate::support::inspect::all_rows;
use crate::support::invariants::events;
use crate::support::lifecycle::write_counts;
use crate::support::people::{BRUNA, CHIDI, DANA, JUDE, JUDE_WITH_LUISA, JUDE_WITH_PIET, KOFI, LUISA, MONA};
use futures_util::future::join_all;
use rstest::rstest;
use serde_json::{Value, json};

#[rstest]
#[tokio::test]
async fn operation_sees_what_those_before_it_have_made(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let before = write_counts(&app).await;
    let payload = app
        .staff()
        .bulk(
            &json!([
                {"update": {"id": "27", "input": {"location": "Gate 7"}, "expectedVersion": 1}},
                {"update": {"id": "27", "input": {"location": "Gate 8"}, "expectedVersion": 2}},
                {"update": {"id": "27", "input": {"location": "Gate 8"}}},
                create(BRUNA, "10:00", "11:00"),
            ]),
            true,
        )
        .await;
    assert_eq!((errors(&payload), &payload["applied"]), (vec![Vec::<String>::new(); 4], &json!(4)));
    let versions: Vec<&Value> =
        payload["results"].as_array().unwrap().iter().map(|result| &result["interview"]["version"]).collect();
    assert_eq!(versions, [2, 3, 3, 1]);
    let after = write_counts(&app).await;
    assert_eq!([after[0] - before[0], after[2] - before[2]], [1, 3]);
}

#[rstest]
#[tokio::test]
async fn nothing_is_made_if_one_is_refused(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let taken = app.book(DANA, LUISA).at("14:00").await;
    let update = json!({"update": {"id": JUDE_WITH_LUISA.to_string(), "input": {"location": "Gate 7"}}});
    for (refused, expected) in [
        (json!({"cancel": {"id": JUDE_WITH_PIET.to_string()}}), "NOT_FOUND operations.2.cancel.id"),
        (json!({"accept": {"id": "27"}}), "FORBIDDEN operations.2.accept.id"),
        (
            json!({"update": {"id": "27", "input": {}, "expectedVersion": 1}}),
            "STALE_VERSION operations.2.update.expectedVersion",
        ),
        (create(CHIDI, "14:30", "15:00"), "SCHEDULE_CONFLICT operations.2.create.startAt"),
        // It clashes with another operation.
        (create(CHIDI, "10:30", "11:30"), "SCHEDULE_CONFLICT operations.2.create.startAt"),
    ] {
        let before = all_rows(&app.database).await;
        let operations = json!([update, create(BRUNA, "10:00", "11:00"), refused, create(JUDE, "16:00", "17:00")]);
        let payload = app.staff().bulk(&operations, true).await;
        assert_eq!(errors(&payload), [vec![], vec![], vec![expected.to_owned()], vec![]]);
        assert_eq!(payload["applied"], json!(0));
        for result in payload["results"].as_array().unwrap() {
            assert_eq!((&result["interview"], &result["eventId"]), (&Value::Null, &Value::Null));
        }
        assert_eq!(all_rows(&app.database).await, before);
        if expected.starts_with("SCHEDULE_CONFLICT") {
            let conflicts = &payload["results"][2]["userErrors"][0]["conflicts"];
            let is_stored = refused["create"]["startAt"].as_str().unwrap().contains("T14:");
            let shown = if is_stored { json!([{"id": taken.to_string()}]) } else { json!([]) };
            assert_eq!(*conflicts, shown, "an interview that is not stored is not shown");
        }
    }
}

#[rstest]
#[tokio::test]
async fn clash_of_two_operations_names_the_side(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let mut other_interviewer = create(BRUNA, "10:30", "11:30");
    other_interviewer["create"]["interviewerId"] = json!(KOFI.to_string());
    for (second, sides) in [
        (create(CHIDI, "10:30", "11:30"), vec!["INTERVIEWER"]),
        (other_interviewer, vec!["INTERVIEWEE"]),
        (create(BRUNA, "10:30", "11:30"), vec!["INTERVIEWER", "INTERVIEWEE"]),
    ] {
        let payload = app.staff().bulk(&json!([create(BRUNA, "10:00", "11:00"), second]), true).await;
        let errors = payload["results"][1]["userErrors"].as_array().unwrap();
        assert_eq!(errors.iter().map(|error| error["side"].as_str().unwrap()).collect::<Vec<_>>(), sides);
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_lock_the_same_interviews_are_all_made(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let mut interviews = Vec::new();
    for hour in ["06:00", "08:00", "10:00", "12:00"] {
        interviews.push(app.book(BRUNA, MONA).at(hour).await);
    }
    let other = Server::new(&app, app.database.connect().await, &[]);
    let before = events(&app.database).await;
    let calls = (0..8).map(|call| {
        let staff = if call % 2 == 0 || database == Sqlite { app.staff() } else { other.staff.clone() };
        let mut operations: Vec<Value> = interviews
            .iter()
            .map(|id| json!({"update": {"id": id.to_string(), "input": {"location": format!("Gate {call}")}}}))
            .collect();
        operations.rotate_left(call % 4);
        async move { staff.bulk(&json!(operations), true).await }
    });
    for payload in join_all(calls).await {
        assert_eq!((errors(&payload), &payload["applied"]), (vec![Vec::<String>::new(); 4], &json!(4)));
    }
    assert_eq!(events(&app.database).await, before + 32);
    let locations =
        "SELECT count(DISTINCT location) FROM interviews WHERE interviewer_id = 1000 AND start_at >= '2025-04-01'";
    assert_eq!(app.database.value::<i64>(locations).await, 1, "the calls were made one after the other");
}
