//! A request that takes too long ends with a code, and what it had begun is undone.

use super::configured_server::{REST, Server, UPDATE, UPDATES};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use axum::body::Body;
use axum::http::Request;
use rstest::rstest;
use sea_orm::{ConnectionTrait, DatabaseTransaction, TransactionTrait};
use serde_json::json;

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
    let (hasty, patient) = (Server::new(&app, db.clone(), &["--request-timeout", "300ms"]), Server::new(&app, db, &[]));
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
