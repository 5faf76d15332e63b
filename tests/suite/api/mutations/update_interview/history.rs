//! The event of an update, and that its payload is read after the write.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::lifecycle::{history, interview_of, last_event};
use crate::support::people::{DANA_APPLICATION, JUDE, JUDE_APPLICATION, JUDE_WITH_LUISA, KOFI, LUISA, MONA};
use chrono::TimeDelta;
use rstest::rstest;
use serde_json::{Value, json};

#[rstest]
#[tokio::test]
async fn event_lists_each_changed_field_as_the_schema_prints_it(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = app.book(JUDE, LUISA).at("10:00").accepted().await;
    interview_of(&app.driver().propose(id, "14:00", "15:00").await);
    app.clock.advance(TimeDelta::milliseconds(1042));
    let input = json!({
        "kind": "IN_PERSON",
        "startAt": "2025-04-01T12:00:00.25Z",
        "endAt": "2025-04-01T13:00:00Z",
        "intervieweeId": DANA_APPLICATION.to_string(),
        "interviewerId": KOFI.to_string(),
        "location": "Gate 3",
        "allowOverlap": true
    });
    let payload = app.staff().update(id, input).await;
    let event = last_event(&app.staff(), id).await;
    assert_json!(event, @r#"
    {
      "actor": {"id": "1000", "role": "STAFF", "title": "Mona Berg"},
      "actorSide": "INTERVIEWER",
      "at": "2025-03-20T10:02:10.000Z",
      "changes": [
        {"field": "kind", "from": "PHONE_CALL", "to": "IN_PERSON"},
        {"field": "status", "from": "AMENDED", "to": "PENDING"},
        {"field": "startAt", "from": "2025-04-01T10:00:00.000Z", "to": "2025-04-01T12:00:00.250Z"},
        {"field": "endAt", "from": "2025-04-01T11:00:00.000Z", "to": "2025-04-01T13:00:00.000Z"},
        {"field": "amendStartAt", "from": "2025-04-01T14:00:00.000Z", "to": null},
        {"field": "amendEndAt", "from": "2025-04-01T15:00:00.000Z", "to": null},
        {"field": "amendedBy", "from": "INTERVIEWEE", "to": null},
        {"field": "location", "from": null, "to": "Gate 3"},
        {"field": "intervieweeId", "from": "277", "to": "1003"},
        {"field": "interviewerId", "from": "1001", "to": "2001"},
        {"field": "allowOverlap", "from": "false", "to": "true"}
      ],
      "type": "UPDATED"
    }
    "#);
    assert_eq!(interview_of(&payload)["updatedAt"], event["at"]);
    assert_eq!(history(&app.staff(), id).await.len(), 4, "one event for one update");
    interview_of(&app.staff().update(id, json!({"location": null})).await);
    assert_json!(last_event(&app.staff(), id).await["changes"], @r#"
    [
      {"field": "location", "from": "Gate 3", "to": null}
    ]
    "#);
}

#[rstest]
#[tokio::test]
async fn stored_event_has_the_names_of_the_database(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    interview_of(&app.staff().propose(JUDE_WITH_LUISA, "14:00", "15:00").await);
    let input = json!({
        "startAt": "2027-05-03T10:00:00Z", "endAt": "2027-05-03T10:30:00Z", "kind": "PHONE_CALL", "location": "Dock 4",
        "intervieweeId": DANA_APPLICATION.to_string(), "allowOverlap": true
    });
    interview_of(&app.staff().update(JUDE_WITH_LUISA, input).await);
    let latest = format!("WHERE interview_id = {JUDE_WITH_LUISA} ORDER BY id DESC LIMIT 1");
    let sql = format!("SELECT type || ' ' || actor_id || ' ' || actor_side FROM interview_events {latest}");
    assert_eq!(app.database.value::<String>(&sql).await, format!("updated {MONA} interviewer"));
    let sql = format!("SELECT CAST(changes AS text) FROM interview_events {latest}");
    let changes: Value = serde_json::from_str(&app.database.value::<String>(&sql).await).unwrap();
    assert_json!(changes, @r#"
    [
      {"field": "kind", "from": "video_call", "to": "phone_call"},
      {"field": "status", "from": "amended", "to": "pending"},
      {"field": "start_at", "from": "2025-03-20T09:00:00.000Z", "to": "2027-05-03T10:00:00.000Z"},
      {"field": "end_at", "from": "2025-03-20T09:30:00.000Z", "to": "2027-05-03T10:30:00.000Z"},
      {"field": "amend_start_at", "from": "2025-04-01T14:00:00.000Z", "to": null},
      {"field": "amend_end_at", "from": "2025-04-01T15:00:00.000Z", "to": null},
      {"field": "amended_by", "from": "interviewer", "to": null},
      {"field": "location", "from": null, "to": "Dock 4"},
      {"field": "interviewee_id", "from": "277", "to": "1003"},
      {"field": "allow_overlap", "from": "false", "to": "true"}
    ]
    "#);
}

/// The admin acts for either side.
#[rstest]
#[tokio::test]
async fn payload_holds_the_people_after_the_write(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let people = "interview { version intervieweeId interviewee { id kind driver { id title } }
                              interviewerId interviewer { id title } } userErrors { code }";
    let update = |input: String| format!("updateInterview(id: {JUDE_WITH_LUISA}, input: {{{input}}}) {{ {people} }}");
    let query = format!(
        "mutation {{ first: {} second: {} third: rejectInterview(id: {JUDE_WITH_LUISA}) {{ {people} }} fourth: {} }}",
        update(format!("intervieweeId: {DANA_APPLICATION}, interviewerId: {MONA}")),
        update(format!("intervieweeId: {JUDE_APPLICATION}, interviewerId: {KOFI}")),
        update(r#"location: "x""#.to_owned()),
    );
    assert_json!(app.admin().ask(&query, json!({})).await, @r#"
    {
      "first": {
        "interview": {
          "interviewee": {"driver": {"id": "1000003", "title": "Dana Duran"}, "id": "1003", "kind": "INTERVIEW"},
          "intervieweeId": "1003",
          "interviewer": {"id": "1000", "title": "Mona Berg"},
          "interviewerId": "1000",
          "version": 2
        },
        "userErrors": []
      },
      "fourth": {"interview": null, "userErrors": [{"code": "INVALID_STATE"}]},
      "second": {
        "interview": {
          "interviewee": {"driver": {"id": "997", "title": "Jude Howell"}, "id": "277", "kind": "VERIFIED"},
          "intervieweeId": "277",
          "interviewer": {"id": "2001", "title": "Kofi Kaya"},
          "interviewerId": "2001",
          "version": 3
        },
        "userErrors": []
      },
      "third": {
        "interview": {
          "interviewee": {"driver": {"id": "997", "title": "Jude Howell"}, "id": "277", "kind": "REJECTED"},
          "intervieweeId": "277",
          "interviewer": {"id": "2001", "title": "Kofi Kaya"},
          "interviewerId": "2001",
          "version": 4
        },
        "userErrors": []
      }
    }
    "#);
}
