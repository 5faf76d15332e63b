//! Bodies count while they arrive, and with what they take when they are parsed.

use super::client::{Client, head_of_answer, until_used};
use crate::support::Database::Sqlite;
use crate::support::http_client;
use crate::support::listening_server::ListeningServer;
use serde_json::json;
use tokio::io::AsyncWriteExt;

const MEGABYTE: usize = 1024 * 1024;

async fn is_alive(server: &ListeningServer) {
    let (status, answer) = Client::anonymous(server).post(r#"{"query": "{ __typename }"}"#.to_owned()).await;
    assert_eq!((status, answer), (200, json!({"data": {"__typename": "Query"}})));
}

#[tokio::test]
async fn bodies_that_do_not_end_use_no_more_memory_than_there_is() {
    let limit = 16 * MEGABYTE;
    let flags = ["--request-memory", &limit.to_string(), "--body-timeout", "5s"];
    let server = ListeningServer::start(Sqlite, &flags).await.unwrap();
    let (client, memory) = (Client::anonymous(&server), server.app.app.memory());
    let (mut refused, mut waiting) = (0, Vec::new());
    let body = "x".repeat(1_000_000);
    for _ in 0..20 {
        let mut stream = client.begin(&format!("content-length: {MEGABYTE}\r\n"), "").await;
        let _ = stream.write_all(body.as_bytes()).await; // it is refused while it is sent
        waiting.push(stream);
    }
    until_used(&server.app, |used| used > 3 * MEGABYTE).await;
    assert!(memory.used() <= limit / 2, "{}", memory.used());
    is_alive(&server).await;
    for mut stream in waiting {
        let answer = head_of_answer(&mut stream).await;
        refused += usize::from(answer.is_empty() || answer.starts_with("HTTP/1.1 503"));
        assert!(["", "HTTP/1.1 503", "HTTP/1.1 408"].iter().any(|start| answer.starts_with(start)), "{answer}");
    }
    assert!((12..20).contains(&refused), "{refused} of 20 were refused");
    until_used(&server.app, |used| used == 0).await;
}

#[tokio::test]
async fn chunks_of_one_byte_use_little_more_than_their_bytes() {
    let server = ListeningServer::start(Sqlite, &["--body-timeout", "2s"]).await.unwrap();
    let count = 20_000;
    let chunks = "1\r\nx\r\n".repeat(count);
    let mut stream = Client::anonymous(&server).begin("transfer-encoding: chunked\r\n", &chunks).await;
    until_used(&server.app, |used| used >= count).await;
    assert!(server.app.app.memory().used() <= 2 * count + 8192, "{}", server.app.app.memory().used());
    let answer = head_of_answer(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    until_used(&server.app, |used| used == 0).await;
}

#[tokio::test]
async fn body_beyond_the_memory_is_overloaded_in_the_format_of_the_transport() {
    let server = ListeningServer::start(Sqlite, &["--request-memory", "400000"]).await.unwrap();
    let http = http_client::client();
    // It arrives, and there is no memory for its values.
    let variables = json!({"a": "x".repeat(45_000), "b": vec![0; 1700]});
    let body = json!({"query": "{ __typename }", "variables": variables}).to_string();
    let mut answers = Vec::new();
    for path in ["graphql", "api/v1/interviews"] {
        let request = http.post(format!("http://{}/{path}", server.address)).bearer_auth(server.app.staff().token());
        let answer = request.header("content-type", "application/json").body(body.clone()).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap()), (503, "1"));
        answers.push(answer.json::<serde_json::Value>().await.unwrap());
    }
    assert_json!(json!(answers), @r#"
    [
      {
        "errors": [
          {
            "extensions": {"code": "OVERLOADED", "retryAfter": 1, "retryable": true},
            "message": "The server has no memory for this now. Try again, or ask for less."
          }
        ]
      },
      {
        "errors": [
          {
            "code": "OVERLOADED",
            "message": "The server has no memory for this now. Try again, or ask for less.",
            "path": []
          }
        ]
      }
    ]
    "#);
    is_alive(&server).await;
}

#[tokio::test]
async fn values_count_for_what_they_take_when_they_are_parsed() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let (client, memory) = (Client::anonymous(&server), server.app.app.memory());
    let variables = |list: String| format!(r#"{{"query": "{{ __typename }}", "variables": {{"a": [{list}]}}}}"#);
    // These would take from 60 to 120 MB.
    for (value, count) in [("0,", 450_000), ("[],", 300_000), ("{},", 300_000), (r#"{"a":0},"#, 110_000)] {
        let (status, answer) = client.post(variables(format!("{}0", value.repeat(count)))).await;
        assert_eq!(
            (status, &answer["errors"][0]["message"]),
            (413, &json!("The body has too many values.")),
            "{value}"
        );
    }
    let nested = variables(format!("{}{}", "[".repeat(100), "]".repeat(100)) + ",0");
    assert_eq!(client.post(nested).await.0, 200);
    // Text takes little.
    assert_eq!(client.post(variables(format!("\"{}\"", "x".repeat(1_000_000)))).await.0, 200);
    until_used(&server.app, |used| used == 0).await;
    assert!(memory.largest() > 40 * MEGABYTE);
}

#[tokio::test]
async fn values_in_the_query_string_count_too() {
    let server = ListeningServer::start(Sqlite, &["--request-memory", "500000"]).await.unwrap();
    let http = http_client::client();
    let get = async |list: String| {
        let variables = format!(r#"{{"a": [{list}]}}"#);
        let query = [("query", "{ __typename }"), ("variables", &variables)];
        let answer = http.get(format!("http://{}/graphql", server.address)).query(&query).send().await.unwrap();
        answer.status().as_u16()
    };
    assert_eq!(get("0,".repeat(500) + "0").await, 200);
    assert_eq!(get("[],".repeat(1000) + "0").await, 503);
    assert_eq!(get("0".to_owned()).await, 200);
}

#[tokio::test]
async fn head_of_a_request_is_limited() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    // A connection that is closed while its client writes may lose the response, which is 431.
    let long = format!("x-long: {}\r\n", "x".repeat(200_000));
    let mut stream = Client::anonymous(&server).begin(&long, "").await;
    let answer = head_of_answer(&mut stream).await;
    assert!(!answer.contains("json"), "no handler has answered: {answer}");
    is_alive(&server).await;
}
