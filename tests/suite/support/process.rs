//! Real server processes, and clients that reach them over a socket.

use super::database::TestDatabase;
use super::polling::{self, DEADLINE, is_true_in_time};
use super::rest::{etag, interview_path};
use crate::support::http_client;
use chrono::TimeDelta;
use interviews::domain::{InterviewId, UserId};
use interviews::services::{Clock, Tokens};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;
use tokio::sync::oneshot;

/// Runs its arguments as a command, sends it each signal that its own input names, and kills it by `kill -9` when that
/// input ends: when the test says so, or when the test process is gone, however it ended. Signals are ignored so that
/// Ctrl-C ends the test first, and then this.
const GUARDIAN: &str = r#"trap '' HUP INT TERM; "$0" "$@" </dev/null &
while read -r signal; do kill -s "$signal" $!; done; kill -9 $!; wait $! 2>/dev/null"#;

/// `interviews serve`, until it is dropped.
pub struct ServerProcess {
    guardian: Child,
    address: String,
    http: reqwest::Client,
    log: Arc<Mutex<Vec<String>>>,
}

/// A user who calls a server process.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
}

/// The server's response.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub etag: String,
    pub body: Value,
}

impl ServerProcess {
    /// Starts a server on a port of its own, and waits until it is ready.
    pub async fn start(database: &TestDatabase) -> Self {
        Self::start_with(database, &[]).await
    }

    /// The same for more clients than the machine may have time for: no request fails because it waits.
    pub async fn start_for_load(database: &TestDatabase) -> Self {
        Self::start_with(database, &[("DATABASE_TIMEOUT", "1m"), ("REQUEST_TIMEOUT", "1m")]).await
    }

    /// The same with further environment variables.
    pub async fn start_with(database: &TestDatabase, settings: &[(&str, &str)]) -> Self {
        let mut guardian = Command::new("/bin/sh")
            .args(["-c", GUARDIAN, env!("CARGO_BIN_EXE_interviews"), "serve"])
            .env_clear()
            .env("DATABASE_URL", &database.url)
            .env("JWT_SECRET", str::from_utf8(super::SECRET).unwrap())
            .env("BIND", "127.0.0.1:0")
            .env("LOG_FORMAT", "json")
            // No test cuts the power, and flushing each commit takes most of the time of a change.
            .env("DATABASE_SYNCHRONOUS", "normal")
            .envs(settings.iter().copied())
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(guardian.stderr.take().unwrap()).lines();
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        let (listening, address) = oneshot::channel();
        let mut listening = Some(listening);
        let written = log.clone();
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some(address) = address_in(&line) {
                    listening.take().map(|listening| listening.send(address));
                }
                written.lock().unwrap().push(line);
            }
        });
        let mut server = Self { guardian, address: String::new(), http: http(), log };
        let Ok(Ok(address)) = tokio::time::timeout(DEADLINE, address).await else {
            panic!("the server does not listen: {:#?}", server.log.lock().unwrap());
        };
        server.address = address;
        assert!(server.is_ready_in_time().await, "the server is not ready: {:#?}", server.log.lock().unwrap());
        server
    }

    async fn is_ready_in_time(&self) -> bool {
        is_true_in_time(async || self.readiness().await == Some(200)).await
    }

    /// The status of the readiness check; `None` if the server does not respond.
    pub async fn readiness(&self) -> Option<u16> {
        self.status("/readyz").await
    }

    /// The status of a GET; `None` if the server does not respond.
    pub async fn status(&self, path: &str) -> Option<u16> {
        let answer = self.http.get(format!("http://{}{path}", self.address)).send().await;
        answer.ok().map(|answer| answer.status().as_u16())
    }

    /// Stops it without ending it: its connections stay open. Waits until all its threads have stopped.
    pub async fn freeze(&mut self) {
        self.guardian.stdin.as_mut().unwrap().write_all(b"STOP\n").unwrap();
        let threads = format!("/proc/{}/task", self.id());
        let is_stopped = |thread: &fs::DirEntry| {
            let status = fs::read_to_string(thread.path().join("status")).unwrap_or_default();
            status.lines().any(|line| line.starts_with("State:\tT"))
        };
        polling::until(async || fs::read_dir(&threads).unwrap().all(|thread| is_stopped(&thread.unwrap()))).await;
    }

    /// Ends it as `kill -9` does.
    pub fn kill(&mut self) {
        drop(self.guardian.stdin.take());
        self.guardian.wait().unwrap();
    }

    pub fn address(&self) -> SocketAddr {
        self.address.parse().unwrap()
    }

    /// The most memory that it has used since its start, in bytes.
    pub fn peak_memory(&self) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
        peak.unwrap().parse::<usize>().unwrap() * 1024
    }

    /// The number of its process.
    fn id(&self) -> u32 {
        let guardian = self.guardian.id();
        let children = fs::read_to_string(format!("/proc/{guardian}/task/{guardian}/children")).unwrap();
        children.trim().parse().unwrap()
    }

    /// A token for this user.
    pub fn token(id: UserId) -> String {
        let tokens = Tokens::try_new(super::SECRET, None).unwrap();
        tokens.sign(id, Clock::System.now(), TimeDelta::days(1)).unwrap()
    }

    /// A client with a token for this user.
    pub fn user(&self, id: UserId) -> Client {
        Client { http: self.http.clone(), base: format!("http://{}", self.address), token: Self::token(id) }
    }

    /// Waits until the log has a line that contains this text. What the server logs arrives later than its responses.
    pub async fn until_logged(&self, text: &str) {
        let is_logged = is_true_in_time(async || !self.lines_with(text).is_empty()).await;
        assert!(is_logged, "no line with {text:?}: {:#?}", self.log.lock().unwrap());
    }

    /// The lines of the log that contain this text.
    pub fn lines_with(&self, text: &str) -> Vec<String> {
        self.log.lock().unwrap().iter().filter(|line| line.contains(text)).cloned().collect()
    }

    /// The log without lines of level INFO, and without those about open transactions of other tests on the same
    /// PostgreSQL, which delay the event log.
    pub fn complaints(&self) -> Vec<String> {
        let log = self.log.lock().unwrap();
        let complains =
            |line: &&String| !line.contains(r#""level":"INFO""#) && !line.contains("the event log is delayed");
        log.iter().filter(complains).cloned().collect()
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        self.kill();
    }
}

fn http() -> reqwest::Client {
    // A connection that rests longer may be closed by the server while the client begins to use it again.
    let builder = http_client::builder().pool_idle_timeout(Duration::from_secs(2));
    builder.build().unwrap()
}

fn address_in(line: &str) -> Option<String> {
    let fields: Value = serde_json::from_str(line).ok()?;
    (fields["message"] == "listening").then(|| fields["address"].as_str().unwrap().to_owned())
}

impl Client {
    /// A mutation's arguments as GraphQL literals; the whole answer.
    pub async fn mutate(&self, mutation: &str, arguments: &str) -> reqwest::Result<Reply> {
        let selection = "interview { id version status } userErrors { code }";
        let query = format!("mutation {{ {mutation}({arguments}) {{ {selection} }} }}");
        let request = self.http.post(format!("{}/graphql", self.base)).json(&json!({"query": query}));
        self.send(request).await
    }

    /// The response to a GraphQL request, or to a batch of requests.
    pub async fn post(&self, body: &Value) -> reqwest::Result<Reply> {
        self.send(self.http.post(format!("{}/graphql", self.base)).json(body)).await
    }

    /// `PATCH /api/v1/interviews/{id}`
    pub async fn patch(&self, id: InterviewId, fields: Value, version: Option<i64>) -> reqwest::Result<Reply> {
        let request = self.http.patch(format!("{}{}", self.base, interview_path(id)));
        let request = request.json(&json!({"interview": fields}));
        let tag = version.map(|version| etag(id, version));
        self.send(tag.into_iter().fold(request, |request, tag| request.header("if-match", tag))).await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> reqwest::Result<Reply> {
        let answer = request.bearer_auth(&self.token).send().await?;
        let etag = answer.headers().get("etag").map_or("", |tag| tag.to_str().unwrap()).to_owned();
        Ok(Reply { status: answer.status().as_u16(), etag, body: answer.json().await? })
    }
}
