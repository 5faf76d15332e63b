//! What the server does while its database does not do its part, and that it goes on by itself once the database is back.

mod support;

use axum::body::Body;
use axum::http::Request;
use clap::{Args, FromArgMatches};
use interviews::app::App;
use interviews::config::ServerSettings;
use interviews::http::explorer::Explorer;
use interviews::services::{Clock, Tokens};
use interviews::storage::{Db, DbOptions};
use rstest::rstest;
use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::{ConnectionTrait, DatabaseTransaction, TransactionTrait};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;
use support::Database::{self, Postgres, Sqlite};
use support::actor::{Actor, Answer};
use support::{SECRET, TestApp};
use tempfile::TempDir;
use tokio::net::{TcpStream, UnixListener};
use tokio::task::JoinHandle;

const UPDATE: &str =
    "mutation { updateInterview(id: 27, input: {location: \"x\"}) { interview { version } userErrors { code } } }";
const UPDATES: &str = "SELECT count(*) FROM interview_events WHERE type = 'updated'";
const REST: &str = "/api/v1/interviews/27";

/// A second server on the first one's connections, with these settings.
fn server(app: &TestApp, db: Db, flags: &[&str]) -> Server {
    let command = ServerSettings::augment_args(clap::Command::new("test"));
    let settings = ServerSettings::from_arg_matches(&command.get_matches_from(["test"].iter().chain(flags))).unwrap();
    let tokens = Tokens::try_new(SECRET, None).unwrap();
    let token = tokens.sign(interviews::services::demo::STAFF, app.now(), chrono::TimeDelta::days(30)).unwrap();
    let app = App::new(db, Clock::Frozen(app.clock.clone()), tokens, Explorer::new(None), settings);
    Server { staff: Actor::new(app.router(), Some(token)) }
}

struct Server {
    staff: Actor,
}

impl Server {
    async fn get(&self, path: &str) -> Answer {
        self.staff.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    async fn graphql(&self, query: &str) -> Answer {
        self.staff.rest("POST", "/graphql", &json!({"query": query})).await
    }

    async fn patch(&self) -> Answer {
        self.staff.rest("PATCH", REST, &json!({"interview": {"location": "x"}})).await
    }
}

/// Somebody else's open transaction, which holds interview 27.
async fn holding_interview_27(app: &TestApp) -> DatabaseTransaction {
    let other = app.database.raw().await.begin().await.unwrap();
    other.execute_unprepared("UPDATE interviews SET location = location WHERE id = 27").await.unwrap();
    other
}

#[rstest]
#[tokio::test]
async fn a_change_that_waits_too_long_is_given_up_in_full(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let db = app.app.services().db().clone();
    let (hasty, patient) = (server(&app, db.clone(), &["--request-timeout", "300ms"]), server(&app, db, &[]));
    let other = holding_interview_27(&app).await;

    let answer = hasty.graphql(UPDATE).await;
    assert_eq!(
        (answer.status.as_u16(), answer.json()),
        (503, json!({"errors": [{"message": "the request took too long", "extensions": {"code": "TIMEOUT"}}]}))
    );
    let answer = hasty.patch().await;
    assert_eq!(
        (answer.status.as_u16(), answer.json()),
        (503, json!({"errors": [{"code": "TIMEOUT", "message": "the request took too long", "path": []}]}))
    );
    // Meanwhile others read, and the server is ready.
    let read = patient.graphql("{ interview(id: 27) { version location } }").await;
    assert_eq!(read.json(), json!({"data": {"interview": {"version": 1, "location": null}}}));
    assert_eq!(patient.get("/readyz").await.status, 200);

    other.rollback().await.unwrap();
    // The first change that is made is this one: what was given up left nothing, and comes to nothing later.
    let made = patient.graphql(UPDATE).await.json();
    assert_eq!(made, json!({"data": {"updateInterview": {"interview": {"version": 2}, "userErrors": []}}}));
    assert_eq!(app.database.value::<i64>(UPDATES).await, 1);
    assert_eq!(app.database.value::<i32>("SELECT version FROM interviews WHERE id = 27").await, 2);
}

#[rstest]
#[tokio::test]
async fn a_change_that_waits_a_while_is_made(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let other = holding_interview_27(&app).await;
    let staff = app.staff();
    let waiting = tokio::spawn(async move { staff.update(27, json!({"location": "x"})).await });
    // The other one changes it too, and commits first.
    other.execute_unprepared("UPDATE interviews SET kind = 'in_person', version = 2 WHERE id = 27").await.unwrap();
    other.commit().await.unwrap();
    let made = waiting.await.unwrap();
    assert_eq!((&made["interview"]["kind"], &made["interview"]["version"]), (&json!("IN_PERSON"), &json!(3)));
}

#[rstest]
#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for(#[values(Sqlite, Postgres)] database: Database) {
    let Some(app) = TestApp::start_with(database, &["--request-timeout", "50ms"]).await else { return };
    for (method, path) in [("POST", "/graphql"), ("PATCH", REST)] {
        let first = futures_util::stream::iter([Ok::<_, std::io::Error>("{")]);
        let body = futures_util::StreamExt::chain(first, futures_util::stream::pending());
        let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        let answer = app.staff().send(request.body(Body::from_stream(body)).unwrap()).await;
        assert_eq!(answer.status, 503);
        let error = answer.json()["errors"][0].take();
        let code = if method == "POST" { &error["extensions"]["code"] } else { &error["code"] };
        assert_eq!(code, "TIMEOUT");
    }
}

/// Fails unless every way in says with a code that the server cannot work, and tells no more.
async fn assert_lost(server: &Server, app: &TestApp) {
    for query in
        ["{ viewer { id company { id } } }", "{ interview(id: 27) { id } }", "{ interviews { totalCount } }", UPDATE]
    {
        let answer = server.graphql(query).await;
        let body = answer.json();
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
    let schema = app.nobody().ask("{ __typename }", json!({})).await;
    assert_eq!(schema, json!({"__typename": "Query"}));
}

/// Fails unless everything works at the first try.
async fn assert_back(server: &Server) {
    let made = server.graphql(UPDATE).await.json();
    assert_eq!(made, json!({"data": {"updateInterview": {"interview": {"version": 2}, "userErrors": []}}}));
    assert_eq!(server.patch().await.status, 200);
    assert_eq!(server.get("/readyz").await.status, 200);
}

/// A way to PostgreSQL that can be blocked.
struct Way {
    folder: TempDir,
    database: PgConnectOptions,
    open: Option<JoinHandle<()>>,
}

impl Way {
    fn to(url: &str) -> Self {
        let mut way = Self { folder: TempDir::new().unwrap(), database: url.parse().unwrap(), open: None };
        way.open();
        way
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join(".s.PGSQL.5432")
    }

    /// Lets connections through.
    fn open(&mut self) {
        let _ = std::fs::remove_file(self.socket());
        let listener = UnixListener::bind(self.socket()).unwrap();
        let (host, port) = (self.database.get_host().to_owned(), self.database.get_port());
        self.open = Some(tokio::spawn(async move {
            // All end with this task.
            let mut connections = tokio::task::JoinSet::new();
            loop {
                let (mut client, _) = listener.accept().await.unwrap();
                let mut server = TcpStream::connect((host.as_str(), port)).await.unwrap();
                connections.spawn(async move { tokio::io::copy_bidirectional(&mut client, &mut server).await.ok() });
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

fn through(folder: &Path, url: &str) -> DbOptions {
    let separator = if url.contains('?') { '&' } else { '?' };
    let url = format!("{url}{separator}host={}&port=5432", folder.display());
    DbOptions { url, max_connections: 5, acquire_timeout: Duration::from_millis(500), create: false }
}

#[tokio::test]
async fn a_database_that_is_gone_is_told_and_found_again() {
    let app = start!(Postgres);
    let mut way = Way::to(&app.database.url);
    let db = Db::connect(&through(way.folder.path(), &app.database.url)).await.unwrap();
    let server = server(&app, db, &[]);
    server.graphql("{ viewer { id } }").await;
    for _ in 0..2 {
        way.close().await;
        assert_lost(&server, &app).await;
        way.open();
    }
    assert_back(&server).await;
    assert_eq!(app.database.value::<i64>(UPDATES).await, 1);
}
