//! `serve` with an identity provider: its settings, its start, and SIGHUP.

use crate::support::Database::Sqlite;
use crate::support::key_server::{KeyServer, Reply};
use crate::support::people::MONA;
use crate::support::polling::until;
use crate::support::shell::{SECRET, Server, Shell};
use crate::support::signer::Family::{EdDsa, Es256, Rs256};
use crate::support::signer::{Signer, key_set};
use chrono::TimeDelta;
use interviews::services::Clock;
use rstest::rstest;
use serde_json::{Value, json};
use std::fs;

const HINT: &str = "(set them in the environment, or see --help for the flags)";

fn token(signer: &Signer) -> String {
    let exp = (Clock::System.now() + TimeDelta::hours(1)).timestamp();
    signer.sign(&json!({"iss": "https://login/", "aud": "interviews", "sub": MONA.to_string(), "exp": exp}))
}

/// A shell with an issuer and an audience, and without a secret.
async fn shell() -> Shell {
    let shell = Shell::on_demo_data(Sqlite).await.unwrap();
    shell.set("JWT_SECRET", "").set("JWKS_ISSUER", "https://login/").set("JWKS_AUDIENCE", "interviews")
}

async fn reason(server: &Server, token: &str) -> Value {
    server.graphql(token, "{ viewer { id } }").await["errors"][0]["extensions"]["reason"].take()
}

async fn is_accepted(server: &Server, signer: &Signer) -> bool {
    server.viewer(&token(signer)).await["role"] == "STAFF"
}

#[test]
fn secret_or_key_set_is_required_and_both_may_be_given() {
    let shell = Shell::new().set("DATABASE_URL", "sqlite://interviews.db");
    assert_eq!(shell.fail("serve"), format!("error: missing settings: JWT_SECRET {HINT}\n"));
    let shell = shell.set("JWKS_URL", "https://login.example.com/keys");
    let missing = format!("error: missing settings: JWKS_ISSUER, JWKS_AUDIENCE {HINT}\n");
    assert_eq!(shell.fail("serve"), missing);
    assert_eq!(shell.fail("serve --jwks-issuer= --jwks-audience="), missing);
    assert_eq!(shell.fail(&format!("serve --jwt-secret={SECRET}")).lines().last().unwrap(), missing.trim_end());
    let only_audience = format!("error: missing settings: JWKS_AUDIENCE {HINT}\n");
    assert_eq!(shell.fail("serve --jwks-issuer https://login/"), only_audience);
    let only_issuer = format!("error: missing settings: JWKS_ISSUER {HINT}\n");
    assert_eq!(shell.fail("serve --jwks-audience interviews"), only_issuer);
    let with_database = shell.set("DATABASE_URL", "");
    let all = format!("error: missing settings: DATABASE_URL, JWKS_ISSUER, JWKS_AUDIENCE {HINT}\n");
    assert_eq!(with_database.fail("serve"), all);
}

#[rstest]
#[case::plain_http("--jwks-url http://login.example.com/keys", "JWKS_URL: it has to begin with https://")]
#[case::no_url("--jwks-url login", "JWKS_URL: it is not a URL")]
#[case::a_password("--jwks-url https://me:hunter2@login/keys", "JWKS_URL: it must not contain a user or a password")]
#[case::both("--jwks-url https://login/keys --jwks-file keys", "JWKS_URL and JWKS_FILE are both set")]
#[case::no_file("--jwks-file nowhere", "JWKS_FILE: the file cannot be read: No such file")]
#[case::no_key_set("--jwks-file no-keys", "JWKS_FILE: it is not a key set")]
#[case::too_stale(
    "--jwks-url https://login/keys --jwks-ttl 1h --jwks-max-stale 1h",
    "JWKS_MAX_STALE: it has to be more"
)]
#[case::a_short_secret("--jwks-url https://login/keys --jwt-secret short", "JWT_SECRET: the JWT secret has 5 bytes")]
#[tokio::test]
async fn setting_that_cannot_be_used_is_named(#[case] flags: &str, #[case] error: &str) {
    let shell = shell().await;
    fs::write(shell.path("no-keys"), "{}").unwrap();
    let text = shell.fail(&format!("serve {flags}"));
    assert!(text.lines().last().unwrap().starts_with(&format!("error: {error}")), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[rstest]
#[case("--jwks-ttl 0s")]
#[case("--jwks-cooldown 0s")]
#[case("--jwks-max-stale 0s")]
#[tokio::test]
async fn duration_of_nothing_is_refused(#[case] flags: &str) {
    let finished = shell().await.run(&format!("serve --jwks-url https://login/keys {flags}"));
    assert_eq!(finished.code, Some(2));
    let name = flags.split(' ').next().unwrap();
    assert!(finished.stderr.contains(name) && finished.stderr.contains("from 1ms to 365days"), "{}", finished.stderr);
}

#[tokio::test]
async fn server_starts_without_its_keys_and_is_ready_once_it_has_them() {
    let signer = Rs256.signer("one");
    let keys = KeyServer::start(&json!({})).await;
    keys.reply_with(Reply::Status(503, Vec::new()));
    let shell = shell().await.set("JWKS_URL", keys.url()).set("JWKS_COOLDOWN", "100ms");
    let server = shell.start("serve");
    let body = server.ready(503).await;
    let checks = json!({"database": "ok", "schema": "current", "jwks": "unavailable"});
    let status = "the keys of the identity provider cannot be read";
    assert_eq!(body, json!({"status": status, "checks": checks}));
    server.stderr.wait_for("the key set cannot be read");
    keys.publish(&key_set(&[&signer]));
    let checks = json!({"database": "ok", "schema": "current", "jwks": "ok"});
    assert_eq!(server.ready(200).await, json!({"status": "ok", "checks": checks}));
    assert!(is_accepted(&server, &signer).await);
    // Without a secret, no token with one is accepted.
    let by_secret = shell.set("JWT_SECRET", SECRET).token(MONA);
    assert_eq!(reason(&server, &by_secret).await, "TOKEN_INVALID");
}

#[tokio::test]
async fn keys_are_read_again_at_the_interval() {
    let (old, new) = (Es256.signer("old"), EdDsa.signer("new"));
    let keys = KeyServer::start(&key_set(&[&old])).await;
    let server = shell().await.set("JWKS_URL", keys.url()).set("JWKS_TTL", "100ms").start("serve");
    until(async || is_accepted(&server, &old).await).await;
    keys.publish(&key_set(&[&new]));
    until(async || !is_accepted(&server, &old).await).await;
    assert!(is_accepted(&server, &new).await);
}

#[tokio::test]
async fn key_file_is_read_again_on_hangup() {
    let (old, new) = (Es256.signer("old"), EdDsa.signer("new"));
    let shell = shell().await.set("JWKS_FILE", "keys.json");
    let write = |text: &str| fs::write(shell.path("keys.json"), text).unwrap();
    write(&key_set(&[&old]).to_string());
    let server = shell.start("serve");
    assert_eq!(server.ready(200).await["checks"]["jwks"], "ok");
    assert!(is_accepted(&server, &old).await);

    write("{}");
    server.signal("HUP");
    let line = server.stderr.wait_for_new("the key set cannot be read again: the former keys stay in use");
    assert!(line.contains("ERROR") && line.contains("it is not a key set"), "{line}");
    assert!(is_accepted(&server, &old).await);

    write(&key_set(&[&new]).to_string());
    server.signal("HUP");
    server.stderr.wait_for_new("the key set was read again");
    assert!(is_accepted(&server, &new).await && !is_accepted(&server, &old).await);
}
