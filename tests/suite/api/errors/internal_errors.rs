//! Internal errors: the response has a code, a constant message and the request id. Only the log has the cause.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::actor::Answer;
use crate::support::listening_server::{TIMEOUT, set_location};
use crate::support::people::{DANA, DANA_APPLICATION, JUDE, JUDE_WITH_LUISA, LUISA, MONA};
use axum::body::Body;
use axum::http::Request;
use rstest::rstest;
use serde_json::{Value, json};
use std::fmt::Display;
use std::io;
use std::sync::{Arc, Mutex, OnceLock};
use tracing_subscriber::fmt::MakeWriter;

const ID: &str = "01a4d000-fd61-402a-a34d-7269899c4bd9";

/// Writes a value that the check constraints of the table do not allow.
async fn corrupt(app: &TestApp, database: Database, [table, column, value]: [&str; 3], id: impl Display) {
    let update = format!("UPDATE {table} SET {column} = '{value}' WHERE id = {id}");
    let sql = match database {
        Sqlite => format!("PRAGMA ignore_check_constraints = ON; {update}"),
        Postgres => format!(
            "DO $$ DECLARE name text; BEGIN
               FOR name IN SELECT conname FROM pg_constraint WHERE conrelid = '{table}'::regclass AND contype = 'c' LOOP
                 EXECUTE 'ALTER TABLE {table} DROP CONSTRAINT ' || name;
               END LOOP;
             END $$; {update}"
        ),
    };
    app.database.execute(&sql).await;
}

async fn graphql(app: &TestApp, query: &str, accept: &str) -> Answer {
    let headers = [("x-request-id", ID), ("accept", accept)];
    app.staff().rest_with("POST", "/graphql", &json!({"query": query}), &headers).await
}

async fn patch(app: &TestApp) -> Answer {
    let body = json!({"interview": {"location": "x"}});
    app.staff().patch_with(JUDE_WITH_LUISA, &body, &[("x-request-id", ID)]).await
}

/// Fails unless the only GraphQL error is the constant one; the data of the response.
fn assert_internal(answer: &Answer) -> Value {
    let mut body = answer.json();
    let error = body["errors"][0].take();
    assert_eq!(body["errors"].as_array().unwrap().len(), 1, "{}", answer.text);
    assert_eq!(error["message"], "Something went wrong on the server.");
    assert_json!(error["extensions"], @r#"
    {
      "code": "INTERNAL",
      "requestId": "01a4d000-fd61-402a-a34d-7269899c4bd9"
    }
    "#);
    assert_eq!(answer.header("x-request-id"), ID);
    body["data"].take()
}

fn assert_internal_over_rest(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status);
    assert_json!(answer.json(), @r#"
    {
      "errors": [{"code": "INTERNAL", "message": "Something went wrong on the server.", "path": []}]
    }
    "#);
    assert_eq!(answer.header("x-request-id"), ID);
}

#[rstest]
#[case::interview(["interviews", "kind", "séance"])]
#[case::state(["interviews", "status", "limbo"])]
#[tokio::test]
async fn corrupt_interview_is_an_internal_error(
    #[case] value: [&str; 3],
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let another = app.book(DANA, LUISA).at("10:00").await;
    corrupt(&app, database, value, JUDE_WITH_LUISA).await;
    let media_type = "application/graphql-response+json";
    let by_id = format!("{{ __typename interview(id: {JUDE_WITH_LUISA}) {{ id }} }}");
    let list = format!("{{ interviews(filter: {{driverId: {JUDE}}}) {{ nodes {{ id }} }} }}");
    for (query, data) in [
        (&by_id, json!({"__typename": "Query", "interview": null})),
        (&list, json!(null)),
        (&set_location(), json!(null)),
    ] {
        for accept in ["application/json", media_type] {
            let answer = graphql(&app, query, accept).await;
            assert_eq!((answer.status.as_u16(), assert_internal(&answer)), (200, data.clone()), "{query}");
        }
    }
    assert_internal_over_rest(&patch(&app).await, 500);
    let stored = format!("SELECT {} FROM interviews WHERE id = {JUDE_WITH_LUISA} AND version = 1", value[1]);
    assert_eq!(app.database.value::<String>(&stored).await, value[2], "nothing was written");
    // Other interviews can be read.
    assert_eq!(app.staff().interview(another).await["id"], another.to_string());
}

#[rstest]
#[tokio::test]
async fn corrupt_person_nulls_the_fields_that_need_it(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    corrupt(&app, database, ["users", "role", "ghost"], LUISA).await;
    corrupt(&app, database, ["interviewees", "kind", "lost"], DANA_APPLICATION).await;
    let query = format!(
        "{{ a: interview(id: {JUDE_WITH_LUISA}) {{ id interviewee {{ kind }} }} \
            b: interview(id: {JUDE_WITH_LUISA}) {{ id interviewer {{ id }} }} }}"
    );
    assert_json!(assert_internal(&graphql(&app, &query, "application/json").await), @r#"
    {
      "a": {"id": "27", "interviewee": {"kind": "VERIFIED"}},
      "b": null
    }
    "#);
    let query = format!("{{ viewer {{ id }} interviewee(id: {DANA_APPLICATION}) {{ id }} }}");
    assert_json!(assert_internal(&graphql(&app, &query, "application/json").await), @r#"
    {
      "interviewee": null,
      "viewer": {"id": "1000"}
    }
    "#);
}

#[tokio::test]
async fn failed_lookup_of_the_user_is_internal_and_not_unauthenticated() {
    let app = start!(Sqlite);
    corrupt(&app, Sqlite, ["users", "role", "ghost"], MONA).await;
    for (accept, status) in [("application/json", 200), ("application/graphql-response+json", 500)] {
        let answer = graphql(&app, "{ viewer { id } }", accept).await;
        assert_eq!((answer.status.as_u16(), assert_internal(&answer)), (status, json!(null)));
        assert!(answer.json().get("data").is_none(), "nothing ran");
        assert!(answer.json()["errors"][0].get("locations").is_none(), "the error has no location in the document");
        assert_eq!(answer.header("www-authenticate"), "");
    }
    assert_internal_over_rest(&patch(&app).await, 500);
}

#[rstest]
#[tokio::test]
async fn missing_table_fails_only_what_reads_it(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    app.staff().ask("{ viewer { id } }", json!({})).await;
    app.database.execute("ALTER TABLE interview_events RENAME TO gone").await;
    let history = format!("{{ interview(id: {JUDE_WITH_LUISA}) {{ history {{ totalCount }} }} }}");
    assert_json!(assert_internal(&graphql(&app, &history, "*/*").await), @r#"{"interview": null}"#);
    assert_internal(&graphql(&app, &set_location(), "*/*").await);
    assert_internal_over_rest(&patch(&app).await, 500);
    assert_eq!(app.staff().interview(JUDE_WITH_LUISA).await["version"], 1);
    app.database.execute("ALTER TABLE gone RENAME TO interview_events").await;
    assert_eq!(app.staff().update(JUDE_WITH_LUISA, json!({"location": "x"})).await["interview"]["version"], 2);
}

#[rstest]
#[tokio::test]
async fn server_is_not_ready_while_the_schema_is_behind(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    // A result of the readiness check is valid for a second.
    let ready = async |status: u16| {
        let checked = async {
            loop {
                let answer = app.anonymous().send(Request::get("/readyz").body(Body::empty()).unwrap()).await;
                if answer.status == status {
                    return answer.json();
                }
            }
        };
        tokio::time::timeout(TIMEOUT, checked).await.unwrap()
    };
    ready(200).await;
    app.database
        .execute("UPDATE seaql_migrations SET version = 'x' || version WHERE version LIKE '%first_schema'")
        .await;
    let behind = ready(503).await;
    assert_json!(behind, @r#"
    {
      "checks": {"database": "ok", "schema": "behind"},
      "status": "the database's schema is behind: run `interviews migrate up`"
    }
    "#);
    app.database.execute("UPDATE seaql_migrations SET version = substr(version, 2) WHERE version LIKE 'x%'").await;
    ready(200).await;
    app.database.execute("DROP TABLE seaql_migrations").await;
    assert_eq!(ready(503).await, behind);
}

/// Everything that this process logs. It is global because `tracing` caches for each call site whether a subscriber
/// is interested: a subscriber of one test would depend on the order of the tests.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn start() -> &'static Self {
        static LOG: OnceLock<Log> = OnceLock::new();
        LOG.get_or_init(|| {
            let log = Self::default();
            let format = tracing_subscriber::fmt().json().with_max_level(tracing::Level::INFO);
            tracing::subscriber::set_global_default(format.with_writer(log.clone()).finish()).unwrap();
            log
        })
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[rstest]
#[tokio::test]
async fn log_has_the_cause_and_the_request_id(#[values(Sqlite, Postgres)] database: Database) {
    let log = Log::start();
    let app = start!(database);
    corrupt(&app, database, ["interviews", "kind", "séance"], JUDE_WITH_LUISA).await;
    let id = format!("for-the-log/{database:?}");
    let query = json!({"query": format!("{{ interview(id: {JUDE_WITH_LUISA}) {{ id }} }}")});
    let change = json!({"interview": {"location": "Room 101"}});
    app.staff().rest_with("POST", "/graphql", &query, &[("x-request-id", &id)]).await;
    app.staff().patch_with(JUDE_WITH_LUISA, &change, &[("x-request-id", &id)]).await;

    let log = log.text();
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let failures: Vec<_> = lines.filter(|line| line["fields"]["request_id"] == id).collect();
    assert_eq!(failures.len(), 2, "each once: {log}");
    for failure in failures {
        assert_eq!(failure["level"], "ERROR");
        let cause = format!("interviews.kind of row {JUDE_WITH_LUISA} is not valid");
        assert_eq!(failure["fields"]["cause"], cause);
    }
    for secret in ["Bearer", "eyJ", "Room 101", "Jude Howell"] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}

#[rstest]
#[tokio::test]
async fn cause_is_in_the_words_of_the_database(
    #[values((Sqlite, "no such table: interview_events (code 1)"),
             (Postgres, "relation \"interview_events\" does not exist (code 42P01)"))]
    case: (Database, &str),
) {
    let (database, words) = case;
    let log = Log::start();
    let app = start!(database);
    app.database.execute("ALTER TABLE interview_events RENAME TO gone").await;
    let id = format!("for-the-words/{database:?}");
    let query = json!({"query": format!("{{ interview(id: {JUDE_WITH_LUISA}) {{ history {{ nodes {{ id }} }} }} }}")});
    app.staff().rest_with("POST", "/graphql", &query, &[("x-request-id", &id)]).await;
    let log = log.text();
    let line = log.lines().find(|line| line.contains(&id) && line.contains("ERROR"));
    let line: Value = serde_json::from_str(line.unwrap_or_else(|| panic!("{log}"))).unwrap();
    assert_eq!(line["fields"]["cause"], words);
}
