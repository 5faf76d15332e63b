//! The limits of PostgreSQL's sessions: what they are by default, and which ones an operator can set otherwise.

use crate::support::Database::Postgres;
use crate::support::database::TestDatabase;
use crate::support::people::{JUDE_WITH_LUISA, MONA};
use crate::support::polling::until;
use crate::support::process::ServerProcess;
use interviews::storage::{DatabaseOptions, Db, Synchronous};
use rstest::rstest;
use sea_orm::{ConnectionTrait, Statement, TransactionTrait};
use serde_json::json;
use std::time::Duration;

/// Connects with the timeouts that `serve` has by default, and these parameters of the URL.
async fn connect(database: &TestDatabase, parameters: &str) -> Db {
    let separator = if database.url.contains('?') { '&' } else { '?' };
    let url = format!("{}{separator}{parameters}", database.url);
    let (acquire_timeout, request_timeout) = (Duration::from_secs(3), Some(Duration::from_secs(10)));
    let synchronous = Synchronous::Normal;
    let options = DatabaseOptions {
        url,
        max_connections: 1,
        max_per_user: None,
        acquire_timeout,
        request_timeout,
        create: false,
        synchronous,
    };
    Db::connect(&options).await.unwrap()
}

async fn setting(db: &Db, name: &str) -> String {
    let connection = db.reader();
    let statement = Statement::from_string(connection.get_database_backend(), format!("SHOW {name}"));
    connection.query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap()
}

#[rstest]
#[case("jit", "off")]
#[case("lock_timeout", "3s")]
#[case("statement_timeout", "10s")]
#[case("idle_in_transaction_session_timeout", "5s")]
#[case("client_connection_check_interval", "1s")]
#[case("tcp_keepalives_idle", "30")]
#[case("tcp_keepalives_interval", "10")]
#[case("tcp_keepalives_count", "3")]
#[case("tcp_user_timeout", "30000")]
#[case("application_name", concat!("interviews/", env!("CARGO_PKG_VERSION")))]
#[case("plan_cache_mode", "force_generic_plan")]
#[tokio::test]
async fn session_has_limits(#[case] name: &str, #[case] value: &str) {
    let Some(database) = TestDatabase::new(Postgres).await else { return };
    assert_eq!(setting(&connect(&database, "").await, name).await, value);
}

/// Commands have no request, so that their statements may take as long as they need.
#[tokio::test]
async fn session_of_a_command_has_no_statement_timeout() {
    let app = start!(Postgres);
    let db = app.app.services().db();
    assert_eq!((setting(db, "statement_timeout").await, setting(db, "lock_timeout").await), ("0".into(), "10s".into()));
}

#[tokio::test]
async fn limits_in_the_url_are_kept() {
    let Some(database) = TestDatabase::new(Postgres).await else { return };
    let options = "options=-c%20statement_timeout=0%20-c%20lock_timeout=1h&application_name=planner";
    let db = connect(&database, options).await;
    for (name, value) in [
        ("statement_timeout", "0"),
        ("lock_timeout", "1h"),
        ("application_name", "planner"),
        ("idle_in_transaction_session_timeout", "5s"),
    ] {
        assert_eq!(setting(&db, name).await, value, "{name}");
    }
}

#[tokio::test]
async fn limits_of_the_database_are_kept_if_they_are_lower() {
    let Some(database) = TestDatabase::new(Postgres).await else { return };
    let name = database.value::<String>("SELECT current_database()::text").await;
    let alter = ["statement_timeout = '2s'", "lock_timeout = '1h'", "idle_in_transaction_session_timeout = 0"];
    for setting in alter {
        database.execute(&format!("ALTER DATABASE {name} SET {setting}")).await;
    }
    let db = connect(&database, "").await;
    for (name, value) in
        [("statement_timeout", "2s"), ("lock_timeout", "3s"), ("idle_in_transaction_session_timeout", "5s")]
    {
        assert_eq!(setting(&db, name).await, value, "{name}");
    }
}

#[tokio::test]
async fn server_is_known_by_its_name_in_pg_stat_activity() {
    let Some(database) = TestDatabase::new(Postgres).await else { return };
    let _server = ServerProcess::start(&database).await;
    let named = format!(
        "SELECT count(*) FROM pg_stat_activity \
         WHERE datname = current_database() AND application_name = 'interviews/{}'",
        env!("CARGO_PKG_VERSION")
    );
    assert!(database.value::<i64>(&named).await > 0);
}

/// The sessions of servers that execute a statement.
const EXECUTING: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
    AND application_name LIKE 'interviews/%' AND state = 'active'";

async fn until_executing(database: &TestDatabase, count: i64) {
    until(async || database.value::<i64>(EXECUTING).await == count).await;
}

#[tokio::test]
async fn database_timeout_limits_the_wait_for_a_lock() {
    let Some(database) = TestDatabase::new(Postgres).await else { return };
    let settings = [("DATABASE_TIMEOUT", "200ms"), ("REQUEST_TIMEOUT", "1h")];
    let server = ServerProcess::start_with(&database, &settings).await;
    let other = database.raw().await.begin().await.unwrap();
    other.execute_unprepared("LOCK TABLE interviews").await.unwrap();
    let client = server.user(MONA);
    let query = json!({"query": format!("{{ interview(id: {JUDE_WITH_LUISA}) {{ id }} }}")});
    assert_eq!(client.post(&query).await.unwrap().body["errors"][0]["extensions"]["code"], "TIMEOUT");
    let change = client.patch(JUDE_WITH_LUISA, json!({"location": "x"}), None).await.unwrap();
    assert_eq!((change.status, &change.body["errors"][0]["code"]), (503, &json!("TIMEOUT")));
    other.rollback().await.unwrap();
    assert_eq!(client.patch(JUDE_WITH_LUISA, json!({"location": "x"}), None).await.unwrap().status, 200);
}

#[tokio::test]
async fn request_timeout_ends_the_statement_of_the_request() {
    let Some(database) = TestDatabase::new(Postgres).await else { return };
    database
        .execute(
            "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN PERFORM pg_sleep(600); RETURN NEW; END $$; \
             CREATE TRIGGER slow BEFORE UPDATE ON interviews FOR EACH ROW EXECUTE FUNCTION slow()",
        )
        .await;
    let server = ServerProcess::start_with(&database, &[("REQUEST_TIMEOUT", "1s")]).await;
    let answer = server.user(MONA).patch(JUDE_WITH_LUISA, json!({"location": "x"}), None).await.unwrap();
    assert_eq!(answer.body["errors"][0]["code"], "OUTCOME_UNKNOWN", "a single statement was running");
    until_executing(&database, 0).await;
    assert_eq!(database.value::<i32>("SELECT version FROM interviews WHERE id = 27").await, 1);
}

/// The lock is held, and the timeouts of the server are long.
#[tokio::test]
async fn statement_of_a_killed_server_ends_while_it_waits_for_a_lock() {
    let Some(database) = TestDatabase::new(Postgres).await else { return };
    let settings = [("DATABASE_TIMEOUT", "1h"), ("REQUEST_TIMEOUT", "1h")];
    let mut server = ServerProcess::start_with(&database, &settings).await;
    let other = database.raw().await.begin().await.unwrap();
    other.execute_unprepared("LOCK TABLE interviews").await.unwrap();
    let client = server.user(MONA);
    let waiting = tokio::spawn(async move { client.patch(JUDE_WITH_LUISA, json!({"location": "x"}), None).await });
    until_executing(&database, 1).await;
    server.kill();
    waiting.await.unwrap().unwrap_err();
    until_executing(&database, 0).await;
    other.rollback().await.unwrap();
}
