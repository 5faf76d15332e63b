//! Many clients at once who book, move, negotiate and call off interviews of a few people in a few slots that overlap;
//! and a ledger of what they were answered.

use super::process::{Client, Reply, ServerProcess};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// A change that a server said it had made.
#[derive(Clone, Debug)]
pub struct Acknowledged {
    pub interview: i64,
    pub version: i64,
    pub event: &'static str,
    pub actor: i64,
    /// A text that the change must have left in the history.
    pub trace: Option<String>,
}

/// What the clients were answered.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    pub acknowledged: Vec<Acknowledged>,
    /// How often each code was answered.
    pub refused: BTreeMap<String, u32>,
    /// What no client should ever be answered.
    pub failures: Vec<String>,
    /// Requests without an answer.
    pub lost: usize,
    /// Interviews that were booked and not ended, with the latest version that anybody was told.
    open: BTreeMap<i64, (Party, i64)>,
}

/// Who belongs together: a company's staff, interviewers and an application of a driver.
#[derive(Clone, Copy, Debug)]
pub struct Party {
    staff: i64,
    interviewers: &'static [i64],
    interviewee: i64,
    driver: i64,
}

/// Two drivers, who applied to both companies.
const PARTIES: [Party; 4] = [
    Party { staff: 1000, interviewers: &[1001, 2001], interviewee: 1001, driver: 1_000_001 },
    Party { staff: 1000, interviewers: &[1001, 2001], interviewee: 1002, driver: 1_000_002 },
    Party { staff: 1002, interviewers: &[1002], interviewee: 1051, driver: 1_000_001 },
    Party { staff: 1002, interviewers: &[1002], interviewee: 1052, driver: 1_000_002 },
];
const ADMIN: i64 = 1;

/// Those whose interviews the load changes.
pub const INTERVIEWEES: [i64; 4] = [1001, 1002, 1051, 1052];

/// A running load.
pub struct Load {
    pub ledger: Arc<Mutex<Ledger>>,
    stop: Arc<AtomicBool>,
    clients: JoinSet<()>,
}

impl Load {
    /// Lets so many clients loose on these servers. Each stops when its server does not answer any more.
    pub fn start(servers: &[&ServerProcess], clients: u64, ledger: &Arc<Mutex<Ledger>>) -> Self {
        let mut load = Self { ledger: ledger.clone(), stop: Arc::default(), clients: JoinSet::new() };
        for number in 0..clients {
            let users = servers.iter().map(|server| Users::of(server)).collect();
            let round = ledger.lock().unwrap().acknowledged.len();
            let client = Worker {
                users,
                name: format!("client {number} of round {round}"),
                dice: StdRng::seed_from_u64(number),
                ledger: ledger.clone(),
                stop: load.stop.clone(),
            };
            load.clients.spawn(client.run());
        }
        load
    }

    /// Waits until so many changes were acknowledged since the beginning of the ledger.
    pub async fn until(&mut self, acknowledged: usize) {
        while self.ledger.lock().unwrap().acknowledged.len() < acknowledged {
            assert!(self.clients.try_join_next().is_none(), "a server has gone: {:?}", self.ledger.lock().unwrap());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Lets every client finish what it has begun, not before this time has passed.
    pub async fn finish_after(self, time: Duration) {
        let end = Instant::now() + time;
        tokio::time::sleep_until(end).await;
        self.stop.store(true, Ordering::Relaxed);
        self.gone().await;
    }

    /// Waits until every client has stopped by itself.
    pub async fn gone(self) {
        self.clients.join_all().await;
    }
}

/// The users of one server.
struct Users(BTreeMap<i64, Client>);

impl Users {
    fn of(server: &ServerProcess) -> Self {
        let ids = PARTIES.iter().flat_map(|party| [party.staff, party.driver]).chain([ADMIN]);
        Self(ids.map(|id| (id, server.user(id))).collect())
    }
}

struct Worker {
    users: Vec<Users>,
    name: String,
    dice: StdRng,
    ledger: Arc<Mutex<Ledger>>,
    stop: Arc<AtomicBool>,
}

/// What a worker asks for next.
struct Wish {
    party: Party,
    actor: i64,
    event: &'static str,
    mutation: &'static str,
    arguments: String,
    trace: Option<String>,
    /// The same over REST.
    patch: Option<(i64, Value, Option<i64>)>,
}

impl Worker {
    async fn run(mut self) {
        let mut number = 0;
        while !self.stop.load(Ordering::Relaxed) {
            number += 1;
            let wish = self.wish(format!("{}, request {number}", self.name));
            let users = self.users.choose(&mut self.dice).unwrap();
            let client = users.0[&wish.actor].clone();
            let answer = match &wish.patch {
                Some((id, fields, version)) => client.patch(*id, fields.clone(), *version).await,
                None => client.mutate(wish.mutation, &wish.arguments).await,
            };
            let mut ledger = self.ledger.lock().unwrap();
            let Ok(reply) = answer else {
                ledger.lost += 1;
                return;
            };
            ledger.enter(&wish, &reply);
        }
    }

    fn slot(&mut self) -> (String, String) {
        let start = 15 * self.dice.random_range(0..9);
        let time = |minutes: i32| format!("2025-04-01T{:02}:{:02}:00Z", 10 + minutes / 60, minutes % 60);
        (time(start), time(start + 30))
    }

    fn wish(&mut self, trace: String) -> Wish {
        let open: Vec<_> = self.ledger.lock().unwrap().open.iter().map(|(id, known)| (*id, *known)).collect();
        match open.choose(&mut self.dice) {
            Some((id, (party, version))) if self.dice.random_bool(0.8) => self.change(*id, *party, *version, trace),
            _ => self.create(trace),
        }
    }

    fn create(&mut self, trace: String) -> Wish {
        let party = *PARTIES.choose(&mut self.dice).unwrap();
        let (start, end) = self.slot();
        let (interviewer, interviewee) = (party.interviewers.choose(&mut self.dice).unwrap(), party.interviewee);
        let arguments = format!(
            r#"input: {{kind: PHONE_CALL, startAt: "{start}", endAt: "{end}", intervieweeId: {interviewee},
                interviewerId: {interviewer}, location: "{trace}"}}"#
        );
        let actor = if self.dice.random_bool(0.1) { ADMIN } else { party.staff };
        let mutation = "createInterview";
        Wish { party, actor, event: "created", mutation, arguments, trace: Some(trace), patch: None }
    }

    fn change(&mut self, id: i64, party: Party, version: i64, trace: String) -> Wish {
        let version = self.dice.random_bool(0.3).then_some(version);
        let expected = version.map_or(String::new(), |version| format!(", expectedVersion: {version}"));
        let (start, end) = self.slot();
        let interviewer = party.interviewers.choose(&mut self.dice).unwrap();
        let (actor, side) =
            *[(party.staff, "INTERVIEWER"), (party.driver, "INTERVIEWEE")].choose(&mut self.dice).unwrap();
        let (actor, acting) =
            if self.dice.random_bool(0.1) { (ADMIN, format!(", as: {side}")) } else { (actor, String::new()) };
        let time = format!(r#"startAt: "{start}", endAt: "{end}""#);
        let plain = format!("id: {id}{acting}{expected}");
        let reason = format!(r#"id: {id}, reason: "{trace}"{expected}"#);
        let update = |fields: String| format!(r#"id: {id}, input: {{location: "{trace}"{fields}}}{expected}"#);
        let amend = format!("id: {id}, input: {{{time}{acting}}}{expected}");
        let (who, event, mutation, arguments, traced) = match self.dice.random_range(0..100) {
            0..24 => (party.staff, "updated", "updateInterview", update(format!(", {time}")), true),
            24..32 => {
                (party.staff, "updated", "updateInterview", update(format!(", interviewerId: {interviewer}")), true)
            }
            32..37 => (party.staff, "updated", "updateInterview", update(String::new()), true),
            37..60 => (actor, "amended", "amendInterview", amend, false),
            60..85 => (actor, "accepted", "acceptInterview", plain, false),
            85..89 => (actor, "amendment_declined", "declineAmendment", plain, false),
            89..93 => (actor, "amendment_withdrawn", "withdrawAmendment", plain, false),
            93..98 => (party.staff, "cancelled", "cancelInterview", reason, true),
            _ => (party.driver, "rejected", "rejectInterview", reason, true),
        };
        let over_rest = mutation == "updateInterview" && self.dice.random_bool(0.3);
        let fields = json!({"location": trace, "start_at": start, "end_at": end});
        let patch = over_rest.then_some((id, fields, version));
        Wish { party, actor: who, event, mutation, arguments, trace: traced.then_some(trace), patch }
    }
}

impl Ledger {
    fn enter(&mut self, wish: &Wish, reply: &Reply) {
        let payload = &reply.body["data"][wish.mutation];
        let rest = wish.patch.is_some();
        if reply.status >= 500 || (!rest && !payload.is_object()) {
            self.failures.push(format!("{} {}: {} {}", wish.mutation, wish.arguments, reply.status, reply.body));
            return;
        }
        let number = |value: &Value| value.as_str().and_then(|id| id.parse().ok());
        let done = if rest {
            version_of(&reply.etag)
        } else {
            number(&payload["interview"]["id"]).zip(payload["interview"]["version"].as_i64())
        };
        let Some((interview, version)) = done else {
            let errors = if rest { &reply.body["errors"] } else { &payload["userErrors"] };
            for error in errors.as_array().unwrap() {
                *self.refused.entry(error["code"].as_str().unwrap().to_owned()).or_default() += 1;
            }
            return;
        };
        let (event, actor, trace) = (wish.event, wish.actor, wish.trace.clone());
        self.acknowledged.push(Acknowledged { interview, version, event, actor, trace });
        if ["cancelled", "rejected"].contains(&event) {
            self.open.remove(&interview);
        } else if event == "created" {
            self.open.insert(interview, (wish.party, version));
        } else if let Some((_, known)) = self.open.get_mut(&interview) {
            *known = version.max(*known);
        }
    }
}

/// Reads `W/"27-3"`.
fn version_of(etag: &str) -> Option<(i64, i64)> {
    let (id, version) = etag.trim_start_matches("W/").trim_matches('"').split_once('-')?;
    id.parse().ok().zip(version.parse().ok())
}
