//! `expire-cursors`, and how clients learn over each transport that they have to query anew.

use super::error_code;
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::events::{cursor, latest_event, relocate};
use crate::support::http_client;
use crate::support::listening_server::{ListeningServer, TIMEOUT};
use crate::support::people::{JUDE_WITH_LUISA, MONA};
use crate::support::shell::Shell;
use interviews::storage::event_log::renew_epoch;
use rstest::rstest;
use serde_json::{Value, json};

const SUBSCRIPTION: &str = "subscription { interviewChanged { id } }";

#[rstest]
#[tokio::test]
async fn expired_cursors_end_running_subscriptions_with_an_error(#[values(Sqlite, Postgres)] database: Database) {
    let Some(server) = ListeningServer::start(database, &["--event-interval", "20ms"]).await else { return };
    let since = cursor(&server.app.database, latest_event(&server.app).await).await;
    let mut socket = server.staff().await;
    socket.send(json!({"id": "1", "type": "subscribe", "payload": {"query": SUBSCRIPTION}})).await;
    let http = http_client::client();
    let stream = http.post(format!("http://{}/graphql", server.address)).bearer_auth(server.app.staff().token());
    let stream = stream.header("accept", "text/event-stream").json(&json!({"query": SUBSCRIPTION}));
    let stream = stream.send().await.unwrap();
    socket.expect_nothing().await;

    renew_epoch(server.app.app.services().db()).await.unwrap();
    let mut ended = socket.receive().await;
    assert_json!(ended["payload"].take(), @r#"
    [
      {
        "extensions": {"code": "CURSOR_EXPIRED"},
        "message": "The event log does not continue from this position. Query anew, then subscribe from now on."
      }
    ]
    "#);
    assert_eq!((&ended["id"], &ended["type"]), (&json!("1"), &json!("error")));
    let text = tokio::time::timeout(TIMEOUT, stream.text()).await.unwrap().unwrap();
    let (error, complete) = text.split_once("\n\n").unwrap();
    let error: Value = serde_json::from_str(error.strip_prefix("event: next\ndata: ").unwrap()).unwrap();
    assert_eq!(error["errors"][0]["extensions"]["code"], "CURSOR_EXPIRED");
    assert_eq!(complete, "event: complete\ndata:\n\n");

    assert_eq!(error_code(&server.app, &since).await, "CURSOR_EXPIRED");
    socket.send(json!({"id": "1", "type": "subscribe", "payload": {"query": SUBSCRIPTION}})).await;
    socket.expect_nothing().await;
    relocate(&server.app.staff(), JUDE_WITH_LUISA, "the subscription goes on").await;
    let id = latest_event(&server.app).await.to_string();
    assert_eq!(socket.receive().await["payload"]["data"]["interviewChanged"]["id"], id);
}

/// The code of the only error with which a subscription over a WebSocket, and one as server-sent events, is refused.
async fn codes_over_transports(server: &ListeningServer, since: &str) -> [String; 2] {
    let query = "subscription($since: ID) { interviewChanged(since: $since) { id } }";
    let request = json!({"query": query, "variables": {"since": since}});
    let over_socket = server.staff().await.errors_of(request.clone()).await;
    let http = http_client::client();
    let stream = http.post(format!("http://{}/graphql", server.address)).bearer_auth(server.app.staff().token());
    let stream = stream.header("accept", "text/event-stream").json(&request).send().await.unwrap();
    let text = tokio::time::timeout(TIMEOUT, stream.text()).await.unwrap().unwrap();
    let error: Value = serde_json::from_str(text.lines().nth(1).unwrap().strip_prefix("data: ").unwrap()).unwrap();
    [&over_socket[0], &error["errors"][0]].map(|error| error["extensions"]["code"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn number_that_is_no_position_has_expired_over_every_transport() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let latest = latest_event(&server.app).await;
    for number in [1, latest, latest + 1, i64::MAX, -1] {
        let number = number.to_string();
        assert_eq!(error_code(&server.app, &number).await, "CURSOR_EXPIRED", "{number}");
        assert_eq!(codes_over_transports(&server, &number).await, ["CURSOR_EXPIRED"; 2], "{number}");
    }
    assert_eq!(error_code(&server.app, "abc").await, "BAD_USER_INPUT");
    assert_eq!(codes_over_transports(&server, "abc").await, ["BAD_USER_INPUT"; 2]);
}

#[rstest]
#[tokio::test]
async fn expire_cursors_command_expires_the_cursors_of_a_running_server(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let Some(shell) = Shell::on_demo_data(database).await else { return };
    let token = shell.token(MONA);
    let server = shell.start("serve");
    let since = cursor(shell.database(), 7).await;
    let query = format!(r#"{{ interviewChanges(since: "{since}", first: 0) {{ totalCount }} }}"#);
    assert!(server.graphql(&token, &query).await.get("errors").is_none());
    assert_eq!(shell.succeed("expire-cursors"), "all cursors have expired\n");
    assert_eq!(server.graphql(&token, &query).await["errors"][0]["extensions"]["code"], "CURSOR_EXPIRED");
}

#[rstest]
#[tokio::test]
async fn shared_response_is_not_sent_for_another_event_with_the_same_id(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let Some(app) = TestApp::start_with(database, &["--event-interval", "20ms"]).await else { return };
    let server = ListeningServer::of(app).await;
    let query = "subscription { interviewChanged { id cursor interview { location } } }";
    let mut received = Vec::new();
    for location in ["first", "second"] {
        let mut socket = server.staff().await;
        socket.send(json!({"id": "1", "type": "subscribe", "payload": {"query": query}})).await;
        socket.expect_nothing().await;
        relocate(&server.app.staff(), JUDE_WITH_LUISA, location).await;
        received.push(socket.receive().await["payload"]["data"]["interviewChanged"].take());
        // As if the database had been restored: the next event gets the same id.
        let id = latest_event(&server.app).await;
        server.app.database.execute(&format!("DELETE FROM interview_events WHERE id = {id}")).await;
        if database == Postgres {
            let restart = format!("ALTER TABLE interview_events ALTER COLUMN id RESTART WITH {id}");
            server.app.database.execute(&restart).await;
        } else {
            server
                .app
                .database
                .execute("UPDATE sqlite_sequence SET seq = seq - 1 WHERE name = 'interview_events'")
                .await;
        }
        server.app.clock.advance(chrono::TimeDelta::seconds(1));
        assert_eq!(socket.receive().await["payload"][0]["extensions"]["code"], "CURSOR_EXPIRED");
    }
    assert_eq!(received[0]["id"], received[1]["id"]);
    assert_eq!(received[1]["interview"]["location"], "second");
    assert_ne!(received[0]["cursor"], received[1]["cursor"]);
}
