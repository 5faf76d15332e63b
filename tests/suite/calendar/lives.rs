//! An interview over its life: calendars know it again, and learn of each change.

use super::{Property, entries, entry, value};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::actor::Actor;
use crate::support::people::{JUDE, KOFI, LUISA};
use chrono::TimeDelta;
use interviews::domain::InterviewId;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use rstest::rstest;
use serde_json::{Value, json};

/// What a user tries to do with the interview. Many of these are refused, and then change nothing.
#[derive(Clone, Copy, Debug)]
enum Step {
    Propose { hour: u8, of_staff: bool },
    Accept { of_staff: bool },
    Decline { of_staff: bool },
    Withdraw { of_staff: bool },
    Move { hour: u8 },
    Locate(&'static str),
    Change { kind: &'static str },
    HandOver { to_kofi: bool },
    Reject,
    Cancel,
    Complete,
    MarkNoShow,
    Wait { days: i64 },
}

fn step() -> impl Strategy<Value = Step> {
    let (hour, of_staff) = (11..18_u8, any::<bool>());
    prop_oneof![
        3 => (hour.clone(), of_staff).prop_map(|(hour, of_staff)| Step::Propose { hour, of_staff }),
        3 => of_staff.prop_map(|of_staff| Step::Accept { of_staff }),
        1 => of_staff.prop_map(|of_staff| Step::Decline { of_staff }),
        1 => of_staff.prop_map(|of_staff| Step::Withdraw { of_staff }),
        3 => hour.prop_map(|hour| Step::Move { hour }),
        3 => prop::sample::select(vec!["Gate 1", "Gate 2; left, then \\ up", "https://example.com/room"])
            .prop_map(Step::Locate),
        2 => prop::sample::select(vec!["PHONE_CALL", "VIDEO_CALL", "IN_PERSON"]).prop_map(|kind| Step::Change { kind }),
        1 => any::<bool>().prop_map(|to_kofi| Step::HandOver { to_kofi }),
        1 => Just(Step::Reject),
        1 => Just(Step::Cancel),
        1 => Just(Step::Complete),
        1 => Just(Step::MarkNoShow),
        1 => (1..9_i64).prop_map(|days| Step::Wait { days }),
    ]
}

/// Takes a step; its payload, if it is a mutation.
async fn take(app: &TestApp, id: InterviewId, step: Step) -> Option<Value> {
    let side = |of_staff| if of_staff { app.staff() } else { app.driver() };
    let time = |hour: u8| [format!("{hour}:00"), format!("{hour}:30")];
    let payload = match step {
        Step::Propose { hour, of_staff } => {
            let [start, end] = time(hour);
            side(of_staff).propose(id, &start, &end).await
        }
        Step::Accept { of_staff } => side(of_staff).accept(id).await,
        Step::Decline { of_staff } => side(of_staff).decline(id).await,
        Step::Withdraw { of_staff } => side(of_staff).withdraw(id).await,
        Step::Move { hour } => {
            let [start, end] = time(hour).map(|time| crate::support::booking::at(&time));
            app.staff().update(id, json!({"startAt": start, "endAt": end})).await
        }
        Step::Locate(location) => app.staff().update(id, json!({"location": location})).await,
        Step::Change { kind } => app.staff().update(id, json!({"kind": kind})).await,
        Step::HandOver { to_kofi } => {
            let interviewer = if to_kofi { KOFI } else { LUISA };
            app.staff().update(id, json!({"interviewerId": interviewer.to_string()})).await
        }
        Step::Reject => app.driver().reject(id).await,
        Step::Cancel => app.staff().cancel(id).await,
        Step::Complete => app.staff().complete(id).await,
        Step::MarkNoShow => app.staff().mark_no_show(id, "INTERVIEWEE").await,
        Step::Wait { days } => {
            app.clock.advance(TimeDelta::days(days));
            return None;
        }
    };
    Some(payload)
}

#[rstest]
#[tokio::test]
async fn uid_stays_and_sequence_rises_by_one_with_each_change_that_calendars_show(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let mut runner = TestRunner::new(Config::default());
    let (mut changes, mut ends) = (0, 0);
    for _ in 0..12 {
        let app = start!(database);
        let (of_driver, of_company) = (app.driver().new_feed("MINE").await, app.staff().new_feed("COMPANY").await);
        let life = prop::collection::vec(step(), 8..25).new_tree(&mut runner).unwrap().current();
        let id = app.book(JUDE, LUISA).at("10:00").await;
        let mut before = (entry(&app.staff(), id).await, app.staff().interview(id).await);
        for (number, step) in life.iter().enumerate() {
            let payload = take(&app, id, *step).await;
            app.clock.advance(TimeDelta::seconds(1));
            let after = (entry(&app.staff(), id).await, app.staff().interview(id).await);
            let is_refused = payload.is_some_and(|payload| payload["userErrors"] != json!([]));
            assert!(!is_refused || after == before, "what is refused changes nothing");
            let shows = check_step(&before, &after);
            changes += i32::from(shows);
            ends += i32::from(shows && value(&after.0, "STATUS") == "CANCELLED");
            assert_eq!(value(&after.0, "STATUS"), expected_status(&app, &after.1).await, "{:?}", &life[..=number]);
            before = after;
        }
        check_feed(&app, &app.driver(), &of_driver, id).await;
        check_feed(&app, &app.staff(), &of_company, id).await;
    }
    assert!(changes > 20 && ends > 0, "{changes} changes, {ends} ends");
}

/// Whether calendars show something else after a step.
fn check_step((entry, interview): &(Vec<Property>, Value), (after, interview_after): &(Vec<Property>, Value)) -> bool {
    assert_eq!(value(entry, "UID"), value(after, "UID"));
    assert_eq!(value(entry, "CREATED"), value(after, "CREATED"));
    assert!(value(entry, "LAST-MODIFIED") <= value(after, "LAST-MODIFIED"));
    let is_over = |interview: &Value| ["REJECTED", "CANCELLED"].contains(&interview["status"].as_str().unwrap());
    let shows = ["startAt", "endAt", "location", "kind"].iter().any(|name| interview[name] != interview_after[name])
        || is_over(interview_after) && !is_over(interview);
    let sequence = |entry: &[Property]| value(entry, "SEQUENCE").parse::<i32>().unwrap();
    assert_eq!(sequence(after), sequence(entry) + i32::from(shows), "{interview:#} {interview_after:#}");
    shows
}

/// The status in calendars of an interview that another query shows.
async fn expected_status(app: &TestApp, interview: &Value) -> &'static str {
    let id = interview["id"].as_str().unwrap();
    let before_proposal = format!("SELECT coalesce(amended_from, '') FROM interviews WHERE id = {id}");
    match (interview["status"].as_str().unwrap(), app.database.value::<String>(&before_proposal).await.as_str()) {
        ("PENDING", _) | ("AMENDED", "pending") => "TENTATIVE",
        ("AMENDED", "scheduled") | ("SCHEDULED" | "COMPLETED", _) => "CONFIRMED",
        ("REJECTED" | "CANCELLED" | "NO_SHOW", _) => "CANCELLED",
        other => panic!("{other:?}"),
    }
}

/// Checks that a feed has the same entry as the file of the interview.
async fn check_feed(app: &TestApp, reader: &Actor, path: &str, id: InterviewId) {
    let file = entry(reader, id).await;
    let feed = entries(&app.anonymous().read(path).await.text);
    let same: Vec<_> = feed.iter().filter(|entry| value(entry, "UID") == value(&file, "UID")).collect();
    assert_eq!(same, [&file]);
}
