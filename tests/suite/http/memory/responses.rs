//! Responses are limited in length while they are written, and count until their client has read them.

use super::client::{ANY_COMPLEXITY, Client, head_of_answer, locations, make_locations_long, until_used};
use crate::support::Database::{Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::listening_server::ListeningServer;
use crate::support::people::JUDE_WITH_LUISA;
use sea_orm::{ConnectionTrait, TransactionTrait};
use serde_json::{Value, json};

const MEGABYTE: usize = 1024 * 1024;

/// Starts a server whose interviews have locations of 2000 characters.
async fn with_long_locations(flags: &[&str]) -> ListeningServer {
    let server = ListeningServer::start(Sqlite, &[&ANY_COMPLEXITY[..], flags].concat()).await.unwrap();
    make_locations_long(&server.app).await;
    server
}

fn error(answer: &Value) -> (&Value, &Value) {
    (&answer["errors"][0]["extensions"]["code"], &answer["errors"][0]["message"])
}

#[tokio::test]
async fn response_longer_than_max_response_is_query_too_complex() {
    let server = with_long_locations(&["--max-response", "1000000"]).await;
    let staff = Client::staff(&server);
    assert!(staff.query(&locations(4)).await.get("errors").is_none(), "800 KB");
    let message = json!("The response has more than 1000000 bytes. Ask for shorter lists or fewer fields.");
    let list = "nodes { a: location b: location c: location d: location }";
    for query in [
        locations(5),
        // Two lists, each within the limit.
        format!("{{ a: interviews(first: 70) {{ {list} }} b: interviews(first: 70) {{ {list} }} }}"),
        // Executed as a whole, because two lists have to be merged.
        format!("{{ interviews(first: 100) {{ {list} }} interviews(first: 100) {{ nodes {{ e: location }} }} }}"),
        // Edges, one object each.
        "{ interviews(first: 100) { edges { node { a: location b: location c: location d: location e: location } } } }"
            .to_owned(),
        // A list of objects with lists.
        format!("{{ interviewees(first: 100) {{ nodes {{ interviews(first: 100) {{ {list} }} }} }} }}"),
    ] {
        let answer = staff.query(&query).await;
        assert_eq!(error(&answer), (&json!("QUERY_TOO_COMPLEX"), &message), "{query}");
        assert!(answer.to_string().len() < 1000);
    }
    until_used(&server.app, |used| used == 0).await;
}

#[tokio::test]
async fn text_that_is_copied_into_another_list_counts_once_for_the_length() {
    // The list of each application is written as text, and copied into the text of the outer list.
    let server = with_long_locations(&[]).await;
    let query =
        "{ interviews(first: 50) { nodes { id interviewee { interviews(first: 5) { nodes { location } } } } } }";
    let answer = Client::staff(&server).query(query).await;
    let length = answer.to_string().len();
    let limited = with_long_locations(&["--max-response", &(length + 1000).to_string()]).await;
    assert_eq!(Client::staff(&limited).query(query).await, answer, "{length} bytes");
}

#[tokio::test]
async fn response_to_a_mutation_that_is_too_long_says_that_the_change_may_be_made() {
    let server = with_long_locations(&["--max-response", "5000"]).await;
    let update = format!(
        "mutation {{ updateInterview(id: {JUDE_WITH_LUISA}, input: {{allowOverlap: true}}) {{ \
         interview {{ a: location b: location c: location }} }} }}"
    );
    let answer = Client::staff(&server).query(&update).await;
    let message = json!("The response has more than 5000 bytes, and the change may have been made.");
    assert_eq!(error(&answer), (&json!("OUTCOME_UNKNOWN"), &message));
    assert_eq!(server.app.staff().interview(JUDE_WITH_LUISA).await["version"], 2);
}

#[tokio::test]
async fn response_for_which_there_is_no_memory_is_overloaded() {
    let server = with_long_locations(&["--request-memory", "500000"]).await;
    let staff = Client::staff(&server);
    let overloaded = json!("OVERLOADED");
    let no_memory = json!("The server has no memory for this now. Try again, or ask for less.");
    assert_eq!(error(&staff.query(&locations(2)).await), (&overloaded, &no_memory));
    // The executor holds the values.
    let merged = "{ interviews(first: 100) { nodes { a: location b: location } } \
                  interviews(first: 100) { nodes { c: location } } }";
    assert_eq!(error(&staff.query(merged).await), (&overloaded, &no_memory));
    assert!(staff.query("{ interviews(first: 10) { nodes { location } } }").await.get("errors").is_none());
    until_used(&server.app, |used| used == 0).await;
}

/// A mutation that changes nothing else, with a response of `aliases` times 2000 bytes.
fn allow_overlap(aliases: usize) -> String {
    let fields: String = (0..aliases).map(|number| format!("a{number}: location ")).collect();
    format!(
        "mutation {{ updateInterview(id: {JUDE_WITH_LUISA}, input: {{allowOverlap: true}}) {{ \
         interview {{ {fields} }} }} }}"
    )
}

#[tokio::test]
async fn mutation_without_memory_for_its_response_is_overloaded_and_changes_nothing() {
    let server = with_long_locations(&["--request-memory", "500000"]).await;
    let staff = Client::staff(&server);
    let overloaded = json!("OVERLOADED");
    let no_memory = json!("The server has no memory for this now. Try again, or ask for less.");
    assert_eq!(error(&staff.query(&allow_overlap(100)).await), (&overloaded, &no_memory));
    assert_eq!(server.app.staff().interview(JUDE_WITH_LUISA).await["version"], 1);
    assert!(staff.query(&allow_overlap(10)).await.get("errors").is_none());
    assert_eq!(server.app.staff().interview(JUDE_WITH_LUISA).await["version"], 2);
    until_used(&server.app, |used| used == 0).await;
}

#[tokio::test]
async fn mutations_reserve_the_memory_of_their_responses() {
    let limit = 16 * MEGABYTE;
    let server = with_long_locations(&["--request-memory", &limit.to_string(), "--max-aliases", "500"]).await;
    let (staff, memory) = (Client::staff(&server), server.app.app.memory());
    let body = json!({"query": allow_overlap(500)}).to_string(); // 1 MB, and 5 MB are reserved
    let headers = format!("content-length: {}\r\n", body.len());
    let lock = server.lock(JUDE_WITH_LUISA).await;
    let mut waiting = Vec::new();
    for _ in 0..30 {
        waiting.push(staff.begin(&headers, &body).await);
        assert!(memory.used() <= limit, "{}", memory.used());
    }
    until_used(&server.app, |used| used > 9 * MEGABYTE).await;
    assert!(memory.used() <= limit, "{}", memory.used());
    lock.rollback().await.unwrap();
    let mut refused = 0;
    for mut stream in waiting {
        let answer = head_of_answer(&mut stream).await;
        refused += usize::from(answer.starts_with("HTTP/1.1 503"));
        assert!(["HTTP/1.1 503", "HTTP/1.1 200"].iter().any(|start| answer.starts_with(start)), "{answer}");
    }
    assert!((20..30).contains(&refused), "{refused} of 30 were refused");
    until_used(&server.app, |used| used == 0).await;
}

#[tokio::test]
async fn responses_that_nobody_reads_use_no_more_memory_than_there_is() {
    let limit = 16 * MEGABYTE;
    let flags = ["--request-memory", &limit.to_string(), "--write-timeout", "1s"];
    let server = with_long_locations(&flags).await;
    let (staff, memory) = (Client::staff(&server), server.app.app.memory());
    let body = json!({"query": locations(25)}).to_string(); // 5 MB
    let headers = format!("content-length: {}\r\n", body.len());
    let mut unread = Vec::new();
    for _ in 0..10 {
        unread.push(staff.begin(&headers, &body).await);
        assert!(memory.used() <= limit, "{}", memory.used());
    }
    until_used(&server.app, |used| used > 4 * MEGABYTE).await;
    assert!(memory.used() <= limit, "{}", memory.used());
    assert_eq!(staff.query("{ viewer { title } }").await, json!({"data": {"viewer": {"title": "Mona Berg"}}}));
    // Their connections are closed after twice the write timeout.
    until_used(&server.app, |used| used == 0).await;
}

#[tokio::test]
async fn batch_response_counts_until_it_is_written() {
    let server = with_long_locations(&["--write-timeout", "1s"]).await;
    let staff = Client::staff(&server);
    // 12 MB: the system takes several megabytes of what the client does not read, and those do not count.
    let body = json!([{"query": locations(30)}, {"query": locations(30)}]).to_string();
    let unread = staff.begin(&format!("content-length: {}\r\n", body.len()), &body).await;
    until_used(&server.app, |used| used > 3 * MEGABYTE).await;
    until_used(&server.app, |used| used == 0).await;
    drop(unread);
}

#[tokio::test]
async fn small_responses_need_no_memory() {
    let app = TestApp::start_with(Sqlite, &["--request-memory", "65536"]).await.unwrap();
    assert_eq!(app.staff().ask("{ viewer { title } }", json!({})).await, json!({"viewer": {"title": "Mona Berg"}}));
}

/// What a request has read and resolved counts while it waits for the database.
#[tokio::test]
async fn rows_and_values_count_while_the_request_waits() {
    let fields: String = (0..20).map(|number| format!("a{number}: location ")).collect();
    let list = format!("interviews(first: 100) {{ nodes {{ {fields} interviewer {{ title }} }} }}");
    let history = "interviewChanges(first: 100) { nodes { changes { a: from b: to } actor { title } } }";
    for (query, at_least) in [
        (format!("{{ {list} }}"), 200_000), // the rows
        (format!("{{ {list} interviews(first: 100) {{ nodes {{ b: id }} }} }}"), 4_000_000), // 20 values of each
        (format!("{{ {history} }}"), 10_000),
    ] {
        let Some(server) = ListeningServer::start(Postgres, &ANY_COMPLEXITY).await else { return };
        make_locations_long(&server.app).await;
        let (staff, memory) = (server.app.staff(), server.app.app.memory());
        staff.ask("{ viewer { id } }", json!({})).await;
        let other_session = server.app.database.raw().await;
        let lock = other_session.begin().await.unwrap();
        lock.execute_unprepared("LOCK TABLE users").await.unwrap();
        let waiting = tokio::spawn({
            let (staff, query) = (staff.clone(), query.clone());
            async move { staff.ask(&query, json!({})).await }
        });
        until_used(&server.app, |used| used >= at_least).await;
        assert!(memory.used() < 20_000_000, "{query}: {}", memory.used());
        lock.rollback().await.unwrap();
        waiting.await.unwrap();
        until_used(&server.app, |used| used == 0).await;
    }
}
