//! Invalid input: every invalid field is reported, all at once, and nothing is written.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::actor::refusals;
use crate::support::lifecycle::{interview_of, write_counts};
use crate::support::people::{
    ADA, JUDE, JUDE_APPLICATION, JUDE_COASTAL_APPLICATION, JUDE_WITH_LUISA, KOFI, LUISA, MONA, PIET, UNKNOWN_USER,
};
use interviews::domain::UserId;
use rstest::rstest;
use serde_json::{Map, Value, json};

/// Fails unless this input is refused with these errors and changes nothing.
async fn assert_refused(app: &TestApp, input: Value, errors: &[&str]) {
    let before = (app.staff().interview(JUDE_WITH_LUISA).await, write_counts(app).await);
    let payload = app.staff().update(JUDE_WITH_LUISA, input.clone()).await;
    assert_eq!(refusals(&payload), errors, "{input}");
    assert_eq!(payload["interview"], Value::Null);
    assert_eq!((app.staff().interview(JUDE_WITH_LUISA).await, write_counts(app).await), before);
}

async fn deactivate(app: &TestApp, user: UserId) {
    let sql = format!("UPDATE users SET deactivated_at = '2025-01-01T00:00:00+00:00' WHERE id = {user}");
    app.database.execute(&sql).await;
}

#[tokio::test]
async fn null_is_refused_for_every_field_but_the_location() {
    let app = start!(Sqlite);
    let fields = ["kind", "startAt", "endAt", "intervieweeId", "interviewerId", "allowOverlap"];
    for field in fields {
        assert_refused(&app, json!({field: null}), &[&format!("NULL_NOT_ALLOWED input.{field}")]).await;
    }
    let all: Map<_, _> = fields.map(|field| (field.to_owned(), Value::Null)).into_iter().collect();
    let errors = fields.map(|field| format!("NULL_NOT_ALLOWED input.{field}"));
    assert_refused(&app, all.into(), &errors.each_ref().map(String::as_str)).await;
}

/// The interview takes place on the 20th from 09:00 to 09:30.
#[tokio::test]
async fn time_is_validated_together_with_the_stored_time() {
    let app = start!(Sqlite);
    for (input, error) in [
        (json!({"startAt": "2025-03-20T09:30:00Z"}), "END_NOT_AFTER_START input.startAt"),
        (json!({"startAt": "2025-03-20T10:00:00Z"}), "END_NOT_AFTER_START input.startAt"),
        (json!({"endAt": "2025-03-20T09:00:00Z"}), "END_NOT_AFTER_START input.endAt"),
        (
            json!({"startAt": "2025-03-20T10:00:00Z", "endAt": "2025-03-20T09:59:59.999Z"}),
            "END_NOT_AFTER_START input.endAt",
        ),
        // The same time in two zones, and times less than a millisecond apart.
        (
            json!({"startAt": "2025-03-20T10:00:00Z", "endAt": "2025-03-20T11:00:00+01:00"}),
            "END_NOT_AFTER_START input.endAt",
        ),
        (
            json!({"startAt": "2025-03-20T10:00:00.0001Z", "endAt": "2025-03-20T10:00:00.0009Z"}),
            "END_NOT_AFTER_START input.endAt",
        ),
        (json!({"startAt": "2025-03-19T09:29:59.999Z"}), "DURATION_TOO_LONG input.startAt"),
        (json!({"endAt": "2025-03-21T09:00:00.001Z"}), "DURATION_TOO_LONG input.endAt"),
        (json!({"startAt": "0001-01-01T00:00:00Z", "endAt": "9999-12-31T23:59:59Z"}), "DURATION_TOO_LONG input.endAt"),
    ] {
        assert_refused(&app, input, &[error]).await;
    }
    // Each alone would be refused, the two together are valid.
    let input = json!({"startAt": "2025-03-20T10:00:00Z", "endAt": "2025-03-20T10:00:00.001Z"});
    interview_of(&app.staff().update(JUDE_WITH_LUISA, input).await);
}

#[rstest]
#[tokio::test]
async fn people_of_another_company_or_role_and_unknown_ids_are_not_found(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    deactivate(&app, KOFI).await;
    let text = |id: UserId| id.to_string();
    let (coastal, driver) = (JUDE_COASTAL_APPLICATION.to_string(), text(JUDE));
    let (minus, zero, space) =
        (format!("-{JUDE_APPLICATION}"), format!("0{JUDE_APPLICATION}"), format!("{JUDE_APPLICATION} "));
    for interviewee in [&coastal, &driver, "0", &minus, &zero, &space, "x", "", "9223372036854775808"] {
        let input = json!({"intervieweeId": interviewee});
        assert_refused(&app, input, &["INTERVIEWEE_NOT_FOUND input.intervieweeId"]).await;
    }
    let (deactivated, trailing_letter) = (text(KOFI), format!("{MONA}x"));
    for interviewer in [&text(PIET), &deactivated, &text(JUDE), &text(ADA), &text(UNKNOWN_USER), "0", &trailing_letter]
    {
        let input = json!({"interviewerId": interviewer});
        assert_refused(&app, input, &["INTERVIEWER_NOT_FOUND input.interviewerId"]).await;
    }
    // An admin sees both companies and cannot mix them either.
    let input = json!({"intervieweeId": coastal, "interviewerId": text(PIET)});
    let errors = ["INTERVIEWEE_NOT_FOUND input.intervieweeId", "INTERVIEWER_NOT_FOUND input.interviewerId"];
    assert_eq!(refusals(&app.admin().update(JUDE_WITH_LUISA, input).await), errors);
}

#[rstest]
#[tokio::test]
async fn deactivated_interviewer_stays_until_replaced(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    deactivate(&app, LUISA).await;
    let input = json!({"location": "Dock 4", "interviewerId": LUISA.to_string()});
    assert_eq!(interview_of(&app.staff().update(JUDE_WITH_LUISA, input).await)["location"], "Dock 4");
    let input = json!({"interviewerId": MONA.to_string()});
    assert_eq!(interview_of(&app.staff().update(JUDE_WITH_LUISA, input).await)["interviewerId"], MONA.to_string());
    let input = json!({"interviewerId": LUISA.to_string()});
    assert_refused(&app, input, &["INTERVIEWER_NOT_FOUND input.interviewerId"]).await;
}

#[tokio::test]
async fn location_is_neither_blank_nor_longer_than_2000_characters_nor_with_control_characters() {
    let app = start!(Sqlite);
    for blank in [" ", "\u{a0}\u{2003}", "\t"] {
        assert_refused(&app, json!({"location": blank}), &["INVALID_LOCATION input.location"]).await;
    }
    for control in ['\0', '\u{1}', '\u{8}', '\t', '\n', '\r', '\u{1b}', '\u{7f}', '\u{85}', '\u{9b}'] {
        let input = json!({"location": format!("Dock{control}4")});
        assert_refused(&app, input, &["INVALID_LOCATION input.location"]).await;
    }
    for character in ["x", "ü", "🚚"] {
        assert_refused(&app, json!({"location": character.repeat(2001)}), &["TEXT_TOO_LONG input.location"]).await;
    }
}

#[rstest]
#[tokio::test]
async fn location_of_2000_characters_of_any_script_is_stored_as_it_is(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let longest = ["x", "ü", "🚚"].map(|character| character.repeat(2000));
    let texts = [
        "'; DROP TABLE interviews; --",
        "<script>alert(1)</script>",
        "null",
        "e\u{301}",
        "مرحبا \u{2068}x\u{2069}",
        "\\0",
    ];
    for text in longest.iter().map(String::as_str).chain(texts) {
        interview_of(&app.staff().update(JUDE_WITH_LUISA, json!({"location": text})).await);
        assert_eq!(app.staff().interview(JUDE_WITH_LUISA).await["location"], text);
    }
}

#[rstest]
#[tokio::test]
async fn all_invalid_fields_are_reported_at_once(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let input = json!({
        "kind": null, "startAt": "2025-03-20T10:00:00Z", "endAt": "2025-03-22T10:00:00Z",
        "intervieweeId": JUDE_COASTAL_APPLICATION.to_string(), "interviewerId": PIET.to_string(), "location": "\0",
        "allowOverlap": null
    });
    let errors = [
        "NULL_NOT_ALLOWED input.kind",
        "DURATION_TOO_LONG input.endAt",
        "NULL_NOT_ALLOWED input.allowOverlap",
        "INVALID_LOCATION input.location",
        "INTERVIEWEE_NOT_FOUND input.intervieweeId",
        "INTERVIEWER_NOT_FOUND input.interviewerId",
    ];
    assert_refused(&app, input, &errors).await;
}
