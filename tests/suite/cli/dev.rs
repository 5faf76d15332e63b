//! `dev`: a server with demo data that needs no configuration.

use crate::support::shell::{Server, Shell};
use chrono::{NaiveDate, NaiveTime, TimeDelta};
use interviews::services::Clock;
use rstest::rstest;
use serde_json::{Value, json};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

const FILES: [&str; 2] = ["interviews-dev.db", "interviews-dev.key"];

fn stop(server: Server) {
    server.signal("INT");
    assert_eq!(server.ended().0, Some(0));
}

async fn count(server: &Server, token: &str) -> Value {
    server.graphql(token, "{ interviews(first: 0) { totalCount } }").await["data"]["interviews"]["totalCount"].take()
}

#[tokio::test]
async fn dev_prints_an_address_and_a_token_for_each_role() {
    let shell = Shell::new();
    let server = shell.start("dev");
    assert_eq!(server.printed("GraphiQL"), format!("http://{}/graphql", server.address));
    assert_eq!(server.printed("REST"), format!("http://{}/api/v1", server.address));
    let [admin, staff, driver] = ["admin", "staff", "driver"].map(|role| server.printed(role));
    let viewer = |role, title| json!({"role": role, "title": title});
    assert_eq!(server.viewer(&admin).await, viewer("ADMIN", "Ada Prentice"));
    assert_eq!(server.viewer(&server.printed("service")).await, viewer("SERVICE", "Driver platform"));
    assert_eq!(server.viewer(&server.printed("manager")).await, viewer("STAFF", "Nora Lind"));
    assert_eq!(server.viewer(&staff).await, viewer("STAFF", "Mona Berg"));
    assert_eq!(server.viewer(&driver).await, viewer("DRIVER", "Jude Howell"));
    assert_eq!(count(&server, &staff).await, 500);
    assert_eq!(server.get("/readyz").await.0, 200);

    // The explorer opens with the staff token.
    let page = server.page("/graphql").await;
    assert!(page.contains(&staff) && !page.contains(&admin));
    let mode = shell.path("interviews-dev.key").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "only the owner can read the key");
    stop(server);
    assert_eq!(shell.files(), FILES, "closing the database removes the write-ahead log");
}

#[tokio::test]
async fn interviews_of_dev_lie_around_today_or_another_date() {
    let around = async |server: &Server, day: NaiveDate| {
        let time = |days| (day + TimeDelta::days(days)).and_time(NaiveTime::MIN).and_utc().to_rfc3339();
        let filter = format!("filter: {{startAt: {{gte: {:?}, lt: {:?}}}}}", time(-28), time(30));
        let query = format!("{{ interviews(first: 0, {filter}) {{ totalCount }} }}");
        let mut answer = server.graphql(&server.printed("staff"), &query).await;
        answer["data"]["interviews"]["totalCount"].take()
    };
    // All but the interview of the documentation.
    // The folder of the database has to stay as long as the server.
    let shells = [Shell::new(), Shell::new()];
    let server = shells[0].start("dev --interviews 40");
    assert_eq!(around(&server, Clock::System.now().date_naive()).await, 39);
    let server = shells[1].start("dev --interviews 40 --base-date 2031-11-26");
    assert_eq!(around(&server, NaiveDate::from_ymd_opt(2031, 11, 26).unwrap()).await, 39);
}

#[tokio::test]
async fn dev_keeps_its_data_and_key() {
    let shell = Shell::new();
    let first = shell.start("dev --interviews 40");
    let [staff, driver] = ["staff", "driver"].map(|role| first.printed(role));
    first.relocate(&staff, "behind the blue door").await;
    stop(first);

    // `--interviews` applies to new data only.
    let second = shell.start("dev --interviews 80");
    assert_eq!(second.location(&staff).await, "behind the blue door", "with the token of the first start");
    assert_eq!(second.location(&driver).await, "behind the blue door");
    assert_eq!(second.location(&second.printed("staff")).await, "behind the blue door", "with a new token");
    assert_eq!(count(&second, &staff).await, 40);
}

#[tokio::test]
async fn dev_keeps_changes_after_a_kill() {
    let shell = Shell::new();
    let first = shell.start("dev --interviews 40");
    let staff = first.printed("staff");
    first.relocate(&staff, "behind the blue door").await;
    first.signal("KILL");
    assert_eq!(first.ended().0, None);
    assert_eq!(shell.start("dev").location(&staff).await, "behind the blue door");
}

#[tokio::test]
async fn dev_reset_replaces_the_data() {
    let shell = Shell::new();
    let first = shell.start("dev --interviews 40");
    let staff = first.printed("staff");
    first.relocate(&staff, "behind the blue door").await;
    first.signal("KILL"); // leaves a write-ahead log, which has to be removed, too
    first.ended();
    assert!(shell.files().contains(&"interviews-dev.db-wal".to_owned()), "{:?}", shell.files());

    let second = shell.start("dev --reset --interviews 80");
    let staff = second.printed("staff");
    assert_eq!(second.location(&staff).await, Value::Null);
    assert_eq!(count(&second, &staff).await, 80);
}

#[test]
fn dev_reset_works_without_earlier_data() {
    let shell = Shell::new();
    stop(shell.start("dev --reset --interviews 40"));
    assert_eq!(shell.files(), FILES);
}

#[tokio::test]
async fn dev_ignores_the_settings_of_serve() {
    let shell = Shell::new().set("DATABASE_URL", "mysql://nowhere").set("JWT_SECRET", "short");
    let shell = shell.set("JWT_AUDIENCE", "fleet");
    let server = shell.start("dev --interviews 40");
    assert_eq!(server.viewer(&server.printed("staff")).await["role"], "STAFF");
}

#[rstest]
fn dev_changes_no_file_when_the_address_is_in_use(#[values("dev", "dev --reset")] command: &str) {
    let shell = Shell::new();
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = holder.local_addr().unwrap();
    std::fs::write(shell.path("interviews-dev.db"), "in use by another one").unwrap();
    let error = shell.fail(&format!("{command} --bind {address}"));
    let expected = format!("error: cannot listen on {address}: Address already in use");
    assert!(error.starts_with(&expected) && error.contains("(another address: --bind)"), "{error}");
    assert_eq!(shell.files(), ["interviews-dev.db"]);
    let file = std::fs::read_to_string(shell.path("interviews-dev.db")).unwrap();
    assert_eq!(file, "in use by another one");
}
