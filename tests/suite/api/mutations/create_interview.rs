//! `createInterview`

use super::looking::{application, done, history, kind_of, shown, written};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::refusals;
use chrono::TimeDelta;
use rstest::rstest;
use serde_json::json;

const TEN: &str = r#"startAt: "2025-04-01T10:00:00Z", endAt: "2025-04-01T11:00:00Z""#;

#[rstest]
#[tokio::test]
async fn staff_book_and_the_interviewee_becomes_interview(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    app.clock.advance(TimeDelta::hours(1));
    let input = r#"kind: IN_PERSON, startAt: "2025-04-01T12:00:00.5+02:00", endAt: "2025-04-01T11:00:00Z",
        intervieweeId: 277, interviewerId: 2001, location: "Gate 3""#;
    let payload = app.staff().mutate("createInterview", &format!("input: {{{input}}}")).await;
    let interview = done(&payload);
    let id = interview["id"].as_str().unwrap();
    assert_eq!(
        *interview,
        json!({
            "id": id, "kind": "IN_PERSON", "status": "PENDING",
            "startAt": "2025-04-01T10:00:00.500Z", "endAt": "2025-04-01T11:00:00.000Z",
            "amendStartAt": null, "amendEndAt": null, "amendedBy": null, "location": "Gate 3",
            "intervieweeId": "277", "interviewerId": "2001", "awaiting": "INTERVIEWEE", "allowOverlap": false,
            "reason": null, "version": 1,
            "createdAt": "2025-03-20T11:02:08.958Z", "updatedAt": "2025-03-20T11:02:08.958Z"
        })
    );
    assert_eq!(application(&app, 277).await, json!({"kind": "INTERVIEW", "updatedAt": "2025-03-20T11:02:08.958Z"}));
    let set = |field, to| json!({"field": field, "from": null, "to": to});
    assert_eq!(
        history(&app.driver(), id).await,
        [json!({
            "type": "CREATED",
            "at": "2025-03-20T11:02:08.958Z",
            "actor": {"id": "1000", "title": "Mona Berg", "role": "STAFF", "side": "INTERVIEWER"},
            "changes": [
                set("kind", "IN_PERSON"),
                set("status", "PENDING"),
                set("startAt", "2025-04-01T10:00:00.500Z"),
                set("endAt", "2025-04-01T11:00:00.000Z"),
                set("location", "Gate 3"),
                set("intervieweeId", "277"),
                set("interviewerId", "2001"),
                set("allowOverlap", "false"),
            ]
        })]
    );
    // It is there for everybody whom it concerns, and for nobody else.
    let id: i64 = id.parse().unwrap();
    for reader in [app.staff(), app.driver(), app.admin()] {
        assert_eq!(reader.interview(id).await, *interview);
    }
    assert_eq!(app.other_staff().interview(id).await, json!(null));
}

#[rstest]
#[tokio::test]
async fn an_admin_books_for_any_company_and_it_is_that_companys(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let input = format!("input: {{kind: VIDEO_CALL, {TEN}, intervieweeId: 1050, interviewerId: 1002}}");
    let payload = app.admin().mutate("createInterview", &input).await;
    let id: i64 = done(&payload)["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(app.other_staff().interview(id).await["status"], "PENDING");
    assert_eq!(app.staff().interview(id).await, json!(null));
    let event = &history(&app.driver(), &id.to_string()).await[0];
    assert_eq!(event["actor"], json!({"id": "1", "title": "Ada Prentice", "role": "ADMIN", "side": "INTERVIEWER"}));
}

#[rstest]
#[tokio::test]
async fn who_rejected_is_interviewed_again(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    done(&app.driver().mutate("rejectInterview", "id: 27").await);
    assert_eq!(kind_of(&app, 277).await, "REJECTED");
    let input = format!("input: {{kind: VIDEO_CALL, {TEN}, intervieweeId: 277, interviewerId: 1001}}");
    done(&app.staff().mutate("createInterview", &input).await);
    assert_eq!(kind_of(&app, 277).await, "INTERVIEW");
}

#[rstest]
#[tokio::test]
async fn an_interviewee_that_is_interview_already_is_left_as_it_is(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let before = application(&app, 1003).await;
    assert_eq!(before["kind"], "INTERVIEW");
    let input = format!("input: {{kind: VIDEO_CALL, {TEN}, intervieweeId: 1003, interviewerId: 1001}}");
    done(&app.staff().mutate("createInterview", &input).await);
    assert_eq!(application(&app, 1003).await, before);
}

#[rstest]
#[tokio::test]
async fn all_mistakes_of_a_booking_come_at_once_and_nothing_is_written(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let before = written(&app).await;
    let backwards = r#"startAt: "2025-04-01T10:00:00Z", endAt: "2025-04-01T10:00:00Z""#;
    let days = r#"startAt: "2025-04-01T10:00:00Z", endAt: "2025-04-02T10:00:00.001Z""#;
    for (time, rest, expected) in [
        (backwards, r"intervieweeId: 277, interviewerId: 1001", &["END_NOT_AFTER_START input.endAt"][..]),
        (days, r"intervieweeId: 277, interviewerId: 1001", &["TOO_LONG input.endAt"]),
        (TEN, r#"intervieweeId: 277, interviewerId: 1001, location: " ""#, &["INVALID_LOCATION input.location"]),
        (TEN, r#"intervieweeId: "x", interviewerId: 1001"#, &["INTERVIEWEE_NOT_FOUND input.intervieweeId"]),
        // Another company's interviewee and interviewer, a driver, an admin.
        (TEN, r"intervieweeId: 1050, interviewerId: 1001", &["INTERVIEWEE_NOT_FOUND input.intervieweeId"]),
        (TEN, r"intervieweeId: 277, interviewerId: 1002", &["INTERVIEWER_NOT_FOUND input.interviewerId"]),
        (TEN, r"intervieweeId: 277, interviewerId: 997", &["INTERVIEWER_NOT_FOUND input.interviewerId"]),
        (TEN, r"intervieweeId: 277, interviewerId: 1", &["INTERVIEWER_NOT_FOUND input.interviewerId"]),
        (
            backwards,
            r#"intervieweeId: 277, interviewerId: 404, location: "a\u0000b""#,
            &[
                "END_NOT_AFTER_START input.endAt",
                "INVALID_LOCATION input.location",
                "INTERVIEWER_NOT_FOUND input.interviewerId",
            ],
        ),
    ] {
        let payload =
            app.staff().mutate("createInterview", &format!("input: {{kind: IN_PERSON, {time}, {rest}}}")).await;
        assert_eq!(refusals(&payload), expected, "{time} {rest}");
        assert_eq!(payload["interview"], json!(null));
        assert_eq!(payload["userErrors"][0]["__typename"], "ValidationError");
    }
    assert_eq!(written(&app).await, before);
    assert_eq!(kind_of(&app, 277).await, "VERIFIED");
}

#[rstest]
#[tokio::test]
async fn an_interviewer_who_has_left_is_not_booked(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    app.database.execute("UPDATE users SET deactivated_at = '2025-03-01 00:00:00+00:00' WHERE id = 2001").await;
    let input = format!("input: {{kind: VIDEO_CALL, {TEN}, intervieweeId: 277, interviewerId: 2001}}");
    let payload = app.staff().mutate("createInterview", &input).await;
    assert_eq!(refusals(&payload), ["INTERVIEWER_NOT_FOUND input.interviewerId"]);
}

#[rstest]
#[tokio::test]
async fn drivers_book_nothing_and_nobody_is_asked_to_sign_in(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let before = written(&app).await;
    let input = format!("input: {{kind: VIDEO_CALL, {TEN}, intervieweeId: 277, interviewerId: 1001}}");
    let payload = app.driver().mutate("createInterview", &input).await;
    assert_eq!(refusals(&payload), ["FORBIDDEN input"]);
    assert_eq!(
        shown(&payload["userErrors"][0], "__typename message"),
        json!(["ForbiddenError", "only staff create interviews"])
    );
    let query = format!("mutation {{ createInterview({input}) {{ interview {{ id }} }} }}");
    let answer = app.anonymous().graphql(&query, json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    assert_eq!(written(&app).await, before);
}
