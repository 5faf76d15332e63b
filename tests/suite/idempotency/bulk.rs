//! `bulkInterviews` with a key: what was made is not made again, and the rest is made.

use super::crash::send_and_forget;
use super::keys;
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::{Actor, ERRORS, refusals};
use crate::support::database::TestDatabase;
use crate::support::inspect::until_all_are_disconnected;
use crate::support::invariants::events;
use crate::support::lifecycle::write_counts;
use crate::support::people::{BRUNA, JUDE_WITH_LUISA, LUISA, MONA};
use crate::support::polling::until;
use crate::support::process::ServerProcess;
use rstest::rstest;
use serde_json::{Value, json};

fn update(location: &str) -> Value {
    json!({"update": {"id": JUDE_WITH_LUISA.to_string(), "input": {"location": location}}})
}

async fn bulk(actor: &Actor, operations: &Value, atomic: bool, key: &str) -> Value {
    let query = format!(
        "mutation($operations: [InterviewOperation!]!, $atomic: Boolean, $key: String) {{ \
         bulkInterviews(operations: $operations, atomic: $atomic, idempotencyKey: $key) {{ \
         results {{ interview {{ id location version }} replayed {ERRORS} }} applied }} }}"
    );
    let variables = json!({"operations": operations, "atomic": atomic, "key": key});
    actor.ask(&query, variables).await["bulkInterviews"].take()
}

/// Whether each result is a replay; none for one with errors.
fn replayed(payload: &Value) -> Vec<Option<bool>> {
    let results = payload["results"].as_array().unwrap().iter();
    results.map(|result| result["interview"].is_object().then(|| result["replayed"].as_bool().unwrap())).collect()
}

#[rstest]
#[tokio::test]
async fn call_is_made_once(#[values(Sqlite, Postgres)] database: Database, #[values(false, true)] atomic: bool) {
    let app = start!(database);
    let staff = app.staff();
    let operations = json!([update("a"), update("b"), update("b"), update("c")]);
    let first = bulk(&staff, &operations, atomic, "k").await;
    assert_eq!((replayed(&first), &first["applied"]), (vec![Some(false); 4], &json!(4)));
    let written = write_counts(&app).await;
    // What has changed nothing is not remembered, and would change something now.
    assert_eq!(keys(&app).await, 3);
    let operations = json!([update("a"), update("b"), update("c"), update("c")]);
    let second = bulk(&staff, &operations, atomic, "k").await;
    assert_eq!(
        (replayed(&second), &second["applied"]),
        (vec![Some(true), Some(true), Some(false), Some(true)], &json!(4))
    );
    assert_eq!(second["results"][0]["interview"]["location"], json!("c"), "as it is now");
    assert_eq!(write_counts(&app).await, written);
}

#[rstest]
#[tokio::test]
async fn rest_of_a_call_is_made_with_the_same_key(
    #[values(Sqlite, Postgres)] database: Database,
    #[values(false, true)] atomic: bool,
) {
    let app = start!(database);
    let staff = app.staff();
    bulk(&staff, &json!([update("a"), update("b")]), false, "k").await;
    let refused = json!({"accept": {"id": "27"}});
    let payload = bulk(&staff, &json!([update("a"), update("b"), update("c"), refused]), atomic, "k").await;
    assert_eq!(refusals(&payload["results"][3]), ["FORBIDDEN operations.3.accept.id"]);
    let expected = if atomic { [None; 4] } else { [Some(true), Some(true), Some(false), None] };
    assert_eq!(replayed(&payload), expected);
    let payload = bulk(&staff, &json!([update("a"), update("b"), update("c"), update("d")]), atomic, "k").await;
    assert_eq!(replayed(&payload), [Some(true), Some(true), Some(!atomic), Some(false)]);
    let events = "SELECT count(*) FROM interview_events WHERE type = 'updated' AND interview_id = 27";
    assert_eq!((app.database.value::<i64>(events).await, keys(&app).await), (4, 4));
}

#[rstest]
#[tokio::test]
async fn another_operation_with_its_key_is_refused(
    #[values(Sqlite, Postgres)] database: Database,
    #[values(false, true)] atomic: bool,
) {
    let app = start!(database);
    let staff = app.staff();
    bulk(&staff, &json!([update("a"), update("b")]), atomic, "k").await;
    let payload = bulk(&staff, &json!([update("a"), update("c"), update("d")]), atomic, "k").await;
    assert_eq!(refusals(&payload["results"][1]), ["IDEMPOTENCY_KEY_REUSED operations.1"]);
    assert_eq!(replayed(&payload), if atomic { [None; 3] } else { [Some(true), None, Some(false)] });
}

#[tokio::test]
async fn key_of_a_call_has_250_characters_at_most() {
    let app = start!(Sqlite);
    let before = write_counts(&app).await;
    for key in ["", "é", &"k".repeat(251)] {
        let payload = bulk(&app.staff(), &json!([update("a"), update("b")]), false, key).await;
        assert_eq!((replayed(&payload), &payload["applied"]), (vec![None; 2], &json!(0)));
        for (number, result) in payload["results"].as_array().unwrap().iter().enumerate() {
            assert_eq!(refusals(result), [format!("INVALID_IDEMPOTENCY_KEY operations.{number}")]);
        }
    }
    assert_eq!((write_counts(&app).await, keys(&app).await), (before, 0));
    let longest = "k".repeat(250);
    assert_eq!(replayed(&bulk(&app.staff(), &json!([update("a")]), false, &longest).await), [Some(false)]);
    assert_eq!(replayed(&bulk(&app.staff(), &json!([update("a")]), false, &longest).await), [Some(true)]);
}

#[tokio::test]
async fn call_that_fails_in_the_middle_has_an_unknown_outcome_and_goes_on() {
    let app = start!(Postgres);
    let other = app.book(BRUNA, LUISA).at("10:00").await;
    let fail = format!(
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         RAISE EXCEPTION 'planned' USING ERRCODE = '53200'; END $$; CREATE TRIGGER fail BEFORE UPDATE ON interviews \
         FOR EACH ROW WHEN (NEW.id = {other}) EXECUTE FUNCTION fail()"
    );
    app.database.execute(&fail).await;
    let failing = json!({"update": {"id": other.to_string(), "input": {"location": "Gate 7"}}});
    let operations = json!([update("a"), failing, update("b")]);
    let query = "mutation($operations: [InterviewOperation!]!) { \
                 bulkInterviews(operations: $operations, idempotencyKey: \"k\") { applied } }";
    let answer = app.staff().graphql(query, json!({"operations": operations})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "OUTCOME_UNKNOWN", "{answer:#}");
    app.database.execute("DROP TRIGGER fail ON interviews").await;
    let payload = bulk(&app.staff(), &operations, false, "k").await;
    assert_eq!(replayed(&payload), [Some(true), Some(false), Some(false)]);
}

/// The server is killed in the middle of the call.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn call_that_was_interrupted_goes_on(#[values(Sqlite, Postgres)] database: Database) {
    let Some(database) = TestDatabase::new(database).await else { return };
    for round in 0..5 {
        let operations: Vec<String> = (0..100)
            .map(|number| format!("{{update: {{id: {JUDE_WITH_LUISA}, input: {{location: \"{round} {number}\"}}}}}}"))
            .collect();
        let query = format!(
            "mutation {{ bulkInterviews(operations: [{}], idempotencyKey: \"{round}\") {{ \
             results {{ replayed userErrors {{ code }} }} applied }} }}",
            operations.join(", ")
        );
        let before = events(&database).await;
        let mut server = ServerProcess::start(&database).await;
        let client = send_and_forget(&server, &query).await;
        until(async || events(&database).await > before + 3).await;
        server.kill();
        drop(client);
        until_all_are_disconnected(&database).await;
        let made = events(&database).await - before;
        let server = ServerProcess::start(&database).await;
        let reply = server.user(MONA).post(&json!({"query": query})).await.unwrap();
        let payload = &reply.body["data"]["bulkInterviews"];
        assert_eq!(payload["applied"], json!(100), "{payload}");
        let results = payload["results"].as_array().unwrap();
        assert!(results.iter().all(|result| result["userErrors"] == json!([])), "{payload}");
        let replayed = results.iter().take_while(|result| result["replayed"] == json!(true)).count();
        assert_eq!(replayed, made, "what was made is replayed");
        assert_eq!(events(&database).await, before + 100);
    }
}
