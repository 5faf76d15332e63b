//! `ValidationError.limit`: the number beside the message, for clients that write messages of their own.

use crate::support::Database::Sqlite;
use crate::support::TestApp;
use crate::support::actor::Actor;
use crate::support::booking::at;
use crate::support::people::{JUDE_APPLICATION, JUDE_WITH_LUISA, LUISA};
use serde_json::{Value, json};

/// Code, limit and message of the errors of an update.
async fn errors(staff: &Actor, input: Value) -> Value {
    let query = "mutation($id: ID!, $input: UpdateInterviewInput!) { updateInterview(id: $id, input: $input) { \
                 userErrors { code message ... on ValidationError { limit } } } }";
    let variables = json!({"id": JUDE_WITH_LUISA.to_string(), "input": input});
    staff.ask(query, variables).await["updateInterview"]["userErrors"].take()
}

#[tokio::test]
async fn error_has_the_limit_that_is_exceeded() {
    let app = start!(Sqlite);
    let staff = app.staff();
    let a_day_later = json!({"endAt": "2025-03-21T09:00:00.001Z", "location": "x".repeat(2001)});
    assert_json!(errors(&staff, a_day_later).await, @r#"
    [
      {
        "code": "DURATION_TOO_LONG",
        "limit": 1440,
        "message": "An interview can last at most 24 hours."
      },
      {
        "code": "TEXT_TOO_LONG",
        "limit": 2000,
        "message": "The location can have at most 2000 characters."
      }
    ]
    "#);
    let without_a_limit = json!({"endAt": "2025-03-20T09:00:00Z", "location": " ", "kind": null});
    assert_json!(errors(&staff, without_a_limit).await, @r#"
    [
      {
        "code": "NULL_NOT_ALLOWED",
        "limit": null,
        "message": "The kind of interview cannot be empty."
      },
      {
        "code": "END_NOT_AFTER_START",
        "limit": null,
        "message": "The end has to be after the start."
      },
      {
        "code": "INVALID_LOCATION",
        "limit": null,
        "message": "Enter a place or a link, or leave the field empty."
      }
    ]
    "#);
    let query = format!(
        "mutation {{ cancelInterview(id: {JUDE_WITH_LUISA}, reason: \"{}\") {{ \
         userErrors {{ code message ... on ValidationError {{ limit }} }} }} }}",
        "x".repeat(2001)
    );
    assert_json!(staff.ask(&query, json!({})).await["cancelInterview"]["userErrors"], @r#"
    [
      {
        "code": "TEXT_TOO_LONG",
        "limit": 2000,
        "message": "The reason can have at most 2000 characters."
      }
    ]
    "#);
}

#[tokio::test]
async fn configured_limits_are_in_the_error() {
    let flags = ["--max-interview-length", "90m", "--max-open-interviews", "1"];
    let app = TestApp::start_with(Sqlite, &flags).await.unwrap();
    let book = async |until: &str| {
        let query = format!(
            "mutation {{ createInterview(input: {{ kind: PHONE_CALL, startAt: \"{}\", endAt: \"{}\", \
             intervieweeId: {JUDE_APPLICATION}, interviewerId: {LUISA} }}) {{ \
             userErrors {{ code message ... on ValidationError {{ limit }} }} }} }}",
            at("10:00"),
            at(until)
        );
        app.staff().ask(&query, json!({})).await["createInterview"]["userErrors"].take()
    };
    assert_json!(book("12:00").await, @r#"
    [
      {
        "code": "DURATION_TOO_LONG",
        "limit": 90,
        "message": "An interview can last at most 90 minutes."
      }
    ]
    "#);
    assert_json!(book("11:00").await, @r#"
    [
      {
        "code": "TOO_MANY_OPEN_INTERVIEWS",
        "limit": 1,
        "message": "This application already has 1 open interview, which is the limit."
      }
    ]
    "#);
}
