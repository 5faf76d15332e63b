//! Several secrets: the first signs, all verify.

use super::assertions::{INVALID, assert_accepted, assert_refused};
use crate::support::database::TestDatabase;
use crate::support::people::MONA;
use crate::support::{Database, TestApp};
use chrono::TimeDelta;
use interviews::services::{Clock, Secrets, Tokens};

const OLD: &[u8] = b"the old secret, of 32 bytes or more";
const NEW: &[u8] = b"the new secret, of 32 bytes or more";

fn secrets(secrets: &[&[u8]]) -> Secrets {
    Secrets::try_new(secrets, None).unwrap()
}

async fn start(with: Secrets) -> TestApp {
    let database = TestDatabase::new(Database::Sqlite).await.unwrap();
    TestApp::with_tokens(database, Tokens::new(Some(with), None), &[]).await
}

#[tokio::test]
async fn first_secret_signs_and_all_verify() {
    let app = start(secrets(&[NEW, OLD])).await;
    let sign = |with: &[u8]| secrets(&[with]).sign(MONA, app.now(), TimeDelta::days(1)).unwrap();
    assert_accepted(app.bearer(&sign(OLD))).await;
    assert_accepted(app.bearer(&sign(NEW))).await;
    assert_refused(app.bearer(&sign(b"neither of both, of 32 bytes or more")), INVALID).await;
    let own = app.app.services().tokens().sign(MONA, app.now(), TimeDelta::days(1)).unwrap();
    let only_new = start(secrets(&[NEW])).await;
    assert_accepted(only_new.bearer(&own)).await;
}

#[tokio::test]
async fn rotation_of_a_secret_refuses_no_token() {
    let app = start(secrets(&[OLD])).await;
    let replace = |with: &[&[u8]]| app.app.services().tokens().replace_secrets(secrets(with));
    let sign = || app.app.services().tokens().sign(MONA, app.now(), TimeDelta::days(1)).unwrap();
    let by_old = sign();
    replace(&[OLD, NEW]); // on every server, before any signs with the new one
    assert_accepted(app.bearer(&by_old)).await;
    replace(&[NEW, OLD]);
    let by_new = sign();
    for token in [&by_old, &by_new] {
        assert_accepted(app.bearer(token)).await;
    }
    replace(&[NEW]);
    assert_accepted(app.bearer(&by_new)).await;
    assert_refused(app.bearer(&by_old), INVALID).await;
}

#[tokio::test]
async fn removed_secret_signs_open_connections_out() {
    let database = TestDatabase::new(Database::Sqlite).await.unwrap();
    let tokens = Tokens::new(Some(secrets(&[NEW, OLD])), None);
    let app = TestApp::with_tokens(database, tokens, &["--viewer-ttl", "50ms"]).await;
    let session = async |with| {
        let token = secrets(&[with]).sign(MONA, Clock::Frozen(app.clock.clone()).now(), TimeDelta::days(1)).unwrap();
        app.app.services().sign_in(&token).await.unwrap()
    };
    let (by_old, by_new) = (session(OLD).await, session(NEW).await);
    app.app.services().tokens().replace_secrets(secrets(&[NEW]));
    assert_eq!(by_old.signed_out().await.reason(), "TOKEN_INVALID");
    assert!(by_new.viewer().is_ok());
}

#[test]
fn each_secret_has_at_least_32_bytes() {
    let error = |secrets: &[&[u8]]| Secrets::try_new(secrets, None).unwrap_err().to_string();
    let short = "has 5 bytes; at least 32 are needed (RFC 7518, section 3.2)";
    assert_eq!(error(&[b"short"]), format!("the JWT secret {short}"));
    assert_eq!(error(&[NEW, b"short"]), format!("the JWT secret in line 2 {short}"));
}
