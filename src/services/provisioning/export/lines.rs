//! Rows as lines of JSON. Names are those of the GraphQL schema.

use crate::domain::calendar::CalendarFeed;
use crate::domain::provisioning::Application;
use crate::domain::{Account, Event, FieldChange, Interview, RememberedRequest, Side, UserId, time};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

/// The user, and what only this server knows of them.
pub fn account(account: &Account) -> Vec<String> {
    let user = &account.user;
    let mut line = object(json!({
        "type": "user",
        "id": user.id.to_string(),
        "role": name(user.authority.role().into_str()),
        "companyId": user.authority.company().map(|id| id.to_string()),
        "manager": account.manager,
        "title": user.title,
        "image": user.image,
        "phoneNumber": user.phone_number,
        "contactPhoneNumber": user.contact_phone_number,
        "email": account.email,
        "timeZone": account.time_zone.map(crate::domain::TimeZone::name),
        "deactivatedAt": account.deactivated_at.map(time::format),
    }));
    stamp(&mut line, account.source_updated_at);
    let mut lines = vec![Value::Object(line).to_string()];
    if account.tokens_valid_after.is_some() || account.erased_at.is_some() {
        let access = json!({
            "type": "access",
            "userId": user.id.to_string(),
            "tokensValidAfter": account.tokens_valid_after.map(time::format),
            "erasedAt": account.erased_at.map(time::format),
        });
        lines.push(access.to_string());
    }
    lines
}

/// A feed of a calendar. Nobody knows its address but the user.
pub fn calendar_feed(feed: &CalendarFeed) -> String {
    json!({
        "type": "calendarFeed",
        "id": feed.id.to_string(),
        "scope": name(feed.scope.into_str()),
        "createdAt": time::format(feed.created_at),
        "lastReadAt": feed.last_read_at.map(time::format),
    })
    .to_string()
}

/// An application.
pub fn application(application: &Application) -> String {
    let interviewee = &application.interviewee;
    let mut line = object(json!({
        "type": "interviewee",
        "id": interviewee.id.to_string(),
        "companyId": interviewee.company_id.to_string(),
        "driverId": interviewee.driver_id.to_string(),
        "kind": name(interviewee.kind.into_str()),
        "title": application.title,
    }));
    stamp(&mut line, application.source_updated_at);
    Value::Object(line).to_string()
}

/// An interview.
pub fn interview(interview: &Interview) -> String {
    let proposal = interview.proposal();
    json!({
        "type": "interview",
        "id": interview.id.to_string(),
        "companyId": interview.company_id.to_string(),
        "driverId": interview.driver_id.to_string(),
        "intervieweeId": interview.interviewee_id.to_string(),
        "interviewerId": interview.interviewer_id.to_string(),
        "kind": name(interview.kind.into_str()),
        "status": name(interview.status().into_str()),
        "startAt": time::format(interview.slot.start()),
        "endAt": time::format(interview.slot.end()),
        "amendStartAt": proposal.map(|proposal| time::format(proposal.slot.start())),
        "amendEndAt": proposal.map(|proposal| time::format(proposal.slot.end())),
        "amendedBy": proposal.map(|proposal| side(proposal.by)),
        "amendedFrom": proposal.map(|proposal| name(proposal.before.into())),
        "location": interview.location,
        "reason": interview.reason(),
        "absent": interview.absent().map(side),
        "allowOverlap": interview.allow_overlap,
        "version": interview.version,
        "createdAt": time::format(interview.created_at),
        "updatedAt": time::format(interview.updated_at),
    })
    .to_string()
}

/// An event.
pub fn event(event: &Event) -> String {
    let change = |change: &FieldChange| json!({"field": change.field.into_str(), "from": change.from, "to": change.to});
    json!({
        "type": "event",
        "id": event.id.to_string(),
        "interviewId": event.interview_id.to_string(),
        "eventType": name(event.event_type.into_str()),
        "at": time::format(event.at),
        "actorId": event.actor_id.map(|id| id.to_string()),
        "actorSide": event.actor_side.map(side),
        "changes": event.changes.iter().map(change).collect::<Vec<_>>(),
    })
    .to_string()
}

/// An idempotency key, with the id of what its request has changed: an interview or a webhook.
pub fn idempotency_key(user: UserId, key: &str, used: &RememberedRequest) -> String {
    json!({
        "type": "idempotencyKey",
        "userId": user.to_string(),
        "key": key,
        "subjectId": used.subject.to_string(),
        "createdAt": time::format(used.at),
    })
    .to_string()
}

fn side(side: Side) -> String {
    name(side.into_str())
}

/// The name of a value of an enum in the GraphQL schema.
fn name(stored: &'static str) -> String {
    stored.to_ascii_uppercase()
}

/// A row that the platform has not sent has no time of change.
fn stamp(line: &mut Map<String, Value>, at: Option<DateTime<Utc>>) {
    if let Some(at) = at {
        line.insert("sourceUpdatedAt".to_owned(), time::format(at).into());
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
