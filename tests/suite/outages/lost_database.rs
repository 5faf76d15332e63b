//! Every API answers with a code within the time that a request waits for a connection, and the server recovers without
//! a restart.

use crate::support::Database::Postgres;
use crate::support::configured_server::{Server, UPDATES, update};
use crate::support::database::open_connection;
use crate::support::database_proxy::DatabaseProxy;
use crate::support::people::JUDE_WITH_LUISA;
use crate::support::{TestApp, cluster};
use sea_orm::ConnectionTrait;
use sea_orm::sqlx::postgres::PgConnectOptions;
use serde_json::json;

/// Fails unless GraphQL, REST and the readiness check report the outage with their codes, without its cause.
async fn assert_fails_with(server: &Server, code: &str) {
    let by_id = format!("{{ interview(id: {JUDE_WITH_LUISA}) {{ id }} }}");
    for query in ["{ viewer { id company { id } } }", &by_id, "{ interviews { totalCount } }", &update()] {
        let answer = server.graphql(query).await;
        let body = answer.json();
        assert_eq!(answer.status, 200, "the status of every well-formed request");
        assert_eq!(body["errors"].as_array().unwrap().len(), 1, "{body}");
        let error = &body["errors"][0];
        assert_eq!(error["extensions"], json!({"code": code, "retryAfter": 1, "retryable": true}), "{body}");
    }
    let answer = server.patch().await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, "1"));
    assert_eq!(answer.json()["errors"][0]["code"], code);
    let ready = server.get("/readyz").await;
    assert_eq!(ready.status, 503);
    assert_json!(ready.json(), @r#"
    {
      "checks": {"database": "unreachable", "schema": "unknown"},
      "status": "the database does not answer"
    }
    "#);
    // The liveness check needs no database.
    assert_eq!(server.get("/livez").await.status, 200);
}

/// Fails unless every request succeeds at once, and failed changes have no effect.
async fn assert_back(server: &Server, app: &TestApp) {
    assert_json!(server.graphql(&update()).await.json(), @r#"
    {
      "data": {"updateInterview": {"interview": {"version": 2}, "userErrors": []}}
    }
    "#);
    assert_eq!(server.patch().await.status, 200);
    server.until_ready().await;
    assert_eq!(app.database.value::<i64>(UPDATES).await, 1);
}

#[tokio::test]
async fn server_recovers_when_a_lost_database_is_back() {
    let app = start!(Postgres);
    let mut proxy = DatabaseProxy::to(&app.database.url).await;
    let server = Server::new(&app, proxy.connect(5).await, &[]);
    server.graphql("{ viewer { id } }").await;
    proxy.close().await;
    assert_fails_with(&server, "UNAVAILABLE").await;
    proxy.open().await;
    assert_back(&server, &app).await;
}

#[tokio::test]
async fn server_recovers_after_refused_connections() {
    let app = start!(Postgres);
    let server = Server::new(&app, app.app.services().db().clone(), &[]);
    let name = app.database.url.parse::<PgConnectOptions>().unwrap().get_database().unwrap().to_owned();
    let admin = open_connection(&cluster::server().unwrap().admin_url).await;
    let allow = async |allowed: bool| {
        let sql = format!(
            "ALTER DATABASE {name} ALLOW_CONNECTIONS {allowed};
             SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = '{name}'"
        );
        admin.execute_unprepared(&sql).await.unwrap();
    };
    server.graphql("{ viewer { id } }").await;
    allow(false).await;
    assert_fails_with(&server, "UNAVAILABLE").await;
    allow(true).await;
    assert_back(&server, &app).await;
}

#[tokio::test]
async fn request_times_out_while_the_database_is_silent() {
    let app = start!(Postgres);
    let proxy = DatabaseProxy::to(&app.database.url).await;
    let db = proxy.connect(1).await;
    let (hasty, patient) = (Server::new(&app, db.clone(), &["--request-timeout", "300ms"]), Server::new(&app, db, &[]));
    patient.graphql("{ viewer { id } }").await;
    hasty.graphql("{ viewer { id } }").await;

    proxy.set_silent(true);
    // The only connection waits for a response, and further requests time out while they wait for it.
    assert_eq!(hasty.graphql(&update()).await.json()["errors"][0]["extensions"]["code"], "TIMEOUT");
    assert_fails_with(&patient, "TIMEOUT").await;
    proxy.set_silent(false);
    assert_back(&patient, &app).await;
}
