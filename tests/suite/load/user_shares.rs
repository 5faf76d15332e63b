//! Each user has a share of the database connections, so that no user takes all of them.

use crate::support::Database::Postgres;
use crate::support::actor::Actor;
use crate::support::database::TestDatabase;
use crate::support::listening_server::{ListeningServer, TIMEOUT};
use crate::support::people::{LUISA, MONA};
use crate::support::websocket_client::WebSocketClient;
use sea_orm::{ConnectionTrait, TransactionTrait};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// The server of a test has 5 connections: one for `/readyz`, and 3 of the others are the share of a user.
const SHARE: i64 = 3;

const BLOCKED: &str =
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";

async fn wait_until_share_is_blocked(database: &TestDatabase) {
    let until_blocked = async { while database.value::<i64>(BLOCKED).await < SHARE {} };
    timeout(TIMEOUT, until_blocked).await.unwrap();
}

/// Fails unless this user is served while no more connections than a share are blocked.
async fn expect_served(user: &Actor, database: &TestDatabase) {
    for _ in 0..20 {
        let answer = timeout(TIMEOUT, user.ask("{ viewer { company { id } } }", json!({}))).await;
        assert_eq!(answer.unwrap()["viewer"]["company"]["id"], "1");
        assert_eq!(database.value::<i64>(BLOCKED).await, SHARE);
    }
}

#[tokio::test]
async fn statements_of_one_user_leave_a_connection_to_others() {
    let app = start!(Postgres);
    let (mona, luisa) = (app.user(MONA), app.user(LUISA));
    for user in [&mona, &luisa] {
        user.ask("{ viewer { id } }", json!({})).await;
    }
    let other_session = app.database.raw().await;
    let lock = other_session.begin().await.unwrap();
    lock.execute_unprepared("LOCK TABLE interviews").await.unwrap();
    let mut waiting = JoinSet::new();
    for _ in 0..8 {
        let mona = mona.clone();
        waiting.spawn(async move { mona.ask("{ interviews(first: 1) { nodes { id } } }", json!({})).await });
    }
    wait_until_share_is_blocked(&app.database).await;
    expect_served(&luisa, &app.database).await;
    lock.rollback().await.unwrap();
    while let Some(answer) = waiting.join_next().await {
        assert_eq!(answer.unwrap()["interviews"]["nodes"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn sign_ins_of_one_user_leave_a_connection_to_others() {
    let server = ListeningServer::start(Postgres, &[]).await.unwrap();
    let app = &server.app;
    let luisa = app.user(LUISA);
    luisa.ask("{ viewer { id } }", json!({})).await;
    let other_session = app.database.raw().await;
    let lock = other_session.begin().await.unwrap();
    lock.execute_unprepared("LOCK TABLE users").await.unwrap();
    let mut waiting = JoinSet::new();
    for _ in 0..8 {
        let (address, token) = (server.address, app.user(MONA).token().to_owned());
        waiting.spawn(async move { WebSocketClient::sign_in(address, &token).await });
    }
    wait_until_share_is_blocked(&app.database).await;
    expect_served(&luisa, &app.database).await;
    lock.rollback().await.unwrap();
    assert_eq!(waiting.join_all().await.len(), 8);
}
