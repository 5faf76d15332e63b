//! The commands that do one thing and end: schema, migrate, token, demo-data.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::shell::{SECRET, Shell};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rstest::rstest;
use serde_json::{Value, json};

#[test]
fn schema_prints_the_schema_that_is_committed() {
    let committed = include_str!("../../../schema.graphql");
    let finished = Shell::new().run("schema");
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""));
    assert!(finished.stdout == committed, "to update it: cargo run -q -- schema > schema.graphql");
}

#[test]
fn configuration_prints_the_reference_that_is_committed() {
    let committed = include_str!("../../../docs/operations/configuration.md");
    let printed = Shell::new().succeed("configuration");
    let command = "cargo run -q -- configuration > docs/operations/configuration.md";
    assert!(printed == committed, "to update it: {command}");
}

const STEPS: [&str; 1] = ["m20261127_000001_first_schema"];

fn status(applied: usize) -> String {
    let state = |number| if number < applied { "applied" } else { "pending" };
    STEPS.iter().enumerate().map(|(number, step)| format!("{} {step}\n", state(number))).collect()
}

#[rstest]
#[tokio::test]
async fn the_schema_goes_up_and_down_step_by_step(#[values(Sqlite, Postgres)] database: Database) {
    let Some(shell) = Shell::on_new(database).await else { return };
    let [pending, but_one, applied] = [0, STEPS.len() - 1, STEPS.len()].map(status);
    let down = format!("migrate down --steps {}", STEPS.len());
    assert_eq!(shell.succeed("migrate status"), pending);
    assert_eq!(shell.succeed("migrate status"), pending, "to look changes nothing");
    assert_eq!(shell.succeed("migrate up"), applied);
    assert_eq!(shell.succeed("migrate up"), applied, "there is nothing left to do");
    assert_eq!(shell.succeed("migrate status"), applied);
    assert_eq!(shell.succeed("migrate down"), but_one);
    assert_eq!(shell.succeed("migrate up"), applied);
    assert_eq!(shell.succeed(&down), pending);
    assert_eq!(shell.succeed("migrate down --steps 9"), pending, "there is nothing left to take back");
    assert_eq!(shell.succeed("migrate up"), applied);
    shell.succeed("demo-data --interviews 30");
    assert_eq!(shell.succeed(&down), pending, "with data in the tables");
    assert_eq!(shell.succeed("migrate up"), applied);
    shell.succeed("demo-data --interviews 30");
}

#[rstest]
#[tokio::test]
async fn demo_data_goes_into_an_empty_migrated_database_only(#[values(Sqlite, Postgres)] database: Database) {
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
    let staff = shell.succeed("token --sub 1000");
    let listed = server.graphql(staff.trim(), "{ interviews(first: 0) { totalCount } }").await;
    assert_eq!(listed, json!({"data": {"interviews": {"totalCount": 40}}}));
}

#[rstest]
#[tokio::test]
async fn a_printed_token_is_one_that_the_server_accepts(#[values(Sqlite, Postgres)] database: Database) {
    let Some(shell) = Shell::on_demo_data(database).await else { return };
    let server = shell.start("serve");
    let printed = shell.run("token --sub 1000 --ttl 30d");
    assert_eq!((printed.code, printed.stderr.as_str()), (Some(0), ""));
    let token = printed.stdout.strip_suffix('\n').unwrap();
    assert_eq!(server.viewer(token).await, json!({"role": "STAFF", "title": "Mona Berg"}));

    // The claims that the documented token has, in that order.
    let text = payload(token);
    let claims: Value = serde_json::from_str(&text).unwrap();
    let (iat, jti) = (claims["iat"].as_i64().unwrap(), claims["jti"].as_str().unwrap());
    let exp = iat + 30 * 24 * 60 * 60;
    assert_eq!(text, format!(r#"{{"sub":"1000","scp":"user","aud":null,"iat":{iat},"exp":{exp},"jti":"{jti}"}}"#));
    assert!(!shell.succeed("token --sub 1000").contains(jti) && jti.len() == 36, "every token has an id of its own");

    let refused = |answer: Value| answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED";
    let nobody = shell.succeed("token --sub 999999999");
    assert!(refused(server.graphql(nobody.trim(), "{ viewer { id } }").await));
    let forged = shell.set("JWT_SECRET", SECRET.to_uppercase()).succeed("token --sub 1000");
    assert!(refused(server.graphql(forged.trim(), "{ viewer { id } }").await));
}

#[tokio::test]
async fn a_token_names_the_audience_that_is_set() {
    let shell = Shell::on_demo_data(Sqlite).await.unwrap();
    let audience = |token: &str| serde_json::from_str::<Value>(&payload(token)).unwrap()["aud"].take();
    // Set to nothing is not set.
    let shell = shell.set("JWT_AUDIENCE", "");
    let open = shell.succeed("token --sub 1000");
    assert_eq!(audience(&open), Value::Null);
    assert_eq!(shell.start("serve").viewer(open.trim()).await["role"], "STAFF");

    let shell = shell.set("JWT_AUDIENCE", "fleet");
    let named = shell.succeed("token --sub 1000");
    assert_eq!(audience(&named), "fleet");
    let server = shell.start("serve");
    assert_eq!(server.viewer(named.trim()).await["role"], "STAFF");
    assert_eq!(server.viewer(open.trim()).await, Value::Null);
}

#[rstest]
#[case::no_user("token")]
#[case::a_user_whose_id_is_no_id("token --sub 0")]
#[case::a_negative_user("token --sub=-5")]
#[case::a_name("token --sub mona")]
#[case::a_time_without_unit("token --sub 1000 --ttl 30")]
#[case::longer_than_the_calendar("token --sub 1000 --ttl 270000years")]
#[case::longer_than_any_duration("token --sub 1000 --ttl 300000000000years")]
fn no_token_is_printed_that_could_never_be_valid(#[case] command: &str) {
    let finished = Shell::new().set("JWT_SECRET", SECRET).run(command);
    assert!(finished.code == Some(1) || finished.code == Some(2), "{finished:?}");
    assert!(finished.stderr.starts_with("error: ") && finished.stdout.is_empty(), "{finished:?}");
}

fn payload(token: &str) -> String {
    let part = token.trim().split('.').nth(1).unwrap();
    String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}
