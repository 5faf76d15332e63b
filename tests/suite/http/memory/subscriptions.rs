//! What subscriptions keep: shared responses within a limit, and of each subscription its text and variables within a
//! limit for each user.

use super::client::{ANY_COMPLEXITY, make_locations_long, until_used};
use crate::support::Database::Sqlite;
use crate::support::events::relocate;
use crate::support::listening_server::{ListeningServer, subscribe};
use crate::support::people::{JUDE_WITH_LUISA, PIET};
use crate::support::websocket_client::WebSocketClient;
use serde_json::{Value, json};

/// A subscription with the location so many times: about 2 KB each.
fn locations(count: usize) -> String {
    let fields: String = (0..count).map(|number| format!("a{number}: location ")).collect();
    format!("subscription {{ interviewChanged {{ id interview {{ {fields} }} }} }}")
}

/// Changes the interview so many times, and reads the events of a subscription with these fields.
async fn receive_events(server: &ListeningServer, query: &str, count: usize) -> Vec<u64> {
    let mut client = server.staff().await;
    client.send(subscribe("1", query)).await;
    client.expect_nothing().await;
    let mut memory = Vec::new();
    for number in 0..count {
        let location = format!("{number}{}", "x".repeat(1990));
        relocate(&server.app.staff(), JUDE_WITH_LUISA, &location).await;
        let event = client.receive().await;
        assert_eq!(event["payload"]["data"]["interviewChanged"]["interview"]["a0"], json!(location), "{event}");
        memory.push(server.app.app.engine().shared_response_memory());
    }
    memory
}

#[tokio::test]
async fn shared_responses_are_kept_within_the_limit() {
    let flags = [&ANY_COMPLEXITY[..], &["--shared-responses", "1000000"]].concat();
    let server = ListeningServer::start(Sqlite, &flags).await.unwrap();
    let memory = receive_events(&server, &locations(90), 12).await; // 180 KB each
    assert!(memory.iter().all(|memory| *memory <= 1_000_000), "{memory:?}");
    assert!(memory[0] > 150_000 && memory[2] > 450_000, "{memory:?}");
}

#[tokio::test]
async fn long_responses_are_not_kept() {
    let flags = [&ANY_COMPLEXITY[..], &["--max-aliases", "500"]].concat();
    let server = ListeningServer::start(Sqlite, &flags).await.unwrap();
    let memory = receive_events(&server, &locations(150), 3).await; // 300 KB each
    assert!(memory.iter().all(|memory| *memory < 10_000), "{memory:?}");
    until_used(&server.app, |used| used == 0).await;
}

#[tokio::test]
async fn response_to_an_event_is_limited_in_length() {
    let flags = [&ANY_COMPLEXITY[..], &["--max-response", "100000"]].concat();
    let server = ListeningServer::start(Sqlite, &flags).await.unwrap();
    make_locations_long(&server.app).await;
    let mut client = server.staff().await;
    client.send(subscribe("1", &locations(60))).await;
    client.expect_nothing().await;
    server.app.staff().update(JUDE_WITH_LUISA, json!({"allowOverlap": true})).await;
    assert_json!(client.receive().await, @r#"
    {
      "id": "1",
      "payload": {
        "errors": [
          {
            "extensions": {"code": "QUERY_TOO_COMPLEX", "cost": null, "limit": 100000},
            "message": "The response has more than 100000 bytes. Ask for shorter lists or fewer fields."
          }
        ]
      },
      "type": "next"
    }
    "#);
}

#[tokio::test]
async fn variables_of_a_subscription_are_limited() {
    let server = ListeningServer::start(Sqlite, &["--max-document", "1000"]).await.unwrap();
    let mut client = server.staff().await;
    let query = "subscription($filter: InterviewFilter) { interviewChanged(filter: $filter) { id } }";
    let with = |count: usize| json!({"query": query, "variables": {"filter": {"status": vec!["PENDING"; count]}}});
    let errors = client.errors_of(with(100)).await;
    assert_json!(errors, @r#"
    [
      {
        "extensions": {"code": "QUERY_TOO_COMPLEX", "cost": null, "limit": 1000},
        "message": "The variables of the subscription have more than 1000 bytes."
      }
    ]
    "#);
    client.send(json!({"id": "1", "type": "subscribe", "payload": with(90)})).await;
    client.expect_nothing().await;
    let list = "query($a: [InterviewStatus!]) { interviews(first: 1, filter: {status: $a}) { nodes { id } } }";
    let query = json!({"query": list, "variables": {"a": vec!["PENDING"; 1000]}});
    client.send(json!({"id": "2", "type": "subscribe", "payload": query})).await;
    assert_eq!(client.receive().await["type"], "next", "of other operations they are not");
}

#[tokio::test]
async fn subscriptions_of_one_user_keep_a_limited_memory() {
    let server = ListeningServer::start(Sqlite, &["--subscription-memory-per-user", "200000"]).await.unwrap();
    let with = |number: usize| format!("subscription {{ interviewChanged {{ id }} }} #{number:060000}");
    let (mut client, mut other) = (server.staff().await, server.staff().await);
    for (number, client) in [&mut client, &mut other].into_iter().enumerate() {
        client.send(subscribe("1", &with(number))).await;
        client.send(subscribe("again", &with(number))).await; // its text is known
        client.expect_nothing().await;
    }
    client.send(subscribe("2", &with(2))).await;
    client.expect_nothing().await;
    let message = "Your subscriptions use more than 200000 bytes of the server's memory together. Complete one first.";
    let refused = json!([{"message": message, "extensions": {"code": "TOO_MANY_SUBSCRIPTIONS"}}]);
    assert_eq!(client.errors_of(json!({"query": with(3)})).await, refused);
    let mut piet = WebSocketClient::sign_in(server.address, server.app.user(PIET).token()).await;
    piet.send(subscribe("1", &with(4))).await;
    piet.expect_nothing().await;
    other.close().await;
    client.send(subscribe("3", &with(3))).await;
    client.expect_nothing().await;
}

#[tokio::test]
async fn filter_and_variables_of_a_subscription_count() {
    let server = ListeningServer::start(Sqlite, &["--subscription-memory-per-user", "200000"]).await.unwrap();
    let list = "subscription($list: [InterviewStatus!]) { interviewChanged(filter: {status: $list}) { id } }";
    let text = "subscription($after: String) { \
                interviewChanged { interview { history(after: $after) { nodes { id } } } } }";
    for (query, variables, accepted) in
        [(list, json!({"list": vec!["PENDING"; 2000]}), 1), (text, json!({"after": "x".repeat(60_000)}), 3)]
    {
        let mut client = server.staff().await;
        let payload = json!({"query": query, "variables": variables});
        for number in 0..accepted {
            client.send(json!({"id": number.to_string(), "type": "subscribe", "payload": payload})).await;
            client.expect_nothing().await;
        }
        assert_eq!(client.errors_of(payload).await[0]["extensions"]["code"], "TOO_MANY_SUBSCRIPTIONS");
        client.close().await;
    }
}

/// The subscription keeps its text, and finds the document again, though others have evicted it from the cache.
#[tokio::test]
async fn subscription_outlives_its_document_in_the_cache() {
    let server = ListeningServer::start(Sqlite, &["--document-cache", "100000"]).await.unwrap();
    let mut client = server.staff().await;
    let query = "subscription S($n: Int) { ...E } fragment E on Subscription { \
                 e: interviewChanged { interview { location history(first: $n) { nodes { id } } } } }";
    let payload = json!({"query": query, "operationName": "S", "variables": {"n": 1}});
    client.send(json!({"id": "1", "type": "subscribe", "payload": payload})).await;
    client.expect_nothing().await;
    let staff = server.app.staff();
    for number in 0..30 {
        staff.ask(&format!("{{ viewer {{ a{number}: id title role }} }}"), json!({})).await;
    }
    for location in ["first", "second"] {
        relocate(&staff, JUDE_WITH_LUISA, location).await;
        let event: Value = client.receive().await["payload"]["data"]["e"]["interview"].take();
        assert_eq!((&event["location"], event["history"]["nodes"].as_array().unwrap().len()), (&json!(location), 1));
    }
}
