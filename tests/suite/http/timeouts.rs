//! A request that takes too long ends with the code `TIMEOUT`, and its changes are rolled back. A connection whose
//! client reads nothing ends.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::configured_server::{Server, UPDATES, update};
use crate::support::lifecycle::{interview_of, only};
use crate::support::listening_server::{ListeningServer, TIMEOUT};
use crate::support::people::JUDE_WITH_LUISA;
use crate::support::rest::interview_path;
use axum::body::Body;
use axum::http::Request;
use rstest::rstest;
use sea_orm::ConnectionTrait;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

#[rstest]
#[tokio::test]
async fn timed_out_change_writes_nothing(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let db = app.app.services().db().clone();
    let (hasty, patient) = (Server::new(&app, db.clone(), &["--request-timeout", "300ms"]), Server::new(&app, db, &[]));
    let other = app.database.lock(JUDE_WITH_LUISA).await;

    let answer = hasty.graphql(&update()).await;
    assert_eq!(answer.status, 503);
    assert_json!(answer.json(), @r#"
    {
      "errors": [
        {
          "extensions": {"code": "TIMEOUT", "retryAfter": 1, "retryable": true},
          "message": "The request took too long."
        }
      ]
    }
    "#);
    assert_eq!(answer.header("retry-after"), "1");
    let answer = hasty.patch().await;
    assert_eq!(answer.status, 503);
    assert_json!(answer.json(), @r#"
    {
      "errors": [{"code": "TIMEOUT", "message": "The request took too long.", "path": []}]
    }
    "#);
    assert_eq!(answer.header("retry-after"), "1");
    // Reads do not wait for the lock, and the server is ready.
    let read = patient.graphql(&format!("{{ interview(id: {JUDE_WITH_LUISA}) {{ version location }} }}")).await;
    assert_json!(read.json(), @r#"
    {
      "data": {"interview": {"location": null, "version": 1}}
    }
    "#);
    assert_eq!(patient.get("/readyz").await.status, 200);

    other.rollback().await.unwrap();
    // This is the first change that takes effect: the timed-out changes were rolled back.
    assert_json!(patient.graphql(&update()).await.json(), @r#"
    {
      "data": {"updateInterview": {"interview": {"version": 2}, "userErrors": []}}
    }
    "#);
    assert_eq!(app.database.value::<i64>(UPDATES).await, 1);
    assert_eq!(app.staff().interview(JUDE_WITH_LUISA).await["version"], 2);
}

#[rstest]
#[tokio::test]
async fn change_waits_for_another_transaction(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let other = app.database.lock(JUDE_WITH_LUISA).await;
    let staff = app.staff();
    let waiting = tokio::spawn(async move { staff.update(JUDE_WITH_LUISA, json!({"location": "x"})).await });
    // The other transaction changes the row and commits first.
    let change = format!("UPDATE interviews SET kind = 'in_person', version = 2 WHERE id = {JUDE_WITH_LUISA}");
    other.execute_unprepared(&change).await.unwrap();
    other.commit().await.unwrap();
    let made = waiting.await.unwrap();
    assert_json!(only(interview_of(&made), "kind version"), @r#"{"kind": "IN_PERSON", "version": 3}"#);
}

#[tokio::test]
async fn incomplete_body_times_out() {
    let app = TestApp::start_with(Sqlite, &["--request-timeout", "50ms"]).await.unwrap();
    for (method, path) in [("POST", "/graphql"), ("PATCH", interview_path(JUDE_WITH_LUISA).as_str())] {
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
