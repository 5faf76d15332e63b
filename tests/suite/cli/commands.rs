//! The commands that are not servers: `schema`, `migrate`, `token`, `demo-data`.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::people::{MONA, UNKNOWN_USER};
use crate::support::shell::{SECRET, Shell};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rstest::rstest;
use serde_json::{Value, json};

#[test]
fn schema_command_prints_the_committed_schema() {
    let committed = include_str!("../../../schema.graphql");
    let finished = Shell::new().run("schema");
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""));
    assert!(finished.stdout == committed, "to update it: cargo run -q -- schema > schema.graphql");
}

#[test]
fn configuration_command_prints_the_committed_reference() {
    let committed = include_str!("../../../docs/operations/configuration.md");
    let printed = Shell::new().succeed("configuration");
    let command = "cargo run -q -- configuration > docs/operations/configuration.md";
    assert!(printed == committed, "to update it: {command}");
}

const STEPS: [&str; 21] = [
    "m20261127_000001_first_schema",
    "m20261128_000002_event_log_epoch",
    "m20261129_000003_event_audience",
    "m20261129_000004_interviews_of_interviewee",
    "m20261129_000005_event_audiences_of_the_past",
    "m20261130_000006_companies_of_the_platform",
    "m20261130_000007_users_of_the_platform",
    "m20261130_000008_valid_roles",
    "m20261130_000009_applications_of_the_platform",
    "m20261130_000010_expiry_of_revoked_tokens",
    "m20261201_000011_folded_names",
    "m20261203_000012_reminder_times",
    "m20261203_000013_reminder_indexes",
    "m20261203_000014_company_settings",
    "m20261203_000015_sent_reminders",
    "m20261203_000016_events_without_actor",
    "m20261203_000017_valid_event_types",
    "m20261204_000018_index_of_expired_tokens",
    "m20261204_000019_webhooks",
    "m20261206_000026_calendars",
    "m20261207_000027_idempotency_keys",
];

fn status(applied: usize) -> String {
    let state = |number| if number < applied { "applied" } else { "pending" };
    STEPS.iter().enumerate().map(|(number, step)| format!("{} {step}\n", state(number))).collect()
}

#[rstest]
#[tokio::test]
async fn migrations_are_applied_and_reverted_step_by_step(#[values(Sqlite, Postgres)] database: Database) {
    let Some(shell) = Shell::on_new(database).await else { return };
    let [pending, but_one, applied] = [0, STEPS.len() - 1, STEPS.len()].map(status);
    let down = format!("migrate down --steps {}", STEPS.len());
    assert_eq!(shell.succeed("migrate status"), pending);
    assert_eq!(shell.succeed("migrate status"), pending, "`migrate status` changes nothing");
    assert_eq!(shell.succeed("migrate up"), applied);
    assert_eq!(shell.succeed("migrate up"), applied, "nothing is pending");
    assert_eq!(shell.succeed("migrate status"), applied);
    assert_eq!(shell.succeed("migrate down"), but_one);
    assert_eq!(shell.succeed("migrate up"), applied);
    assert_eq!(shell.succeed(&down), pending);
    assert_eq!(shell.succeed("migrate down --steps 99"), pending, "nothing is applied");
    assert_eq!(shell.succeed("migrate up"), applied);
    shell.succeed("demo-data --interviews 30");
    assert_eq!(shell.succeed(&down), pending, "with data in the tables");
    assert_eq!(shell.succeed("migrate up"), applied);
    shell.succeed("demo-data --interviews 30");
}

#[rstest]
#[case("migrate --database-url URL up")]
#[case("migrate up --database-url URL")]
#[case("migrate up --database-url=URL --database-timeout 5s --log warn")]
#[case("migrate --database-connections 2 up --database-url URL")]
fn settings_of_the_database_are_accepted_after_a_subcommand(#[case] command: &str) {
    let shell = Shell::new();
    shell.succeed(&command.replace("URL", "sqlite://interviews.db"));
    shell.succeed("demo-data --interviews 30 --database-url sqlite://interviews.db");
    shell.succeed("migrate status --database-url sqlite://interviews.db");
    shell.succeed("migrate down --database-url sqlite://interviews.db --steps 99");
}

#[test]
fn help_of_a_subcommand_shows_the_settings_of_the_database() {
    for command in ["migrate --help", "migrate up --help", "migrate down --help", "migrate status --help"] {
        let help = Shell::new().succeed(command);
        for flag in ["--database-url", "--database-url-file", "--database-timeout", "--wait-for-database"] {
            assert!(help.contains(flag), "{command}: {help}");
        }
    }
}

#[rstest]
#[tokio::test]
async fn demo_data_needs_an_empty_migrated_database(#[values(Sqlite, Postgres)] database: Database) {
    let Some(shell) = Shell::on_new(database).await else { return };
    let behind = "error: the database's schema is behind: run `interviews migrate up` first\n";
    assert_eq!(shell.fail("demo-data"), behind);
    shell.succeed("migrate up");
    shell.succeed("migrate down");
    assert_eq!(shell.fail("demo-data"), behind);
    shell.succeed("migrate up");

    assert_eq!(shell.fail("demo-data --interviews 0"), "error: at least one interview is needed\n");
    assert_eq!(shell.succeed("demo-data --interviews 40"), "40 interviews\n");
    let refused = "error: the database is not empty: demo data goes into an empty one only\n";
    assert_eq!(shell.fail("demo-data --interviews 50"), refused);

    let server = shell.start("serve");
    let listed = server.graphql(&shell.token(MONA), "{ interviews(first: 0) { totalCount } }").await;
    assert_json!(listed, @r#"
    {
      "data": {"interviews": {"totalCount": 40}}
    }
    "#);
}

#[tokio::test]
async fn demo_data_lies_around_its_base_date() {
    let shell = Shell::on_new(Sqlite).await.unwrap();
    shell.succeed("migrate up");
    let other_digits = "\u{ff12}\u{ff10}26-11-27";
    for date in [
        "2026-02-30",
        "27.11.2026",
        "0999-01-01",
        "9000-01-01",
        "today",
        "+2026-11-27",
        "2026-1-5",
        " 2026-11-27",
        other_digits,
    ] {
        let refused = shell.run_with(&["demo-data", "--base-date", date]);
        assert_eq!(refused.code, Some(2), "{date}");
        assert!(refused.stderr.contains("--base-date <DATE>"), "{}", refused.stderr);
    }
    shell.succeed("demo-data --interviews 500 --base-date 2031-11-26");
    let server = shell.start("serve");
    let week = "{ interviews(first: 0, filter: {startAt: {gte: \"2031-11-24T00:00:00Z\", \
                lt: \"2031-11-29T00:00:00Z\"}}) { totalCount } }";
    let answer = server.graphql(&shell.token(MONA), week).await;
    let count = answer["data"]["interviews"]["totalCount"].as_i64().unwrap();
    assert!((60..120).contains(&count), "{count}");
}

#[tokio::test]
async fn printed_token_is_accepted_by_the_server() {
    let shell = Shell::on_demo_data(Sqlite).await.unwrap();
    let server = shell.start("serve");
    let printed = shell.run(&format!("token --sub {MONA} --ttl 30d"));
    assert_eq!((printed.code, printed.stderr.as_str()), (Some(0), ""));
    let token = printed.stdout.strip_suffix('\n').unwrap();
    assert_json!(server.viewer(token).await, @r#"{"role": "STAFF", "title": "Mona Berg"}"#);

    // The claims of the documented token, in its order.
    let text = payload(token);
    let claims: Value = serde_json::from_str(&text).unwrap();
    let (iat, jti) = (claims["iat"].as_i64().unwrap(), claims["jti"].as_str().unwrap());
    let exp = iat + 30 * 24 * 60 * 60;
    assert_eq!(text, format!(r#"{{"sub":"{MONA}","scp":"user","aud":null,"iat":{iat},"exp":{exp},"jti":"{jti}"}}"#));
    assert!(!payload(&shell.token(MONA)).contains(jti) && jti.len() == 36, "every token has an id of its own");

    let refused = |answer: Value| answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED";
    assert!(refused(server.graphql(&shell.token(UNKNOWN_USER), "{ viewer { id } }").await));
    let forged = shell.set("JWT_SECRET", SECRET.to_uppercase()).token(MONA);
    assert!(refused(server.graphql(&forged, "{ viewer { id } }").await));
}

#[tokio::test]
async fn token_has_the_configured_audience() {
    let shell = Shell::on_demo_data(Sqlite).await.unwrap();
    let audience = |token: &str| serde_json::from_str::<Value>(&payload(token)).unwrap()["aud"].take();
    // An empty audience is no audience.
    let shell = shell.set("JWT_AUDIENCE", "");
    let open = shell.token(MONA);
    assert_eq!(audience(&open), Value::Null);
    assert_eq!(shell.start("serve").viewer(&open).await["role"], "STAFF");

    let shell = shell.set("JWT_AUDIENCE", "fleet");
    let named = shell.token(MONA);
    assert_eq!(audience(&named), "fleet");
    let server = shell.start("serve");
    assert_eq!(server.viewer(&named).await["role"], "STAFF");
    assert_eq!(server.viewer(&open).await, Value::Null);
}

#[test]
fn token_command_rejects_an_invalid_user_or_lifetime() {
    let shell = Shell::new().set("JWT_SECRET", SECRET);
    let commands = [
        "token",
        "token --sub 0",
        "token --sub=-5",
        "token --sub mona",
        &format!("token --sub {MONA} --ttl 30"),
        &format!("token --sub {MONA} --ttl 270000years"),
        &format!("token --sub {MONA} --ttl 300000000000years"),
    ];
    let results = commands.map(|command| {
        let finished = shell.run(command);
        assert_eq!(finished.stdout, "", "{command}");
        json!({"command": command, "code": finished.code, "error": finished.stderr.lines().next()})
    });
    assert_json!(Value::from(results.to_vec()), @r#"
    [
      {
        "code": 2,
        "command": "token",
        "error": "error: the following required arguments were not provided:"
      },
      {
        "code": 2,
        "command": "token --sub 0",
        "error": "error: invalid value '0' for '--sub <USER_ID>': 0 is not in 1..9223372036854775807"
      },
      {
        "code": 2,
        "command": "token --sub=-5",
        "error": "error: invalid value '-5' for '--sub <USER_ID>': -5 is not in 1..9223372036854775807"
      },
      {
        "code": 2,
        "command": "token --sub mona",
        "error": "error: invalid value 'mona' for '--sub <USER_ID>': invalid digit found in string"
      },
      {
        "code": 2,
        "command": "token --sub 1000 --ttl 30",
        "error": "error: invalid value '30' for '--ttl <DURATION>': time unit needed, for example 30sec or 30ms"
      },
      {
        "code": 1,
        "command": "token --sub 1000 --ttl 270000years",
        "error": "error: --ttl is too long"
      },
      {
        "code": 1,
        "command": "token --sub 1000 --ttl 300000000000years",
        "error": "error: --ttl is too long"
      }
    ]
    "#);
}

fn payload(token: &str) -> String {
    let part = token.split('.').nth(1).unwrap();
    String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}
