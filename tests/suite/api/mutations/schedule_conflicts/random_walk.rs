//! A random walk over many interviews of few people, compared with a model that knows only who is busy when: a change
//! is refused exactly when the model has a conflict, for the same sides and because of the same interviews.

use super::conflicts;
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::Actor;
use crate::support::invariants::double_bookings;
use crate::support::people::{
    BRUNA, BRUNA_APPLICATION, BRUNA_COASTAL_APPLICATION, CHIDI, CHIDI_APPLICATION, KOFI, LUISA, PIET,
};
use chrono::{DateTime, TimeDelta, Utc};
use interviews::domain::{InterviewId, IntervieweeId, UserId};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rstest::rstest;
use serde_json::Value;
use std::collections::BTreeMap;

type Slot = (DateTime<Utc>, DateTime<Utc>);

/// Applications with their drivers and the interviewers of the company.
const APPLICATIONS: [(IntervieweeId, UserId, [UserId; 2]); 3] = [
    (BRUNA_APPLICATION, BRUNA, [LUISA, KOFI]),
    (CHIDI_APPLICATION, CHIDI, [LUISA, KOFI]),
    (BRUNA_COASTAL_APPLICATION, BRUNA, [PIET, PIET]),
];

/// An open interview.
#[derive(Clone, Debug, PartialEq)]
struct Open {
    driver: UserId,
    interviewers: [UserId; 2],
    interviewer: UserId,
    slot: Slot,
    proposal: Option<Slot>,
    allow_overlap: bool,
}

struct Walk {
    admin: Actor,
    dice: StdRng,
    open: BTreeMap<InterviewId, Open>,
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

    /// The open interviews of each side that conflict with this one.
    fn expected(&self, id: Option<InterviewId>, wanted: &Open) -> Vec<(&'static str, Vec<InterviewId>)> {
        let overlaps = |other: &Open| {
            !wanted.allow_overlap
                && !other.allow_overlap
                && wanted.slot.0 < other.slot.1
                && other.slot.0 < wanted.slot.1
        };
        let others = || self.open.iter().filter(|(other, it)| Some(**other) != id && overlaps(it));
        let of_interviewer = others().filter(|(_, it)| it.interviewer == wanted.interviewer);
        let of_driver = others().filter(|(_, it)| it.driver == wanted.driver);
        let sides = [
            ("INTERVIEWER", of_interviewer.map(|(id, _)| *id).collect::<Vec<_>>()),
            ("INTERVIEWEE", of_driver.map(|(id, _)| *id).collect()),
        ];
        sides.into_iter().filter(|(_, ids)| !ids.is_empty()).collect()
    }

    /// Compares the payload with the model, and applies the change to the model.
    fn compare(&mut self, id: Option<InterviewId>, wanted: Open, payload: &Value) {
        let expected = self.expected(id, &wanted);
        let interview = &payload["interview"];
        if interview.is_null() {
            assert_eq!(conflicts(payload), expected, "{id:?} to {wanted:?}");
            self.refused += 1;
            return;
        }
        assert_eq!(expected, [], "{id:?} to {wanted:?}: {interview}");
        let proposal = slot_in(interview, "amendStartAt", "amendEndAt");
        assert_eq!(slot_in(interview, "startAt", "endAt"), Some(wanted.slot));
        assert_eq!(interview["allowOverlap"], wanted.allow_overlap);
        let id = InterviewId(interview["id"].as_str().unwrap().parse().unwrap());
        self.open.insert(id, Open { proposal, ..wanted });
        self.done += 1;
    }

    async fn create(&mut self) {
        let (interviewee, driver, interviewers) = *APPLICATIONS.choose(&mut self.dice).unwrap();
        let interviewer = *interviewers.choose(&mut self.dice).unwrap();
        let (slot, allow_overlap) = (self.slot(), self.dice.random_bool(0.15));
        let wanted = Open { driver, interviewers, interviewer, slot, proposal: None, allow_overlap };
        let input = format!(
            "kind: PHONE_CALL, {}, intervieweeId: {interviewee}, interviewerId: {interviewer}, \
             allowOverlap: {allow_overlap}",
            times(slot)
        );
        let payload = self.admin.mutate("createInterview", &format!("input: {{{input}}}")).await;
        self.compare(None, wanted, &payload);
    }

    async fn update(&mut self, id: InterviewId, mut wanted: Open) {
        let before = (wanted.slot, wanted.interviewer);
        if self.dice.random_bool(0.6) {
            wanted.slot = self.slot();
        }
        if self.dice.random_bool(0.3) {
            wanted.interviewer = *wanted.interviewers.choose(&mut self.dice).unwrap();
        }
        // The permission ends with the time and the interviewer, unless it is given anew.
        wanted.allow_overlap &= (wanted.slot, wanted.interviewer) == before;
        let asked = self.dice.random_bool(0.3).then(|| self.dice.random_bool(0.5));
        wanted.allow_overlap = asked.unwrap_or(wanted.allow_overlap);
        let (time, interviewer) = (times(wanted.slot), wanted.interviewer);
        let asked = asked.map_or_else(String::new, |allowed| format!(", allowOverlap: {allowed}"));
        let input = format!("{time}, interviewerId: {interviewer}{asked}");
        let payload = self.admin.mutate("updateInterview", &format!("id: {id}, input: {{{input}}}")).await;
        self.compare(Some(id), wanted, &payload);
    }

    /// Proposes another time, or accepts the open proposal.
    async fn negotiate(&mut self, id: InterviewId, wanted: Open) {
        if let Some(slot) = wanted.proposal {
            let payload = self.admin.accept(id).await;
            let allow_overlap = wanted.allow_overlap && wanted.slot == slot;
            self.compare(Some(id), Open { slot, allow_overlap, ..wanted }, &payload);
            return;
        }
        let (slot, proposed) = (wanted.slot, self.slot());
        if proposed != slot {
            let input = format!("{}, as: INTERVIEWER", times(proposed));
            let payload = self.admin.mutate("amendInterview", &format!("id: {id}, input: {{{input}}}")).await;
            // A proposal reserves no time, so it has no conflicts.
            assert_eq!(payload["interview"]["status"], "AMENDED", "{payload}");
            self.open.insert(id, Open { proposal: Some(proposed), ..wanted });
        }
    }

    async fn cancel(&mut self, id: InterviewId) {
        let payload = self.admin.cancel(id).await;
        assert_eq!(payload["interview"]["status"], "CANCELLED");
        self.open.remove(&id);
    }

    async fn step(&mut self) {
        let open: Vec<(InterviewId, Open)> = self.open.iter().map(|(id, it)| (*id, it.clone())).collect();
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
async fn change_is_refused_exactly_when_the_model_has_a_conflict(
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
