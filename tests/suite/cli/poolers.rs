//! `PgBouncer` in front of `PostgreSQL`. In session mode everything works. The other modes are found out, at the start
//! and while a server runs.

use crate::support::Database::Postgres;
use crate::support::pgbouncer::PgBouncer;
use crate::support::polling::until;
use crate::support::shell::{Server, Shell};
use rstest::rstest;
use serde_json::json;
use tokio::task::JoinSet;

const REFUSED: &str = "error: the database is behind a connection pooler in transaction or statement mode";
const REMEDY: &str = "configure the pooler for session mode (PgBouncer: pool_mode = session), or connect to PostgreSQL \
    directly";

/// Commands on a database with demo data, by a pooler.
async fn behind(mode: &str, settings: &str) -> Option<(Shell, PgBouncer)> {
    let shell = Shell::on_demo_data(Postgres).await?;
    let pooler = PgBouncer::start(mode, settings, &shell.database().url)?;
    Some((shell.set("DATABASE_URL", pooler.url()), pooler))
}

#[rstest]
#[case::transaction_mode("transaction", "")]
#[case::statement_mode("statement", "")]
#[case::one_session("transaction", "default_pool_size = 1")]
#[case::two_sessions_in_turn("transaction", "default_pool_size = 2\nmin_pool_size = 2\nserver_round_robin = 1")]
#[case::many_sessions_in_turn("transaction", "min_pool_size = 7\nserver_round_robin = 1")]
#[case::sessions_that_are_reset("transaction", "server_reset_query_always = 1")]
#[tokio::test]
async fn pooler_that_shares_sessions_is_refused_at_the_start(#[case] mode: &str, #[case] settings: &str) {
    let Some((shell, _pooler)) = behind(mode, settings).await else { return };
    for command in ["serve", "serve --migrate", "migrate up", "migrate down", "migrate status", "demo-data"] {
        let error = shell.fail(command);
        assert!(error.starts_with(REFUSED) && error.contains(REMEDY) && error.lines().count() == 1, "{error}");
    }
}

#[tokio::test]
async fn pooler_that_shares_sessions_is_refused_while_others_use_it() {
    let Some((shell, pooler)) = behind("transaction", "default_pool_size = 6").await else { return };
    let stop = tokio_util::sync::CancellationToken::new();
    let url = pooler.url();
    let load = std::thread::spawn({
        let stop = stop.clone();
        move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut clients = JoinSet::new();
                for _ in 0..8 {
                    let (url, stop) = (url.clone(), stop.clone());
                    clients.spawn(async move {
                        use sea_orm::sqlx::{Connection, Executor, PgConnection};
                        let options: sea_orm::sqlx::postgres::PgConnectOptions = url.parse().unwrap();
                        let options = options.extra_float_digits(None::<i8>);
                        let mut connection = PgConnection::connect_with(&options).await.unwrap();
                        while !stop.is_cancelled() {
                            connection.execute("SELECT pg_sleep(0.001)").await.unwrap();
                        }
                    });
                }
                clients.join_all().await;
            });
        }
    });
    for _ in 0..10 {
        let error = shell.fail("migrate status");
        assert!(error.starts_with(REFUSED), "{error}");
    }
    stop.cancel();
    load.join().unwrap();
}

/// The results of as many requests at once, which all read and write the database.
async fn requests(server: &Server, token: &str, count: usize) -> Vec<String> {
    let one = |_| async {
        let query = "{ interviews(first: 3) { totalCount nodes { interviewee { driver { title } } } } }";
        let answer = server.graphql(token, query).await;
        if answer["data"]["interviews"]["totalCount"] == json!(250) { String::new() } else { answer.to_string() }
    };
    let answers = futures_util::future::join_all((0..count).map(one)).await;
    answers.into_iter().filter(|answer| !answer.is_empty()).collect()
}

#[rstest]
#[case::as_installed_by_debian("")]
#[case::sessions_that_are_not_reset("server_reset_query =")]
#[case::fewer_sessions_than_connections("default_pool_size = 4")]
#[tokio::test]
async fn pooler_in_session_mode_works(#[case] settings: &str) {
    let Some((shell, _pooler)) = behind("session", settings).await else { return };
    assert!(!shell.succeed("migrate up").contains("pending"));
    let server = shell.start("serve");
    assert_eq!(server.get("/readyz").await.0, 200);
    let token = shell.succeed("token --sub 1000");
    for round in 0..5 {
        assert_eq!(requests(&server, token.trim(), 40).await, [""; 0], "round {round}");
    }
    server.relocate(token.trim(), "behind the blue door").await;
    assert_eq!(server.get("/readyz").await.0, 200);
    server.signal("TERM");
    let (code, log) = server.ended();
    assert_eq!(code, Some(0));
    assert!(!log.iter().any(|line| line.contains("ERROR")), "{log:#?}");
    shell.succeed("migrate down --steps 99");
    shell.succeed("migrate up");
    shell.succeed("demo-data --interviews 30");
}

#[tokio::test]
async fn running_server_refuses_requests_while_sessions_are_shared() {
    let Some((shell, pooler)) = behind("session", "").await else { return };
    let server = shell.start("serve");
    let token = shell.succeed("token --sub 1000");
    assert_eq!(requests(&server, token.trim(), 20).await, [""; 0]);

    // New sessions of the server are shared from now on. It notices by the errors of its own statements.
    pooler.set_mode("transaction");
    shell
        .database()
        .execute(
            "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity \
         WHERE datname = current_database() AND application_name LIKE 'interviews/%'",
        )
        .await;
    until(async || {
        requests(&server, token.trim(), 20).await;
        server.get("/readyz").await.1["checks"]["database"] == "shared_sessions"
    })
    .await;
    let line = server.stderr.wait_for("requests are refused");
    assert!(line.contains("ERROR") && line.contains(REMEDY), "{line}");
    let (status, body) = server.get("/readyz").await;
    assert_eq!(status, 503);
    assert!(body["status"].as_str().unwrap().contains("session mode"), "{body}");
    let answer = server.graphql(token.trim(), "{ interviews { totalCount } }").await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAVAILABLE", "{answer}");
    assert_eq!(server.get("/livez").await.0, 200);

    pooler.set_mode("session");
    until(async || server.get("/readyz").await.0 == 200).await;
    server.stderr.wait_for("each connection has a session of its own again");
    assert_eq!(requests(&server, token.trim(), 20).await, [""; 0]);
}
