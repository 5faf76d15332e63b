//! Every body is as `docs/webhooks.schema.json` describes it.

use super::{admin, dispatch, send, start, webhook};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::json_schema::problems;
use crate::support::people::{JUDE, LUISA};
use crate::support::webhook_receiver::WebhookReceiver;
use interviews::domain::EventType;
use interviews::domain::webhook::WebhookType;
use rstest::rstest;
use serde_json::Value;
use std::collections::BTreeSet;
use strum::VariantArray;

fn schema() -> Value {
    serde_json::from_str(include_str!("../../../../docs/webhooks.schema.json")).unwrap()
}

#[rstest]
#[tokio::test]
async fn body_of_every_type_is_valid(#[values(Sqlite, Postgres)] database: Database) {
    let Some(app) = start(database, &[]).await else { return };
    let receiver = WebhookReceiver::start().await;
    let webhook = webhook(&app, &receiver.url("/ok")).await;
    let (staff, driver) = (app.staff(), app.driver());
    let id = app.book(JUDE, LUISA).at("08:00").await;
    staff.mutate("updateInterview", &format!("id: {id}, input: {{location: \"Gate 2\"}}")).await;
    let other_time = r#"startAt: "2025-04-02T09:00:00Z", endAt: "2025-04-02T10:00:00Z""#;
    for (actor, mutation, arguments) in [
        (&staff, "amendInterview", format!("id: {id}, input: {{{other_time}}}")),
        (&staff, "withdrawAmendment", format!("id: {id}")),
        (&staff, "amendInterview", format!("id: {id}, input: {{{other_time}}}")),
        (&driver, "declineAmendment", format!("id: {id}")),
        (&driver, "rejectInterview", format!("id: {id}, reason: \"No time\"")),
    ] {
        actor.mutate(mutation, &arguments).await;
    }
    let cancelled = app.book(JUDE, LUISA).at("10:00").await;
    staff.mutate("cancelInterview", &format!("id: {cancelled}, reason: \"Filled\"")).await;
    for (hour, mutation, arguments) in
        [("12:00", "completeInterview", ""), ("14:00", "markNoShow", ", absent: INTERVIEWEE")]
    {
        let id = app.book(JUDE, LUISA).at(hour).accepted().await;
        app.database
            .execute(&format!(
                "UPDATE interviews SET start_at = '2025-03-19T{hour}:00+00:00', end_at = '2025-03-19T{hour}:30+00:00' \
             WHERE id = {id}"
            ))
            .await;
        staff.mutate(mutation, &format!("id: {id}{arguments}")).await;
    }
    for reminder in EventType::REMINDERS {
        let insert = format!(
            "INSERT INTO interview_events (interview_id, type, at, changes, company_id, driver_id) \
             SELECT {id}, '{}', (SELECT created_at FROM webhooks), \
                '[{{\"field\": \"hours\", \"from\": null, \"to\": \"24\"}}]', company_id, driver_id \
             FROM interviews WHERE id = {id}",
            reminder.into_str()
        );
        app.database.execute(&insert).await;
    }
    dispatch(&app).await;
    app.app.services().test_webhook(&admin(), webhook.id).await.unwrap().unwrap();
    send(&app).await;
    let (schema, mut seen) = (schema(), BTreeSet::new());
    for delivery in receiver.received() {
        let body: Value = serde_json::from_slice(&delivery.body).unwrap();
        assert_eq!(problems(&schema, &body, "body"), Vec::<String>::new(), "{body:#}");
        seen.insert(body["type"].as_str().unwrap().to_owned());
    }
    let all: BTreeSet<_> = WebhookType::VARIANTS.iter().map(|it| it.into_str().to_owned()).collect();
    assert_eq!(seen, all);
}

#[test]
fn value_that_is_not_described_is_found() {
    let test = r#"{"type": "webhook.test", "timestamp": "2025-03-20T10:02:08.958Z", "data": {"webhook": {"id": "1"}}}"#;
    let body = |from: &str, to: &str| serde_json::from_str::<Value>(&test.replace(from, to)).unwrap();
    assert_eq!(problems(&schema(), &body("", ""), "body"), Vec::<String>::new());
    for (from, to) in [
        ("webhook.test", "webhook.other"),
        ("958Z", "958"),
        ("\"1\"", "1"),
        ("\"1\"", "\"01\""),
        ("\"1\"", "\"1\", \"url\": \"\""),
        ("\"id\": \"1\"", ""),
    ] {
        assert_ne!(problems(&schema(), &body(from, to), "body"), Vec::<String>::new(), "{to}");
    }
}
