//! Changes of what a connected subscriber may see: they take effect within `--viewer-ttl`.

use super::Subscriber;
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::events::relocate;
use crate::support::people::{COASTAL_FREIGHT, JUDE, JUDE_WITH_LUISA, JUDE_WITH_PIET, LUISA, MONA};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use interviews::services::{SubscriptionEnd, TokenProblem, Tokens};
use rstest::rstest;
use serde_json::Value;

const NOW: &str = "'2025-03-20T10:02:08.958+00:00'";

/// A server that looks users up every 50 ms.
macro_rules! start_with_short_ttl {
    ($database:expr) => {
        match TestApp::start_with($database, &["--viewer-ttl", "50ms"]).await {
            Some(app) => app,
            None => return,
        }
    };
}

fn jti(token: &str) -> String {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice::<Value>(&payload).unwrap()["jti"].as_str().unwrap().to_owned()
}

#[rstest]
#[tokio::test]
async fn revoked_token_ends_its_subscription_and_no_other_of_the_user(#[values(Sqlite, Postgres)] database: Database) {
    let app = start_with_short_ttl!(database);
    let (revoked, valid) = (app.staff(), app.staff());
    let mut of_revoked = Subscriber::of(&app, &revoked).await;
    let mut of_valid = Subscriber::of(&app, &valid).await;
    app.database
        .execute(&format!("INSERT INTO revoked_tokens (jti, revoked_at) VALUES ('{}', {NOW})", jti(revoked.token())))
        .await;
    assert!(matches!(of_revoked.end().await, SubscriptionEnd::SignedOut(TokenProblem::Revoked)));
    relocate(&valid, JUDE_WITH_LUISA, "for the valid token").await;
    assert_eq!(of_valid.event().await.1, JUDE_WITH_LUISA);
}

#[rstest]
#[tokio::test]
async fn deactivated_user_is_signed_out(#[values(Sqlite, Postgres)] database: Database) {
    let app = start_with_short_ttl!(database);
    let mut subscriber = Subscriber::of(&app, &app.driver()).await;
    app.database.execute(&format!("UPDATE users SET deactivated_at = {NOW} WHERE id = {JUDE}")).await;
    assert!(matches!(subscriber.end().await, SubscriptionEnd::SignedOut(TokenProblem::Invalid)));
}

#[tokio::test]
async fn expired_token_ends_its_subscription_only() {
    let app = start_with_short_ttl!(Sqlite);
    let tokens = Tokens::try_new(crate::support::SECRET, None).unwrap();
    let for_a_minute = app.bearer(&tokens.sign(MONA, app.now(), TimeDelta::minutes(1)).unwrap());
    let mut expiring = Subscriber::of(&app, &for_a_minute).await;
    let mut other = Subscriber::of(&app, &app.staff()).await;
    app.clock.advance(TimeDelta::minutes(2));
    assert!(matches!(expiring.end().await, SubscriptionEnd::SignedOut(TokenProblem::Expired)));
    relocate(&app.staff(), JUDE_WITH_LUISA, "for the other").await;
    assert_eq!(other.event().await.1, JUDE_WITH_LUISA);
}

#[tokio::test]
async fn clock_that_is_set_back_does_not_prolong_a_subscription() {
    let app = start_with_short_ttl!(Sqlite);
    let tokens = Tokens::try_new(crate::support::SECRET, None).unwrap();
    let for_a_minute = app.bearer(&tokens.sign(MONA, app.now(), TimeDelta::minutes(1)).unwrap());
    let mut expiring = Subscriber::of(&app, &for_a_minute).await;
    app.clock.set_back(TimeDelta::hours(1));
    app.clock.advance(TimeDelta::minutes(2));
    assert!(matches!(expiring.end().await, SubscriptionEnd::SignedOut(TokenProblem::Expired)));
}

#[rstest]
#[tokio::test]
async fn staff_that_change_companies_receive_the_events_of_the_new_company(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start_with_short_ttl!(database);
    let mut luisa = Subscriber::of(&app, &app.user(LUISA)).await;
    relocate(&app.staff(), JUDE_WITH_LUISA, "seen").await;
    assert_eq!(luisa.event().await.1, JUDE_WITH_LUISA);
    app.database.execute(&format!("UPDATE users SET company_id = {COASTAL_FREIGHT} WHERE id = {LUISA}")).await;
    // Events of the old company may arrive until the server looks the user up again, and none afterwards.
    let mut round = 0;
    loop {
        round += 1;
        relocate(&app.staff(), JUDE_WITH_LUISA, &format!("old {round}")).await;
        relocate(&app.admin(), JUDE_WITH_PIET, &format!("new {round}")).await;
        if luisa.event().await.1 == JUDE_WITH_PIET {
            break;
        }
    }
    relocate(&app.staff(), JUDE_WITH_LUISA, "unseen").await;
    relocate(&app.admin(), JUDE_WITH_PIET, "seen").await;
    assert_eq!(luisa.event().await.1, JUDE_WITH_PIET);
}
