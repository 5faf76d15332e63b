//! The documented REST request: its answer, its headers, its refusals.

mod support;

use rstest::rstest;
use serde_json::json;
use support::Database::{self, Postgres, Sqlite};

#[rstest]
#[tokio::test]
async fn the_documented_request_gets_the_documented_answer(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let request = json!({"interview": {
        "location": "https://google.meet",
        "start_at": "2025-03-20T10:32:08Z",
        "end_at": "2025-03-20T11:02:08Z",
        "interviewer_id": 1001,
        "interviewee_id": 277
    }});
    let answer = app.staff().rest("PATCH", "/api/v1/interviews/27", &request).await;
    assert_eq!(answer.status, 200);
    // Key for key, in the same order.
    assert_eq!(
        answer.text,
        r#"{"interview":{"id":27,"amend_end_at":null,"amend_start_at":null,"amended_by":null,"end_at":"2025-03-20T11:02:08.000Z","interviewee":{"id":277,"driver":{"id":997,"image":null,"phone_number":"123","title":"Jude Howell"},"kind":"verified","updated_at":"2025-03-20T10:02:08.958Z"},"interviewee_id":277,"interviewer":{"id":1001,"contact_phone_number":null,"image":null,"title":"Luisa Hintz"},"interviewer_id":1001,"kind":"video_call","location":"https://google.meet","start_at":"2025-03-20T10:32:08.000Z","status":"pending"}}"#
    );
    assert_eq!(answer.text.len(), 520, "the documented content-length");
}
