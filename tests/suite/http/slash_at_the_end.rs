//! `/graphql/` is `/graphql`, on every transport.

use crate::support::Database::Sqlite;
use crate::support::actor::Actor;
use crate::support::listening_server::ListeningServer;
use crate::support::websocket_client::{SUBPROTOCOL, request_upgrade_at};
use axum::body::Body;
use axum::http::Request;

async fn send(actor: &Actor, method: &str, path: &str, accept: &str, body: &'static str) -> (u16, String) {
    let request = Request::builder().method(method).uri(path).header("accept", accept);
    let answer = actor.send(request.header("content-type", "application/json").body(Body::from(body)).unwrap()).await;
    (answer.status.as_u16(), answer.text)
}

#[tokio::test]
async fn graphql_is_served_with_and_without_a_slash() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let staff = server.app.staff();
    let query = r#"{"query":"{ viewer { id } }"}"#;
    for (method, parameters, accept, body, shown) in [
        ("POST", "", "application/json", query, r#"{"data":{"viewer":{"id":"1000"}}}"#),
        ("POST", "", "application/json", r#"[{"query":"{ __typename }"}]"#, r#"[{"data":{"__typename":"Query"}}]"#),
        ("POST", "", "text/event-stream", query, "event: next\ndata: "),
        ("GET", "?query=%7B__typename%7D", "application/json", "", r#"{"data":{"__typename":"Query"}}"#),
        ("GET", "?query=%7B__typename%7D", "text/event-stream", "", "event: next\ndata: "),
        ("GET", "", "text/html", "", "<!doctype html>"),
    ] {
        let without = send(&staff, method, &format!("/graphql{parameters}"), accept, body).await;
        let with = send(&staff, method, &format!("/graphql/{parameters}"), accept, body).await;
        assert_eq!(with, without);
        assert!(with.0 == 200 && with.1.to_lowercase().contains(&shown.to_lowercase()), "{method} {with:?}");
        assert_eq!(send(&staff, method, &format!("/graphql//{parameters}"), accept, body).await.0, 404);
    }
    for (path, status) in [("/graphql", "101"), ("/graphql/", "101"), ("/graphql//", "404")] {
        let (head, _stream) = request_upgrade_at(path, server.address, &[SUBPROTOCOL]).await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{path}: {head}");
    }
}
