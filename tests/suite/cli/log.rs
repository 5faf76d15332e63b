//! The log: its format, and what it must not contain.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::listening_server::subscribe;
use crate::support::people::{JUDE, JUDE_APPLICATION, JUDE_WITH_LUISA, LUISA, MONA};
use crate::support::rest::interview_path;
use crate::support::shell::{SECRET, Server, Shell};
use crate::support::websocket_client::{SUBPROTOCOL, WebSocketClient};
use rstest::rstest;
use serde_json::{Value, json};
use std::net::SocketAddr;

#[tokio::test]
async fn json_log_has_one_object_per_line() {
    let shell = Shell::on_new(Sqlite).await.unwrap();
    let shell = shell.set("LOG_FORMAT", "json").set("LOG", "info,interviews=debug");
    let server = shell.start("serve --migrate");
    let address = server.address.clone();
    server.get("/livez").await;
    server.signal("TERM");
    let (code, log) = server.ended();
    assert_eq!(code, Some(0));
    let log: Vec<Value> = log.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(log.iter().all(|line| line["level"].is_string() && line["timestamp"].is_string()), "{log:#?}");
    let line = |message: &str| {
        let found = log.iter().find(|line| line["message"] == message);
        found.unwrap_or_else(|| panic!("no {message:?} in {log:#?}"))
    };
    assert_eq!(line("listening")["address"], address);
    let answered = line("answered");
    assert_eq!((&answered["path"], &answered["status"]), (&json!("/livez"), &json!(200)));
    assert!(answered["request_id"].is_string() && answered["target"] == "access", "{answered}");
    line("stopping: requests in flight may finish");
}

/// Sends the token in every way in which a client can, rightly or by mistake.
async fn use_everywhere(server: &Server, token: &str) {
    let bearer = format!("Bearer {token}");
    let header = ("authorization", bearer.as_str());
    server.relocate(token, "behind the blue door").await;
    let people = "{ interviews { nodes { location interviewee { driver { title phoneNumber } } } } }";
    assert!(server.graphql(token, people).await.to_string().contains("Jude Howell"));
    assert_eq!(server.get_with("/graphql?query={viewer{id}}", &[header]).await.status(), 200);
    let events = [header, ("accept", "text/event-stream")];
    assert_eq!(server.get_with("/graphql?query={viewer{id}}", &events).await.status(), 200);
    let rest = interview_path(JUDE_WITH_LUISA);
    let (of_token, with_token) = (format!("/api/v1/{token}"), format!("/graphql?query={{viewer{{id}}}}&token={token}"));
    for path in [&rest, "/graphql", "/none", "/livez", &of_token, &with_token] {
        server.get_with(path, &[header]).await;
        server.get_with(path, &[("authorization", token)]).await;
        server.get_with(path, &[("cookie", &format!("token={token}")), header]).await;
    }
    server.graphql(token, &format!("{{ viewer {{ id }} }} # {token}")).await;
    server.graphql(token, &format!("{{ interview(id: \"{token}\") {{ id }} }}")).await;
    server.graphql("x.y.z", token).await;

    let address: SocketAddr = server.address.parse().unwrap();
    let mut client = WebSocketClient::sign_in(address, token).await;
    assert_eq!(client.ask("{ viewer { id } }").await["viewer"]["id"], MONA.to_string());
    client.send(json!({"type": "ping", "payload": {"token": token}})).await;
    assert_eq!(client.receive().await["type"], "pong");
    client.send(subscribe("1", &format!("{{ viewer {{ id }} }} # {token}"))).await;
    assert_eq!(client.receive().await["type"], "next");
    assert_eq!(client.receive().await["type"], "complete");
    client.close().await;
    let mut client = WebSocketClient::connect(address, &[SUBPROTOCOL, header]).await.unwrap();
    client.initialise(json!({})).await;
    client.send(json!({"type": bearer})).await;
    client.expect_close(4400, "The field `type` has to be connection_init, ping, pong, subscribe or complete.").await;
    let mut client = WebSocketClient::connect(address, &[SUBPROTOCOL]).await.unwrap();
    client.send(json!({"type": "connection_init", "payload": {"authorization": format!("{bearer}x")}})).await;
    client.expect_close(4403, "TOKEN_INVALID").await;
}

#[rstest]
#[case(Sqlite, "trace")]
#[case(Postgres, "trace")]
#[case(Sqlite, "trace,tungstenite=trace,tungstenite::protocol=trace,tokio_tungstenite=trace,axum::rejection=trace")]
#[case(Sqlite, "interviews=trace,[request]=trace,[{request_id}]=trace")]
#[tokio::test]
async fn trace_log_has_no_token_and_no_personal_data(#[case] database: Database, #[case] filter: &str) {
    let Some(shell) = Shell::on_demo_data(database).await else { return };
    let shell = shell.set("LOG", filter);
    let server = shell.start("serve");
    let token = shell.token(MONA);
    use_everywhere(&server, &token).await;
    server.signal("TERM");
    let (_, log) = server.ended();
    let log = log.join("\n");
    assert!(log.contains("answered"), "the log level is `trace`");
    let [_, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("{token}") };
    for secret in [claims, signature, SECRET, "blue door", "Jude Howell"] {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret}");
    }
}

#[tokio::test]
async fn debug_messages_of_libraries_are_logged() {
    let shell = Shell::on_demo_data(Sqlite).await.unwrap().set("LOG", "trace");
    let server = shell.start("serve");
    WebSocketClient::sign_in(server.address.parse().unwrap(), &shell.token(MONA)).await.close().await;
    server.stderr.wait_for("DEBUG tungstenite::protocol: Received close frame");
    let line = server.stderr.wait_for("answered");
    assert!(line.contains("INFO request{") && line.contains("path=\"/graphql\""), "{line}");
}

#[tokio::test]
async fn refusal_for_a_conflict_is_logged_with_ids_alone() {
    let shell = Shell::on_demo_data(Sqlite).await.unwrap().set("LOG", "info");
    let server = shell.start("serve");
    // Jude has an interview with Piet of another company at that time.
    let book = format!(
        r#"mutation {{ createInterview(input: {{kind: IN_PERSON, location: "blue door",
        intervieweeId: {JUDE_APPLICATION}, interviewerId: {LUISA},
        startAt: "2025-06-02T08:00:00Z", endAt: "2025-06-02T08:30:00Z"}}) {{ userErrors {{ code }} }} }}"#
    );
    let answer = server.graphql(&shell.token(MONA), &book).await;
    assert_eq!(answer["data"]["createInterview"]["userErrors"][0]["code"], "SCHEDULE_CONFLICT", "{answer}");
    let line = server.stderr.wait_for("a person is busy at that time");
    let ids = format!("user={MONA} interview=0 interviewee={JUDE_APPLICATION} driver={JUDE} interviewer={LUISA}");
    assert!(line.contains("INFO") && line.contains(&ids), "{line}");
    assert!(!line.contains("blue door") && !line.contains("2025-06-02"), "{line}");
}
