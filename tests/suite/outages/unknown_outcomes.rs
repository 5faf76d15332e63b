//! A change whose commit is not answered, or whose request times out after a commit, is `OUTCOME_UNKNOWN`: the client
//! must not repeat it blindly. Everything that is certain is not.

use crate::support::Database::Postgres;
use crate::support::TestApp;
use crate::support::booking::{at, time_arguments};
use crate::support::configured_server::{Server, UPDATES, update};
use crate::support::database_proxy::{DatabaseProxy, Fault};
use crate::support::people::{BRUNA, BRUNA_APPLICATION, JUDE_WITH_LUISA, LUISA};
use crate::support::websocket_client::WebSocketClient;
use interviews::domain::InterviewId;
use rstest::rstest;
use serde_json::{Value, json};

const MESSAGE: &str = "The change may have been made. Look at the interview before you repeat it.";

/// Appears in every statement and message that carries the change, and nowhere else.
const LOCATION: &str = "Gate 4711";

fn relocate() -> String {
    format!(
        "mutation {{ updateInterview(id: {JUDE_WITH_LUISA}, input: {{location: \"{LOCATION}\"}}, \
         expectedVersion: 1) {{ interview {{ version }} userErrors {{ code }} }} }}"
    )
}

fn create() -> String {
    format!(
        "mutation {{ createInterview(input: {{kind: PHONE_CALL, {}, intervieweeId: {BRUNA_APPLICATION}, \
         interviewerId: {LUISA}, location: \"{LOCATION}\"}}) {{ interview {{ id }} userErrors {{ code }} }} }}",
        time_arguments("10:00", "11:00")
    )
}

fn error_of(mutation: &str) -> Value {
    json!([{
        "message": MESSAGE,
        "extensions": {"code": "OUTCOME_UNKNOWN"},
        "path": [mutation],
        "locations": [{"line": 1, "column": 12}]
    }])
}

async fn start() -> Option<(TestApp, DatabaseProxy)> {
    let app = TestApp::start(Postgres).await?;
    let proxy = DatabaseProxy::to(&app.database.url).await;
    Some((app, proxy))
}

async fn relocated(app: &TestApp) -> i64 {
    app.database.value(&format!("SELECT count(*) FROM interviews WHERE location = '{LOCATION}'")).await
}

#[rstest]
#[case::made(Fault::CutResponse, 1)]
#[case::not_made(Fault::CutRequest, 0)]
#[tokio::test]
async fn cut_statement_has_an_unknown_outcome(#[case] fault: Fault, #[case] made: i64) {
    let Some((app, proxy)) = start().await else { return };
    let server = Server::new(&app, proxy.connect(2).await, &[]);
    proxy.fail_once(LOCATION, fault);
    let answer = server.graphql(&relocate()).await;
    assert_eq!(answer.status, 200);
    let expected = json!({"data": null, "errors": error_of("updateInterview")});
    assert_eq!(answer.json(), expected);
    assert_eq!(relocated(&app).await, made);
    // The client repeats the change with the version that it knew.
    let repeated = server.graphql(&relocate()).await.json();
    let (version, errors) =
        if made == 1 { (json!(null), json!([{"code": "STALE_VERSION"}])) } else { (json!({"version": 2}), json!([])) };
    assert_eq!(repeated, json!({"data": {"updateInterview": {"interview": version, "userErrors": errors}}}));
    assert_eq!(app.database.value::<i64>(UPDATES).await, 1);
}

#[tokio::test]
async fn cut_statement_has_an_unknown_outcome_over_rest() {
    let Some((app, proxy)) = start().await else { return };
    let server = Server::new(&app, proxy.connect(2).await, &[]);
    proxy.fail_once(LOCATION, Fault::CutResponse);
    let answer = server.staff.patch(JUDE_WITH_LUISA, &json!({"interview": {"location": LOCATION}})).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (500, ""));
    assert_eq!(answer.json(), json!({"errors": [{"code": "OUTCOME_UNKNOWN", "message": MESSAGE, "path": []}]}));
    assert_eq!(relocated(&app).await, 1);
}

#[tokio::test]
async fn cut_statement_has_an_unknown_outcome_over_websocket() {
    let Some((app, proxy)) = start().await else { return };
    let server = Server::new(&app, proxy.connect(2).await, &[]);
    let mut client = WebSocketClient::sign_in(server.listen().await, server.staff.token()).await;
    proxy.fail_once(LOCATION, Fault::CutResponse);
    client.send(json!({"id": "1", "type": "subscribe", "payload": {"query": relocate()}})).await;
    let payload = json!({"data": null, "errors": error_of("updateInterview")});
    assert_eq!(client.receive().await, json!({"id": "1", "type": "next", "payload": payload}));
    assert_eq!(relocated(&app).await, 1);
}

#[tokio::test]
async fn cut_commit_has_an_unknown_outcome() {
    let Some((app, proxy)) = start().await else { return };
    let server = Server::new(&app, proxy.connect(2).await, &[]);
    proxy.fail_once("COMMIT", Fault::CutResponse);
    let answer = server.graphql(&create()).await.json();
    assert_eq!(answer, json!({"data": null, "errors": error_of("createInterview")}));
    assert_eq!(relocated(&app).await, 1);
}

/// At its deadline a request is dropped, and the database goes on.
#[rstest]
#[case::statement(LOCATION, relocate())]
#[case::commit("COMMIT", create())]
#[tokio::test]
async fn request_that_times_out_during_a_commit_has_an_unknown_outcome(
    #[case] text: &'static str,
    #[case] mutation: String,
) {
    let Some((app, proxy)) = start().await else { return };
    let server = Server::new(&app, proxy.connect(2).await, &["--request-timeout", "500ms"]);
    server.graphql("{ viewer { id } }").await;
    proxy.fail_once(text, Fault::DropResponse);
    let answer = server.graphql(&mutation).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (500, ""));
    let error = json!({"message": MESSAGE, "extensions": {"code": "OUTCOME_UNKNOWN"}});
    assert_eq!(answer.json(), json!({"errors": [error]}));
    assert_eq!(relocated(&app).await, 1);
}

#[tokio::test]
async fn request_that_times_out_during_a_commit_has_an_unknown_outcome_over_rest_and_websocket() {
    let Some((app, proxy)) = start().await else { return };
    let server = Server::new(&app, proxy.connect(5).await, &["--request-timeout", "500ms"]);
    let mut client = WebSocketClient::sign_in(server.listen().await, server.staff.token()).await;
    proxy.fail_once(LOCATION, Fault::DropResponse);
    let answer = server.staff.patch(JUDE_WITH_LUISA, &json!({"interview": {"location": LOCATION}})).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (500, ""));
    assert_eq!(answer.json(), json!({"errors": [{"code": "OUTCOME_UNKNOWN", "message": MESSAGE, "path": []}]}));
    proxy.fail_once("COMMIT", Fault::DropResponse);
    let error = json!({"message": MESSAGE, "extensions": {"code": "OUTCOME_UNKNOWN"}});
    client.send(json!({"id": "1", "type": "subscribe", "payload": {"query": create()}})).await;
    assert_eq!(client.receive().await, json!({"id": "1", "type": "error", "payload": [error]}));
    assert_eq!(relocated(&app).await, 2);
}

/// The first change is made when the second one is given up, be it in one document or in a batch.
#[rstest]
#[tokio::test]
async fn request_that_times_out_after_a_change_has_an_unknown_outcome(#[values(false, true)] in_batch: bool) {
    let app = start!(Postgres);
    let other = app.book(BRUNA, LUISA).at("10:00").await;
    let server = Server::new(&app, app.app.services().db().clone(), &["--request-timeout", "1s"]);
    let mutation = |id: InterviewId| {
        format!("updateInterview(id: {id}, input: {{location: \"{LOCATION}\"}}) {{ interview {{ id }} }}")
    };
    let (first, second) = (mutation(JUDE_WITH_LUISA), mutation(other));
    let body = if in_batch {
        json!([{"query": format!("mutation {{ {first} }}")}, {"query": format!("mutation {{ {second} }}")}])
    } else {
        json!({"query": format!("mutation {{ a: {first} b: {second} }}")})
    };
    let lock = app.database.lock(other).await;
    let answer = server.staff.rest("POST", "/graphql", &body).await;
    let error = json!({"message": MESSAGE, "extensions": {"code": "OUTCOME_UNKNOWN"}});
    assert_eq!((answer.status.as_u16(), answer.json()), (500, json!({"errors": [error]})));
    lock.rollback().await.unwrap();
    assert_eq!(relocated(&app).await, 1);
}

/// The whole response is null, so that the client would repeat both.
#[tokio::test]
async fn failure_after_another_change_of_the_operation_is_no_invitation_to_repeat() {
    let app = start!(Postgres);
    let server = Server::new(&app, app.app.services().db().clone(), &[]);
    let other = app.book(BRUNA, LUISA).at("10:00").await;
    let fail = format!(
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           RAISE EXCEPTION 'planned' USING ERRCODE = '53200';
         END $$;
         CREATE TRIGGER fail BEFORE UPDATE ON interviews FOR EACH ROW WHEN (NEW.id = {other}) EXECUTE FUNCTION fail()"
    );
    app.database.execute(&fail).await;
    let mutation = |id: InterviewId| {
        format!("updateInterview(id: {id}, input: {{location: \"{LOCATION}\"}}) {{ interview {{ id }} }}")
    };
    let (first, second) = (mutation(JUDE_WITH_LUISA), mutation(other));
    let answer = server.graphql(&format!("mutation {{ a: {first} b: {second} }}")).await.json();
    assert_eq!((&answer["data"], &answer["errors"][0]["path"]), (&json!(null), &json!(["b"])));
    assert_eq!(answer["errors"][0]["extensions"], json!({"code": "OUTCOME_UNKNOWN"}));
    // In a batch each operation has its own response.
    let operation = |mutation: &str| json!({"query": format!("mutation {{ {mutation} }}")});
    let batch = json!([operation(&first), operation(&second)]);
    let answers = server.staff.rest("POST", "/graphql", &batch).await.json();
    assert_eq!(
        answers[1]["errors"][0]["extensions"],
        json!({"code": "UNAVAILABLE", "retryAfter": 1, "retryable": true}),
        "{answers}"
    );
}

/// What the response shows of a change is read after its commit: from a table that cannot be read any more then.
#[tokio::test]
async fn change_whose_result_cannot_be_read_has_an_unknown_outcome() {
    let app = start!(Postgres);
    let server = Server::new(&app, app.app.services().db().clone(), &["--viewer-ttl", "1h"]);
    server.graphql("{ viewer { id } }").await;
    let unreadable = format!(
        "CREATE FUNCTION is_readable() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
           IF EXISTS (SELECT 1 FROM interviews WHERE location = '{LOCATION}') THEN
             RAISE EXCEPTION 'out of memory' USING ERRCODE = '53200';
           END IF;
           RETURN true;
         END $$;
         ALTER TABLE users RENAME TO stored_users;
         CREATE VIEW users AS SELECT * FROM stored_users WHERE is_readable()"
    );
    app.database.execute(&unreadable).await;
    let mutation = create().replace("interview { id }", "interview { id interviewer { title } }");
    let answer = server.graphql(&mutation).await.json();
    let error = &answer["errors"][0];
    assert_eq!(error["extensions"], json!({"code": "OUTCOME_UNKNOWN"}), "{answer}");
    assert_eq!(error["path"], json!(["createInterview", "interview", "interviewer"]));
    assert_eq!(relocated(&app).await, 1);

    app.database.execute("UPDATE interviews SET location = NULL").await;
    let [start_at, end_at] = ["12:00", "13:00"].map(at);
    let fields = json!({
        "kind": "phone_call", "start_at": start_at, "end_at": end_at, "interviewee_id": BRUNA_APPLICATION.0,
        "interviewer_id": LUISA.0, "location": LOCATION
    });
    let answer = server.staff.rest("POST", "/api/v1/interviews", &json!({"interview": fields})).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["errors"][0]["code"]), (500, &json!("OUTCOME_UNKNOWN")));
    assert_eq!(relocated(&app).await, 1);
}

/// Not even the change that the transaction was about to commit.
#[tokio::test]
async fn request_that_times_out_before_its_commit_is_a_timeout() {
    let app = start!(Postgres);
    let server = Server::new(&app, app.app.services().db().clone(), &["--request-timeout", "300ms"]);
    let lock = app.database.lock(JUDE_WITH_LUISA).await;
    let answer = server.graphql(&update()).await;
    assert_eq!(
        answer.json()["errors"][0]["extensions"],
        json!({"code": "TIMEOUT", "retryAfter": 1, "retryable": true})
    );
    lock.rollback().await.unwrap();
    assert_eq!(app.database.value::<i64>(UPDATES).await, 0);
}
