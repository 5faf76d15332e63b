//! A database that is lost: every way in says so with a code, within the time that a request waits for a connection, and the server
//! goes on by itself once the database is back.
//!
//! Only a database behind a network can be lost like this. SQLite's can be locked by another process, which is a matter of waiting
//! (`timeouts`), and either can be damaged (`failures`).

use super::configured_server::{Server, UPDATE, UPDATES};
use crate::support::Database::Postgres;
use crate::support::{TestApp, cluster};
use interviews::storage::{DatabaseOptions, Db};
use sea_orm::ConnectionTrait;
use sea_orm::sqlx::postgres::PgConnectOptions;
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixListener};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// Fails unless every way in says with a code that the server cannot work, and tells no more.
async fn assert_lost(server: &Server) {
    for query in
        ["{ viewer { id company { id } } }", "{ interview(id: 27) { id } }", "{ interviews { totalCount } }", UPDATE]
    {
        let answer = server.graphql(query).await;
        let body = answer.json();
        assert_eq!(answer.status, 200, "as of every well-formed request");
        assert_eq!(body["errors"].as_array().unwrap().len(), 1, "{body}");
        let error = &body["errors"][0];
        assert_eq!(error["message"], "internal error", "{body}");
        assert_eq!(error["extensions"], json!({"code": "INTERNAL", "requestId": answer.header("x-request-id")}));
    }
    let answer = server.patch().await;
    let error = json!({"code": "INTERNAL", "message": "internal error", "path": []});
    assert_eq!((answer.status.as_u16(), answer.json()), (503, json!({"errors": [error]})));
    let ready = server.get("/readyz").await;
    assert_eq!((ready.status.as_u16(), ready.json()), (503, json!({"status": "the database does not answer"})));
    // What needs no database goes on.
    assert_eq!(server.get("/livez").await.status, 200);
}

/// Fails unless everything works at the first try, and what was lost before stays so.
async fn assert_back(server: &Server, app: &TestApp) {
    let made = server.graphql(UPDATE).await.json();
    assert_eq!(made, json!({"data": {"updateInterview": {"interview": {"version": 2}, "userErrors": []}}}));
    assert_eq!(server.patch().await.status, 200);
    assert_eq!(server.get("/readyz").await.status, 200);
    assert_eq!(app.database.value::<i64>(UPDATES).await, 1);
}

/// A way to the database that can be blocked.
struct Way {
    folder: TempDir,
    url: String,
    silent: watch::Sender<bool>,
    open: Option<JoinHandle<()>>,
}

impl Way {
    fn to(url: &str) -> Self {
        let (folder, silent) = (TempDir::new().unwrap(), watch::Sender::new(false));
        let mut way = Self { folder, url: url.to_owned(), silent, open: None };
        way.open();
        way
    }

    /// Connects through it.
    async fn connect(&self, max_connections: u32) -> Db {
        let separator = if self.url.contains('?') { '&' } else { '?' };
        let url = format!("{}{separator}host={}&port=5432", self.url, self.folder.path().display());
        let acquire_timeout = Duration::from_secs(1);
        Db::connect(&DatabaseOptions { url, max_connections, acquire_timeout, create: false }).await.unwrap()
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join(".s.PGSQL.5432")
    }

    /// Lets connections through.
    fn open(&mut self) {
        let _ = std::fs::remove_file(self.socket());
        let listener = UnixListener::bind(self.socket()).unwrap();
        let (database, silent): (PgConnectOptions, _) = (self.url.parse().unwrap(), self.silent.subscribe());
        self.open = Some(tokio::spawn(async move {
            // All of them end with this task.
            let mut connections = JoinSet::new();
            loop {
                let (client, server) = listener.accept().await.unwrap().0.into_split();
                let socket = TcpStream::connect((database.get_host(), database.get_port())).await.unwrap();
                let (answers, requests) = socket.into_split();
                connections.spawn(forward(client, requests, silent.clone()));
                connections.spawn(forward(answers, server, silent.clone()));
            }
        }));
    }

    /// Cuts every connection and refuses new ones.
    async fn close(&mut self) {
        let open = self.open.take().unwrap();
        open.abort();
        assert!(open.await.unwrap_err().is_cancelled());
    }
}

/// Passes on what it reads, later if the way is silent.
async fn forward(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, mut silent: watch::Receiver<bool>) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        if silent.wait_for(|silent| !silent).await.is_err() || to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn a_database_that_is_gone_is_found_again() {
    let app = start!(Postgres);
    let mut way = Way::to(&app.database.url);
    let server = Server::new(&app, way.connect(5).await, &[]);
    server.graphql("{ viewer { id } }").await;
    way.close().await;
    assert_lost(&server).await;
    way.open();
    assert_back(&server, &app).await;
}

#[tokio::test]
async fn a_database_that_lets_nobody_in_is_found_again() {
    let app = start!(Postgres);
    let server = Server::new(&app, app.app.services().db().clone(), &[]);
    let name = app.database.url.parse::<PgConnectOptions>().unwrap().get_database().unwrap().to_owned();
    let admin = sea_orm::Database::connect(&cluster::server().unwrap().admin_url).await.unwrap();
    let allow = async |allowed: bool| {
        let sql = format!(
            "ALTER DATABASE {name} ALLOW_CONNECTIONS {allowed};
             SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = '{name}'"
        );
        admin.execute_unprepared(&sql).await.unwrap();
    };
    server.graphql("{ viewer { id } }").await;
    allow(false).await;
    assert_lost(&server).await;
    allow(true).await;
    assert_back(&server, &app).await;
}

#[tokio::test]
async fn connections_that_were_cut_meanwhile_are_replaced() {
    let app = start!(Postgres);
    let mut way = Way::to(&app.database.url);
    let server = Server::new(&app, way.connect(3).await, &[]);
    let list = "{ interviews(first: 3) { nodes { interviewee { id } interviewer { id } } totalCount } }";
    futures_util::future::join_all((0..9).map(|_| server.graphql(list))).await;
    way.close().await;
    way.open();
    // Each of them is noticed when it is used, and fails one request at most.
    for _ in 0..3 {
        let answer = server.graphql(list).await.json();
        let error = &answer["errors"][0]["extensions"]["code"];
        assert!(error.is_null() || error == "INTERNAL", "{answer}");
    }
    assert_back(&server, &app).await;
}

#[tokio::test]
async fn a_database_that_falls_silent_is_not_waited_for() {
    let app = start!(Postgres);
    let way = Way::to(&app.database.url);
    let db = way.connect(1).await;
    let (hasty, patient) = (Server::new(&app, db.clone(), &["--request-timeout", "300ms"]), Server::new(&app, db, &[]));
    patient.graphql("{ viewer { id } }").await;
    hasty.graphql("{ viewer { id } }").await;

    way.silent.send_replace(true);
    // The one connection there is waits for an answer; whoever needs one too does not wait for long.
    assert_eq!(hasty.graphql(UPDATE).await.json()["errors"][0]["extensions"]["code"], "TIMEOUT");
    assert_lost(&patient).await;
    way.silent.send_replace(false);
    assert_back(&patient, &app).await;
}
