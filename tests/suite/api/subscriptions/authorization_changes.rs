//! Who is subscribed may lose or change what they may see: it takes effect while they are connected.

use super::{Listener, touch};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use chrono::TimeDelta;
use interviews::domain::UserId;
use interviews::services::{SubscriptionEnd, Tokens};
use rstest::rstest;

/// A server that looks again often.
macro_rules! attentive {
    ($database:expr) => {
        match TestApp::start_with($database, &["--viewer-ttl", "50ms"]).await {
            Some(app) => app,
            None => return,
        }
    };
}

fn jti(token: &str) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice::<serde_json::Value>(&payload).unwrap()["jti"].as_str().unwrap().to_owned()
}

#[rstest]
#[tokio::test]
async fn a_revoked_token_ends_it_and_another_of_the_same_user_goes_on(#[values(Sqlite, Postgres)] database: Database) {
    let app = attentive!(database);
    let (lost, kept) = (app.staff(), app.staff());
    let (mut of_lost, mut of_kept) = (Listener::of(&app, &lost).await, Listener::of(&app, &kept).await);
    let sql = format!("INSERT INTO revoked_tokens VALUES ('{}', '2025-03-20T10:02:08.958+00:00')", jti(lost.token()));
    app.database.execute(&sql).await;
    assert!(matches!(of_lost.end().await, SubscriptionEnd::SignedOut));
    touch(&kept, 27, "still here").await;
    assert_eq!(of_kept.event().await.1, 27);
}

#[rstest]
#[tokio::test]
async fn a_deactivated_user_is_signed_out(#[values(Sqlite, Postgres)] database: Database) {
    let app = attentive!(database);
    let mut listener = Listener::of(&app, &app.driver()).await;
    app.database.execute("UPDATE users SET deactivated_at = '2025-03-20T10:02:08.958+00:00' WHERE id = 997").await;
    assert!(matches!(listener.end().await, SubscriptionEnd::SignedOut));
}

#[rstest]
#[tokio::test]
async fn an_expired_token_ends_it(#[values(Sqlite, Postgres)] database: Database) {
    let app = attentive!(database);
    let tokens = Tokens::try_new(crate::support::SECRET, None).unwrap();
    let brief = app.bearer(&tokens.sign(UserId(1000), app.now(), TimeDelta::minutes(1)).unwrap());
    let mut listener = Listener::of(&app, &brief).await;
    let mut other = Listener::of(&app, &app.staff()).await;
    app.clock.advance(TimeDelta::minutes(2));
    assert!(matches!(listener.end().await, SubscriptionEnd::SignedOut));
    touch(&app.staff(), 27, "others go on").await;
    assert_eq!(other.event().await.1, 27);
}

#[rstest]
#[tokio::test]
async fn another_company_is_another_view(#[values(Sqlite, Postgres)] database: Database) {
    let app = attentive!(database);
    let mover = app.user(UserId(1001));
    let mut listener = Listener::of(&app, &mover).await;
    touch(&app.staff(), 27, "seen").await;
    assert_eq!(listener.event().await.1, 27);
    app.database
        .execute("UPDATE users SET company_id = (SELECT company_id FROM users WHERE id = 1002) WHERE id = 1001")
        .await;
    let of_other: i64 = app
        .database
        .value(
            "SELECT min(id) FROM interviews WHERE company_id = (SELECT company_id FROM users WHERE id = 1002) \
             AND status IN ('pending', 'scheduled')",
        )
        .await;
    // Until the change is noticed, what happens at the old company may still come; afterwards nothing of it does.
    let mut round = 0;
    loop {
        round += 1;
        touch(&app.staff(), 27, &format!("old {round}")).await;
        touch(&app.admin(), of_other, &format!("new {round}")).await;
        let (_, interview) = listener.event().await;
        if interview == of_other {
            break;
        }
    }
    touch(&app.staff(), 27, "unseen").await;
    touch(&app.admin(), of_other, "seen").await;
    assert_eq!(listener.event().await.1, of_other);
}
