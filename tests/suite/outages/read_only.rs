//! A database that refuses changes: queries go on, and changes succeed as soon as the database accepts them, although
//! the sessions of the pool began read-only.

use crate::support::Database::Postgres;
use crate::support::TestApp;
use crate::support::configured_server::{Server, update};
use crate::support::events::cursor;
use crate::support::people::{JUDE_WITH_LUISA, MONA, NORTHERN_HAULAGE};
use crate::support::polling::DEADLINE;
use crate::support::process::ServerProcess;
use crate::support::websocket_client::WebSocketClient;
use interviews::storage::Db;
use sea_orm::sqlx::postgres::PgConnectOptions;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Lets sessions that begin from now on be read-only, or not, and ends those that began before if asked to.
async fn set_read_only(app: &TestApp, is_read_only: bool, and_terminate: bool) {
    let name = app.database.url.parse::<PgConnectOptions>().unwrap().get_database().unwrap().to_owned();
    app.database.execute(&format!("ALTER DATABASE {name} SET default_transaction_read_only = {is_read_only}")).await;
    if and_terminate {
        let terminate = "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity \
                         WHERE datname = current_database() AND pid <> pg_backend_pid()";
        app.database.execute(terminate).await;
    }
}

async fn assert_changes_fail(server: &Server) {
    let answer = server.graphql(&update()).await;
    let error = json!({
        "message": "The server cannot do this now. Try again later.",
        "extensions": {"code": "UNAVAILABLE", "retryAfter": 1, "retryable": true},
        "path": ["updateInterview"],
        "locations": [{"line": 1, "column": 12}]
    });
    assert_eq!(answer.json(), json!({"data": null, "errors": [error]}));
    let answer = server.patch().await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, "1"));
    assert_eq!(answer.json()["errors"][0]["code"], "UNAVAILABLE");
}

async fn assert_queries_succeed(server: &Server) {
    let answer = server.graphql(&format!("{{ interview(id: {JUDE_WITH_LUISA}) {{ version }} }}")).await;
    assert_eq!(answer.json(), json!({"data": {"interview": {"version": 1}}}));
}

#[tokio::test]
async fn changes_succeed_at_once_when_the_database_accepts_them_again() {
    let app = start!(Postgres);
    let server = Server::new(&app, Db::connect(&app.database.options()).await.unwrap(), &[]);
    set_read_only(&app, true, true).await;
    for _ in 0..3 {
        assert_changes_fail(&server).await;
        futures_util::future::join_all((0..10).map(|_| assert_queries_succeed(&server))).await;
    }
    set_read_only(&app, false, false).await;
    // The pool has sessions that began read-only.
    let changes = futures_util::future::join_all((0..10).map(|_| server.patch())).await;
    assert!(changes.iter().all(|answer| answer.status == 200), "{changes:?}");
}

#[tokio::test]
async fn readiness_check_reports_a_read_only_database() {
    let app = start!(Postgres);
    set_read_only(&app, true, false).await;
    let server = Server::new(&app, Db::connect(&app.database.options()).await.unwrap(), &[]);
    let ready = server.get("/readyz").await;
    assert_eq!(ready.status, 200, "queries succeed");
    assert_json!(ready.json(), @r#"
    {
      "checks": {"database": "read_only", "schema": "current"},
      "status": "the database is read-only: changes fail"
    }
    "#);
}

/// One line when it begins and one when it is over, however many changes fail.
#[tokio::test]
async fn read_only_database_is_two_lines_of_the_log() {
    let app = start!(Postgres);
    let server = ServerProcess::start(&app.database).await;
    set_read_only(&app, true, true).await;
    let client = server.user(MONA);
    let change = async || {
        let arguments = format!("id: {JUDE_WITH_LUISA}, input: {{kind: IN_PERSON}}");
        let body = client.mutate("updateInterview", &arguments).await.unwrap().body;
        body["errors"][0]["extensions"]["code"].clone()
    };
    for _ in 0..10 {
        assert_eq!(change().await, "UNAVAILABLE");
    }
    set_read_only(&app, false, false).await;
    assert_eq!(change().await, Value::Null);
    server.until_logged("changes succeed again").await;
    let complaints = server.complaints();
    assert!(complaints.len() == 1 && complaints[0].contains("the database is read-only"), "{complaints:#?}");
    assert_eq!(server.lines_with("changes succeed again").len(), 1);
}

/// A deployment during a failover.
#[tokio::test]
async fn server_that_starts_on_a_read_only_database_serves_queries() {
    let app = start!(Postgres);
    set_read_only(&app, true, true).await;
    let server = ServerProcess::start(&app.database).await;
    let client = server.user(MONA);
    let query = json!({"query": "{ interviews(first: 1) { nodes { id } } }"});
    assert_eq!(client.post(&query).await.unwrap().body["errors"], Value::Null);
    let arguments = format!("id: {JUDE_WITH_LUISA}, input: {{kind: IN_PERSON}}");
    let refused = client.mutate("updateInterview", &arguments).await.unwrap().body;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "UNAVAILABLE");
    set_read_only(&app, false, false).await;
    let made = client.mutate("updateInterview", &arguments).await.unwrap().body;
    assert_eq!(made["data"]["updateInterview"]["userErrors"], json!([]), "{made}");
}

/// Each change opens a connection, to find out whether the database is still read-only.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscriber_catches_up_while_changes_open_connections() {
    let app = start!(Postgres);
    let (first, count): (i64, i64) = (
        app.database.value("SELECT min(id) FROM interview_events").await,
        app.database
            .value(&format!("SELECT count(*) FROM interview_events WHERE company_id = {NORTHERN_HAULAGE}"))
            .await,
    );
    let since = cursor(&app.database, first).await;
    set_read_only(&app, true, true).await;
    let server = ServerProcess::start(&app.database).await;
    let mut changes = JoinSet::new();
    for _ in 0..8 {
        let client = server.user(MONA);
        changes.spawn(async move {
            let arguments = format!("id: {JUDE_WITH_LUISA}, input: {{kind: IN_PERSON}}");
            loop {
                client.mutate("updateInterview", &arguments).await.unwrap();
            }
        });
    }
    let mut subscriber = WebSocketClient::sign_in(server.address(), &ServerProcess::token(MONA)).await;
    let query = format!("subscription {{ interviewChanged(since: \"{since}\") {{ id }} }}");
    subscriber.send(json!({"id": "1", "type": "subscribe", "payload": {"query": query}})).await;
    let received = async {
        for _ in 1..count {
            let message = subscriber.receive().await;
            assert_eq!(message["payload"]["errors"], Value::Null, "{message}");
        }
    };
    timeout(DEADLINE, received).await.expect("all events arrive");
}
