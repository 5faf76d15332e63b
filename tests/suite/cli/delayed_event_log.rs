//! A transaction that stays open anywhere in the PostgreSQL cluster delays the event log. The server reports it.

use crate::support::database::TestDatabase;
use crate::support::own_cluster::{OwnCluster, OwnClusters};
use crate::support::people::MONA;
use crate::support::shell::{SECRET, Shell};
use serde_json::json;

const DELAYED: &str = "the event log is delayed until this transaction ends";
const OVER: &str = "the event log is no longer delayed";

/// A shell whose servers use a role without further rights, and its database.
async fn shell(cluster: &OwnCluster<'_>) -> (Shell, TestDatabase) {
    let admin = cluster.database();
    admin.execute("CREATE ROLE app LOGIN").await;
    admin.execute("CREATE DATABASE interviews OWNER app").await;
    let url = cluster.url("interviews").replace("postgres@", "app@");
    let shell = Shell::new().set("JWT_SECRET", SECRET).set("DATABASE_URL", &url);
    shell.succeed("migrate up");
    shell.succeed("demo-data --interviews 30");
    (shell, admin)
}

#[tokio::test]
async fn session_that_delays_the_event_log_is_reported_and_its_end_too() {
    let Some(clusters) = OwnClusters::new() else { return };
    let cluster = clusters.start("");
    let (shell, admin) = shell(&cluster).await;
    let (server, token) = (shell.start("serve"), shell.token(MONA));
    let ready = json!({"status": "ok", "checks": {"database": "ok", "schema": "current"}});
    assert_eq!(server.get("/readyz").await, (200, ready.clone()));
    // In another database, as another role.
    let url = format!("{}?application_name=forgotten%20psql", cluster.url("template1"));
    let other = TestDatabase::at(url, None);
    let begin = "BEGIN; SELECT pg_current_xact_id()";
    for (rights, state) in
        [("", "unknown: it needs the role pg_read_all_stats"), ("pg_read_all_stats", "idle in transaction")]
    {
        if !rights.is_empty() {
            admin.execute(&format!("GRANT {rights} TO app")).await;
        }
        other.execute(begin).await;
        let pid: i32 = admin
            .value(
                "SELECT pid FROM pg_stat_activity \
                 WHERE application_name = 'forgotten psql' AND backend_xid IS NOT NULL",
            )
            .await;
        server.relocate(&token, &format!("delayed with rights {rights}")).await;
        let line = server.stderr.wait_for_new(DELAYED);
        for part in [
            format!("pid={pid}"),
            r#"database="template1""#.to_owned(),
            r#"application="forgotten psql""#.to_owned(),
            format!("state={state:?}"),
            "seconds=".to_owned(),
        ] {
            assert!(line.contains(&part), "{part} is not in {line}");
        }
        let (status, answer) = server.get("/readyz").await;
        assert_eq!((status, &answer["status"]), (200, &json!("ok")));
        let delay = answer["checks"]["event_log"].as_str().unwrap();
        assert!(delay.starts_with("delayed by ") && !answer.to_string().contains("psql"), "{answer}");
        other.execute("ROLLBACK").await;
        server.stderr.wait_for_new(OVER);
        assert_eq!(server.get("/readyz").await, (200, ready.clone()));
    }
}

#[tokio::test]
async fn prepared_transaction_that_delays_the_event_log_is_reported() {
    let Some(clusters) = OwnClusters::new() else { return };
    let cluster = clusters.start("");
    let (shell, admin) = shell(&cluster).await;
    let (server, token) = (shell.start("serve"), shell.token(MONA));
    for sql in ["BEGIN", "SELECT pg_current_xact_id()", "PREPARE TRANSACTION 'orphaned'"] {
        admin.execute(sql).await;
    }
    server.relocate(&token, "delayed").await;
    let line = server.stderr.wait_for(DELAYED);
    for part in [r#"prepared_transaction="orphaned""#, r#"database="postgres""#] {
        assert!(line.contains(part), "{part} is not in {line}");
    }
    admin.execute("ROLLBACK PREPARED 'orphaned'").await;
    server.stderr.wait_for(OVER);
}

#[tokio::test]
async fn readers_and_replication_slots_do_not_delay_the_event_log() {
    let Some(clusters) = OwnClusters::new() else { return };
    let cluster = clusters.start("wal_level = logical");
    let (shell, admin) = shell(&cluster).await;
    let (server, token) = (shell.start("serve"), shell.token(MONA));
    let reader = TestDatabase::at(cluster.url("interviews"), None);
    for sql in ["BEGIN ISOLATION LEVEL REPEATABLE READ", "SELECT count(*) FROM interview_events"] {
        reader.execute(sql).await;
    }
    admin.execute("SELECT pg_create_logical_replication_slot('logical', 'test_decoding')").await;
    admin.execute("SELECT pg_create_physical_replication_slot('physical', true)").await;
    let events = "{ interviewChanges(first: 0) { totalCount } }";
    let before = server.graphql(&token, events).await["data"]["interviewChanges"]["totalCount"].as_i64().unwrap();
    for number in 1..=3 {
        server.relocate(&token, &format!("change {number}")).await;
        let after = server.graphql(&token, events).await["data"]["interviewChanges"]["totalCount"].as_i64();
        assert_eq!(after, Some(before + number));
    }
}
