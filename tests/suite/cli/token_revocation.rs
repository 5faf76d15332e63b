//! `token --revoke` and `token --revoke-user`.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::people::{LUISA, MONA, UNKNOWN_USER};
use crate::support::polling::until;
use crate::support::shell::Shell;
use rstest::rstest;
use serde_json::{Value, json};

#[rstest]
#[tokio::test]
async fn running_server_refuses_what_the_command_revokes(#[values(Sqlite, Postgres)] database: Database) {
    let Some(shell) = Shell::on_demo_data(database).await else { return };
    let server = shell.start("serve --viewer-ttl 100ms");
    let (first, second, other) = (shell.token(MONA), shell.token(MONA), shell.token(LUISA));
    for token in [&first, &second, &other] {
        assert_eq!(server.viewer(token).await["role"], "STAFF");
    }
    assert_eq!(shell.succeed(&format!("token --revoke {first}")), "revoked\n");
    until(async || server.viewer(&first).await == Value::Null).await;
    assert_eq!(server.viewer(&second).await["role"], "STAFF");

    // Tokens of the second in which the command runs are refused too.
    assert_eq!(shell.succeed(&format!("token --revoke-user {MONA}")), "revoked\n");
    until(async || server.viewer(&second).await == Value::Null).await;
    assert_eq!(server.viewer(&other).await["role"], "STAFF");
    until(async || server.viewer(&shell.token(MONA)).await["role"] == "STAFF").await;
}

#[tokio::test]
async fn token_is_read_from_standard_input() {
    let shell = Shell::on_demo_data(Sqlite).await.unwrap();
    let server = shell.start("serve --viewer-ttl 100ms");
    let token = shell.token(MONA);
    let script = shell.script(&format!("echo {token} | interviews token --revoke -")).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&script.stdout), "revoked\n", "{}", String::from_utf8_lossy(&script.stderr));
    until(async || server.viewer(&token).await == Value::Null).await;
}

#[tokio::test]
async fn what_cannot_be_revoked_is_an_error() {
    let shell = Shell::on_demo_data(Sqlite).await.unwrap();
    let token = shell.token(MONA);
    let unsigned = |claims: &str| {
        use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
        format!("{}.{}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#), URL_SAFE_NO_PAD.encode(claims))
    };
    let no_claims = "error: the token lacks a valid `jti` or `exp`, which its revocation needs: \
        revoke all of its user with --revoke-user";
    for (arguments, code, error) in [
        ("--revoke nonsense".to_owned(), 1, no_claims),
        (format!("--revoke {}", unsigned(r#"{"exp":1}"#)), 1, no_claims),
        (format!("--revoke {}", unsigned(r#"{"exp":1,"jti":""}"#)), 1, no_claims),
        (format!("--revoke {}", unsigned(r#"{"jti":"a"}"#)), 1, no_claims),
        (format!("--revoke-user {UNKNOWN_USER}"), 1, "error: there is no user with this id"),
        (
            format!("--revoke-user {MONA} --sub {MONA}"),
            2,
            "error: the argument '--revoke-user <USER_ID>' cannot be used with '--sub <USER_ID>'",
        ),
        (
            "--revoke-user 0".to_owned(),
            2,
            "error: invalid value '0' for '--revoke-user <USER_ID>': 0 is not in 1..9223372036854775807",
        ),
    ] {
        let finished = shell.run(&format!("token {arguments}"));
        let line = finished.stderr.lines().find(|line| line.starts_with("error")).unwrap_or_default();
        assert_eq!((finished.code, line), (Some(code), error), "{arguments}: {}", finished.stderr);
    }
    // Identity providers may write fractions of seconds.
    assert_eq!(shell.succeed(&format!("token --revoke {}", unsigned(r#"{"exp":1.5,"jti":"a"}"#))), "revoked\n");
    let server = shell.start("serve");
    assert_eq!(json!(server.viewer(&token).await["role"]), "STAFF");
}
