//! The value of a variable counts for each place in which the operation uses it.

use super::client::{Client, until_used};
use crate::support::Database::Sqlite;
use crate::support::database::TestDatabase;
use crate::support::listening_server::ListeningServer;
use crate::support::people::MONA;
use crate::support::process::ServerProcess;
use futures_util::future::join_all;
use serde_json::json;

const MEGABYTE: usize = 1024 * 1024;

/// A field so many times, with the variable `s`.
fn aliases(ty: &str, field: &str, count: usize) -> String {
    let fields: String = (0..count).map(|number| format!("a{number}: {field} ")).collect();
    format!("query($s: {ty}) {{ {fields} }}")
}

#[tokio::test]
async fn long_variable_in_many_aliases_uses_no_more_memory_than_there_is() {
    let database = TestDatabase::new(Sqlite).await.unwrap();
    let memory = 32 * MEGABYTE;
    let server = ServerProcess::start_with(&database, &[("REQUEST_MEMORY", &memory.to_string())]).await;
    let (before, user, long) = (server.peak_memory(), server.user(MONA), "x".repeat(900_000));
    for (query, codes) in [
        (aliases("ID!", "interview(id: $s) { id }", 99), ["BAD_USER_INPUT", "OVERLOADED"]),
        (aliases("String!", "interviews(first: 1, after: $s) { nodes { id } }", 99), ["OVERLOADED"; 2]),
    ] {
        let body = json!({"query": query, "variables": {"s": long}});
        let answers = join_all((0..8).map(|_| user.post(&body))).await;
        for answer in answers {
            let code = &answer.unwrap().body["errors"][0]["extensions"]["code"];
            assert!(codes.iter().any(|expected| code == expected), "{code}");
        }
    }
    let used = server.peak_memory() - before;
    assert!(used < 2 * memory, "{used}");
}

#[tokio::test]
async fn id_that_is_too_long_is_bad_user_input_that_names_the_variable() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let staff = Client::staff(&server);
    let query = "query($id: ID!, $filter: InterviewFilter) { \
                 interview(id: $id) { id } interviews(filter: $filter) { totalCount } }";
    let variables = json!({"id": "1".repeat(128), "filter": {"driverId": "1".repeat(129)}});
    let (_, answer) = staff.post(json!({"query": query, "variables": variables}).to_string()).await;
    assert_json!(answer["errors"][0]["extensions"], @r#"
    {
      "code": "BAD_USER_INPUT",
      "problems": [{"explanation": "An id has at most 128 bytes.", "path": ["filter", "driverId"]}]
    }
    "#);
    until_used(&server.app, |used| used == 0).await;
}
