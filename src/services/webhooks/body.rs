//! The body of a message. It is built once, so that all attempts send the same bytes; `docs/webhooks.schema.json`
//! describes it. It has ids and no names, numbers or pictures of people.

use crate::domain::webhook::WebhookType;
use crate::domain::{Event, FieldChange, Interview, InterviewId, IntervieweeKind, WebhookId, time};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::collections::HashMap;

/// The bodies of messages about events, with their interviews as they are now.
pub fn of_events(
    events: Vec<Event>,
    interviews: &HashMap<InterviewId, (Interview, IntervieweeKind)>,
) -> impl Iterator<Item = (Event, String)> {
    events.into_iter().filter_map(|event| {
        // Interviews and applications are never deleted.
        let (interview, application) = interviews.get(&event.interview_id)?;
        let body = of_event(&event, interview, *application);
        Some((event, body))
    })
}

/// The body of a message about an event. The interview is as it is when the message is made: after the event, or after
/// later ones.
fn of_event(event: &Event, interview: &Interview, application: IntervieweeKind) -> String {
    let change = |change: &FieldChange| {
        json!({
            "field": change.field.api_name(),
            "from": change.api_value(change.from.as_deref()),
            "to": change.api_value(change.to.as_deref()),
        })
    };
    let data = json!({
        "event": {
            "id": event.id.to_string(),
            "actorId": event.actor_id.map(|id| id.to_string()),
            "actorSide": event.actor_side.map(|side| enum_value(side.into_str())),
            "changes": event.changes.iter().map(change).collect::<Vec<_>>(),
        },
        "interview": fields(interview, application),
    });
    message(event.event_type.into(), event.at, &data)
}

/// The body of a test message.
#[must_use]
pub fn of_test(webhook: WebhookId, now: DateTime<Utc>) -> String {
    message(WebhookType::Test, now, &json!({"webhook": {"id": webhook.to_string()}}))
}

fn message(message_type: WebhookType, at: DateTime<Utc>, data: &Value) -> String {
    json!({"type": message_type.into_str(), "timestamp": time::format(at), "data": data}).to_string()
}

fn fields(interview: &Interview, application: IntervieweeKind) -> Value {
    let Interview {
        id,
        company_id,
        driver_id,
        interviewee_id,
        interviewer_id,
        kind,
        state: _,
        slot,
        location,
        allow_overlap,
        version,
        created_at,
        updated_at,
    } = interview;
    let proposal = interview.proposal();
    json!({
        "id": id.to_string(),
        "kind": enum_value(kind.into_str()),
        "status": enum_value(interview.status().into_str()),
        "startAt": time::format(slot.start()),
        "endAt": time::format(slot.end()),
        "amendStartAt": proposal.map(|proposal| time::format(proposal.slot.start())),
        "amendEndAt": proposal.map(|proposal| time::format(proposal.slot.end())),
        "amendedBy": proposal.map(|proposal| enum_value(proposal.by.into_str())),
        "location": location,
        "companyId": company_id.to_string(),
        "driverId": driver_id.to_string(),
        "intervieweeId": interviewee_id.to_string(),
        "interviewee": {"id": interviewee_id.to_string(), "kind": enum_value(application.into_str())},
        "interviewerId": interviewer_id.to_string(),
        "awaiting": interview.awaiting().map(|side| enum_value(side.into_str())),
        "allowOverlap": allow_overlap,
        "reason": interview.reason(),
        "absent": interview.absent().map(|side| enum_value(side.into_str())),
        "version": version,
        "createdAt": time::format(*created_at),
        "updatedAt": time::format(*updated_at),
    })
}

/// A value of an enum as the GraphQL schema has it.
fn enum_value(stored: &str) -> String {
    stored.to_uppercase()
}
