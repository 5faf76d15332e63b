//! Dumps that are restored: ids are given out again, and a cursor of the former history is not taken for a position.

use crate::support::Database::Postgres;
use crate::support::people::{JUDE_WITH_LUISA, MONA};
use crate::support::shell::{Server, Shell};
use crate::support::websocket_client::WebSocketClient;
use rstest::rstest;
use serde_json::{Value, json};

/// How a dump becomes the database of a server. `$NEW` is the URL of an empty database.
const INTO_A_NEW_DATABASE: &str = "pg_restore --no-owner --exit-on-error --dbname=\"$NEW\" dump; echo \"$NEW\"";
const INTO_THE_SAME_DATABASE: &str =
    "pg_restore --no-owner --clean --if-exists --dbname=\"$DATABASE_URL\" dump; echo \"$DATABASE_URL\"";
const ONLY_THE_ROWS: &str = "\
    psql -qX -d \"$DATABASE_URL\" -c 'TRUNCATE companies, users, interviewees, interviews, interview_events, \
        revoked_tokens, company_settings, sent_reminders, calendar_feeds, installation, log_consumers, webhooks, \
        webhook_deliveries, webhook_attempts, idempotency_keys, event_log_epoch, seaql_migrations'
    pg_restore --no-owner --exit-on-error --data-only --disable-triggers --dbname=\"$DATABASE_URL\" dump
    echo \"$DATABASE_URL\"";

#[rstest]
#[case::into_a_new_database(INTO_A_NEW_DATABASE)]
#[case::into_the_same_database(INTO_THE_SAME_DATABASE)]
#[case::only_the_rows(ONLY_THE_ROWS)]
#[tokio::test]
async fn cursor_of_an_event_after_the_dump_expires(#[case] restore: &str) {
    let (Some(shell), Some(new)) = (Shell::on_new(Postgres).await, Shell::on_new(Postgres).await) else { return };
    let shell = shell.set("NEW", new.setting("DATABASE_URL"));
    shell.succeed("migrate up");
    shell.succeed("demo-data --interviews 30");
    let token = shell.token(MONA);
    let server = shell.start("serve");
    server.relocate(&token, "before the dump").await;
    output(&shell, "pg_dump --format=custom --file=dump \"$DATABASE_URL\"");
    let kept = last_cursor(&server, &token).await;
    for number in 0..3 {
        server.relocate(&token, &format!("lost {number}")).await;
    }
    let lost = last_cursor(&server, &token).await;
    drop(server);

    let url = output(&shell, restore);
    let shell = shell.set("DATABASE_URL", url.trim());
    let server = shell.start("serve");
    server.stderr.wait_for("the database was restored, promoted or copied");
    for since in [&kept, &lost] {
        assert_eq!(errors(&server, &token, since).await, ["CURSOR_EXPIRED"; 2], "at once");
    }
    for number in 0..4 {
        server.relocate(&token, &format!("again {number}")).await;
    }
    for since in [&kept, &lost] {
        assert_eq!(errors(&server, &token, since).await, ["CURSOR_EXPIRED"; 2], "after four more changes");
    }
    let next = last_cursor(&server, &token).await;
    server.relocate(&token, "resumed").await;
    // Open transactions of other tests on the same PostgreSQL can delay the event.
    while events(&server, &token, &next).await.as_array().unwrap().len() != 1 {}
}

#[tokio::test]
async fn copy_of_a_database_has_an_epoch_of_its_own() {
    let Some(shell) = Shell::on_new(Postgres).await else { return };
    shell.succeed("migrate up");
    shell.succeed("demo-data --interviews 30");
    let token = shell.token(MONA);
    let url = shell.setting("DATABASE_URL").to_owned();
    let name = url.rsplit('/').next().unwrap().to_owned();
    let copy = format!("copy_of_{name}");
    output(
        &shell,
        &format!("psql -qX -d \"$(dirname $DATABASE_URL)/postgres\" -c 'CREATE DATABASE {copy} TEMPLATE {name}'"),
    );
    let original = shell.start("serve");
    let since = last_cursor(&original, &token).await;
    events(&original, &token, &since).await;
    let shell = shell.set("DATABASE_URL", url.replace(&name, &copy));
    let server = shell.start("serve");
    assert_eq!(errors(&server, &token, &since).await, ["CURSOR_EXPIRED"; 2]);
    events(&original, &token, &since).await; // the original keeps its epoch
}

/// Runs a script in the shell; what it prints.
fn output(shell: &Shell, script: &str) -> String {
    let finished = shell.script(script).output().unwrap();
    assert!(finished.status.success(), "{script}: {}", String::from_utf8_lossy(&finished.stderr));
    String::from_utf8(finished.stdout).unwrap()
}

/// The events after a cursor.
async fn events(server: &Server, token: &str, since: &str) -> Value {
    let query = format!(r#"{{ interviewChanges(since: "{since}", first: 100) {{ nodes {{ cursor }} }} }}"#);
    let mut answer = server.graphql(token, &query).await;
    assert!(answer.get("errors").is_none(), "{answer}");
    answer["data"]["interviewChanges"]["nodes"].take()
}

/// The cursor of the last event of the interview that the test changes.
async fn last_cursor(server: &Server, token: &str) -> String {
    let query = format!("{{ interview(id: {JUDE_WITH_LUISA}) {{ history(first: 100) {{ nodes {{ cursor }} }} }} }}");
    let answer = server.graphql(token, &query).await;
    let history = answer["data"]["interview"]["history"]["nodes"].as_array().unwrap();
    history.last().unwrap()["cursor"].as_str().unwrap().to_owned()
}

/// The codes of the errors of the query and of the subscription with this cursor.
async fn errors(server: &Server, token: &str, since: &str) -> [String; 2] {
    let code = |error: &Value| error["extensions"]["code"].as_str().unwrap_or_else(|| panic!("{error}")).to_owned();
    let query = format!(r#"{{ interviewChanges(since: "{since}") {{ nodes {{ id }} }} }}"#);
    let polled = server.graphql(token, &query).await;
    let mut client = WebSocketClient::sign_in(server.address.parse().unwrap(), token).await;
    let query = format!(r#"subscription {{ interviewChanged(since: "{since}") {{ id }} }}"#);
    let subscribed = client.errors_of(json!({"query": query})).await;
    [code(&polled["errors"][0]), code(&subscribed[0])]
}
