//! The shutdown of the server as its WebSocket clients see it.

use crate::support::Database::Sqlite;
use crate::support::listening_server::{ListeningServer, location_set, set_location, subscribe};
use crate::support::people::JUDE_WITH_LUISA;

#[tokio::test]
async fn shutdown_closes_every_socket_with_1001() {
    let mut server = ListeningServer::start(Sqlite, &["--shutdown-grace", "1h"]).await.unwrap();
    let (signed_in, not_signed_in) = (server.staff().await, server.connect().await);
    server.stop();
    signed_in.expect_close(1001, "Going away").await;
    not_signed_in.expect_close(1001, "Going away").await;
    server.stopped().await;
}

#[tokio::test]
async fn shutdown_answers_operations_in_flight_before_it_closes() {
    let flags = ["--shutdown-grace", "1h", "--max-in-flight", "1"];
    let mut server = ListeningServer::start(Sqlite, &flags).await.unwrap();
    let lock = server.lock(JUDE_WITH_LUISA).await;
    let mut client = server.staff().await;
    client.send(subscribe("1", &set_location())).await;
    client.expect_nothing().await;
    server.stop();
    lock.rollback().await.unwrap();
    for message in location_set("1") {
        assert_eq!(client.receive().await, message);
    }
    client.expect_close(1001, "Going away").await;
    server.stopped().await;
}

#[tokio::test]
async fn shutdown_ends_after_the_grace_period_with_a_client_that_does_not_close() {
    let flags = ["--shutdown-grace", "100ms", "--write-timeout", "1h"];
    let mut server = ListeningServer::start(Sqlite, &flags).await.unwrap();
    let mut client = server.staff().await;
    client.expect_nothing().await;
    server.stop();
    server.stopped().await;
    drop(client);
}
