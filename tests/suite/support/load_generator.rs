//! Many concurrent clients that create, move, negotiate and end interviews of a few people at a few overlapping times,
//! and a ledger of the responses that they got.

use super::people::{
    ADA, BRUNA, BRUNA_APPLICATION, BRUNA_COASTAL_APPLICATION, CHIDI, CHIDI_APPLICATION, CHIDI_COASTAL_APPLICATION,
    KOFI, LUISA, MONA, PIET,
};
use super::process::{Client, Reply, ServerProcess};
use interviews::domain::{InterviewId, IntervieweeId, UserId};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// A change that a server acknowledged.
#[derive(Clone, Debug)]
pub struct Acknowledged {
    pub interview: InterviewId,
    pub version: i64,
    pub event: &'static str,
    pub actor: UserId,
    /// A text that the change must have left in the history.
    pub trace: Option<String>,
}

/// The responses that the clients got.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    pub acknowledged: Vec<Acknowledged>,
    /// How often each error code was the response.
    pub refused: BTreeMap<String, u32>,
    /// Responses that no client should ever get.
    pub failures: Vec<String>,
    /// Requests without a response.
    pub lost: usize,
    /// Open interviews of the load, with the latest acknowledged version.
    open: BTreeMap<InterviewId, (Application, i64)>,
}

/// A driver's application to a company, with the staff and interviewers of that company.
#[derive(Clone, Copy, Debug)]
struct Application {
    id: IntervieweeId,
    driver: UserId,
    staff: UserId,
    interviewers: &'static [UserId],
}

/// Both drivers applied to both companies.
const APPLICATIONS: [Application; 4] = [
    Application { id: BRUNA_APPLICATION, driver: BRUNA, staff: MONA, interviewers: &[LUISA, KOFI] },
    Application { id: CHIDI_APPLICATION, driver: CHIDI, staff: MONA, interviewers: &[LUISA, KOFI] },
    Application { id: BRUNA_COASTAL_APPLICATION, driver: BRUNA, staff: PIET, interviewers: &[PIET] },
    Application { id: CHIDI_COASTAL_APPLICATION, driver: CHIDI, staff: PIET, interviewers: &[PIET] },
];

/// The interviewees whose interviews the load changes.
pub const INTERVIEWEES: [IntervieweeId; 4] =
    [BRUNA_APPLICATION, CHIDI_APPLICATION, BRUNA_COASTAL_APPLICATION, CHIDI_COASTAL_APPLICATION];

/// A running load.
pub struct Load {
    pub ledger: Arc<Mutex<Ledger>>,
    stop: Arc<AtomicBool>,
    progress: Arc<Notify>,
    clients: JoinSet<()>,
}

impl Load {
    /// Starts this many clients of these servers. A client stops when its server does not respond any more.
    pub fn start(servers: &[&ServerProcess], clients: u64, ledger: &Arc<Mutex<Ledger>>) -> Self {
        let (stop, progress, ledger) = (Arc::default(), Arc::default(), ledger.clone());
        let mut load = Self { ledger, stop, progress, clients: JoinSet::new() };
        for number in 0..clients {
            let users = servers.iter().map(|server| Users::of(server)).collect();
            let round = load.ledger.lock().unwrap().acknowledged.len();
            let client = Worker {
                users,
                name: format!("client {number} of round {round}"),
                random: StdRng::seed_from_u64(number),
                ledger: load.ledger.clone(),
                stop: load.stop.clone(),
                progress: load.progress.clone(),
            };
            load.clients.spawn(client.run());
        }
        load
    }

    /// Waits until this many changes were acknowledged since the beginning of the ledger.
    pub async fn until(&mut self, acknowledged: usize) {
        while self.ledger.lock().unwrap().acknowledged.len() < acknowledged {
            assert!(self.clients.try_join_next().is_none(), "a server has gone: {:?}", self.ledger.lock().unwrap());
            self.progress.notified().await;
        }
    }

    /// Lets every client finish its current request.
    pub async fn finish(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.gone().await;
    }

    /// Waits until every client has stopped by itself.
    pub async fn gone(self) {
        self.clients.join_all().await;
    }
}

/// The users of one server.
struct Users(BTreeMap<UserId, Client>);

impl Users {
    fn of(server: &ServerProcess) -> Self {
        let ids = APPLICATIONS.iter().flat_map(|application| [application.staff, application.driver]).chain([ADA]);
        Self(ids.map(|id| (id, server.user(id))).collect())
    }
}

struct Worker {
    users: Vec<Users>,
    name: String,
    random: StdRng,
    ledger: Arc<Mutex<Ledger>>,
    stop: Arc<AtomicBool>,
    progress: Arc<Notify>,
}

/// The next request of a worker.
struct Planned {
    application: Application,
    actor: UserId,
    event: &'static str,
    mutation: &'static str,
    arguments: String,
    trace: Option<String>,
    /// The same over REST.
    patch: Option<(InterviewId, Value, Option<i64>)>,
}

impl Worker {
    async fn run(mut self) {
        let mut number = 0;
        while !self.stop.load(Ordering::Relaxed) {
            number += 1;
            let planned = self.plan(format!("{}, request {number}", self.name));
            let users = self.users.choose(&mut self.random).unwrap();
            let client = users.0[&planned.actor].clone();
            let response = match &planned.patch {
                Some((id, fields, version)) => client.patch(*id, fields.clone(), *version).await,
                None => client.mutate(planned.mutation, &planned.arguments).await,
            };
            let mut ledger = self.ledger.lock().unwrap();
            self.progress.notify_one();
            let Ok(reply) = response else {
                ledger.lost += 1;
                return;
            };
            ledger.enter(&planned, &reply);
        }
    }

    fn slot(&mut self) -> (String, String) {
        let start = 15 * self.random.random_range(0..9);
        let time = |minutes: i32| format!("2025-04-01T{:02}:{:02}:00Z", 10 + minutes / 60, minutes % 60);
        (time(start), time(start + 30))
    }

    fn plan(&mut self, trace: String) -> Planned {
        let open: Vec<_> = self.ledger.lock().unwrap().open.iter().map(|(id, known)| (*id, *known)).collect();
        match open.choose(&mut self.random) {
            Some((id, (application, version))) if self.random.random_bool(0.8) => {
                self.change(*id, *application, *version, trace)
            }
            _ => self.create(trace),
        }
    }

    fn create(&mut self, trace: String) -> Planned {
        let application = *APPLICATIONS.choose(&mut self.random).unwrap();
        let (start, end) = self.slot();
        let (interviewer, interviewee) = (application.interviewers.choose(&mut self.random).unwrap(), application.id);
        let arguments = format!(
            r#"input: {{kind: PHONE_CALL, startAt: "{start}", endAt: "{end}", intervieweeId: {interviewee},
                interviewerId: {interviewer}, location: "{trace}"}}"#
        );
        let actor = if self.random.random_bool(0.1) { ADA } else { application.staff };
        let mutation = "createInterview";
        Planned { application, actor, event: "created", mutation, arguments, trace: Some(trace), patch: None }
    }

    fn change(&mut self, id: InterviewId, application: Application, version: i64, trace: String) -> Planned {
        let version = self.random.random_bool(0.3).then_some(version);
        let expected = version.map_or(String::new(), |version| format!(", expectedVersion: {version}"));
        let (start, end) = self.slot();
        let interviewer = application.interviewers.choose(&mut self.random).unwrap();
        let (actor, side) = *[(application.staff, "INTERVIEWER"), (application.driver, "INTERVIEWEE")]
            .choose(&mut self.random)
            .unwrap();
        let (actor, acting) =
            if self.random.random_bool(0.1) { (ADA, format!(", as: {side}")) } else { (actor, String::new()) };
        let time = format!(r#"startAt: "{start}", endAt: "{end}""#);
        let plain = format!("id: {id}{acting}{expected}");
        let reason = format!(r#"id: {id}, reason: "{trace}"{expected}"#);
        let update = |fields: String| format!(r#"id: {id}, input: {{location: "{trace}"{fields}}}{expected}"#);
        let amend = format!("id: {id}, input: {{{time}{acting}}}{expected}");
        let (who, event, mutation, arguments, traced) = match self.random.random_range(0..100) {
            0..24 => (application.staff, "updated", "updateInterview", update(format!(", {time}")), true),
            24..32 => (
                application.staff,
                "updated",
                "updateInterview",
                update(format!(", interviewerId: {interviewer}")),
                true,
            ),
            32..37 => (application.staff, "updated", "updateInterview", update(String::new()), true),
            37..60 => (actor, "amended", "amendInterview", amend, false),
            60..85 => (actor, "accepted", "acceptInterview", plain, false),
            85..89 => (actor, "amendment_declined", "declineAmendment", plain, false),
            89..93 => (actor, "amendment_withdrawn", "withdrawAmendment", plain, false),
            93..98 => (application.staff, "cancelled", "cancelInterview", reason, true),
            _ => (application.driver, "rejected", "rejectInterview", reason, true),
        };
        let over_rest = mutation == "updateInterview" && self.random.random_bool(0.3);
        let fields = json!({"location": trace, "start_at": start, "end_at": end});
        let patch = over_rest.then_some((id, fields, version));
        Planned { application, actor: who, event, mutation, arguments, trace: traced.then_some(trace), patch }
    }
}

impl Ledger {
    fn enter(&mut self, planned: &Planned, reply: &Reply) {
        let payload = &reply.body["data"][planned.mutation];
        let rest = planned.patch.is_some();
        if reply.status >= 500 || (!rest && !payload.is_object()) {
            self.failures.push(format!("{} {}: {} {}", planned.mutation, planned.arguments, reply.status, reply.body));
            return;
        }
        let id = |value: &Value| value.as_str().and_then(|id| id.parse().ok()).map(InterviewId);
        let done = if rest {
            version_of(&reply.etag)
        } else {
            id(&payload["interview"]["id"]).zip(payload["interview"]["version"].as_i64())
        };
        let Some((interview, version)) = done else {
            let errors = if rest { &reply.body["errors"] } else { &payload["userErrors"] };
            for error in errors.as_array().unwrap() {
                *self.refused.entry(error["code"].as_str().unwrap().to_owned()).or_default() += 1;
            }
            return;
        };
        let (event, actor, trace) = (planned.event, planned.actor, planned.trace.clone());
        self.acknowledged.push(Acknowledged { interview, version, event, actor, trace });
        if ["cancelled", "rejected"].contains(&event) {
            self.open.remove(&interview);
        } else if event == "created" {
            self.open.insert(interview, (planned.application, version));
        } else if let Some((_, known)) = self.open.get_mut(&interview) {
            *known = version.max(*known);
        }
    }
}

/// Reads `W/"27-3"`.
fn version_of(etag: &str) -> Option<(InterviewId, i64)> {
    let (id, version) = etag.trim_start_matches("W/").trim_matches('"').split_once('-')?;
    id.parse().ok().map(InterviewId).zip(version.parse().ok())
}
