//! The values that settings can have.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::refusals;
use crate::support::people::NORTHERN_HAULAGE;
use rstest::rstest;
use serde_json::{Value, json};

#[rstest]
#[case(json!({"reminders": [4]}), &["INVALID_SETTING input.reminders.0"])]
#[case(json!({"reminders": [40_321]}), &["INVALID_SETTING input.reminders.0"])]
#[case(json!({"reminders": [60, -60, 0]}), &["INVALID_SETTING input.reminders.1", "INVALID_SETTING input.reminders.2"])]
#[case(json!({"reminders": [60, 30, 60]}), &["INVALID_SETTING input.reminders.2"])]
#[case(json!({"reminders": [5, 6, 7, 8, 9, 10]}), &["INVALID_SETTING input.reminders"])]
#[case(json!({"answerReminderHours": [0]}), &["INVALID_SETTING input.answerReminderHours.0"])]
#[case(json!({"answerReminderHours": [673]}), &["INVALID_SETTING input.answerReminderHours.0"])]
#[case(json!({"answerReminderHours": [1, 2, 3, 4, 5, 6]}), &["INVALID_SETTING input.answerReminderHours"])]
#[case(json!({"answerReminderHours": [i32::MAX, i32::MIN]}), &[
    "INVALID_SETTING input.answerReminderHours.0", "INVALID_SETTING input.answerReminderHours.1",
])]
#[case(json!({"reminders": null, "answerReminderHours": null}), &[
    "NULL_NOT_ALLOWED input.reminders", "NULL_NOT_ALLOWED input.answerReminderHours",
])]
#[case(json!({"reminders": [1], "answerReminderHours": [0]}), &[
    "INVALID_SETTING input.reminders.0", "INVALID_SETTING input.answerReminderHours.0",
])]
#[tokio::test]
async fn invalid_settings_are_refused_with_their_paths(#[case] input: Value, #[case] expected: &[&str]) {
    let app = start!(Sqlite);
    let before = app.manager().settings().await;
    let payload = app.manager().set(NORTHERN_HAULAGE, input, None).await;
    assert_eq!(
        (refusals(&payload), &payload["settings"]),
        (expected.iter().map(|it| (*it).to_owned()).collect(), &Value::Null)
    );
    assert_eq!(app.manager().settings().await, before);
}

#[tokio::test]
async fn messages_name_the_range() {
    let app = start!(Sqlite);
    let input = json!({"reminders": [4, 5, 5], "answerReminderHours": [1000]});
    let payload = app.manager().set(NORTHERN_HAULAGE, input, None).await;
    let messages: Vec<_> = payload["userErrors"].as_array().unwrap().iter().map(|error| &error["message"]).collect();
    assert_eq!(
        messages,
        [
            "A reminder comes 5 to 40320 minutes before an interview.",
            "This reminder is in the list already.",
            "A reminder comes 1 to 672 hours of waiting.",
        ]
    );
}

#[rstest]
#[tokio::test]
async fn limits_themselves_are_valid_and_lists_are_sorted(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let input = json!({"reminders": [5, 60, 40_320, 30, 1440], "answerReminderHours": [1, 672]});
    let payload = app.manager().set(NORTHERN_HAULAGE, input, None).await;
    let settings = json!({"version": 2, "reminders": [40_320, 1440, 60, 30, 5], "answerReminderHours": [672, 1]});
    assert_eq!(payload, json!({"settings": settings, "userErrors": []}));
    assert_eq!(app.manager().settings().await, settings);
    let off = app.manager().set(NORTHERN_HAULAGE, json!({"reminders": []}), None).await;
    assert_eq!(off["settings"], json!({"version": 3, "reminders": [], "answerReminderHours": [672, 1]}));
}

#[tokio::test]
async fn what_is_no_list_of_whole_numbers_is_rejected() {
    let app = start!(Sqlite);
    for input in [json!({"reminders": ["x"]}), json!({"reminders": [null]}), json!({"reminders": [5_000_000_000_i64]})]
    {
        let query = "mutation($input: CompanySettingsInput!) { \
            updateCompanySettings(companyId: 1, input: $input) { userErrors { code } } }";
        let answer = app.manager().graphql(query, json!({"input": input})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{answer}");
    }
}
