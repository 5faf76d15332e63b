//! A random walk over many interviews of few people, beside a model that knows nothing but who is where when: a change is refused
//! exactly when the model sees a clash, for the same sides and because of the same interviews.

use super::booking::clashes;
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::Actor;
use crate::support::aftermath::double_bookings;
use chrono::{DateTime, TimeDelta, Utc};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rstest::rstest;
use serde_json::Value;
use std::collections::BTreeMap;

type Slot = (DateTime<Utc>, DateTime<Utc>);

/// Application, driver, and the company's interviewers.
const PARTIES: [(i64, i64, [i64; 2]); 3] =
    [(1001, 1_000_001, [1001, 2001]), (1002, 1_000_002, [1001, 2001]), (1051, 1_000_001, [1002, 1002])];

/// An interview that is open.
#[derive(Clone, Debug, PartialEq)]
struct Open {
    driver: i64,
    interviewers: [i64; 2],
    interviewer: i64,
    slot: Slot,
    proposal: Option<Slot>,
    allow_overlap: bool,
}

struct Walk {
    admin: Actor,
    dice: StdRng,
    open: BTreeMap<i64, Open>,
    refused: usize,
    done: usize,
}

fn text(time: DateTime<Utc>) -> String {
    interviews::domain::time::format(time)
}

fn times((start, end): Slot) -> String {
    format!(r#"startAt: "{}", endAt: "{}""#, text(start), text(end))
}

fn slot_in(interview: &Value, start: &str, end: &str) -> Option<Slot> {
    let time = |field: &str| interview[field].as_str()?.parse().ok();
    time(start).zip(time(end))
}

impl Walk {
    fn slot(&mut self) -> Slot {
        let start: DateTime<Utc> = "2025-04-01T10:00:00Z".parse().unwrap();
        let start = start + TimeDelta::minutes(15 * self.dice.random_range(0..60));
        let length = if self.dice.random_bool(0.03) { 1440 } else { 15 * self.dice.random_range(1..5) };
        (start, start + TimeDelta::minutes(length))
    }

    /// The open interviews that keep each side from it.
    fn expected(&self, id: Option<i64>, wanted: &Open) -> Vec<(String, Vec<i64>)> {
        let keeps = |other: &Open| {
            !wanted.allow_overlap
                && !other.allow_overlap
                && wanted.slot.0 < other.slot.1
                && other.slot.0 < wanted.slot.1
        };
        let others = || self.open.iter().filter(|(other, it)| Some(**other) != id && keeps(it));
        let of_interviewer = others().filter(|(_, it)| it.interviewer == wanted.interviewer);
        let of_driver = others().filter(|(_, it)| it.driver == wanted.driver);
        let sides = [
            ("INTERVIEWER".to_owned(), of_interviewer.map(|(id, _)| *id).collect::<Vec<_>>()),
            ("INTERVIEWEE".to_owned(), of_driver.map(|(id, _)| *id).collect()),
        ];
        sides.into_iter().filter(|(_, ids)| !ids.is_empty()).collect()
    }

    /// Compares what came of it with what the model expects.
    fn settle(&mut self, id: Option<i64>, wanted: Open, payload: &Value) {
        let expected = self.expected(id, &wanted);
        let interview = &payload["interview"];
        if interview.is_null() {
            let mut told: Vec<_> = clashes(payload).into_iter().map(|(side, ids, _)| (side, ids)).collect();
            for (_, ids) in &mut told {
                ids.sort_unstable();
            }
            assert_eq!(told, expected, "{id:?} to {wanted:?}");
            self.refused += 1;
            return;
        }
        assert_eq!(expected, [], "{id:?} to {wanted:?}: {interview}");
        let proposal = slot_in(interview, "amendStartAt", "amendEndAt");
        assert_eq!(slot_in(interview, "startAt", "endAt"), Some(wanted.slot));
        self.open.insert(interview["id"].as_str().unwrap().parse().unwrap(), Open { proposal, ..wanted });
        self.done += 1;
    }

    async fn create(&mut self) {
        let (interviewee, driver, interviewers) = *PARTIES.choose(&mut self.dice).unwrap();
        let interviewer = *interviewers.choose(&mut self.dice).unwrap();
        let (slot, allow_overlap) = (self.slot(), self.dice.random_bool(0.15));
        let wanted = Open { driver, interviewers, interviewer, slot, proposal: None, allow_overlap };
        let input = format!(
            "kind: PHONE_CALL, {}, intervieweeId: {interviewee}, interviewerId: {interviewer}, allowOverlap: {allow_overlap}",
            times(slot)
        );
        let payload = self.admin.mutate("createInterview", &format!("input: {{{input}}}")).await;
        self.settle(None, wanted, &payload);
    }

    async fn update(&mut self, id: i64, mut wanted: Open) {
        if self.dice.random_bool(0.6) {
            wanted.slot = self.slot();
        }
        if self.dice.random_bool(0.3) {
            wanted.interviewer = *wanted.interviewers.choose(&mut self.dice).unwrap();
        }
        if self.dice.random_bool(0.3) {
            wanted.allow_overlap = self.dice.random_bool(0.3);
        }
        let (time, interviewer, allowed) = (times(wanted.slot), wanted.interviewer, wanted.allow_overlap);
        let input = format!("{time}, interviewerId: {interviewer}, allowOverlap: {allowed}");
        let payload = self.admin.mutate("updateInterview", &format!("id: {id}, input: {{{input}}}")).await;
        self.settle(Some(id), wanted, &payload);
    }

    /// Proposes another time, or accepts the one that is proposed.
    async fn negotiate(&mut self, id: i64, wanted: Open) {
        if let Some(slot) = wanted.proposal {
            let payload = self.admin.mutate("acceptInterview", &format!("id: {id}, as: INTERVIEWEE")).await;
            self.settle(Some(id), Open { slot, ..wanted }, &payload);
            return;
        }
        let (slot, proposed) = (wanted.slot, self.slot());
        if proposed != slot {
            let input = format!("{}, as: INTERVIEWER", times(proposed));
            let payload = self.admin.mutate("amendInterview", &format!("id: {id}, input: {{{input}}}")).await;
            // A proposal never clashes: it holds no time.
            assert_eq!(payload["interview"]["status"], "AMENDED", "{payload}");
            self.open.insert(id, Open { proposal: Some(proposed), ..wanted });
        }
    }

    async fn cancel(&mut self, id: i64) {
        let payload = self.admin.mutate("cancelInterview", &format!("id: {id}")).await;
        assert_eq!(payload["interview"]["status"], "CANCELLED");
        self.open.remove(&id);
    }

    async fn step(&mut self) {
        let open: Vec<(i64, Open)> = self.open.iter().map(|(id, it)| (*id, it.clone())).collect();
        match (open.choose(&mut self.dice), self.dice.random_range(0..10)) {
            (Some((id, wanted)), 0..3) => self.update(*id, wanted.clone()).await,
            (Some((id, wanted)), 3..6) => self.negotiate(*id, wanted.clone()).await,
            (Some((id, _)), 6) => self.cancel(*id).await,
            _ => self.create().await,
        }
    }
}

#[rstest]
#[tokio::test]
async fn a_change_is_refused_exactly_when_somebody_is_busy(
    #[values(Sqlite, Postgres)] database: Database,
    #[values(1, 2, 3)] seed: u64,
) {
    let app = start!(database);
    let dice = StdRng::seed_from_u64(seed);
    let mut walk = Walk { admin: app.admin(), dice, open: BTreeMap::new(), refused: 0, done: 0 };
    for _ in 0..10 {
        for _ in 0..25 {
            walk.step().await;
        }
        assert_eq!(double_bookings(&app.database).await, Vec::<Value>::new());
    }
    assert!(walk.refused > 30 && walk.done > 30, "{} refused, {} done", walk.refused, walk.done);
}
