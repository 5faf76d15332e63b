//! Subscriptions over a WebSocket.

use super::{next, request, subscribe, subscriber};
use crate::support::Database::Sqlite;
use crate::support::events::{cursor, latest_event, relocate};
use crate::support::listening_server::ListeningServer;
use crate::support::people::{JUDE_WITH_LUISA, MONA};
use crate::support::shell::Shell;
use crate::support::websocket_client::WebSocketClient;
use chrono::TimeDelta;
use interviews::services::Tokens;
use serde_json::json;

#[tokio::test]
async fn a_socket_carries_several_subscriptions_and_queries() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let (staff, since) = (server.app.staff(), latest_event(&server.app).await);
    relocate(&staff, JUDE_WITH_LUISA, "one").await;
    let database = &server.app.database;
    let mut client = subscriber(server.address, staff.token(), &cursor(database, since).await).await;
    assert_eq!(client.receive().await, next("1", since + 1, "one"));
    client.send(subscribe("2", &cursor(database, since + 1).await)).await;
    let query = format!("{{ interview(id: {JUDE_WITH_LUISA}) {{ location }} }}");
    assert_eq!(client.ask(&query).await["interview"]["location"], "one");
    relocate(&staff, JUDE_WITH_LUISA, "two").await;
    let mut both = [client.receive().await, client.receive().await];
    both.sort_by_key(|message| message["id"].to_string());
    assert_eq!(both, [next("1", since + 2, "two"), next("2", since + 2, "two")]);
}

#[tokio::test]
async fn completed_subscription_sends_nothing_more_and_releases_its_id() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let (staff, since) = (server.app.staff(), latest_event(&server.app).await);
    relocate(&staff, JUDE_WITH_LUISA, "one").await;
    let database = &server.app.database;
    let mut client = subscriber(server.address, staff.token(), &cursor(database, since).await).await;
    assert_eq!(client.receive().await, next("1", since + 1, "one"));
    client.send(subscribe("2", &cursor(database, since + 1).await)).await;
    client.send(json!({"id": "1", "type": "complete"})).await;
    client.expect_nothing().await;
    relocate(&staff, JUDE_WITH_LUISA, "two").await;
    client.expect_only(&[next("2", since + 2, "two")]).await;
    client.send(subscribe("1", &cursor(database, since + 1).await)).await;
    client.expect_only(&[next("1", since + 2, "two")]).await;
    client.close().await;
}

#[tokio::test]
async fn rejected_subscription_is_one_error_and_the_socket_continues() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let mut client = server.staff().await;
    let not_a_cursor = "The argument `since` is not the `cursor` of an event.";
    for (query, message) in [
        (r#"{ interviewChanged(since: "x") { id } }"#, not_a_cursor),
        (
            r#"{ interviewChanged(filter: {overlaps: {startAt: "2025-03-20T10:00:00Z",
                endAt: "2025-03-20T10:00:00Z"}}) { id } }"#,
            "The end of `filter.overlaps` has to be after its start.",
        ),
    ] {
        assert_eq!(only_error(&mut client, query).await, ["BAD_USER_INPUT", message], "{query}");
    }
    for (query, message) in [
        ("@skip(if: true) { interviewChanged { id } }", "Skip directive is not supported for SUBSCRIPTION location."),
        (
            "{ interviewChanged @skip(if: true) { id } }",
            "Anonymous subscription can not specify @skip or @include on root fields.",
        ),
        (
            "{ a: interviewChanged { id } b: interviewChanged { id } }",
            "Anonymous subscription can only have one root field.",
        ),
        ("{ __typename }", "Anonymous subscription can not have an introspection field as a root field."),
    ] {
        assert_eq!(only_error(&mut client, query).await, ["GRAPHQL_VALIDATION_FAILED", message], "{query}");
    }
    assert_json!(client.ask("{ __typename }").await, @r#"{"__typename": "Query"}"#);
}

/// The code and the message of the only error of a subscription.
async fn only_error(client: &mut WebSocketClient, query: &str) -> [String; 2] {
    let errors = client.errors_of(json!({"query": format!("subscription {query}")})).await;
    assert_eq!(errors.as_array().unwrap().len(), 1, "{query}: {errors}");
    [&errors[0]["extensions"]["code"], &errors[0]["message"]].map(|text| text.as_str().unwrap().to_owned())
}

#[tokio::test]
async fn root_field_may_be_in_a_fragment() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let mut client = server.staff().await;
    let since = latest_event(&server.app).await;
    relocate(&server.app.staff(), JUDE_WITH_LUISA, "in a fragment").await;
    let mut payload = request(&cursor(&server.app.database, since).await);
    payload["query"] = json!(
        "subscription($since: ID) { ...F } \
         fragment F on Subscription { it: interviewChanged(since: $since) { interview { location } } }"
    );
    client.send(json!({"id": "f", "type": "subscribe", "payload": payload})).await;
    let location = &client.receive().await["payload"]["data"]["it"]["interview"]["location"];
    assert_eq!(location, "in a fragment");
}

#[tokio::test]
async fn expired_token_closes_the_socket_with_and_without_a_subscription() {
    let server = ListeningServer::start(Sqlite, &["--viewer-ttl", "50ms"]).await.unwrap();
    let (app, since) = (&server.app, latest_event(&server.app).await);
    relocate(&app.staff(), JUDE_WITH_LUISA, "one").await;
    let tokens = Tokens::try_new(crate::support::SECRET, None).unwrap();
    let for_a_minute = tokens.sign(MONA, app.now(), TimeDelta::minutes(1)).unwrap();
    let start = cursor(&app.database, since).await;
    let mut subscribed = subscriber(server.address, &for_a_minute, &start).await;
    assert_eq!(subscribed.receive().await, next("1", since + 1, "one"));
    let idle = WebSocketClient::sign_in(server.address, &for_a_minute).await;
    app.clock.advance(TimeDelta::minutes(2));
    subscribed.expect_close(4403, "TOKEN_EXPIRED").await;
    idle.expect_close(4403, "TOKEN_EXPIRED").await;
}

#[tokio::test]
async fn revoked_token_closes_the_socket_with_and_without_a_subscription() {
    let server = ListeningServer::start(Sqlite, &["--viewer-ttl", "50ms"]).await.unwrap();
    let app = &server.app;
    let staff = app.staff();
    let start = cursor(&app.database, latest_event(app).await).await;
    let subscribed = subscriber(server.address, staff.token(), &start).await;
    let idle = WebSocketClient::sign_in(server.address, staff.token()).await;
    app.revoke(&staff).await;
    subscribed.expect_close(4403, "TOKEN_REVOKED").await;
    idle.expect_close(4403, "TOKEN_REVOKED").await;
}

#[tokio::test]
async fn shutdown_of_the_process_closes_subscribers_with_1001() {
    let shell = Shell::on_demo_data(Sqlite).await.unwrap();
    let server = shell.start("serve");
    let token = shell.token(MONA);
    let mut client = WebSocketClient::sign_in(server.address.parse().unwrap(), &token).await;
    client
        .send(json!({
            "id": "1", "type": "subscribe", "payload": {"query": "subscription { interviewChanged { id } }"}
        }))
        .await;
    client.expect_nothing().await;
    server.signal("TERM");
    client.expect_close(1001, "Going away").await;
    let (code, log) = server.ended();
    assert_eq!(code, Some(0), "{log:#?}");
}
