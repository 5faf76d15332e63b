//! The server's orderly end, as its sockets see it.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::listening_server::{MOVE, Server, moved, subscribe};
use rstest::rstest;

#[tokio::test]
async fn every_socket_is_closed_with_1001() {
    let mut server = Server::start(Sqlite, &["--shutdown-grace", "1h"]).await.unwrap();
    let (staff, stranger) = (server.staff().await, server.stranger().await);
    server.stop();
    staff.sees_close(1001, "Going away").await;
    stranger.sees_close(1001, "Going away").await;
    server.stopped().await;
}

#[rstest]
#[tokio::test]
async fn operations_in_flight_are_answered_first(#[values(Sqlite, Postgres)] database: Database) {
    let Some(mut server) = Server::start(database, &["--shutdown-grace", "1h", "--max-in-flight", "1"]).await else {
        return;
    };
    let other = server.holding_interview_27().await;
    let mut client = server.staff().await;
    client.say(subscribe("1", MOVE)).await;
    client.hears_nothing().await;
    server.stop();
    other.rollback().await.unwrap();
    for message in moved("1") {
        assert_eq!(client.hear().await, message);
    }
    client.sees_close(1001, "Going away").await;
    server.stopped().await;
}

#[tokio::test]
async fn a_client_that_does_not_take_its_leave_is_not_waited_for_longer_than_is_set() {
    let mut server = Server::start(Sqlite, &["--shutdown-grace", "100ms", "--write-timeout", "1h"]).await.unwrap();
    let mut client = server.staff().await;
    client.hears_nothing().await;
    server.stop();
    server.stopped().await;
    drop(client);
}
