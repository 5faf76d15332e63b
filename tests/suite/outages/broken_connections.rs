//! Connections that broke while they were idle or in use are replaced, and no request fails.

use crate::support::Database::{Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::booking::time_arguments;
use crate::support::configured_server::{Server, UPDATES, update};
use crate::support::database_proxy::{DatabaseProxy, Fault};
use crate::support::people::{BRUNA_APPLICATION, JUDE_WITH_LUISA, LUISA, MONA};
use crate::support::process::ServerProcess;
use crate::support::websocket_client::WebSocketClient;
use futures_util::future::join_all;
use interviews::storage::Db;
use rstest::rstest;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::timeout;

/// The connections of a pool in these tests.
const CONNECTIONS: u32 = 5;

/// The pause between two changes for a subscription that may not have begun.
const BETWEEN_CHANGES: Duration = Duration::from_secs(1);

const LIST: &str = "{ interviews(first: 3) { nodes { interviewee { id } interviewer { id } } totalCount } }";

/// What meets a broken connection first.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Query,
    Change,
    Creation,
    RestChange,
    SignIn,
    Readiness,
    WebSocket,
    Subscription,
}

/// Opens all connections of the server's pool.
async fn use_all_connections(server: &Server) {
    for answer in join_all((0..3 * CONNECTIONS).map(|_| server.graphql(LIST))).await {
        assert!(answer.json().get("errors").is_none(), "{}", answer.text);
    }
}

/// Fails unless a request of this kind succeeds.
async fn assert_succeeds(kind: Kind, server: &Server) {
    let body = match kind {
        Kind::Query => server.graphql(LIST).await.json(),
        Kind::SignIn => server.graphql("{ viewer { id } }").await.json(),
        Kind::Change => server.graphql(&update()).await.json(),
        Kind::Creation => {
            let input = format!(
                "kind: PHONE_CALL, {}, intervieweeId: {BRUNA_APPLICATION}, interviewerId: {LUISA}",
                time_arguments("10:00", "11:00")
            );
            let query = format!(
                "mutation {{ createInterview(input: {{{input}}}) {{ interview {{ version }} userErrors {{ code }} }} }}"
            );
            server.graphql(&query).await.json()
        }
        Kind::RestChange => server.patch().await.json(),
        Kind::Readiness => server.get("/readyz").await.json(),
        Kind::WebSocket | Kind::Subscription => {
            let mut client = WebSocketClient::sign_in(server.listen().await, server.staff.token()).await;
            if matches!(kind, Kind::WebSocket) {
                client.ask("{ viewer { id } }").await
            } else {
                let query = "subscription { interviewChanged { interview { location } } }";
                client.send(json!({"id": "1", "type": "subscribe", "payload": {"query": query}})).await;
                first_event(&mut client, server).await
            }
        }
    };
    let (body, errors) = (body.to_string(), ["errors\":[{", "code\""]);
    assert!(errors.iter().all(|error| !body.contains(error)), "{kind:?}: {body}");
}

/// The first event of a subscription, which begins once its connections are replaced: an event of a change before that
/// does not come.
async fn first_event(client: &mut WebSocketClient, server: &Server) -> Value {
    for number in 1.. {
        let change = update().replace("location: \"x\"", &format!("location: \"{number}\""));
        server.graphql(&change).await;
        if let Ok(event) = timeout(BETWEEN_CHANGES, client.receive()).await {
            return event;
        }
    }
    unreachable!("changes go on")
}

async fn terminate_all(app: &TestApp) {
    let terminate = "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity \
                     WHERE datname = current_database() AND pid <> pg_backend_pid()";
    app.database.execute(terminate).await;
}

#[rstest]
#[tokio::test]
async fn no_request_fails_after_all_sessions_were_terminated(
    #[values(
        Kind::Query,
        Kind::Change,
        Kind::Creation,
        Kind::RestChange,
        Kind::SignIn,
        Kind::Readiness,
        Kind::WebSocket,
        Kind::Subscription
    )]
    kind: Kind,
) {
    let app = start!(Postgres);
    let db = Db::connect(&app.database.options()).await.unwrap();
    let server = Server::new(&app, db, &["--viewer-ttl", "0s", "--event-interval", "20ms"]);
    use_all_connections(&server).await;
    terminate_all(&app).await;
    assert_succeeds(kind, &server).await;
}

/// Terminated sessions say so. Those of a server that is gone end without a word.
#[rstest]
#[tokio::test]
async fn no_request_fails_after_all_connections_were_cut(
    #[values(Kind::Query, Kind::Change, Kind::Creation, Kind::RestChange, Kind::SignIn, Kind::Readiness)] kind: Kind,
) {
    let app = start!(Postgres);
    let mut proxy = DatabaseProxy::to(&app.database.url).await;
    let server = Server::new(&app, proxy.connect(CONNECTIONS).await, &["--viewer-ttl", "0s"]);
    use_all_connections(&server).await;
    proxy.close().await;
    proxy.open().await;
    assert_succeeds(kind, &server).await;
}

/// A firewall that forgets connections answers nothing at all. The first request on such a connection times out; after
/// it the others are pinged, and one unanswered ping closes all that are as old.
#[tokio::test]
async fn silent_connections_are_found_by_one_ping() {
    let app = start!(Postgres);
    let proxy = DatabaseProxy::to(&app.database.url).await;
    let db = proxy.connect(CONNECTIONS).await;
    let (hasty, server) = (Server::new(&app, db.clone(), &["--request-timeout", "300ms"]), Server::new(&app, db, &[]));
    hasty.graphql("{ viewer { id } }").await;
    use_all_connections(&server).await;
    let before = proxy.connections();
    proxy.silence_open_connections();
    assert_eq!(hasty.graphql(LIST).await.json()["errors"][0]["extensions"]["code"], "TIMEOUT");
    for _ in 0..3 {
        assert_succeeds(Kind::Query, &server).await;
        assert_succeeds(Kind::RestChange, &server).await;
    }
    assert_eq!(proxy.unheard_requests(), 2, "the statement and a ping");
    assert!(proxy.connections() > before);
}

/// The database executed the statement, and nothing shows that it did.
#[tokio::test]
async fn query_whose_response_is_lost_runs_again() {
    let app = start!(Postgres);
    let proxy = DatabaseProxy::to(&app.database.url).await;
    for fault in [Fault::CutResponse, Fault::CutRequest] {
        // On new connections the statement is not prepared yet, so that its text is sent.
        let server = Server::new(&app, proxy.connect(2).await, &[]);
        proxy.fail_once("FROM \"interviews\"", fault);
        assert_succeeds(Kind::Query, &server).await;
        assert!(proxy.has_failed());
    }
}

#[rstest]
#[case::begin("BEGIN")]
#[case::lock("FOR UPDATE")]
#[case::write("UPDATE \"interviews\"")]
#[case::event("INSERT INTO \"interview_events\"")]
#[tokio::test]
async fn transaction_whose_connection_breaks_before_the_commit_runs_again(#[case] statement: &'static str) {
    let app = start!(Postgres);
    let proxy = DatabaseProxy::to(&app.database.url).await;
    let server = Server::new(&app, proxy.connect(2).await, &[]);
    // A cancellation writes the interviewee too, and so is a transaction.
    let cancel = format!(
        "mutation {{ cancelInterview(id: {JUDE_WITH_LUISA}) {{ interview {{ version }} userErrors {{ code }} }} }}"
    );
    server.graphql("{ viewer { id } }").await;
    proxy.fail_once(statement, Fault::CutResponse);
    let answer = server.graphql(&cancel).await.json();
    assert_eq!(answer, json!({"data": {"cancelInterview": {"interview": {"version": 2}, "userErrors": []}}}));
    let events =
        format!("SELECT count(*) FROM interview_events WHERE interview_id = {JUDE_WITH_LUISA} AND type = 'cancelled'");
    assert_eq!(app.database.value::<i64>(&events).await, 1);
}

/// Each database can report that a connection is of no use any more.
#[tokio::test]
async fn connection_that_cannot_write_is_replaced_on_sqlite() {
    let app = start!(Sqlite);
    let db = app.app.services().db().clone();
    let server = Server::new(&app, db.clone(), &[]);
    let transaction = db.begin().await.unwrap();
    transaction.execute_unprepared("PRAGMA query_only = ON").await.unwrap();
    drop(transaction);
    assert_succeeds(Kind::Change, &server).await;
    assert_eq!(app.database.value::<i64>(UPDATES).await, 1);
}

/// No client noticed anything, so that no line of the log is a warning.
#[tokio::test]
async fn replaced_connections_are_no_warning() {
    let app = start!(Postgres);
    let server = ServerProcess::start(&app.database).await;
    let client = server.user(MONA);
    let location = |number: usize| format!("id: {JUDE_WITH_LUISA}, input: {{location: \"{number}\"}}");
    let change = async |number| client.mutate("updateInterview", &location(number)).await.unwrap().body;
    join_all((0..20).map(change)).await;
    for round in 0..3 {
        terminate_all(&app).await;
        let answers: Vec<Value> = join_all((0..20).map(|number| change(100 * round + number))).await;
        for answer in answers {
            assert_eq!(answer["data"]["updateInterview"]["userErrors"], json!([]), "{answer}");
        }
    }
    assert_eq!(server.complaints(), Vec::<String>::new());
}
