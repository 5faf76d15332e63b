//! Subscriptions from end to end, over WebSocket and as server-sent events.

use super::{PATIENCE, latest, touch};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::listening_server::Server;
use crate::support::shell::Shell;
use crate::support::websocket_client::Client;
use chrono::TimeDelta;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use interviews::domain::UserId;
use interviews::services::Tokens;
use rstest::rstest;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use std::net::SocketAddr;

const QUERY: &str = "subscription($since: ID) { interviewChanged(since: $since) { id interview { location } } }";

/// Somebody at the first event after `since`.
async fn subscriber(address: SocketAddr, token: &str, since: i64) -> Client {
    let mut client = Client::connect(address, &[("sec-websocket-protocol", "graphql-transport-ws")]).await.unwrap();
    client.say(json!({"type": "connection_init", "payload": {"Authorization": format!("Bearer {token}")}})).await;
    assert_eq!(client.hear().await["type"], "connection_ack");
    client.say(subscribe("1", since)).await;
    client
}

fn subscribe(id: &str, since: i64) -> Value {
    json!({"id": id, "type": "subscribe", "payload": {"query": QUERY, "variables": {"since": since.to_string()}}})
}

/// What a subscriber of this id is told of a change.
fn told(id: &str, event: i64, location: &str) -> Value {
    let data = json!({"interviewChanged": {"id": event.to_string(), "interview": {"location": location}}});
    json!({"id": id, "type": "next", "payload": {"data": data}})
}

#[rstest]
#[tokio::test]
async fn a_socket_carries_several_subscriptions_and_other_operations(#[values(Sqlite, Postgres)] database: Database) {
    let Some(server) = Server::start(database, &[]).await else { return };
    let (staff, since) = (server.app.staff(), latest(&server.app).await);
    touch(&staff, 27, "one").await;
    let mut client = subscriber(server.address, staff.token(), since).await;
    assert_eq!(client.hear().await, told("1", since + 1, "one"));
    client.say(subscribe("2", since + 1)).await;
    assert_eq!(client.ask("{ interview(id: 27) { location } }").await["interview"]["location"], "one");
    touch(&staff, 27, "two").await;
    let mut both = [client.hear().await, client.hear().await];
    both.sort_by_key(|message| message["id"].to_string());
    assert_eq!(both, [told("1", since + 2, "two"), told("2", since + 2, "two")]);
    // What is completed is silent at once, and its id is free.
    client.say(json!({"id": "1", "type": "complete"})).await;
    client.hears_nothing().await;
    touch(&staff, 27, "three").await;
    client.hears_only(&[told("2", since + 3, "three")]).await;
    client.say(subscribe("1", since + 2)).await;
    client.hears_only(&[told("1", since + 3, "three")]).await;
    client.leave().await;
}

#[rstest]
#[tokio::test]
async fn wrong_arguments_are_one_error_and_the_socket_goes_on(#[values(Sqlite, Postgres)] database: Database) {
    let Some(server) = Server::start(database, &[]).await else { return };
    let mut client = server.staff().await;
    for (query, message) in [
        (r#"subscription { interviewChanged(since: "x") { id } }"#, "`since` is not the id of an event"),
        ("subscription { interviewChanged(since: 999999) { id } }", "`since` is not the id of an event"),
        (
            r#"subscription { interviewChanged(filter: {overlaps: {startAt: "2025-03-20T10:00:00Z",
                endAt: "2025-03-20T10:00:00Z"}}) { id } }"#,
            "`filter.overlaps`: the end has to be after the start",
        ),
        ("subscription @skip(if: true) { interviewChanged { id } }", ""),
        ("subscription { interviewChanged @skip(if: true) { id } }", ""),
        ("subscription { a: interviewChanged { id } b: interviewChanged { id } }", ""),
        ("subscription { __typename }", ""),
    ] {
        let errors = client.fail(json!({"query": query})).await;
        assert_eq!(errors.as_array().unwrap().len(), 1, "{query}: {errors}");
        let code = &errors[0]["extensions"]["code"];
        assert!(["BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"].contains(&code.as_str().unwrap()), "{query}: {errors}");
        if !message.is_empty() {
            assert_eq!((code, &errors[0]["message"]), (&json!("BAD_USER_INPUT"), &json!(message)));
        }
    }
    // The root field may stand in a fragment.
    let since = latest(&server.app).await;
    touch(&server.app.staff(), 27, "in a fragment").await;
    let query = "subscription($since: ID) { ...F } \
                 fragment F on Subscription { it: interviewChanged(since: $since) { interview { location } } }";
    let payload = json!({"query": query, "variables": {"since": since.to_string()}});
    client.say(json!({"id": "f", "type": "subscribe", "payload": payload})).await;
    let location = &client.hear().await["payload"]["data"]["it"]["interview"]["location"];
    assert_eq!(location, "in a fragment");
}

#[tokio::test]
async fn by_a_single_answer_there_is_no_subscription() {
    let app = start!(Sqlite);
    let answer = app.staff().graphql("subscription { interviewChanged { id } }", json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_REQUEST", "{answer}");
    let message = "subscriptions come over WebSocket, or with `accept: text/event-stream`";
    assert_eq!((&answer["errors"][0]["message"], answer.get("data")), (&json!(message), None));
}

#[rstest]
#[tokio::test]
async fn whoever_is_signed_out_is_told_so(#[values(Sqlite, Postgres)] database: Database) {
    let Some(server) = Server::start(database, &["--viewer-ttl", "50ms"]).await else { return };
    let (app, since) = (&server.app, latest(&server.app).await);
    touch(&app.staff(), 27, "one").await;
    let tokens = Tokens::try_new(crate::support::SECRET, None).unwrap();
    let brief = tokens.sign(UserId(1000), app.now(), TimeDelta::minutes(1)).unwrap();
    let mut socket = subscriber(server.address, &brief, since).await;
    assert_eq!(socket.hear().await, told("1", since + 1, "one"));
    let mut events = Events::subscribe(&server, &brief, since).await;
    assert_eq!(events.next().await, told("", since + 1, "one")["payload"].to_string());
    let mut silent =
        Client::connect(server.address, &[("sec-websocket-protocol", "graphql-transport-ws")]).await.unwrap();
    silent.say(json!({"type": "connection_init", "payload": {"Authorization": format!("Bearer {brief}")}})).await;
    assert_eq!(silent.hear().await["type"], "connection_ack");
    app.clock.advance(TimeDelta::minutes(2));
    socket.sees_close(4403, "Forbidden").await;
    silent.sees_close(4403, "Forbidden").await;
    let last: Value = serde_json::from_str(&events.next().await).unwrap();
    assert_eq!(last["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    assert_eq!(events.rest().await, "event: complete\ndata:\n\n");
}

#[rstest]
#[tokio::test]
async fn an_event_stream_goes_on_where_another_ended(#[values(Sqlite, Postgres)] database: Database) {
    let Some(server) = Server::start(database, &[]).await else { return };
    let (staff, mut since) = (server.app.staff(), latest(&server.app).await);
    for round in 0..3 {
        let mut events = Events::subscribe(&server, staff.token(), since).await;
        for step in 0..3 {
            let location = format!("step {step} of round {round}");
            touch(&staff, 27, &location).await;
            since += 1;
            assert_eq!(events.next().await, told("", since, &location)["payload"].to_string());
        }
    }
}

/// An event stream over a real connection.
struct Events {
    bytes: BoxStream<'static, reqwest::Result<Vec<u8>>>,
    text: String,
}

impl Events {
    async fn subscribe(server: &Server, token: &str, since: i64) -> Self {
        let body = json!({"query": QUERY, "variables": {"since": since.to_string()}});
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client.post(format!("http://{}/graphql", server.address)).bearer_auth(token).json(&body);
        let answer = request.header("accept", "text/event-stream").send().await.unwrap();
        assert_eq!(answer.headers()["content-type"], "text/event-stream; charset=utf-8");
        let bytes = futures_util::stream::unfold(answer, |mut answer| async {
            let chunk = answer.chunk().await.transpose()?;
            Some((chunk.map(|chunk| chunk.to_vec()), answer))
        });
        Self { bytes: bytes.boxed(), text: String::new() }
    }

    /// The data of the next `next`.
    async fn next(&mut self) -> String {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let event: String = self.text.drain(..end + 2).collect();
                let data = event.trim_start_matches(":\n").trim_end().strip_prefix("event: next\ndata: ");
                return data.unwrap().to_owned();
            }
            let chunk = tokio::time::timeout(PATIENCE, self.bytes.next()).await.expect("nothing comes");
            self.text += &String::from_utf8(chunk.expect("it ended").unwrap()).unwrap();
        }
    }

    /// All that comes until the end.
    async fn rest(mut self) -> String {
        while let Some(chunk) = tokio::time::timeout(PATIENCE, self.bytes.next()).await.expect("it does not end") {
            self.text += &String::from_utf8(chunk.unwrap()).unwrap();
        }
        self.text
    }
}

#[rstest]
#[tokio::test]
async fn a_server_that_is_told_to_stop_says_so_to_its_subscribers(#[values(Sqlite, Postgres)] database: Database) {
    let Some(shell) = Shell::on_demo_data(database).await else { return };
    let server = shell.start("serve");
    let token = shell.succeed("token --sub 1000");
    let mut client = subscriber(server.address.parse().unwrap(), token.trim(), 999_999).await;
    assert_eq!(client.hear().await["type"], "error");
    server.signal("TERM");
    client.sees_close(1001, "Going away").await;
    let (code, log) = server.ended();
    assert_eq!(code, Some(0), "{log:#?}");
}

/// Another server's connection, which lives on while all of this server's are cut off again and again.
#[rstest]
#[tokio::test]
async fn nobody_loses_an_event_when_connections_to_the_database_break(#[values(Postgres)] database: Database) {
    let Some(server) = Server::start(database, &["--event-interval", "20ms"]).await else { return };
    let (app, since) = (&server.app, latest(&server.app).await);
    let writer = app.database.raw().await;
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid() AND query NOT LIKE '%INSERT INTO interview_events%'";
    let query = "subscription($since: ID) { interviewChanged(since: $since) { id actor { title } \
                 interview { interviewee { driver { title } } interviewer { title } history(first: 1) { totalCount } } } }";
    let mut clients = Vec::new();
    for _ in 0..4 {
        let mut client = server.staff().await;
        let payload = json!({"query": query, "variables": {"since": since.to_string()}});
        client.say(json!({"id": "1", "type": "subscribe", "payload": payload})).await;
        clients.push(client);
    }
    for round in 0..40 {
        writer
            .execute_unprepared(
                "INSERT INTO interview_events (interview_id, type, at, actor_id, actor_side, changes) \
                 VALUES (27, 'updated', now(), 1000, 'interviewer', '[]')",
            )
            .await
            .unwrap();
        if round % 4 == 0 {
            writer.execute_unprepared(cut).await.unwrap();
        }
        tokio::task::yield_now().await;
    }
    for client in &mut clients {
        for event in since + 1..=since + 40 {
            let told = client.hear().await;
            assert_eq!(told["payload"]["data"]["interviewChanged"]["id"], event.to_string(), "{told}");
            assert!(told["payload"].get("errors").is_none(), "{told}");
        }
    }
}

#[rstest]
#[tokio::test]
async fn subscribers_wait_for_a_database_that_is_gone_and_miss_nothing(#[values(Postgres)] database: Database) {
    let Some(server) = Server::start(database, &["--event-interval", "20ms"]).await else { return };
    let (app, since): (&TestApp, i64) = (&server.app, latest(&server.app).await);
    touch(&app.staff(), 27, "before").await;
    let mut client = subscriber(server.address, app.staff().token(), since).await;
    assert_eq!(client.hear().await, told("1", since + 1, "before"));
    // Nobody is let in, and whoever is in is cut off; another server's change is there when the database is back.
    let name = app.database.url.rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
    let elsewhere = app.database.url.replace(&name, "postgres");
    let administer = async |sql: String| {
        sea_orm::Database::connect(&elsewhere).await.unwrap().execute_unprepared(&sql).await.unwrap();
    };
    let writer = app.database.raw().await;
    administer(format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")).await;
    administer(format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' AND pid <> pg_backend_pid()"
    ))
    .await;
    drop(writer);
    client.hears_nothing().await;
    administer(format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")).await;
    loop {
        let answer = app
            .staff()
            .graphql(
                "mutation { updateInterview(id: 27, input: {location: \"after\"}) { interview { id } } }",
                json!({}),
            )
            .await;
        if answer.get("errors").is_none() {
            break;
        }
    }
    assert_eq!(client.hear().await, told("1", since + 2, "after"));
}
