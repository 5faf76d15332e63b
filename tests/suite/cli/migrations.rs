//! Commands that change the schema or fill the database, several at a time: one waits for the other.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::inspect::until_waiting;
use crate::support::shell::{Finished, Shell};
use rstest::rstest;
use sea_orm::{ConnectionTrait, TransactionTrait};
use std::thread;

/// Runs the commands at the same time.
fn at_once<const N: usize>(shell: &Shell, commands: [&str; N]) -> [Finished; N] {
    thread::scope(|scope| {
        let running = commands.map(|command| scope.spawn(move || shell.run(command)));
        running.map(|running| running.join().unwrap())
    })
}

/// What `migrate status` prints for each step.
fn states(shell: &Shell) -> Vec<String> {
    shell.succeed("migrate status").lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}

fn has_data(shell: &Shell) -> bool {
    shell.run("demo-data --interviews 30").stderr.contains("the database is not empty")
}

fn assert_no_notices(finished: &Finished) {
    assert!(!finished.stderr.contains("already exists"), "{}", finished.stderr);
}

#[rstest]
#[tokio::test]
async fn migrations_at_the_same_time_are_applied_once(#[values(Sqlite, Postgres)] database: Database) {
    let Some(shell) = Shell::on_new(database).await else { return };
    for _ in 0..3 {
        for finished in at_once(&shell, ["migrate up"; 4]) {
            assert_eq!(finished.code, Some(0), "{}", finished.stderr);
            assert!(!finished.stdout.contains("pending"), "{}", finished.stdout);
            assert_no_notices(&finished);
        }
        shell.succeed("migrate down --steps 99");
    }
}

#[test]
fn migrations_at_the_same_time_create_one_sqlite_file() {
    for _ in 0..3 {
        let shell = Shell::new().set("DATABASE_URL", "sqlite://interviews.db");
        for finished in at_once(&shell, ["migrate up"; 4]) {
            assert_eq!(finished.code, Some(0), "{}", finished.stderr);
        }
        assert_eq!(shell.files(), ["interviews.db"]);
    }
}

/// Two commands at once have the result of one after the other, in one of the two orders.
#[rstest]
#[case::up_and_down("migrate up", "migrate down --steps 99")]
#[case::down_and_down("migrate down --steps 99", "migrate down --steps 99")]
#[case::up_and_demo_data("migrate up", "demo-data --interviews 30")]
#[case::down_and_demo_data("migrate down --steps 99", "demo-data --interviews 30")]
#[case::demo_data_and_demo_data("demo-data --interviews 30", "demo-data --interviews 30")]
#[tokio::test]
async fn commands_at_the_same_time_run_one_after_the_other(
    #[case] first: &str,
    #[case] second: &str,
    #[values(Sqlite, Postgres)] database: Database,
    #[values(false, true)] is_migrated: bool,
) {
    let Some(shell) = Shell::on_new(database).await else { return };
    if is_migrated {
        shell.succeed("migrate up");
    }
    let outcomes = at_once(&shell, [first, second]).map(|finished| (finished.code, error(&finished)));
    let result = (outcomes, states(&shell), has_data(&shell));
    let mut expected = Vec::new();
    for order in [[0, 1], [1, 0]] {
        let Some(shell) = Shell::on_new(database).await else { return };
        if is_migrated {
            shell.succeed("migrate up");
        }
        let mut outcomes = [(None, String::new()), (None, String::new())];
        for index in order {
            let finished = shell.run([first, second][index]);
            outcomes[index] = (finished.code, error(&finished));
        }
        expected.push((outcomes, states(&shell), has_data(&shell)));
    }
    assert!(expected.contains(&result), "{result:#?} is not one of {expected:#?}");
}

fn error(finished: &Finished) -> String {
    finished.stderr.lines().filter(|line| line.starts_with("error: ")).collect()
}

#[rstest]
#[tokio::test]
async fn servers_that_migrate_at_the_same_time_all_start(#[values(Sqlite, Postgres)] database: Database) {
    let Some(shell) = Shell::on_new(database).await else { return };
    let servers = thread::scope(|scope| {
        let starting = [0; 3].map(|_| scope.spawn(|| shell.start("serve --migrate")));
        let migrated = scope.spawn(|| shell.run("migrate up"));
        assert_eq!(migrated.join().unwrap().code, Some(0));
        starting.map(|starting| starting.join().unwrap())
    });
    for server in servers {
        assert_eq!(server.get("/readyz").await.0, 200);
        server.signal("TERM");
        let (code, log) = server.ended();
        assert_eq!(code, Some(0));
        assert!(!log.iter().any(|line| line.contains("already exists") || line.contains("WARN")), "{log:#?}");
    }
}

/// The two numbers of the lock are part of the behaviour: servers of different releases share it.
const POSTGRES_LOCK: &str = "SELECT pg_advisory_xact_lock(1229870149, 1381386565)";
const SQLITE_LOCK: &str = "DELETE FROM users WHERE id < 0";

#[rstest]
#[case("migrate up")]
#[case("migrate down")]
#[case("demo-data --interviews 30")]
#[tokio::test]
async fn command_waits_while_another_process_has_the_lock(
    #[case] command: &str,
    #[values(Sqlite, Postgres)] database: Database,
) {
    let Some(shell) = Shell::on_demo_data(database).await else { return };
    let lock = shell.database().raw().await.begin().await.unwrap();
    let sql = if database == Postgres { POSTGRES_LOCK } else { SQLITE_LOCK };
    lock.execute_unprepared(sql).await.unwrap();
    let waiting = shell.follow(command);
    let line = waiting.stderr.wait_for("waiting: another process migrates the database or fills it");
    if database == Postgres {
        assert!(line.contains("session ") && line.contains(" of 127.0.0.1 "), "the holder is named: {line}");
    }
    lock.rollback().await.unwrap();
    let (code, log) = waiting.ended();
    let refused = command.starts_with("demo-data");
    assert_eq!(code, Some(i32::from(refused)), "{log:#?}");
    assert_eq!(log.iter().any(|line| line.contains("the database is not empty")), refused, "{log:#?}");
}

/// After `migrate up` another process reverts the schema, while the command verifies the event log.
#[rstest]
#[case("migrate up")]
#[case("serve --migrate")]
#[tokio::test]
async fn schema_that_another_process_reverts_has_no_event_log_to_verify(#[case] command: &str) {
    let Some(shell) = Shell::on_demo_data(Postgres).await else { return };
    let revert = shell.database().raw().await.begin().await.unwrap();
    revert.execute_unprepared("DROP TABLE event_log_epoch; DELETE FROM seaql_migrations").await.unwrap();
    let verifying = shell.follow(command);
    until_waiting(shell.database(), 1).await;
    revert.commit().await.unwrap();
    if command == "migrate up" {
        let (code, log) = verifying.ended();
        assert_eq!(code, Some(0), "{log:#?}");
    } else {
        verifying.stderr.wait_for("the database's schema is behind");
    }
}

/// All statements on a table wait behind a step that waits for it, for less than `DATABASE_TIMEOUT`.
#[tokio::test]
async fn migration_that_waits_for_a_table_delays_requests_only_briefly() {
    let Some(shell) = Shell::on_demo_data(Postgres).await else { return };
    // The steps that are reverted before drop columns of users, whom the server has read by then.
    let shell = shell.set("VIEWER_TTL", "10m");
    let server = shell.start("serve");
    let token = shell.succeed("token --sub 1000");
    assert_eq!(server.viewer(token.trim()).await["role"], "STAFF");
    let reader = shell.database().raw().await.begin().await.unwrap();
    reader.execute_unprepared("SELECT FROM interviews, interview_events LIMIT 1").await.unwrap();
    let migration = shell.follow("migrate down --steps 99");
    for _ in 0..2 {
        let answer = server.graphql(token.trim(), "{ interviews { totalCount } }").await;
        assert_eq!(answer["errors"], serde_json::Value::Null, "{answer}");
        migration.stderr.wait_for("waiting: another session uses a table that the migration changes");
    }
    reader.rollback().await.unwrap();
    let (code, log) = migration.ended();
    assert_eq!(code, Some(0), "{log:#?}");
}

#[rstest]
#[tokio::test]
async fn newer_release_does_not_keep_an_older_one_from_serving(#[values(Sqlite, Postgres)] database: Database) {
    let Some(shell) = Shell::on_demo_data(database).await else { return };
    shell.database().execute("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m2999_newer', 1)").await;
    shell.succeed("migrate up");
    let server = shell.start("serve --migrate");
    assert_eq!(server.get("/readyz").await.0, 200);
    let newer =
        "error: the database has migrations of a newer release (m2999_newer): run the command of that release\n";
    assert!(shell.fail("migrate down").ends_with(newer));
}

#[rstest]
#[tokio::test]
async fn database_of_another_application_is_not_changed(#[values(Sqlite, Postgres)] database: Database) {
    let Some(shell) = Shell::on_demo_data(database).await else { return };
    shell.succeed("migrate down --steps 99");
    shell.database().execute("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m1999_other', 1)").await;
    for command in ["migrate up", "serve", "serve --migrate"] {
        let error = shell.fail(command);
        let text = "error: the database belongs to another application: it has the migration m1999_other";
        assert!(error.contains(text), "{command}: {error}");
    }
    shell.succeed("migrate down");
    assert!(states(&shell).iter().all(|state| state == "pending"));
}
