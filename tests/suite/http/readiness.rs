//! The readiness check distinguishes a database that is busy from one that is gone, and asks it seldom.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::configured_server::Server;
use crate::support::inspect::until_waiting;
use crate::support::people::JUDE_WITH_LUISA;
use axum::body::Body;
use axum::http::Request;
use futures_util::future::join_all;
use interviews::storage::{DatabaseOptions, Db};
use rstest::rstest;
use sea_orm::{ConnectionTrait, TransactionTrait};
use serde_json::json;

#[rstest]
#[tokio::test]
async fn calls_within_a_second_share_one_check(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    let get = || staff.send(Request::get("/readyz").body(Body::empty()).unwrap());
    let ((), one) = app.counting(async { drop(get().await) }).await;
    assert!(one > 0);
    // A second or two pass on a busy machine.
    let (answers, statements) = app.counting(join_all((0..100).map(|_| get()))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert!(statements <= 3 * one, "{statements}");
}

#[tokio::test]
async fn locked_schema_is_busy() {
    let app = start!(Postgres);
    let other = app.database.raw().await.begin().await.unwrap();
    other.execute_unprepared("LOCK TABLE seaql_migrations").await.unwrap();
    let server = Server::new(&app, app.app.services().db().clone(), &[]);
    let answer = server.get("/readyz").await;
    assert_eq!(answer.status, 200);
    assert_json!(answer.json(), @r#"
    {
      "checks": {"database": "busy", "schema": "unknown"},
      "status": "ok"
    }
    "#);
    other.rollback().await.unwrap();
}

/// With few connections, changes that wait can hold all of them.
#[rstest]
#[tokio::test]
async fn server_whose_connections_all_wait_is_ready(#[values(1, 2, 3)] max_connections: u32) {
    let app = start!(Postgres);
    let db = Db::connect(&DatabaseOptions { max_connections, ..app.database.options() }).await.unwrap();
    let server = Server::new(&app, db, &[]);
    let other = app.database.raw().await.begin().await.unwrap();
    let lock = format!("SELECT 1 FROM interviews WHERE id = {JUDE_WITH_LUISA} FOR UPDATE");
    other.execute_unprepared(&lock).await.unwrap();
    let unlock = async {
        until_waiting(&app.database, 1).await;
        let answer = server.get("/readyz").await;
        assert_eq!((answer.status.as_u16(), &answer.json()["status"]), (200, &json!("ok")));
        other.rollback().await.unwrap();
    };
    let (change, ()) = tokio::join!(server.patch(), unlock);
    assert_eq!(change.status, 200);
}
