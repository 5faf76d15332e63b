//! Which calls are refused as a whole, and what a call costs.

use super::create;
use crate::support::Database::Sqlite;
use crate::support::TestApp;
use crate::support::lifecycle::write_counts;
use crate::support::people::BRUNA;
use interviews::graphql;
use serde_json::{Value, json};

const BULK: &str =
    "mutation($operations: [InterviewOperation!]!) { bulkInterviews(operations: $operations) { applied } }";

fn update(location: usize) -> Value {
    json!({"update": {"id": "27", "input": {"location": location.to_string()}}})
}

#[tokio::test]
async fn call_has_1_to_100_operations() {
    let app = TestApp::start(Sqlite).await.unwrap();
    let before = write_counts(&app).await;
    for count in [0, 101] {
        let operations: Vec<Value> = (0..count).map(update).collect();
        let answer = app.staff().graphql(BULK, json!({"operations": operations})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
        let message = "The argument `operations` has to have 1 to 100 items.";
        assert_eq!(answer["errors"][0]["message"], message);
    }
    assert_eq!(write_counts(&app).await, before);
    let operations: Vec<Value> = (0..100).map(update).collect();
    let answer = app.staff().ask(BULK, json!({"operations": operations})).await;
    assert_eq!(answer["bulkInterviews"]["applied"], json!(100));
}

#[tokio::test]
async fn operation_has_exactly_one_field() {
    let app = TestApp::start(Sqlite).await.unwrap();
    let before = write_counts(&app).await;
    let both = json!({"accept": {"id": "27"}, "cancel": {"id": "27"}});
    for operation in [json!({}), both, json!({"accept": null}), json!({"accept": {"id": "27"}, "cancel": null})] {
        let operations = json!([update(1), operation, create(BRUNA, "10:00", "11:00")]);
        let answer = app.staff().graphql(BULK, json!({"operations": operations})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{operation}");
    }
    for operation in ["{}", "{accept: {id: 27}, cancel: {id: 27}}", "{accept: null}"] {
        let query =
            format!("mutation {{ bulkInterviews(operations: [{{cancel: {{id: 27}}}}, {operation}]) {{ applied }} }}");
        let answer = app.staff().graphql(&query, json!({})).await;
        let error = json!({"code": "GRAPHQL_VALIDATION_FAILED"});
        assert_eq!(answer["errors"][0]["extensions"], error, "{operation} {answer}");
    }
    assert_eq!(write_counts(&app).await, before);
    assert!(graphql::sdl().contains("input InterviewOperation @oneOf {"));
}

/// One point for the field and 50 for each operation, whose selection costs one.
#[tokio::test]
async fn operation_costs_50_points() {
    for (limit, is_accepted) in [(154, true), (153, false)] {
        let app = TestApp::start_with(Sqlite, &["--max-complexity", &limit.to_string()]).await.unwrap();
        let operations: Vec<Value> = (0..3).map(update).collect();
        let answer = app.staff().graphql(BULK, json!({"operations": operations})).await;
        let code = answer["errors"][0]["extensions"]["code"].as_str();
        assert_eq!(code, (!is_accepted).then_some("QUERY_TOO_COMPLEX"), "{answer}");
    }
}
