//! PostgreSQL restarts while clients send requests.

use crate::support::own_cluster::OwnClusters;
use crate::support::people::{JUDE_WITH_LUISA, MONA};
use crate::support::polling::until;
use crate::support::process::{Client, ServerProcess};
use futures_util::future::join_all;
use rstest::rstest;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A list, an update by GraphQL, or one by REST: the code of its error.
async fn error_of(client: &Client, number: usize) -> Option<String> {
    let location = format!("Gate {number}");
    let body = match number % 3 {
        0 => {
            let query = "{ interviews(first: 3) { nodes { interviewee { id } interviewer { id } } totalCount } }";
            client.post(&json!({"query": query})).await
        }
        1 => {
            let arguments = format!("id: {JUDE_WITH_LUISA}, input: {{location: \"{location}\"}}");
            client.mutate("updateInterview", &arguments).await
        }
        _ => client.patch(JUDE_WITH_LUISA, json!({"location": location}), None).await,
    };
    let body = body.expect("the server responds").body;
    let error = &body["errors"][0];
    let code = [&error["extensions"]["code"], &error["code"]].into_iter().find_map(Value::as_str);
    code.map(str::to_owned)
}

/// The codes of the errors of many requests at once, two for each connection of the server.
async fn errors_of_many(client: &Client) -> Vec<String> {
    join_all((0..32).map(|number| error_of(client, number))).await.into_iter().flatten().collect()
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_once_the_database_answers_again(#[values("fast", "immediate")] mode: &str) {
    let Some(clusters) = OwnClusters::new() else { return };
    let cluster = clusters.start("");
    let database = cluster.filled().await;
    let server = ServerProcess::start(&database).await;
    let client = server.user(MONA);
    assert_eq!(errors_of_many(&client).await, [""; 0]);
    let is_down = Arc::new(AtomicBool::new(false));
    let meanwhile = tokio::spawn({
        let (client, is_down) = (client.clone(), is_down.clone());
        async move {
            let mut errors = Vec::new();
            for number in 0.. {
                if is_down.load(Ordering::Relaxed) {
                    break;
                }
                errors.extend(error_of(&client, number).await);
            }
            errors
        }
    });
    cluster.stop(mode);
    is_down.store(true, Ordering::Relaxed);
    let errors = meanwhile.await.unwrap();
    assert!(errors.iter().all(|code| code != "INTERNAL"), "{errors:?}");
    assert_eq!(errors_of_many(&client).await, vec!["UNAVAILABLE"; 32]);
    until(async || server.readiness().await == Some(503)).await;
    cluster.start();
    assert_eq!(errors_of_many(&client).await, [""; 0]);
    let complaints = server.complaints();
    assert_eq!(complaints.len(), 1, "{complaints:#?}");
    assert!(complaints[0].contains("the database cannot be reached"), "{complaints:#?}");
}
