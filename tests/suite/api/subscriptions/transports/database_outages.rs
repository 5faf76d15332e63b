//! Subscriptions while PostgreSQL ends connections or is unavailable.

use super::{next, subscriber};
use crate::support::Database::Postgres;
use crate::support::database::open_connection;
use crate::support::events::{cursor, insert_events, latest_event, relocate};
use crate::support::listening_server::{ListeningServer, set_location};
use crate::support::people::{JUDE_WITH_LUISA, MONA};
use sea_orm::ConnectionTrait;
use serde_json::json;

#[tokio::test]
async fn subscribers_miss_no_event_when_connections_to_the_database_break() {
    let Some(server) = ListeningServer::start(Postgres, &["--event-interval", "20ms"]).await else { return };
    let (app, since) = (&server.app, latest_event(&server.app).await);
    // The connection of another server, which survives while those of this server are terminated.
    let writer = app.database.raw().await;
    let terminate = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() \
                     AND pid <> pg_backend_pid() AND query NOT LIKE '%INSERT INTO interview_events%'";
    let query = "subscription($since: ID) { interviewChanged(since: $since) { id actor { title } \
                 interview { interviewee { driver { title } } interviewer { title } \
                 history(first: 1) { totalCount } } } }";
    let mut clients = Vec::new();
    for _ in 0..4 {
        let mut client = server.staff().await;
        let payload = json!({"query": query, "variables": {"since": cursor(&app.database, since).await}});
        client.send(json!({"id": "1", "type": "subscribe", "payload": payload})).await;
        clients.push(client);
    }
    for round in 0..40 {
        writer.execute_unprepared(&insert_events(JUDE_WITH_LUISA, MONA, "now()", 1)).await.unwrap();
        if round % 4 == 0 {
            writer.execute_unprepared(terminate).await.unwrap();
        }
        tokio::task::yield_now().await;
    }
    for client in &mut clients {
        for event in since + 1..=since + 40 {
            let message = client.receive().await;
            assert_eq!(message["payload"]["data"]["interviewChanged"]["id"], event.to_string(), "{message}");
            assert!(message["payload"].get("errors").is_none(), "{message}");
        }
    }
}

#[tokio::test]
async fn subscribers_wait_for_an_unavailable_database_and_miss_no_event() {
    let Some(server) = ListeningServer::start(Postgres, &["--event-interval", "20ms"]).await else { return };
    let (app, since) = (&server.app, latest_event(&server.app).await);
    relocate(&app.staff(), JUDE_WITH_LUISA, "before").await;
    let start = cursor(&app.database, since).await;
    let mut client = subscriber(server.address, app.staff().token(), &start).await;
    assert_eq!(client.receive().await, next("1", since + 1, "before"));

    let name = app.database.url.rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
    let elsewhere = app.database.url.replace(&name, "postgres");
    let administer = async |sql: String| {
        open_connection(&elsewhere).await.execute_unprepared(&sql).await.unwrap();
    };
    administer(format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")).await;
    administer(format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' AND pid <> pg_backend_pid()"
    ))
    .await;
    client.expect_nothing().await;
    administer(format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")).await;

    while app.staff().graphql(&set_location(), json!({})).await.get("errors").is_some() {}
    assert_eq!(client.receive().await, next("1", since + 2, "Gate 9"));
}
