//! A batch is read no further than to its first operation beyond the limit, and its responses share one limit.

use super::client::{ANY_COMPLEXITY, Client, locations, make_locations_long, until_used};
use crate::support::Database::Sqlite;
use crate::support::listening_server::ListeningServer;
use crate::support::people::JUDE_WITH_LUISA;
use serde_json::{Value, json};

#[tokio::test]
async fn batch_of_many_operations_is_a_bad_request() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let client = Client::anonymous(&server);
    for batch in [format!("[{}{{}}]", "{},".repeat(20_000)), format!("[{}", "{},".repeat(11))] {
        let (status, answer) = client.post(batch).await;
        assert_eq!((status, &answer["errors"][0]["message"]), (400, &json!("A batch has from 1 to 10 operations.")));
    }
    let (status, answer) = client.post(format!("[{}{{}}]", "{},".repeat(340_000))).await;
    assert_eq!((status, &answer["errors"][0]["message"]), (413, &json!("The body has too many values.")));
}

#[tokio::test]
async fn responses_of_a_batch_share_one_limit() {
    let flags = [&ANY_COMPLEXITY[..], &["--max-response", "500000"]].concat();
    let server = ListeningServer::start(Sqlite, &flags).await.unwrap();
    make_locations_long(&server.app).await;
    let list = json!({"query": locations(1)}); // about 200 KB
    let small = json!({"query": "{ viewer { id } }"});
    let batch = json!([list, list, list, small, list, small]);
    let (status, answer) = Client::staff(&server).post(batch.to_string()).await;
    let codes: Value =
        answer.as_array().unwrap().iter().map(|it| it["errors"][0]["extensions"]["code"].clone()).collect();
    assert_eq!((status, codes), (200, json!([null, null, "QUERY_TOO_COMPLEX", null, "QUERY_TOO_COMPLEX", null])));
    assert!(answer.to_string().len() <= 500_000 + 1000);
    until_used(&server.app, |used| used == 0).await;
}

#[tokio::test]
async fn nothing_runs_when_nothing_is_left_of_the_limit() {
    let server = ListeningServer::start(Sqlite, &["--max-response", "28"]).await.unwrap();
    let update = format!(
        "mutation {{ updateInterview(id: {JUDE_WITH_LUISA}, input: {{location: \"x\"}}) {{ userErrors {{ code }} }} }}"
    );
    // The first response has exactly 28 bytes.
    let batch = json!([{"query": "{ abcdefg: __typename }"}, {"query": update}]);
    let (_, answer) = Client::staff(&server).post(batch.to_string()).await;
    assert_json!(answer, @r#"
    [
      {"data": {"abcdefg": "Query"}},
      {
        "errors": [
          {
            "extensions": {"code": "QUERY_TOO_COMPLEX", "cost": null, "limit": 28},
            "message": "The response has more than 28 bytes. Ask for shorter lists or fewer fields."
          }
        ]
      }
    ]
    "#);
    let version = format!("SELECT version FROM interviews WHERE id = {JUDE_WITH_LUISA}");
    assert_eq!(server.app.database.value::<i32>(&version).await, 1);
}
