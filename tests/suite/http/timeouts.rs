//! A request that takes too long ends with the code `TIMEOUT`, and its changes are rolled back. A connection whose
//! client reads nothing ends.

use super::configured_server::{REST, Server, UPDATE, UPDATES};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::listening_server::{ListeningServer, TIMEOUT};
use crate::support::people::JUDE_WITH_LUISA;
use axum::body::Body;
use axum::http::Request;
use rstest::rstest;
use sea_orm::{ConnectionTrait, DatabaseTransaction, TransactionTrait};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// An open transaction of another client, which locks Jude's interview with Luisa.
async fn holding_interview_27(app: &TestApp) -> DatabaseTransaction {
    let other = app.database.raw().await.begin().await.unwrap();
    other.execute_unprepared("UPDATE interviews SET location = location WHERE id = 27").await.unwrap();
    other
}

#[rstest]
#[tokio::test]
async fn timed_out_change_writes_nothing(#[values(Sqlite, Postgres)] database: Database) {
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
    // Reads do not wait for the lock, and the server is ready.
    let read = patient.graphql("{ interview(id: 27) { version location } }").await;
    assert_eq!(read.json(), json!({"data": {"interview": {"version": 1, "location": null}}}));
    assert_eq!(patient.get("/readyz").await.status, 200);

    other.rollback().await.unwrap();
    // This is the first change that takes effect: the timed-out changes were rolled back.
    let made = patient.graphql(UPDATE).await.json();
    assert_eq!(made, json!({"data": {"updateInterview": {"interview": {"version": 2}, "userErrors": []}}}));
    assert_eq!(app.database.value::<i64>(UPDATES).await, 1);
    assert_eq!(app.database.value::<i32>("SELECT version FROM interviews WHERE id = 27").await, 2);
}

#[rstest]
#[tokio::test]
async fn change_waits_for_another_transaction(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let other = holding_interview_27(&app).await;
    let staff = app.staff();
    let waiting = tokio::spawn(async move { staff.update(JUDE_WITH_LUISA, json!({"location": "x"})).await });
    // The other transaction changes the row and commits first.
    other.execute_unprepared("UPDATE interviews SET kind = 'in_person', version = 2 WHERE id = 27").await.unwrap();
    other.commit().await.unwrap();
    let made = waiting.await.unwrap();
    assert_eq!((&made["interview"]["kind"], &made["interview"]["version"]), (&json!("IN_PERSON"), &json!(3)));
}

#[tokio::test]
async fn incomplete_body_times_out() {
    let app = TestApp::start_with(Sqlite, &["--request-timeout", "50ms"]).await.unwrap();
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

#[tokio::test]
async fn client_that_reads_no_responses_is_disconnected() {
    let server = ListeningServer::start(Sqlite, &["--write-timeout", "200ms"]).await.unwrap();
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let requests = "GET /graphiql/vendor/graphiql.min.js HTTP/1.1\r\nhost: x\r\n\r\n".repeat(100);
    let until_ended = async { while stream.write_all(requests.as_bytes()).await.is_ok() {} };
    timeout(TIMEOUT, until_ended).await.unwrap();
}
