//! Outages of PostgreSQL: every API answers with a code within the time that a request waits for a connection, and the
//! server recovers without a restart. `timeouts` has locked databases, `internal_errors` damaged ones.

use super::configured_server::{Server, UPDATES, update};
use crate::support::Database::Postgres;
use crate::support::people::JUDE_WITH_LUISA;
use crate::support::{TestApp, cluster};
use interviews::storage::{DatabaseOptions, Db, Synchronous};
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

/// Fails unless GraphQL, REST and the readiness check report the outage with their codes, without its cause.
async fn assert_fails_with(server: &Server, code: &str) {
    let by_id = format!("{{ interview(id: {JUDE_WITH_LUISA}) {{ id }} }}");
    for query in ["{ viewer { id company { id } } }", &by_id, "{ interviews { totalCount } }", &update()] {
        let answer = server.graphql(query).await;
        let body = answer.json();
        assert_eq!(answer.status, 200, "the status of every well-formed request");
        assert_eq!(body["errors"].as_array().unwrap().len(), 1, "{body}");
        let error = &body["errors"][0];
        assert_eq!(error["extensions"], json!({"code": code, "retryable": true}), "{body}");
    }
    let answer = server.patch().await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, "1"));
    assert_eq!(answer.json()["errors"][0]["code"], code);
    let ready = server.get("/readyz").await;
    assert_eq!(ready.status, 503);
    assert_json!(ready.json(), @r#"
    {
      "checks": {"database": "unreachable", "schema": "unknown"},
      "status": "the database does not answer"
    }
    "#);
    // The liveness check needs no database.
    assert_eq!(server.get("/livez").await.status, 200);
}

/// Fails unless every request succeeds at once, and failed changes have no effect.
async fn assert_back(server: &Server, app: &TestApp) {
    assert_json!(server.graphql(&update()).await.json(), @r#"
    {
      "data": {"updateInterview": {"interview": {"version": 2}, "userErrors": []}}
    }
    "#);
    assert_eq!(server.patch().await.status, 200);
    server.until_ready().await;
    assert_eq!(app.database.value::<i64>(UPDATES).await, 1);
}

/// A proxy in front of the database that can refuse or delay.
struct Proxy {
    folder: TempDir,
    url: String,
    silent: watch::Sender<bool>,
    open: Option<JoinHandle<()>>,
}

impl Proxy {
    fn to(url: &str) -> Self {
        let (folder, silent) = (TempDir::new().unwrap(), watch::Sender::new(false));
        let mut proxy = Self { folder, url: url.to_owned(), silent, open: None };
        proxy.open();
        proxy
    }

    /// Connections through the proxy.
    async fn connect(&self, max_connections: u32) -> Db {
        let separator = if self.url.contains('?') { '&' } else { '?' };
        let url = format!("{}{separator}host={}&port=5432", self.url, self.folder.path().display());
        let acquire_timeout = Duration::from_secs(1);
        let options = DatabaseOptions {
            url,
            max_connections,
            acquire_timeout,
            request_timeout: None,
            create: false,
            synchronous: Synchronous::Normal,
        };
        Db::connect(&options).await.unwrap()
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join(".s.PGSQL.5432")
    }

    /// Accepts connections.
    fn open(&mut self) {
        let _ = std::fs::remove_file(self.socket());
        let listener = UnixListener::bind(self.socket()).unwrap();
        let (database, silent): (PgConnectOptions, _) = (self.url.parse().unwrap(), self.silent.subscribe());
        self.open = Some(tokio::spawn(async move {
            // Aborting this task ends all connections.
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

/// Forwards data, and waits while the proxy is silent.
async fn forward(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, mut silent: watch::Receiver<bool>) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        if silent.wait_for(|silent| !silent).await.is_err() || to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn server_recovers_when_a_lost_database_is_back() {
    let app = start!(Postgres);
    let mut proxy = Proxy::to(&app.database.url);
    let server = Server::new(&app, proxy.connect(5).await, &[]);
    server.graphql("{ viewer { id } }").await;
    proxy.close().await;
    assert_fails_with(&server, "UNAVAILABLE").await;
    proxy.open();
    assert_back(&server, &app).await;
}

#[tokio::test]
async fn server_recovers_after_refused_connections() {
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
    assert_fails_with(&server, "UNAVAILABLE").await;
    allow(true).await;
    assert_back(&server, &app).await;
}

#[tokio::test]
async fn cut_connections_are_replaced() {
    let app = start!(Postgres);
    let mut proxy = Proxy::to(&app.database.url);
    let server = Server::new(&app, proxy.connect(3).await, &[]);
    let list = "{ interviews(first: 3) { nodes { interviewee { id } interviewer { id } } totalCount } }";
    futures_util::future::join_all((0..9).map(|_| server.graphql(list))).await;
    proxy.close().await;
    proxy.open();
    // Each cut connection fails one request at most.
    for _ in 0..3 {
        let answer = server.graphql(list).await.json();
        let error = &answer["errors"][0]["extensions"]["code"];
        assert!(error.is_null() || error == "UNAVAILABLE", "{answer}");
    }
    assert_back(&server, &app).await;
}

#[tokio::test]
async fn request_times_out_while_the_database_is_silent() {
    let app = start!(Postgres);
    let proxy = Proxy::to(&app.database.url);
    let db = proxy.connect(1).await;
    let (hasty, patient) = (Server::new(&app, db.clone(), &["--request-timeout", "300ms"]), Server::new(&app, db, &[]));
    patient.graphql("{ viewer { id } }").await;
    hasty.graphql("{ viewer { id } }").await;

    proxy.silent.send_replace(true);
    // The only connection waits for a response, and further requests time out while they wait for it.
    assert_eq!(hasty.graphql(&update()).await.json()["errors"][0]["extensions"]["code"], "TIMEOUT");
    assert_fails_with(&patient, "TIMEOUT").await;
    proxy.silent.send_replace(false);
    assert_back(&patient, &app).await;
}
