//! Tokens of an identity provider: which are accepted, and how its keys are read.

mod algorithms;
mod claims;
mod headers;
mod hostile_key_sets;
mod key_rotation;
mod outages;
mod sessions;
mod transports;

use crate::support::database::TestDatabase;
use crate::support::key_server::KeyServer;
use crate::support::people::MONA;
use crate::support::{Database, SECRET, TestApp};
use interviews::outbound::DocumentSource;
use interviews::services::{ClaimRules, IdentityProvider, RefreshTimes, Secrets, Tokens};
use serde_json::{Value, json};
use std::time::Duration;

const ISSUER: &str = "https://login.example.com/";
const AUDIENCE: &str = "interviews";

fn rules() -> ClaimRules {
    ClaimRules { issuer: ISSUER.into(), audience: AUDIENCE.into(), user_claim: "sub".into(), scope: None }
}

/// Ten minutes, thirty seconds and a day, as by default.
fn times() -> RefreshTimes {
    let day = Duration::from_hours(24);
    RefreshTimes { ttl: Duration::from_mins(10), cooldown: Duration::from_secs(30), max_stale: day }
}

/// A server that accepts the tokens of the key server's owner beside those with a secret.
async fn start(keys: &KeyServer) -> TestApp {
    start_with(Database::Sqlite, keys, rules()).await.unwrap()
}

async fn start_with(database: Database, keys: &KeyServer, rules: ClaimRules) -> Option<TestApp> {
    let source = DocumentSource::Url(keys.url().parse().unwrap());
    let secrets = Secrets::try_new(&[SECRET], None).unwrap();
    let tokens = Tokens::new(Some(secrets), Some(IdentityProvider::new(source, rules, times())));
    Some(TestApp::with_tokens(TestDatabase::new(database).await?, tokens, &["--viewer-ttl", "50ms"]).await)
}

/// The claims of a token for Mona.
fn claims(app: &TestApp) -> Value {
    let now = app.now().timestamp();
    json!({"iss": ISSUER, "aud": AUDIENCE, "sub": MONA.to_string(), "iat": now, "exp": now + 3600})
}

/// The same with another claim.
fn with(app: &TestApp, claim: &str, value: Value) -> Value {
    let mut claims = claims(app);
    claims[claim] = value;
    claims
}

/// The same without a claim.
fn without(app: &TestApp, claim: &str) -> Value {
    let mut claims = claims(app);
    claims.as_object_mut().unwrap().remove(claim).unwrap();
    claims
}
