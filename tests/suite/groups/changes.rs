//! Changes that arrive together.

use crate::groups::{interviews, place, relocate, server, written_events};
use crate::support::Database::Postgres;
use crate::support::actor::refusals;
use crate::support::booking::times;
use crate::support::lifecycle::history;
use crate::support::people::{JUDE_WITH_LUISA, MONA};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::timeout;

#[tokio::test]
async fn each_change_has_its_own_event() {
    let app = start!(Postgres);
    let (staff, interviews) = (server(&app).await.staff, interviews(&app).await);
    let changes = relocate(&staff, &interviews).await;
    for (number, (id, change)) in interviews.iter().zip(changes).enumerate() {
        let changed = &change["data"]["updateInterview"]["interview"];
        assert_eq!((&changed["id"], &changed["version"]), (&json!(id.to_string()), &json!(2)), "{change}");
        assert_eq!(changed["location"], json!(place(number)));
        let events = history(&staff, id).await;
        let event = events.iter().find(|event| event["type"] == "UPDATED").unwrap();
        assert_eq!(event["changes"], json!([{"field": "location", "from": null, "to": place(number)}]));
        assert_eq!(event["actor"]["id"], json!(MONA.to_string()));
    }
    assert_eq!(written_events(&app, &interviews).await, 12);
}

#[tokio::test]
async fn a_change_alone_is_written_by_the_statement_for_one() {
    let app = start!(Postgres);
    let (_, statements) = app.counting(app.staff().update(JUDE_WITH_LUISA, json!({"location": "x"}))).await;
    assert_eq!(statements, 3, "the first request reads its viewer: {:#?}", app.statements());
    assert!(!app.statements().iter().any(|sql| sql.contains("json_to_recordset")));
}

#[tokio::test]
async fn a_conflict_fails_its_own_change_alone() {
    let app = start!(Postgres);
    let (staff, interviews) = (server(&app).await.staff, interviews(&app).await);
    // One is moved to a time of its interviewer that is taken.
    let input = |number: usize| match number {
        5 => times("08:30", "09:30"),
        _ => json!({"location": place(number)}),
    };
    let changes = join_all(interviews.iter().enumerate().map(|(number, id)| staff.update(id, input(number)))).await;
    let mut conflicts = 0;
    for (number, (id, change)) in interviews.iter().zip(changes).enumerate() {
        let stored = staff.interview(id).await;
        if input(number).get("startAt").is_some() {
            let refusals = refusals(&change);
            assert!(!refusals.is_empty() && refusals.iter().all(|it| it == "SCHEDULE_CONFLICT input.startAt"));
            assert_eq!(stored["version"], json!(1));
            conflicts += 1;
        } else {
            assert_eq!(change["userErrors"], json!([]), "{number}");
            assert_eq!((&stored["version"], &stored["location"]), (&json!(2), &json!(place(number))));
        }
    }
    assert_eq!(conflicts, 1);
    assert_eq!(written_events(&app, &interviews).await, 11);
}

#[tokio::test]
async fn changes_of_one_interview_are_all_made_in_some_order() {
    let app = start!(Postgres);
    let (staff, interviews) = (server(&app).await.staff, interviews(&app).await);
    let repeated: Vec<_> = interviews[..4].iter().cycle().take(16).copied().collect();
    for change in relocate(&staff, &repeated).await {
        assert_eq!(change["data"]["updateInterview"]["userErrors"], json!([]), "{change}");
    }
    for id in &interviews[..4] {
        let mut events = history(&staff, id).await;
        events.retain(|event| event["type"] == "UPDATED");
        assert_eq!(events.len(), 4);
        // Each event begins where the one before it ended.
        let change = |event: &Value, end: &str| event["changes"][0][end].clone();
        assert!(events.windows(2).all(|pair| change(&pair[0], "to") == change(&pair[1], "from")), "{events:#?}");
        assert_eq!(staff.interview(id).await["version"], json!(5));
    }
}

#[tokio::test]
async fn a_request_that_is_given_up_is_made_in_full_or_not_at_all() {
    let app = start!(Postgres);
    let (staff, interviews) = (server(&app).await.staff, interviews(&app).await);
    for (round, milliseconds) in [0, 1, 2, 3, 5, 8].into_iter().enumerate() {
        let change = |number: usize| {
            let (staff, id) = (staff.clone(), interviews[number]);
            let input = json!({"location": format!("{round} {number}")});
            async move { staff.update(id, input).await }
        };
        // The requests of every second interview are dropped.
        let given_up =
            join_all((0..12).step_by(2).map(|number| timeout(Duration::from_millis(milliseconds), change(number))));
        let kept = join_all((1..12).step_by(2).map(change));
        let (_, kept) = tokio::join!(given_up, kept);
        for change in kept {
            assert_eq!(change["userErrors"], json!([]));
        }
    }
    // What is still on its way ends before a change of the same interview.
    for id in &interviews {
        staff.update(id, json!({"location": "end"})).await;
        let versions = format!("SELECT version - 1 FROM interviews WHERE id = {id}");
        let events = format!("SELECT count(*) FROM interview_events WHERE type = 'updated' AND interview_id = {id}");
        let version: i32 = app.database.value(&versions).await;
        assert_eq!(i64::from(version), app.database.value::<i64>(&events).await, "of {id}");
    }
}
