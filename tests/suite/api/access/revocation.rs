//! `revokeTokens`.

use crate::api::subscriptions::Subscriber;
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::{Actor, refusals};
use crate::support::database::TestDatabase;
use crate::support::people::{MONA, UNKNOWN_USER};
use crate::support::{SECRET, TestApp};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use interviews::services::{SubscriptionEnd, TokenProblem};
use jsonwebtoken::{EncodingKey, Header};
use rstest::rstest;
use serde_json::{Value, json};

fn claims(actor: &Actor) -> Value {
    let payload = URL_SAFE_NO_PAD.decode(actor.token().split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice(&payload).unwrap()
}

/// The token of the actor, as the mutation takes it.
fn token_of(actor: &Actor) -> Value {
    json!({"token": {"jti": claims(actor)["jti"], "expiresAt": "2030-01-01T00:00:00Z"}})
}

/// The id of the viewer, or the reason for which the token is refused.
async fn sign_in(actor: &Actor) -> String {
    let answer = actor.graphql("{ viewer { id } }", json!({})).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    if answer["errors"].is_null() {
        text(&answer["data"]["viewer"]["id"])
    } else {
        text(&answer["errors"][0]["extensions"]["reason"])
    }
}

/// Another server on the same database.
async fn other_server(app: &TestApp) -> TestApp {
    TestApp::on(TestDatabase::at(app.database.options().url, None), &[]).await
}

#[rstest]
#[tokio::test]
async fn revoked_token_is_refused_at_once_here_and_soon_on_other_servers(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let other_app = other_server(&app).await;
    let (revoked, valid) = (app.staff(), app.staff());
    let elsewhere = other_app.bearer(revoked.token());
    for actor in [&revoked, &valid, &elsewhere] {
        assert_eq!(sign_in(actor).await, MONA.to_string());
    }
    let payload = app.service().revoke(token_of(&revoked)).await;
    assert_eq!(payload, json!({"revokedAt": "2025-03-20T10:02:08.958Z", "userErrors": []}));
    assert_eq!(sign_in(&revoked).await, "TOKEN_REVOKED");
    assert_eq!(sign_in(&valid).await, MONA.to_string());
    other_app.clock.advance(TimeDelta::seconds(5));
    assert_eq!(sign_in(&elsewhere).await, "TOKEN_REVOKED");
    // The first time counts as long as the second.
    assert_eq!(refusals(&app.service().revoke(token_of(&revoked)).await).len(), 0);
    let mut later = token_of(&revoked);
    later["token"]["expiresAt"] = json!("2031-01-01T00:00:00Z");
    for token in [later, token_of(&revoked)] {
        assert_eq!(refusals(&app.service().revoke(token).await).len(), 0);
    }
    let expiry = "SELECT CAST(expires_at AS TEXT) FROM revoked_tokens";
    assert!(app.database.value::<String>(expiry).await.starts_with("2031-01-01"));
}

#[rstest]
#[tokio::test]
async fn all_tokens_of_a_user_that_were_issued_before_are_refused(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let other_app = other_server(&app).await;
    let mut undated = claims(&app.staff());
    undated.as_object_mut().unwrap().remove("iat").unwrap();
    let undated = jsonwebtoken::encode(&Header::default(), &undated, &EncodingKey::from_secret(SECRET)).unwrap();
    let old = [app.staff(), app.staff(), app.bearer(&undated)];
    let elsewhere = other_app.bearer(old[0].token());
    for actor in old.iter().chain([&elsewhere]) {
        assert_eq!(sign_in(actor).await, MONA.to_string());
    }
    assert_eq!(refusals(&app.admin().revoke(json!({"userId": MONA.to_string()})).await).len(), 0);
    for actor in &old {
        assert_eq!(sign_in(actor).await, "TOKEN_REVOKED");
    }
    // Issued in the same second: it may have been before.
    assert_eq!(sign_in(&app.staff()).await, "TOKEN_REVOKED");
    assert_eq!(sign_in(&app.manager()).await, "1003");
    for app in [&app, &other_app] {
        app.clock.advance(TimeDelta::seconds(5));
    }
    assert_eq!(sign_in(&elsewhere).await, "TOKEN_REVOKED");
    let new = app.staff();
    assert_eq!(sign_in(&new).await, MONA.to_string());
    // The cached user of the new token does not let an old one in that has its `jti`.
    let mut copy = claims(&new);
    copy["iat"] = claims(&old[0])["iat"].clone();
    let copy = jsonwebtoken::encode(&Header::default(), &copy, &EncodingKey::from_secret(SECRET)).unwrap();
    assert_eq!(sign_in(&app.bearer(&copy)).await, "TOKEN_REVOKED");
}

#[rstest]
#[tokio::test]
async fn open_connections_of_the_user_end(#[values(Sqlite, Postgres)] database: Database) {
    let Some(app) = TestApp::start_with(database, &["--viewer-ttl", "50ms"]).await else { return };
    let mut subscribers = Vec::new();
    for actor in [app.staff(), app.staff()] {
        subscribers.push(Subscriber::of(&app, &actor).await);
    }
    app.service().revoke(json!({"userId": MONA.to_string()})).await;
    for mut subscriber in subscribers {
        assert!(matches!(subscriber.end().await, SubscriptionEnd::SignedOut(TokenProblem::Revoked)));
    }
}

#[rstest]
#[tokio::test]
async fn what_cannot_be_revoked_is_refused_by_name(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    for id in [UNKNOWN_USER.to_string(), "mona".to_owned(), "9223372036854775808".to_owned(), "-1".to_owned()] {
        let payload = app.service().revoke(json!({"userId": id})).await;
        assert_eq!(refusals(&payload), ["NOT_FOUND input.userId"]);
    }
    for jti in [String::new(), "x".repeat(257), "a\0b".to_owned()] {
        let token = json!({"token": {"jti": jti, "expiresAt": "2030-01-01T00:00:00Z"}});
        assert_eq!(refusals(&app.service().revoke(token).await), ["INVALID_JTI input.token.jti"]);
    }
    assert_eq!(app.database.value::<i64>("SELECT count(*) FROM revoked_tokens").await, 0);
}

#[tokio::test]
async fn exactly_one_of_token_and_user_is_given() {
    let app = start!(Sqlite);
    let query = "mutation($input: RevokeTokensInput!) { revokeTokens(input: $input) { revokedAt } }";
    let token = json!({"jti": "a", "expiresAt": "2030-01-01T00:00:00Z"});
    for input in [
        json!({}),
        json!({"userId": "1", "token": token}),
        json!({"userId": null}),
        json!({"userId": "1", "token": null}),
    ] {
        let answer = app.service().graphql(query, json!({"input": input})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{input}");
    }
    for input in ["{}", "{userId: null}", r#"{userId: 1, token: {jti: "a", expiresAt: "2030-01-01T00:00:00Z"}}"#] {
        let query = format!("mutation {{ revokeTokens(input: {input}) {{ revokedAt }} }}");
        let answer = app.service().graphql(&query, json!({})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED", "{input}");
    }
}
