//! Temporary errors of the databases have a code by which clients know that they may try again, and do not look like
//! bugs.

use crate::support::Database::{Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::configured_server::{Server, UPDATES, update};
use crate::support::inspect::until_waiting;
use crate::support::people::JUDE_WITH_LUISA;
use interviews::storage::{DatabaseOptions, Db};
use rstest::rstest;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use std::time::Duration;

/// Lets each change of an interview fail with this SQLSTATE.
async fn fail_changes(app: &TestApp, sqlstate: &str) {
    let sql = format!(
        "CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           RAISE EXCEPTION 'planned' USING ERRCODE = '{sqlstate}';
         END $$;
         CREATE OR REPLACE TRIGGER fail BEFORE UPDATE ON interviews FOR EACH ROW EXECUTE FUNCTION fail()"
    );
    app.database.execute(&sql).await;
}

/// The extensions of the GraphQL error, the status of REST with its `Retry-After`, and the code of REST.
async fn failures(server: &Server) -> (Value, (u16, String), Value) {
    let graphql = server.graphql(&update()).await;
    assert_eq!(graphql.status, 200, "the operation ran");
    let extensions = graphql.json()["errors"][0]["extensions"].take();
    let rest = server.patch().await;
    let status = (rest.status.as_u16(), rest.header("retry-after").to_owned());
    (extensions, status, rest.json()["errors"][0]["code"].take())
}

async fn assert_fails_with(server: &Server, code: &str) {
    let expected = (json!({"code": code, "retryAfter": 1, "retryable": true}), (503, "1".to_owned()), json!(code));
    assert_eq!(failures(server).await, expected);
}

#[rstest]
#[case::disk_full("53100", "UNAVAILABLE")]
#[case::out_of_memory("53200", "UNAVAILABLE")]
#[case::too_many_connections("53300", "UNAVAILABLE")]
#[case::configuration_limit_exceeded("53400", "UNAVAILABLE")]
#[case::read_only("25006", "UNAVAILABLE")]
#[case::starting("57P03", "UNAVAILABLE")]
#[case::io_error("58030", "UNAVAILABLE")]
#[case::serialization_failure("40001", "UNAVAILABLE")]
#[case::deadlock("40P01", "UNAVAILABLE")]
#[case::query_canceled("57014", "TIMEOUT")]
#[case::lock_not_available("55P03", "TIMEOUT")]
#[tokio::test]
async fn temporary_error_is_retryable(#[case] sqlstate: &str, #[case] code: &str) {
    let app = start!(Postgres);
    let server = Server::new(&app, app.app.services().db().clone(), &[]);
    fail_changes(&app, sqlstate).await;
    assert_fails_with(&server, code).await;
    app.database.execute("DROP TRIGGER fail ON interviews").await;
    assert_eq!(server.patch().await.status, 200);
    assert_eq!(app.database.value::<i64>(UPDATES).await, 1);
}

/// PostgreSQL itself does not say so of a single statement, but a pooler may.
#[rstest]
#[case::connection_failure("08006")]
#[case::transaction_resolution_unknown("08007")]
#[case::statement_completion_unknown("40003")]
#[tokio::test]
async fn error_that_leaves_the_outcome_open_is_no_invitation_to_repeat(#[case] sqlstate: &str) {
    let app = start!(Postgres);
    let server = Server::new(&app, app.app.services().db().clone(), &[]);
    fail_changes(&app, sqlstate).await;
    let (extensions, status, code) = failures(&server).await;
    assert_eq!(extensions, json!({"code": "OUTCOME_UNKNOWN"}));
    assert_eq!((status, code), ((500, String::new()), json!("OUTCOME_UNKNOWN")));
}

#[rstest]
#[case::internal_error("XX000")]
#[case::undefined_column("42703")]
#[case::insufficient_privilege("42501")]
#[tokio::test]
async fn bug_is_internal(#[case] sqlstate: &str) {
    let app = start!(Postgres);
    let server = Server::new(&app, app.app.services().db().clone(), &[]);
    fail_changes(&app, sqlstate).await;
    let (extensions, status, code) = failures(&server).await;
    assert_eq!(extensions["code"], "INTERNAL");
    assert_eq!((status, code), ((500, String::new()), json!("INTERNAL")));
}

#[tokio::test]
async fn cancelled_statement_is_a_timeout() {
    let app = start!(Postgres);
    let server = Server::new(&app, app.app.services().db().clone(), &[]);
    let lock = app.database.lock(JUDE_WITH_LUISA).await;
    let cancel = async {
        until_waiting(&app.database, 1).await;
        app.database
            .execute(
                "SELECT pg_cancel_backend(pid) FROM pg_stat_activity \
                 WHERE wait_event_type = 'Lock' AND datname = current_database()",
            )
            .await;
    };
    let (answer, ()) = tokio::join!(server.patch(), cancel);
    assert_eq!((answer.status.as_u16(), &answer.json()["errors"][0]["code"]), (503, &json!("TIMEOUT")));
    lock.rollback().await.unwrap();
    assert_eq!(server.patch().await.status, 200);
}

#[tokio::test]
async fn lock_timeout_is_a_timeout() {
    let app = start!(Postgres);
    let acquire_timeout = Duration::from_millis(300);
    let db = Db::connect(&DatabaseOptions { acquire_timeout, ..app.database.options() }).await.unwrap();
    let server = Server::new(&app, db, &[]);
    let lock = app.database.lock(JUDE_WITH_LUISA).await;
    assert_fails_with(&server, "TIMEOUT").await;
    lock.rollback().await.unwrap();
    assert_eq!(server.patch().await.status, 200);
}

#[tokio::test]
async fn full_sqlite_database_refuses_changes_and_serves_queries() {
    let app = start!(Sqlite);
    let db = app.app.services().db().clone();
    let server = Server::new(&app, db.clone(), &[]);
    let limit = async |pages: u32| {
        let transaction = db.begin().await.unwrap();
        transaction.execute_unprepared(&format!("PRAGMA max_page_count = {pages}")).await.unwrap();
    };
    // The file keeps its size, and changes need more as soon as its free pages are used up.
    let change_within = async |pages: u32, number: u32| {
        limit(pages).await;
        let location = format!("{number} {}", "x".repeat(200));
        server.staff.patch(JUDE_WITH_LUISA, &json!({"interview": {"location": location}})).await
    };
    let mut number = 0;
    while change_within(1, number).await.status == 200 {
        number += 1;
    }
    let version = app.database.value::<i64>("SELECT version FROM interviews WHERE id = 27").await;
    let answer = change_within(1, number).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, "1"));
    assert_eq!(answer.json()["errors"][0]["code"], "UNAVAILABLE");
    let ready = server.get("/readyz").await;
    assert_eq!((ready.status.as_u16(), &ready.json()["checks"]["database"]), (200, &json!("full")));
    let query = format!("{{ interview(id: {JUDE_WITH_LUISA}) {{ version }} }}");
    assert_eq!(server.graphql(&query).await.json()["data"]["interview"]["version"], version);
    assert_eq!(change_within(1_000_000, number).await.status, 200);
    assert_eq!(app.database.value::<i64>("SELECT version FROM interviews WHERE id = 27").await, version + 1);
}

#[tokio::test]
async fn outage_before_sign_in_is_a_status_with_every_media_type() {
    let app = start!(Postgres);
    let server = Server::new(&app, Db::connect(&app.database.options()).await.unwrap(), &["--viewer-ttl", "0s"]);
    app.database
        .execute(
            "CREATE FUNCTION fail_reads() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
               RAISE EXCEPTION 'planned' USING ERRCODE = '53200';
             END $$;
             ALTER TABLE users RENAME TO stored_users;
             CREATE VIEW users AS SELECT * FROM stored_users WHERE fail_reads()",
        )
        .await;
    let query = json!({"query": "{ viewer { id } }"});
    for (accept, body) in [
        ("application/json", query.clone()),
        ("application/graphql-response+json", query.clone()),
        ("text/event-stream", query.clone()),
        ("text/event-stream", json!({"query": "subscription { interviewChanged { id } }"})),
        ("application/json", json!([query.clone(), query])),
    ] {
        let answer = server.staff.rest_with("POST", "/graphql", &body, &[("accept", accept)]).await;
        assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, "1"), "{accept} {body}");
        let error = json!({
            "message": "The server cannot do this now. Try again later.",
            "extensions": {"code": "UNAVAILABLE", "retryAfter": 1, "retryable": true}
        });
        assert_eq!(answer.json(), json!({"errors": [error]}), "{accept} {body}");
    }
    let answer = server.patch().await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, "1"));
    assert_eq!(answer.json()["errors"][0]["code"], "UNAVAILABLE");
}
