//! SIGTERM with `SHUTDOWN_DELAY`: the server says that it is draining and serves everything until the delay is over.
//! After the grace period the exit code tells whether requests were cut.

use crate::http::connections::{LIVE, WITHOUT_BODY, connect, expect_closed, request, used};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::http_client;
use crate::support::listening_server::{TIMEOUT, set_location, subscribe};
use crate::support::people::{JUDE_WITH_LUISA, MONA};
use crate::support::polling::until;
use crate::support::rest::interview_path;
use crate::support::shell::{Server, Shell};
use crate::support::websocket_client::{SUBPROTOCOL, WebSocketClient};
use reqwest::{Method, Response};
use rstest::rstest;
use serde_json::{Value, json};
use std::net::SocketAddr;
use tokio::net::TcpStream;

fn address(server: &Server) -> SocketAddr {
    server.address.parse().unwrap()
}

/// Sends a request on a connection of its own. Its response closes the connection.
async fn ask(server: &Server, method: Method, path: &str, body: Option<&Value>, token: &str) -> Response {
    let request = http_client::client().request(method, format!("http://{}{path}", server.address)).bearer_auth(token);
    let request = body.into_iter().fold(request, reqwest::RequestBuilder::json);
    let response = request.send().await.unwrap();
    assert_eq!(response.headers().get("connection").map(AsRef::as_ref), Some(b"close".as_slice()), "{path}");
    response
}

/// A server that got SIGTERM and drains for an hour.
async fn draining(shell: &Shell) -> Server {
    let server = shell.start("serve --shutdown-delay 1h --shutdown-grace 1h --keep-alive-timeout 1h");
    server.signal("TERM");
    server.stderr.wait_for("draining");
    server
}

const EVENTS: &str = "subscription { interviewChanged { interview { location } } }";

#[rstest]
#[tokio::test]
async fn draining_server_serves_everything_and_is_not_ready(#[values(Sqlite, Postgres)] database: Database) {
    let Some(shell) = Shell::on_demo_data(database).await else { return };
    let token = shell.token(MONA);
    let server = shell.start("serve --shutdown-delay 1h --shutdown-grace 1h --keep-alive-timeout 1h");
    let mut open = WebSocketClient::sign_in(address(&server), &token).await;
    open.send(subscribe("1", EVENTS)).await;
    open.expect_nothing().await;
    let (mut kept, idle) = (used(address(&server)).await, used(address(&server)).await);
    assert_eq!(server.get("/readyz").await.0, 200);
    server.signal("TERM");
    server.stderr.wait_for("draining");

    let ready = ask(&server, Method::GET, "/readyz", None, &token).await;
    assert_eq!((ready.status().as_u16(), ready.headers()["cache-control"].to_str().unwrap()), (503, "no-store"));
    assert_json!(ready.json::<Value>().await.unwrap(), @r#"{"status": "draining"}"#);
    let rest = interview_path(JUDE_WITH_LUISA);
    let query = json!({"query": "{ viewer { role } }"});
    let patch = json!({"interview": {"location": "Gate 8"}});
    for (method, path, body, status) in [
        (Method::GET, "/livez", None, 200),
        (Method::POST, "/graphql", Some(&query), 200),
        (Method::POST, "/graphql", Some(&json!([query])), 200),
        (Method::POST, "/graphql", Some(&json!({"query": "{"})), 200),
        (Method::GET, "/graphql?query={viewer{role}}", None, 200),
        (Method::DELETE, &rest, None, 405),
        (Method::PATCH, &rest, Some(&patch), 200),
        (Method::GET, "/none", None, 404),
        (Method::DELETE, "/graphql", None, 405),
        (Method::POST, "/graphql", Some(&json!({"query": set_location()})), 200),
    ] {
        assert_eq!(ask(&server, method, path, body, &token).await.status().as_u16(), status, "{path} {body:?}");
    }
    // A connection that was open serves one more request.
    assert_eq!(request(&mut kept, LIVE).await.0, 200);
    expect_closed(kept).await;
    // WebSockets stay open, and new ones are accepted.
    let locations =
        ["Gate 8", "Gate 9"].map(|location| json!({"interviewChanged": {"interview": {"location": location}}}));
    let mut received = Vec::new();
    while received.len() < 2 {
        let event = open.receive().await["payload"]["data"].take();
        // The interview is as it is when the event is sent.
        assert!(locations.contains(&event), "{event}");
        received.push(event);
    }
    let mut new = WebSocketClient::sign_in(address(&server), &token).await;
    assert_eq!(new.ask("{ viewer { role } }").await["viewer"]["role"], "STAFF");
    open.expect_nothing().await;
    drop((idle, new));
}

#[rstest]
#[case("TERM")]
#[case("INT")]
#[tokio::test]
async fn second_signal_ends_a_draining_server_at_once(#[case] signal: &str) {
    let shell = Shell::on_demo_data(Sqlite).await.unwrap();
    let server = draining(&shell).await;
    server.signal(signal);
    assert_eq!(server.ended().0, Some(1));
}

#[tokio::test]
async fn listener_closes_after_the_delay() {
    let shell = Shell::on_demo_data(Sqlite).await.unwrap();
    let token = shell.token(MONA);
    let server = shell.start("serve --shutdown-delay 500ms --shutdown-grace 1h --keep-alive-timeout 1h");
    let socket = WebSocketClient::sign_in(address(&server), &token).await;
    let kept = used(address(&server)).await;
    server.signal("TERM");
    server.stderr.wait_for("draining");
    assert_eq!(server.get("/readyz").await.0, 503);
    socket.expect_close(1001, "Going away").await;
    expect_closed(kept).await;
    until(async || TcpStream::connect(&server.address).await.is_err()).await;
    let (code, log) = server.ended();
    assert_eq!(code, Some(0));
    assert!(!log.iter().any(|line| line.contains("WARN") || line.contains("ERROR")), "{log:#?}");
}

#[rstest]
#[case::serve("serve", "INT")]
#[case::dev("dev --interviews 40", "INT")]
#[case::dev_whose_terminal_is_closed("dev --interviews 40", "HUP")]
#[tokio::test]
async fn signals_of_a_terminal_do_not_wait_for_the_delay(#[case] command: &str, #[case] signal: &str) {
    let shell = Shell::on_demo_data(Sqlite).await.unwrap();
    let server = shell.start(&format!("{command} --shutdown-delay 1h"));
    let socket = WebSocketClient::connect(address(&server), &[SUBPROTOCOL]).await.unwrap();
    server.signal(signal);
    socket.expect_close(1001, "Going away").await;
    assert_eq!(server.ended().0, Some(0));
}

#[rstest]
#[case::serve("exec interviews serve")]
#[case::dev_with_nohup("trap '' HUP; exec interviews dev --interviews 40")]
#[tokio::test]
async fn hangup_does_not_stop_a_server_without_a_terminal(#[case] script: &str) {
    let shell = Shell::on_demo_data(Sqlite).await.unwrap();
    let server = shell.start_script(&format!("{script} --shutdown-delay 1h"));
    server.signal("HUP");
    for _ in 0..3 {
        assert_eq!(server.get("/readyz").await.0, 200);
    }
    server.signal("INT");
    assert_eq!(server.ended().0, Some(0));
}

/// What is on a connection when the server stops.
#[derive(Clone, Copy, Debug)]
enum InFlight {
    Nothing,
    PartOfHead,
    PartOfBody,
    Request,
    Mutation,
    IdleSocket,
}

#[rstest]
#[case(InFlight::Nothing, 0)]
#[case(InFlight::PartOfHead, 0)]
#[case(InFlight::PartOfBody, 1)]
#[case(InFlight::Request, 1)]
#[case(InFlight::Mutation, 1)]
#[case(InFlight::IdleSocket, 0)]
#[tokio::test]
async fn exit_code_tells_whether_requests_were_cut(#[case] in_flight: InFlight, #[case] expected: i32) {
    let shell = Shell::on_demo_data(Sqlite).await.unwrap();
    let token = shell.token(MONA);
    let flags =
        "--shutdown-grace 300ms --request-timeout 1h --body-timeout 1h --database-timeout 1h --header-timeout 1h";
    let server = shell.start(&format!("serve {flags}"));
    let lock = shell.database().lock(JUDE_WITH_LUISA).await;
    let (mut stream, mut socket) = (None, None);
    match in_flight {
        InFlight::Nothing => stream = Some(used(address(&server)).await),
        InFlight::PartOfHead => stream = Some(connect(address(&server), "GET / HTTP/1.1\r\n").await),
        InFlight::PartOfBody => stream = Some(connect(address(&server), WITHOUT_BODY).await),
        InFlight::Request => {
            let body = json!({"query": set_location()}).to_string();
            let head = format!(
                "POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
                 content-type: application/json\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            stream = Some(connect(address(&server), &(head + &body)).await);
        }
        InFlight::Mutation | InFlight::IdleSocket => {
            let mut client = WebSocketClient::sign_in(address(&server), &token).await;
            if let InFlight::Mutation = in_flight {
                client.send(subscribe("1", &set_location())).await;
                client.expect_nothing().await;
            }
            socket = Some(client);
        }
    }
    // What was sent has arrived: a later connection is answered.
    assert_eq!(server.get("/livez").await.0, 200);
    server.signal("TERM");
    let (code, log) = server.ended();
    assert_eq!(code, Some(expected), "{log:#?}");
    lock.rollback().await.unwrap();
    drop((stream, socket));
}

/// The system has established connections that the server has not accepted when it gets the signal.
#[tokio::test]
async fn connections_that_wait_to_be_accepted_are_answered() {
    let shell = Shell::on_demo_data(Sqlite).await.unwrap();
    let server = shell.start("serve");
    server.signal("STOP");
    let mut waiting = Vec::new();
    for _ in 0..20 {
        waiting.push(connect(address(&server), LIVE).await);
    }
    server.signal("TERM");
    server.signal("CONT");
    for mut stream in waiting {
        let answered = tokio::time::timeout(TIMEOUT, request(&mut stream, "")).await.unwrap();
        assert_eq!(answered.0, 200);
    }
    assert_eq!(server.ended().0, Some(0));
}
